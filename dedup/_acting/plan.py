"""A plan: what would be done to which files; it is read, saved, and applied."""

import hashlib
import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from dedup._acting.applied import Applied
from dedup._saving import save_text
from dedup._text import counted, printable
from dedup.pipelines.errors import InputError

__all__ = ["ACTIONS", "LEAVE", "Plan", "PlannedFile", "journal_of", "plan_id"]

ACTIONS = ("quarantine", "hardlink", "delete")
LEAVE = "leave"
_FORMAT = "dedup plan 1"
_COLUMNS = ["path", "action", "keep", "relation", "score", "size", "reason"]
_JOURNAL = "dedup-journal.jsonl"
_ROWS_SHOWN = 20


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


@dataclass(frozen=True)
class Plan:
    """What would be done to the surplus files of groups; nothing is touched before `apply`.

    Attributes
    ----------
    action : {"quarantine", "hardlink", "delete"}
    quarantine : str
        The folder of this plan: of what is put into quarantine, and of its journal.
    root : str
        The folder from which the quarantine keeps the structure.
    protect : sequence of str
        Folders in which nothing is touched.
    files : sequence of PlannedFile
    """

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
    def table(self) -> pd.DataFrame:
        """All surplus files, one a row, with absolute paths.

        Columns: `path`; `action`, or "leave" for what is left alone; `keep`, the file that is
        kept instead; `relation` and `score` of the two, as in `found.pairs`, the cosine where
        nothing was verified; `size` in bytes; `reason` why a file is left alone.
        """
        return pd.DataFrame(
            {
                name: pd.Series(
                    [getattr(file, name) for file in self.files],
                    dtype={"score": float, "size": int}.get(name, object),
                )
                for name in _COLUMNS
            }
        )

    @property
    def savings(self) -> int:
        """Bytes that the plan frees, for quarantined files once they are purged.

        A file with other hard links frees nothing.
        """
        return sum(file.saved for file in self.files)

    def apply(
        self, *, journal: str | os.PathLike[str] | None = None, progress: bool = True
    ) -> Applied:
        """Do it, one file after the other, each step written in a journal before it is done.

        Right before a file is touched, its digest is compared with what was indexed, and the
        file to keep must be there, unchanged, and decode. What fails this or can't be done is
        left as it is, in a row with the reason, and the rest is done. If a run is cut off,
        `apply` with the same journal continues it, and `dedup.undo` takes it back.

        Parameters
        ----------
        journal : path, optional
            By default `plan.journal`, in the quarantine folder.
        progress : bool
            Show a progress bar where a person can see it.

        Returns
        -------
        Applied
            What was done, a row a file; and the journal, for `dedup.undo`.

        Raises
        ------
        JournalError
            If the journal can't be written or is of another plan; nothing more is done then.
        InputError
            If a protected folder is gone.
        """
        from dedup._acting.apply import apply

        return apply(self, journal=self.journal if journal is None else journal, progress=progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a JSON file, for `Plan.load` and `dedup apply`.

        Raises
        ------
        InputError
            If the file can't be written.
        """
        content = {
            "format": _FORMAT,
            "action": self.action,
            "quarantine": self.quarantine,
            "root": self.root,
            "protect": list(self.protect),
            "files": [asdict(file) for file in self.files],
        }
        save_text(path, json.dumps(content, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Plan":
        """Read it from a file that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it holds something else.
        """
        try:
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if content.pop("format") != _FORMAT or content["action"] not in ACTIONS:
                raise KeyError("format")
            files = [PlannedFile(**file) for file in content.pop("files")]
            for file in files:
                _check(file, action=content["action"])
            folders = [content["quarantine"], content["root"], *content["protect"]]
            if not (isinstance(content["protect"], list) and all(map(_is_path, folders))):
                raise TypeError("no folders")
            return cls(files=files, **content)
        except OSError as error:
            raise InputError(f"{path}: {str(error.strerror).lower()}") from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(f"{path} is no plan that dedup saved") from error

    def __len__(self) -> int:
        return sum(file.action != LEAVE for file in self.files)

    def __repr__(self) -> str:
        text = f"{self.action} {counted(len(self), 'file')}, {_bytes(self.savings)}"
        left = Counter(file.reason for file in self.files if file.action == LEAVE)
        if left:
            reasons = ", ".join(f"{count} {reason}" for reason, count in left.most_common())
            text += f"; leave {left.total()} alone: {reasons}"
        return text

    def _repr_html_(self) -> str:
        table = self.table.head(_ROWS_SHOWN)
        for column in ("path", "keep"):
            table[column] = [printable(path) for path in table[column]]
        more = len(self.files) - len(table)
        rest = f"<p>and {more} more (see .table)</p>" if more else ""
        return f"<div><p>{escape(repr(self))}</p>{table.to_html(index=False)}{rest}</div>"


def journal_of(path: Path) -> Path:
    """The journal of a plan that was saved; another file is a journal itself.

    Raises
    ------
    InputError
        If a plan can't be read.
    """
    try:
        with path.open("rb") as file:
            is_plan = _FORMAT.encode() in file.read(64)
    except OSError:
        is_plan = False
    return Plan.load(path).journal if is_plan else path


def plan_id(action: str, protect: Sequence[str], files: Sequence[PlannedFile]) -> str:
    """Hexadecimal digest of what a plan does."""
    content = [action, *protect, *(asdict(file) for file in files)]
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def _check(file: PlannedFile, *, action: str) -> None:
    for field in fields(PlannedFile):
        value = getattr(file, field.name)
        if field.name in ("size", "saved"):
            good = isinstance(value, int)
        elif field.name == "score":
            good = value is None or (isinstance(value, float) and math.isfinite(value))
        else:
            good = _is_path(value)
        if not good:
            raise ValueError(f"{field.name}: {value!r}")
    if file.action != LEAVE and (file.action != action or not os.path.isabs(file.path)):
        raise ValueError(f"{file.action} {file.path}")


def _is_path(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def _bytes(size: int) -> str:
    """A size as people read it.

    Examples
    --------
    >>> _bytes(12_345_678)
    '12.3 MB'
    """
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value >= 1000:
            value, unit = value / 1000, larger
    return f"{value:.0f} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
