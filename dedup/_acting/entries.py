"""Files as names in folders that are held open, so that no link can come in between."""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dedup._base.text import reason_of
from dedup._catalogue.discover import PUT_ASIDE
from dedup.errors import JournalError

__all__ = ["Entry", "Folder", "Refusal", "open_quarantine", "require_own"]

# Windows holds no folder open: there, a name's real path is compared right before it is used.
_HELD = {os.link, os.mkdir, os.open, os.rename, os.rmdir, os.stat, os.unlink} <= os.supports_dir_fd
_NO_LINK = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def _flags(*names: str) -> int:
    """Those that this system has."""
    return sum(getattr(os, f"O_{name}", 0) for name in names)


_FILE = _flags("NOFOLLOW", "NONBLOCK", "CLOEXEC", "BINARY")
_FOLDER = _flags("NOFOLLOW", "DIRECTORY", "CLOEXEC")
_PASSED = _flags("PATH")


class Refusal(Exception):
    """A file is left as it is; the message is the reason, for a row of a table."""


class Folder:
    """A folder that is held open: what is done in it is done there, whatever its name means now.

    Parameters
    ----------
    path : str
        Absolute, without a link in it.
    below : Folder, optional
        One that is held already, from which on links are looked for.
    make : bool
        Make what is missing.
    mode : int
        Permissions of what is made.

    Raises
    ------
    Refusal
        If there is a link on the way.
    OSError
    """

    def __init__(
        self, path: str, *, below: "Folder | None" = None, make: bool = False, mode: int = 0o777
    ) -> None:
        self.path = path
        self.descriptor: int | None = None
        if not _HELD:
            if make:
                os.makedirs(path, mode=mode, exist_ok=True)
            os.stat(path)
            if os.path.realpath(path) != path:
                raise Refusal("its folder is a link to another by now")
            return
        start = below.path if below else os.sep
        self.descriptor = _enter(".", inside=below.descriptor) if below else _enter(start)
        inside = os.path.relpath(path, start)
        for name in inside.split(os.sep) if inside != os.curdir else ():
            outer = self.descriptor
            try:
                self.descriptor = _enter(name, inside=outer, make=make, mode=mode)
            except (OSError, Refusal):
                self.descriptor = None
                raise
            finally:
                os.close(outer)

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def status(self) -> os.stat_result:
        """What is held."""
        return os.stat(self.path if self.descriptor is None else self.descriptor)

    def sync(self) -> None:
        """Bring its entries to the disk; Windows has no such thing."""
        if self.descriptor is None:
            return
        opened = os.open(".", os.O_RDONLY, dir_fd=self.descriptor)
        try:
            os.fsync(opened)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
                raise
        finally:
            os.close(opened)

    def remove_empty(self, inside: str) -> None:
        """Remove a folder in it, if that is empty."""
        with suppress(OSError):
            where = os.path.join(self.path, inside) if self.descriptor is None else inside
            os.rmdir(where, dir_fd=self.descriptor)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder that is held open."""

    folder: Folder
    name: str

    @property
    def path(self) -> str:
        """Its path, to be shown, or decoded."""
        return os.path.join(self.folder.path, self.name)

    @property
    def _at(self) -> str:
        return self.path if self.folder.descriptor is None else self.name

    def beside(self, name: str) -> "Entry":
        """Another name in the same folder."""
        return Entry(self.folder, name)

    def status(self) -> os.stat_result:
        """What it is; of a link, the link itself."""
        return os.stat(self._at, dir_fd=self.folder.descriptor, follow_symlinks=False)

    def exists(self) -> bool:
        """Whether there is anything, be it a link that leads nowhere."""
        try:
            self.status()
        except FileNotFoundError:
            return False
        return True

    def open(self, flags: int, mode: int = 0o600) -> int:
        """A descriptor; a link is not followed, and a pipe not waited for."""
        return os.open(self._at, flags | _FILE, mode, dir_fd=self.folder.descriptor)

    def rename(self, to: "Entry") -> None:
        """Give it another name; what had that name is gone."""
        os.rename(
            self._at, to._at, src_dir_fd=self.folder.descriptor, dst_dir_fd=to.folder.descriptor
        )

    def link(self, to: "Entry") -> None:
        """Give it a second name, which must be free."""
        where: dict[str, Any] = _NO_LINK
        if self.folder.descriptor is not None:
            where = where | {
                "src_dir_fd": self.folder.descriptor,
                "dst_dir_fd": to.folder.descriptor,
            }
        os.link(self._at, to._at, **where)

    def unlink(self) -> None:
        """Remove the name."""
        os.unlink(self._at, dir_fd=self.folder.descriptor)


def require_own(status: os.stat_result, what: str, *, way_out: str) -> None:
    """Make sure that nobody else can have written a file or folder, nor will.

    Raises
    ------
    JournalError
    """
    if not hasattr(os, "geteuid"):
        return
    if status.st_uid != os.geteuid():
        raise JournalError(f"{what} belongs to another user; {way_out}")
    if status.st_mode & _OTHERS_WRITE:
        raise JournalError(f"{what} can be written by other users; {way_out}")


def open_quarantine(path: str, *, make: bool) -> Folder:
    """The folder of a plan, which must be the user's own and closed to others.

    Those who may write to a folder above can move it away, but not put anything in its place.

    Raises
    ------
    JournalError
        If it is not, or can't be made.
    FileNotFoundError
        If there is none, and none is to be made.
    """
    way_out = "choose another folder with quarantine="
    above = os.path.dirname(path)
    try:
        with Folder(above, make=make, mode=0o700) as parent:
            if os.path.basename(above) == PUT_ASIDE:  # one that dedup makes, too
                require_own(parent.status(), above, way_out=way_out)
            folder = Folder(path, below=parent, make=make, mode=0o700)
        require_own(folder.status(), path, way_out=way_out)
    except (OSError, Refusal) as error:
        if isinstance(error, FileNotFoundError) and not make:
            raise
        raise JournalError(f"{path}: {reason_of(error)}; {way_out}") from error
    return folder


def _enter(name: str, *, inside: int | None = None, make: bool = False, mode: int = 0o777) -> int:
    try:
        return _open_folder(name, inside)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=inside)
    return _open_folder(name, inside)


def _open_folder(name: str, inside: int | None) -> int:
    try:
        return os.open(name, os.O_RDONLY | _FOLDER, dir_fd=inside)
    except PermissionError:
        if not _PASSED:
            raise
        # To pass through a folder takes no right to list it.
        return os.open(name, _PASSED | _FOLDER, dir_fd=inside)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        if stat.S_ISLNK(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode):
            raise Refusal("its folder is a link to another by now") from error
        raise
