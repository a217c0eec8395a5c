"""Files are looked at, moved, linked and copied here so that none is lost or overwritten.

A file that is to go is first renamed to a name of our own beside it, and compared with what was
looked at: what was saved in its place until then is found out and put back, what is saved from
then on is another file, and is left. Nothing is ever put where there is something. Of two
processes that each want to remove the file that the other keeps, at most one then still finds
the file to keep in its place: they need no lock in common.
"""

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dedup._acting.entries import Entry, Folder, Refusal
from dedup._acting.traits import Traits, give
from dedup._catalogue.digests import file_digest
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import decode

__all__ = [
    "carry",
    "copy",
    "create",
    "digest_and_status",
    "exchange",
    "has",
    "is_same_entry",
    "is_written_to",
    "opened",
    "place",
    "put_aside",
    "put_back",
    "require_picture",
    "require_unchanged",
    "restore_traits",
]


@contextmanager
def opened(path: str) -> Iterator[Entry]:
    """A file that was seen where its path says, with its folder held open.

    Raises
    ------
    Refusal
        If its folder is gone, or lies behind a link.
    """
    try:
        folder = Folder(os.path.dirname(path))
    except FileNotFoundError:
        raise Refusal("gone since it was indexed") from None
    with folder:
        yield Entry(folder, os.path.basename(path))


def _version(status: os.stat_result) -> tuple[int, int, int, int]:
    """What is another as soon as a file was written on, or is another file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def is_written_to(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether anything was done to a file that kept its name, be it in secret."""
    return (_version(before), before.st_ctime_ns) != (_version(after), after.st_ctime_ns)


def digest_and_status(entry: Entry) -> tuple[str, os.stat_result]:
    """Digest and status of a regular file.

    Raises
    ------
    Refusal
        If it is gone, is no regular file, or is being written to.
    """
    before = _status(entry)
    with _reading(entry) as file:
        digest = file_digest(file)
        if is_written_to(before, os.fstat(file)):
            raise Refusal("it is being written to")
    require_unchanged(entry, before)
    return digest, before


def has(entry: Entry, digest: str) -> bool:
    """Whether it is a regular file of these bytes."""
    try:
        return digest_and_status(entry)[0] == digest
    except (Refusal, OSError):
        return False


def require_picture(entry: Entry, *, digest: str, decodes: bool = False) -> os.stat_result:
    """Make sure that a file is there, has these bytes, and, unless that is known, decodes.

    What is no picture need not decode: `decodes` is then said to be known.

    Raises
    ------
    Refusal
    """
    found, status = digest_and_status(entry)
    if found != digest:
        raise Refusal("changed since it was indexed")
    if not decodes:
        try:
            decode(entry.path)
        except DecodeError as error:
            raise Refusal(str(error)) from error
        require_unchanged(entry, status)
    return status


def require_unchanged(entry: Entry, status: os.stat_result) -> None:
    """Make sure that a file is still what `digest_and_status` saw.

    Raises
    ------
    Refusal
    """
    if is_written_to(_status(entry), status):
        raise Refusal("it is being written to")


def is_same_entry(a: Entry, b: Entry) -> bool:
    """Whether two paths are one entry of one folder, so that removing one removes both."""
    one, other = a.status(), b.status()
    return os.path.samestat(one, other) and one.st_nlink == 1


def put_aside(entry: Entry, aside: Entry, *, status: os.stat_result) -> os.stat_result:
    """Rename a file to a name of our own, and make sure that it is the one that was looked at.

    Returns
    -------
    os.stat_result
        Its status under that name.

    Raises
    ------
    Refusal
        If it is not; `put_back` then gives it its name back.
    OSError
    """
    entry.rename(aside)
    now = _status(aside)
    if _version(now) != _version(status):
        raise Refusal("it is being written to")
    return now


def put_back(entry: Entry, aside: Entry, *, digest: str) -> None:
    """Give a file that was put aside its name back; if it has it already, the other one goes.

    Raises
    ------
    Refusal
        If there is something else by now: nothing is touched then.
    OSError
    """
    if not aside.exists():
        return
    if not entry.exists():
        place(aside, entry)
    elif os.path.samestat(entry.status(), aside.status()) or (
        has(entry, digest) and has(aside, digest)
    ):
        aside.unlink()
    else:
        raise Refusal(f"something else is there now; the file itself is still at {aside.path}")


