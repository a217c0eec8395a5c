"""Files inside tar, zip and Parquet files, read in place: their addresses, and their bytes.

`shard.tar/000123.jpg` names a member of an archive as `folder/000123.jpg` names a file of a folder,
and `table.parquet/17` a row.
Only uncompressed tars and zip files are read; nothing is unpacked, and nothing is ever written.
Members that could lead elsewhere, or take more than they say, are refused with a reason.
"""

import errno
import io
import os
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from dedup.errors import DecodeError
from dedup.pipelines.images import limits, parquet, patience, remote

__all__ = [
    "LONGEST_REASON",
    "archive_of",
    "exists",
    "is_archive",
    "is_file",
    "members",
    "named_as_archive",
    "open_file",
    "status",
]

_LONGEST_READ = 1 << 26  # a directory of a million files; a header is never as long
_BLOCK = 512
LONGEST_REASON = 200
"""Characters of a reason why something can't be read, at most."""
_TWICE = "a name that is in the archive twice"
_ZIP_HEADER = struct.Struct("<4s22xHH")
_IN_ARCHIVE = re.compile(rf"\.(?:tar|zip|parquet)(?=[{re.escape(os.sep)}/])", re.IGNORECASE)


class _Member(NamedTuple):
    """Where a member is: `start` is that of its data in a tar, of its header in a zip; or a row."""

    start: int
    stored: int
    size: int
    deflated: bool = False
    checksum: int | None = None  # of a zip


_Members = Mapping[str, _Member | str]


def named_as_archive(name: str | os.PathLike[str]) -> bool:
    """Whether a name, or a pattern, is that of archives."""
    return os.fspath(name).lower().endswith((".tar", ".zip", ".parquet"))


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a file is an archive by its name and its first bytes; a link is none."""
    if not named_as_archive(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with _on_disk(path) as file:
        head = file.read(_BLOCK)
    if head.startswith((b"PK\3\4", b"PK\5\6", parquet.MAGIC)):
        return True
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return len(head) == _BLOCK and not head.strip(b"\0")  # the end, of an empty one
    return True


def archive_of(path: str | os.PathLike[str]) -> str:
    """The archive that an address lies in; "" of a file of its own.

    Examples
    --------
    >>> archive_of("photos/cat.jpg")
    ''
    """
    text = os.fspath(path)
    for match in _IN_ARCHIVE.finditer(text):
        archive = text[: match.end()]
        try:
            mode = os.stat(archive).st_mode
        except OSError:
            break
        if stat.S_ISREG(mode):
            return archive
    return ""


def members(path: str | os.PathLike[str]) -> _Members:
    """The names of the files in an archive; of one that is not read, the reason instead.

    Raises
    ------
    OSError
        If the archive can't be read; of a damaged one, with the reason as its `strerror`.
    """
    found = os.stat(path)
    return _members(os.fspath(path), found.st_size, found.st_mtime_ns)


def status(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Size and modification time, in nanoseconds, of a file; of a member, its archive's time.

    Raises
    ------
    OSError
        If it is not there, or not read.
    """
    if remote.is_remote(path):
        return remote.status(os.fspath(path))
    archive = archive_of(path)
    if not archive:
        found = os.lstat(path)
        return found.st_size, found.st_mtime_ns
    return _member(archive, path).size, os.stat(archive).st_mtime_ns


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether a file, or a member of an archive, is there, or can't be told to be gone."""
    try:
        status(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file, or what a link leads to, or a member of an archive, is there to be read."""
    if not archive_of(path) and not remote.is_remote(path):
        return os.path.isfile(path)
    try:
        status(path)
    except OSError:
        return False
    return True


def open_file(path: str | os.PathLike[str]) -> patience.InMemory | patience.OnDisk:
    """A regular file, in an archive or at an address too, open; a pipe or a device is not opened.

    Pillow gets no path, from which it may map the file into memory: the process would be
    killed if the file shrinks then.

    Raises
    ------
    OSError, DecodeError
        If it is not there, or can't be read.
    """
    if remote.is_remote(path):
        return patience.InMemory(remote.read(os.fspath(path)))
    archive = archive_of(path)
    return patience.InMemory(_bytes(archive, path)) if archive else _on_disk(path)


def _on_disk(path: str | os.PathLike[str]) -> patience.OnDisk:
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise DecodeError("not a regular file")
    return patience.OnDisk(io.FileIO(path, opener=_without_waiting))


def _without_waiting(path: str, flags: int) -> int:
    """Open a file that may have become a pipe meanwhile, which would wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _member(archive: str, path: str | os.PathLike[str]) -> _Member:
    name = os.fspath(path)[len(archive) + 1 :].replace(os.sep, "/")
    member = members(archive).get(posixpath.normpath(name))
    if member is None:
        raise FileNotFoundError(errno.ENOENT, "not in the archive", os.fspath(path))
    if isinstance(member, str):
        raise _refused(member)
    return member


def _bytes(archive: str, path: str | os.PathLike[str]) -> bytes:
    """The contents of a member, checked as far as the archive allows."""
    member = _member(archive, path)
    if archive.lower().endswith(".parquet"):
        with _reasons():
            return parquet.read_row(archive, member.start)
    with _on_disk(archive) as file:
        file.seek(member.start)
        if member.checksum is not None:  # a header comes first, with a name of its own length
            begin, name, extra = _ZIP_HEADER.unpack(file.read(_ZIP_HEADER.size).ljust(30, b"\0"))
            if begin != b"PK\3\4":
                raise _refused("damaged archive: a file is not where it should be")
            file.seek(name + extra, os.SEEK_CUR)
        data = file.read(member.stored)
    if member.deflated:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, member.size + 1)
        except zlib.error as error:
            raise _refused("damaged archive: its data can't be decompressed") from error
    if len(data) != member.size or member.checksum not in (None, zlib.crc32(data)):
        raise _refused("damaged archive: a file is not what its directory says")
    return data


