"""A plan: what would be done to which files; it is read, saved, and applied."""

import json
import os
import stat
from collections import Counter
from dataclasses import asdict, dataclass
from html import escape
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from dedup._acting.applied import Applied
from dedup._acting.apply import apply
from dedup._acting.planned import (
    ACTIONS,
    LEAVE,
    WRITE,
    PlannedActions,
    PlannedFile,
    is_absolute,
    require_sound,
)
from dedup._base.json_files import reading, save_json
from dedup._base.tables import table_of
from dedup._base.text import counted, printable, sized
from dedup.errors import InputError

__all__ = ["Plan", "plan_of"]

_FORMAT = "dedup plan 1"
_COLUMNS = {
    "path": object,
    "action": object,
    "keep": object,
    "relation": object,
    "score": float,
    "size": int,
    "reason": object,
    "why": object,
    "belongs_to": object,
    "knows": object,
}
_ROWS_SHOWN = 20
_REASONS_SHOWN = 6


@dataclass(frozen=True)
class Plan(PlannedActions):
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
    permanently : bool
        That "delete" was said to be meant; it is not saved.
    """

    permanently: bool = False

    @property
    def table(self) -> pd.DataFrame:
        """All surplus files and what belongs to them, one a row, with absolute paths.

        Columns: `path`; `action`, or "leave" for what is left alone; `keep`, the file that is
        kept instead; `relation` and `score` of the two, as in `found.pairs`, the cosine where
        nothing was verified; `size` in bytes; `reason` why a file is left alone; `why` the
        other one is kept rather than this one; `belongs_to`, the picture that a file goes with:
        either both are acted on, or neither ("" of pictures that go alone, or come first);
        `knows`, what a file knows of the picture that the file to keep does not: a date, a place,
        a rating, keywords.

        The relation of a sidecar, of a film, or of a RAW file that is none of the images of the
        search is "companion". `keep` is then the file that has the same bytes, or, of a sidecar,
        the picture that is kept. Of a sidecar that is to be written beside that, `action` is
        "write".
        """
        return table_of(map(attrgetter(*_COLUMNS), self.files), _COLUMNS)

    def apply(
        self,
        *,
        journal: str | os.PathLike[str] | None = None,
        permanently: bool = False,
        progress: bool = True,
    ) -> Applied:
        """Do it, one file after the other, each step written in a journal before it is done.

        Right before a file is touched, its digest is compared with what was indexed, and the
        file to keep must be there, unchanged, and decode; of two files with the same pixels in
        other bytes, the pixels are compared again. What fails this or can't be done is
        left as it is, in a row with the reason, and so is what belongs to it; the rest is done. A
        sidecar that is to be written comes before the files whose knowledge it holds, which stay
        if it can't be written. If a run is cut off,
        `apply` with the same journal continues it, and `dedup.undo` takes it back.

        The quarantine and the journal are closed to other users; one that belongs to somebody
        else, or that others can write, is refused.

        Parameters
        ----------
        journal : path, optional
            By default `plan.journal`, in the quarantine folder.
        permanently : bool
            That "delete" is meant, which must be said again of a plan that was read from a file.
        progress : bool
            Show a progress bar where a person can see it.

        Returns
        -------
        Applied
            What was done, a row a file; and the journal, for `dedup.undo`.

        Raises
        ------
        JournalError
            If the journal can't be written or is of another plan, or if it or the quarantine is
            not the user's own; nothing more is done then.
        InputError
            If a protected folder is gone, or "delete" is not said to be meant.
        """
        if self.action == "delete" and not (permanently or self.permanently):
            raise InputError(
                "this plan deletes files, which can't be undone: say so with permanently=True"
            )
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
        save_json(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Plan":
        """Read it from a file that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, it holds something else, or other users can have written it.
        """
        with reading(path, what="plan that dedup saved"):
            with open(path, "rb") as opened:
                status, data = os.fstat(opened.fileno()), opened.read()
            _require_trusted(status, path)
            content: dict[str, Any] = json.loads(data)
            if content.pop("format") != _FORMAT or content["action"] not in ACTIONS:
                raise KeyError("format")
            files = [PlannedFile(**file) for file in content.pop("files")]
            root, quarantine, protect = (content[k] for k in ("root", "quarantine", "protect"))
            if not isinstance(protect, list) or "permanently" in content:
                raise TypeError("not what is written here")
            if not all(map(is_absolute, [root, quarantine, *protect])):
                raise ValueError(f"{root}, {quarantine}, {protect}")
            for file in files:
                require_sound(file, action=content["action"], root=root)
            return cls(files=files, **content)

    def __len__(self) -> int:
        return sum(file.action == self.action for file in self.files)

    def __repr__(self) -> str:
        text = f"{self.action} {counted(len(self), 'file')}, {sized(self.savings)}"
        written = sum(file.action == WRITE for file in self.files)
        if written:
            text += f"; write {counted(written, 'sidecar')}"
        left = Counter(file.reason for file in self.files if file.action == LEAVE)
        if left:
            common = left.most_common(_REASONS_SHOWN)
            reasons = [f"{printable(reason)} ({count})" for reason, count in common]
            others = left.total() - sum(count for _, count in common)
            reasons += [f"other reasons ({others})"] if others else []
            text += f"; leave {left.total()} alone: {', '.join(reasons)}"
        return text

    def _repr_html_(self) -> str:
        table = self.table.head(_ROWS_SHOWN)
        for column in ("path", "keep", "reason", "belongs_to", "knows"):
            table[column] = [printable(path) for path in table[column]]
        more = len(self.files) - len(table)
        rest = f"<p>and {more} more (see .table)</p>" if more else ""
        return f"<div><p>{escape(repr(self))}</p>{table.to_html(index=False)}{rest}</div>"


def plan_of(path: Path) -> Plan | None:
    """The plan that was saved in a file; None of another file, which is a journal itself.

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
    return Plan.load(path) if is_plan else None


def _require_trusted(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    """A plan is an order: of the user, or of the one who may do everything."""
    if not hasattr(os, "geteuid"):
        return
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & stat.S_IWOTH:
        raise InputError(
            f"{path} was written by another user, or can be: look at it, copy it, and take the copy"
        )
