"""What was done to the files of a plan, one a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pandas as pd

from dedup._base.tables import table_of
from dedup._base.text import counted

__all__ = ["Applied", "Outcome"]

_DONE = {
    "quarantine": "put into quarantine",
    "hardlink": "replaced by hard links",
    "delete": "deleted",
    "write": "written beside what is kept",
    "restore": "restored",
    "purge": "deleted from quarantine",
}
_COLUMNS = {"path": object, "action": object, "done": bool, "to": object, "reason": object}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to one file, or why not; see `Applied.table`."""

    path: str
    action: str
    done: bool
    to: str = ""
    reason: str = ""
    saved: int = 0
    earlier: bool = False  # by a run before this one


@dataclass(frozen=True, eq=False)
class Applied:
    """What was done to files: by `Plan.apply`, `undo` or `purge`.

    Attributes
    ----------
    journal : Path
        Give it to `dedup.undo`.
    saved : int
        Bytes that are free now, or will be when the quarantine is purged; 0 for an undo.
    """

    journal: Path
    _outcomes: Sequence[Outcome]

    @property
    def saved(self) -> int:
        """Bytes that duplicates no longer take, those in quarantine counted."""
        return sum(outcome.saved for outcome in self._outcomes if outcome.done)

    @property
    def table(self) -> pd.DataFrame:
        """All files: `path`, `action`, whether it is `done`, where `to`, the `reason` if not.

        Paths are absolute. `action` is "quarantine", "hardlink", "delete", "write" (a sidecar),
        "restore" (of such a sidecar: it is taken away again) or "purge".
        """
        return table_of(map(attrgetter(*_COLUMNS), self._outcomes), _COLUMNS)

    @property
    def failed(self) -> pd.DataFrame:
        """The rows of `table` that are not done."""
        table = self.table
        return table[~table["done"]].reset_index(drop=True)

    def __len__(self) -> int:
        return sum(outcome.done for outcome in self._outcomes)

    def __repr__(self) -> str:
        failed = len(self._outcomes) - len(self)
        earlier = sum(outcome.earlier for outcome in self._outcomes)
        actions = sorted({outcome.action for outcome in self._outcomes})
        text = " or ".join(_DONE[action] for action in actions)
        text = f"{counted(len(self), 'file')} {text}" if actions else "nothing to do"
        if earlier:
            text += f", {'all' if earlier == len(self) else earlier} by an earlier run"
        if failed:
            text += f"; {failed} not done (see .failed)"
        return text
