"""Files are looked at, moved, linked and copied here so that none is lost or overwritten."""

import errno
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass

from dedup._indexing.discover import file_key
from dedup._indexing.ingest import file_digest
from dedup.pipelines.decoding import decode
from dedup.pipelines.errors import DecodeError

__all__ = [
    "Refusal",
    "Traits",
    "copy_in_place_of",
    "digest_of",
    "is_same_entry",
    "link_in_place_of",
    "move",
    "reason_of",
    "require_picture",
    "require_unchanged",
    "restore_traits",
    "sync_folder",
    "version",
]


class Refusal(Exception):
    """A file is left as it is; the message is the reason, for a row of a table."""


def reason_of(error: Exception) -> str:
    """An error as a row of a table says it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)


@dataclass(frozen=True, slots=True)
class Traits:
    """What undo restores of a file beside its name and bytes.

    Attributes
    ----------
    mode, uid, gid : int
        Permissions and owner.
    mtime_ns, atime_ns : int
        Times of its last modification and access, in nanoseconds.
    """

    mode: int
    uid: int
    gid: int
    mtime_ns: int
    atime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Traits":
        """Those of a file."""
        mode = stat.S_IMODE(status.st_mode)
        return cls(mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_atime_ns)


def digest_of(path: str) -> tuple[str, os.stat_result]:
    """Digest and status of a regular file that lies where its path says.

    Raises
    ------
    Refusal
        If it is gone, is no regular file, or lies behind a link.
    """
    before = _status(path)
    if file_key(path) != path:
        raise Refusal("its folder is a link to another by now")
    try:
        digest = file_digest(path)
    except OSError as error:
        raise Refusal(reason_of(error)) from error
    after = _status(path)
    if version(before) != version(after):
        raise Refusal("it is being written to")
    return digest, before


def require_picture(path: str, *, digest: str) -> os.stat_result:
    """Make sure that a file is there, has these bytes, and decodes.

    Raises
    ------
    Refusal
    """
    found, status = digest_of(path)
    if found != digest:
        raise Refusal("changed since it was indexed")
    try:
        decode(path)
    except DecodeError as error:
        raise Refusal(str(error)) from error
    return status


def require_unchanged(path: str, status: os.stat_result) -> None:
    """Make sure that a file is still what `digest_of` saw.

    Raises
    ------
    Refusal
    """
    if version(_status(path)) != version(status):
        raise Refusal("it is being written to")


def is_same_entry(a: str, b: str) -> bool:
    """Whether two paths are one entry of one folder, so that removing one removes both."""
    one, other = os.lstat(a), os.lstat(b)
    return os.path.samestat(one, other) and one.st_nlink == 1


def move(source: str, to: str, *, partial: str, digest: str) -> None:
    """Move a file, also to another device; nothing is ever overwritten.

    Cut anywhere, the file is whole at `source`, at `to`, or at both.

    Parameters
    ----------
    source, to : str
    partial : str
        A name beside `to` that is free to be used while the file is copied.
    digest : str
        Of its bytes, which a copy is checked against before the original goes.

    Raises
    ------
    FileExistsError
        If there is something at `to`.
    OSError, Refusal
    """
    try:
        _place(source, to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        if os.lstat(source).st_nlink > 1:
            raise Refusal("it has other hard links, which another device would cut") from error
        _copy(source, partial, digest=digest)
        _place(partial, to)
        _leave(source, to)


def link_in_place_of(path: str, keep: str, *, partial: str) -> None:
    """Replace a file, in one step, by a hard link to another; `partial` is a name beside it."""
    os.link(keep, partial)
    os.replace(partial, path)
    sync_folder(path)


def copy_in_place_of(path: str, source: str, *, partial: str, digest: str) -> None:
    """Replace a file, in one step, by a copy of another that shares its bytes with no third."""
    _copy(source, partial, digest=digest)
    os.replace(partial, path)
    sync_folder(path)


def restore_traits(path: str, traits: Traits) -> None:
    """Give a file its permissions, owner and times back; the owner as far as that is allowed."""
    now = Traits.of(os.lstat(path))
    if (now.uid, now.gid) != (traits.uid, traits.gid) and hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(path, traits.uid, traits.gid)
            now = Traits.of(os.lstat(path))  # a new owner may cost permissions
    if now.mode != traits.mode:
        os.chmod(path, traits.mode)
    if now.mtime_ns != traits.mtime_ns:
        os.utime(path, ns=(traits.atime_ns, traits.mtime_ns))


def _place(source: str, to: str) -> None:
    """Rename a file, but never over another."""
    if os.name == "nt":
        os.rename(source, to)  # fails there if something is in the way
        return
    try:
        os.link(source, to, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EEXIST, errno.ENOENT, errno.ENOSPC):
            raise
        # No hard links on this file system, or none to the files of others: as good as it gets.
        if os.path.lexists(to):
            raise FileExistsError(errno.EEXIST, "something else is there", to) from error
        os.rename(source, to)
        return
    sync_folder(to)
    _leave(source, to)


def _leave(source: str, to: str) -> None:
    """Take the old name of a file away, or, where that fails, the new one."""
    try:
        os.unlink(source)
    except FileNotFoundError:  # somebody else did
        return
    except OSError:
        os.unlink(to)
        raise


def _copy(source: str, partial: str, *, digest: str) -> None:
    """Copy bytes and traits to a name of our own, down to the disk."""
    with open(source, "rb") as old, open(partial, "xb") as new:
        shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        os.fsync(new.fileno())
    if file_digest(partial) != digest:
        os.unlink(partial)
        raise Refusal("the copy has other bytes than the file")
    shutil.copystat(source, partial)
    with suppress(OSError):
        restore_traits(partial, Traits.of(os.stat(source)))


def sync_folder(path: str) -> None:
    """Bring the entry of a file in its folder to the disk; Windows has no such thing."""
    if os.name != "posix":
        return
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(folder)


def _status(path: str) -> os.stat_result:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise Refusal("gone since it was indexed") from None
    except OSError as error:
        raise Refusal(reason_of(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise Refusal("no regular file any more")
    return status


def version(status: os.stat_result) -> tuple[int, int, int]:
    """What is another as soon as a file was written on, or is another file."""
    return status.st_ino, status.st_size, status.st_mtime_ns