def place(source: Entry, to: Entry) -> None:
    """Rename a file, also to another folder, but never over another.

    Raises
    ------
    FileExistsError
        If there is something at `to`.
    OSError, Refusal
    """
    if os.name == "nt":
        source.rename(to)  # fails there if something is in the way
        return
    status = source.status()
    try:
        source.link(to)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EEXIST, errno.ENOENT, errno.ENOSPC):
            raise
        # No hard links on this file system, or none to the files of others: as good as it gets.
        if to.exists():
            raise FileExistsError(errno.EEXIST, "something else is there", to.path) from error
        source.rename(to)
        return
    to.folder.sync()
    if not os.path.samestat(to.status(), status):
        raise Refusal(f"it was exchanged while it was moved; see {source.path}")
    try:
        source.unlink()
    except FileNotFoundError:  # somebody else did
        return
    except OSError:
        to.unlink()
        raise


def carry(aside: Entry, to: Entry, *, part: Entry, digest: str) -> None:
    """Move a file that was put aside, also to another device.

    Cut anywhere, the file is whole at `aside`, at `to`, or at both.

    Parameters
    ----------
    aside, to : Entry
    part : Entry
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
        place(aside, to)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        status = aside.status()
        if status.st_nlink > 1:
            raise Refusal("it has other hard links, which another device would cut") from error
        copy(aside, part, digest=digest)
        exchange(aside, to, part=part, status=status)


def exchange(aside: Entry, to: Entry, *, part: Entry, status: os.stat_result) -> None:
    """Put what was made in the place of a file that was put aside, which then goes.

    Raises
    ------
    FileExistsError
        If there is something at `to`.
    OSError, Refusal
        What was put aside is still there then: it was written to by one who holds it open.
    """
    made = part.status()
    place(part, to)
    try:
        require_unchanged(aside, status)
        aside.unlink()
    except (Refusal, OSError):
        if not aside.exists():  # somebody else took it away
            return
        if os.path.samestat(to.status(), made):
            to.unlink()
        raise


def copy(source: Entry, part: Entry, *, digest: str) -> None:
    """Copy bytes and traits to a name of our own, down to the disk.

    Raises
    ------
    OSError, Refusal
    """
    with _reading(source) as old:
        new = part.open(os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            with open(old, "rb", closefd=False) as data, open(new, "wb", closefd=False) as written:
                shutil.copyfileobj(data, written, 1 << 20)
            os.fsync(new)
            os.lseek(new, 0, os.SEEK_SET)
            if file_digest(new) != digest:
                part.unlink()
                raise Refusal("the copy has other bytes than the file")
            ends: list[Any] = [source.path, part.path]
            if sys.platform == "linux":  # elsewhere, `shutil` takes no numbers of open files
                ends = [old, new]
            shutil.copystat(*ends)
            with suppress(OSError):
                give(new, part, Traits.of(os.fstat(old)))
        finally:
            os.close(new)


def create(part: Entry, data: bytes) -> None:
    """Write a file anew, down to the disk, with the permissions of any that the user makes.

    Raises
    ------
    OSError
    """
    with open(part.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def restore_traits(entry: Entry, traits: Traits, *, digest: str) -> None:
    """Give a file its permissions, owner and times back; the owner as far as that is allowed.

    Raises
    ------
    Refusal
        If it has other bytes.
    OSError
    """
    with _reading(entry) as file:
        if file_digest(file) != digest:
            raise Refusal("something else is there now")
        give(file, entry, traits)


@contextmanager
def _reading(entry: Entry) -> Iterator[int]:
    """The number of a regular file that is open to be read."""
    file = entry.open(os.O_RDONLY)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Refusal("no regular file any more")
        yield file
    finally:
        os.close(file)


def _status(entry: Entry) -> os.stat_result:
    try:
        status = entry.status()
    except FileNotFoundError:
        raise Refusal("gone since it was indexed") from None
    if not stat.S_ISREG(status.st_mode):
        raise Refusal("no regular file any more")
    return status
