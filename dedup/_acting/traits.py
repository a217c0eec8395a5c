"""What a file has beside its name and bytes."""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from dedup._acting.entries import Entry

__all__ = ["Traits", "give"]

_BY_NUMBER = {os.chmod, os.utime} <= os.supports_fd


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


def give(file: int, entry: Entry, traits: Traits) -> None:
    """By the number of the open file, where the system can: the name may be another's by now."""
    now = Traits.of(os.fstat(file))
    if (now.uid, now.gid) != (traits.uid, traits.gid) and hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(file, traits.uid, traits.gid)
            now = Traits.of(os.fstat(file))  # a new owner may cost permissions
    if now.mode != traits.mode:
        os.chmod(file if _BY_NUMBER else entry.path, traits.mode)
    if now.mtime_ns != traits.mtime_ns:
        times = traits.atime_ns, traits.mtime_ns
        os.utime(file if _BY_NUMBER else entry.path, ns=times)