def _refused(reason: str) -> OSError:
    return OSError(errno.EIO, reason)


class _Bounded(io.RawIOBase):
    """A file that is asked for no more at a time than a sound archive is.

    Whatever a header declares, no more is read for it.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        most = _LONGEST_READ + 1  # also of "all that is left"
        data = b"" if size > _LONGEST_READ else self._file.read(most if size < 0 else size)
        if max(size, len(data)) > _LONGEST_READ:
            raise _refused("damaged archive: a header that is too long")
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn whatever fails into an `OSError` that says why: readers raise nearly anything."""
    try:
        yield
    except DecodeError as error:
        raise _refused(str(error)) from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise
        text = " ".join(str(error).split()) or type(error).__name__
        raise _refused(f"damaged archive: {text}"[:LONGEST_REASON]) from error


@lru_cache(maxsize=32)  # some hundred bytes for each member
def _members(path: str, size: int, mtime_ns: int) -> _Members:
    """What is in an archive, looked up once for each of its states."""
    listed = _LISTED[os.path.splitext(path)[1].lower()]
    found: dict[str, _Member | str] = {}
    with _reasons(), _on_disk(path) as file:
        file.allow(float("inf"))  # a member takes few reads, and each was written
        for name, member in listed(_Bounded(file), path):
            key = name if _leads_out(name) else posixpath.normpath(name)
            is_twice = key in found
            found[key] = _TWICE if is_twice else _why_not(name, member) or member
    return found


def _leads_out(name: str) -> bool:
    """Whether a name could mean a place outside of the archive."""
    parts = name.split("/")
    strange = "\0" in name or (os.sep != "/" and (os.sep in name or ":" in name))
    return strange or ".." in parts or name.startswith("/") or posixpath.normpath(name) == "."


def _why_not(name: str, member: _Member | str) -> str:
    """Why a member is not read; "" if it is."""
    if _leads_out(name):
        return "a name that leads out of the archive"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "a name in an archive that is not UTF-8"
    if isinstance(member, str):
        return member
    if not 0 <= max(member.size, member.stored) <= limits.LARGEST:
        return f"more than {limits.LARGEST >> 20} MB inside an archive: unpack it"
    return ""


def _tar_members(file: _Bounded, _: str) -> Iterator[tuple[str, _Member | str]]:
    with tarfile.TarFile(fileobj=file, mode="r", encoding="utf-8", errors="surrogateescape") as tar:
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # tarfile remembers them all
            if info.isdir():
                continue
            if info.issym() or info.islnk():
                yield info.name, "a link inside an archive (not followed)"
            elif not info.isreg() or info.issparse():
                yield info.name, "not a regular file"
            else:
                yield info.name, _Member(info.offset_data, info.size, info.size)
        file.seek(tar.offset)
    while part := file.read(1 << 20):
        if part.strip(b"\0"):
            raise _refused("damaged archive: something follows its end")


def _zip_members(file: _Bounded, _: str) -> Iterator[tuple[str, _Member | str]]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            if kind == stat.S_IFLNK:
                yield info.filename, "a link inside an archive (not followed)"
            elif kind not in (0, stat.S_IFREG):
                yield info.filename, "not a regular file"
            elif info.flag_bits & 1:
                yield info.filename, "encrypted: unpack it"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                yield info.filename, "compressed in a way that is not read: unpack it"
            else:
                deflated = info.compress_type == zipfile.ZIP_DEFLATED
                place = info.header_offset, info.compress_size, info.file_size
                yield info.filename, _Member(*place, deflated, info.CRC)


def _rows(_: _Bounded, path: str) -> Iterator[tuple[str, _Member | str]]:
    for row, size in parquet.rows(path):
        yield str(row), size if isinstance(size, str) else _Member(row, size, size)


_LISTED = {".tar": _tar_members, ".zip": _zip_members, ".parquet": _rows}
