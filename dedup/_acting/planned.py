"""What is planned for files, as a value: what names it, and which paths it may hold."""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = [
    "ACTIONS",
    "COMPANION",
    "LEAVE",
    "WRITE",
    "PlannedActions",
    "PlannedFile",
    "is_absolute",
    "is_below_root",
    "is_inside",
    "plan_id",
    "require_sound",
    "sidecar_of",
]

ACTIONS = ("quarantine", "hardlink", "delete")
LEAVE = "leave"
WRITE = "write"
COMPANION = "companion"
"""The relation of a file that is acted on because a picture is that it belongs to."""
_JOURNAL = "dedup-journal.jsonl"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """What would be done to one file, as in `Plan.table`; and what is checked before."""

    path: str
    action: str
    keep: str
    relation: str
    score: float | None
    size: int
    reason: str
    saved: int
    digest: str
    keep_digest: str
    why: str = ""
    belongs_to: str = ""
    knows: str = ""
    text: str = ""

    @property
    def is_twin(self) -> bool:
        """Whether it goes since the file to keep, which is no picture either, has its bytes."""
        return self.relation == COMPANION and self.digest == self.keep_digest


@dataclass(frozen=True)
class PlannedActions:
    """What is to be done to files; see `Plan`, which is this."""

    action: str
    quarantine: str
    root: str
    protect: Sequence[str]
    files: Sequence[PlannedFile]

    @property
    def id(self) -> str:
        """Hexadecimal digest of what would be done."""
        return plan_id(self.action, self.protect, self.files)

    @property
    def journal(self) -> Path:
        """Where `apply` writes its journal unless it is told otherwise."""
        return Path(self.quarantine, _JOURNAL)

    @property
    def savings(self) -> int:
        """Bytes that the plan frees, for quarantined files once they are purged.

        A file with other hard links frees nothing.
        """
        return sum(file.saved for file in self.files)

    @property
    def header(self) -> Mapping[str, str]:
        """What its journal says of it."""
        return {"plan": self.id, "root": self.root, "quarantine": self.quarantine}


def is_inside(path: str, folder: str) -> bool:
    """Whether an absolute path lies in a folder, as both are written.

    Examples
    --------
    >>> is_inside("/a/b/c.jpg", "/a"), is_inside("/a/../b.jpg", "/a"), is_inside("/ab", "/a")
    (True, False, False)
    """
    return all(map(is_absolute, (path, folder))) and path.startswith(os.path.join(folder, ""))


def sidecar_of(path: str) -> str:
    """Where what is known of a picture is written."""
    return path + ".xmp"


def is_below_root(path: str, root: str) -> bool:
    """Whether a file can be one of a plan; on several drives of Windows, files have no root."""
    other_drive = os.path.splitdrive(path)[0] != os.path.splitdrive(root)[0]
    return is_inside(path, root) or (other_drive and is_absolute(path))


def plan_id(action: str, protect: Sequence[str], files: Sequence[PlannedFile]) -> str:
    """Hexadecimal digest of what a plan does."""
    content = [action, *protect, *(asdict(file) for file in files)]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def is_absolute(path: str) -> bool:
    """Whether a path leads to one place, whatever the current folder is.

    Examples
    --------
    >>> is_absolute("/a/b"), is_absolute("/a/../b"), is_absolute("b")
    (True, False, False)
    """
    return os.path.isabs(path) and os.path.normpath(path) == path and "\0" not in path


def require_sound(file: PlannedFile, *, action: str, root: str) -> None:
    """Make sure that what was read of a file is what a plan can hold.

    Raises
    ------
    ValueError
    """
    for field in fields(PlannedFile):
        value = getattr(file, field.name)
        if field.name in ("size", "saved"):
            good = isinstance(value, int)
        elif field.name == "score":
            good = value is None or (isinstance(value, float) and math.isfinite(value))
        else:
            good = isinstance(value, str) and "\0" not in value
        if not good:
            raise ValueError(f"{field.name}: {value!r}")
    if file.action == LEAVE:
        return
    fits = file.path == sidecar_of(file.keep) if file.action == WRITE else file.action == action
    if not fits or not is_below_root(file.path, root) or not is_absolute(file.keep):
        raise ValueError(f"{file.action} {file.path}")
