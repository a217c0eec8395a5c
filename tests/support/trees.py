"""What a tree of files is: names, kinds, bytes, permissions and times."""

import hashlib
import os
import stat
from pathlib import Path

QUARANTINE = ".dedup-quarantine"


def tree(folder, *, without=QUARANTINE):
    """All that undo restores of the files below a folder, the quarantine aside."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        inside = path.relative_to(folder)
        if without in inside.parts:
            continue
        status = path.lstat()
        found[os.fsencode(inside)] = (
            (stat.S_ISDIR(status.st_mode), stat.S_IMODE(status.st_mode))
            if path.is_dir()
            else (
                stat.S_IMODE(status.st_mode),
                status.st_mtime_ns,
                status.st_nlink,
                hashlib.sha256(path.read_bytes()).hexdigest(),
            )
        )
    return found


def is_device_of_its_own(folder, other):
    """Whether moving between two folders is a copy."""
    return os.path.isdir(folder) and os.stat(folder).st_dev != os.stat(other).st_dev
