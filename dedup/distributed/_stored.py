"""What a job found, as it lies in its work folder: read when it is asked for, part by part."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._acting.plan import Plan
from dedup._acting.planning import make_plan
from dedup._base.text import counted
from dedup._catalogue.record import Record, decode_path
from dedup._grouping.retain import shown_more
from dedup._search.outcome import Relation
from dedup._search.reasons import NOT_VERIFIED
from dedup.distributed._tables import record_of
from dedup.distributed._work import Work
from dedup.errors import InputError

__all__ = ["StoredDuplicates", "load", "skipped_of"]

_TABLES = ("pairs", "groups", "skipped", "uncertain")
_PATHS = ("path", "a", "b", "apart")


class StoredDuplicates:
    """The duplicates that `find` left in a work folder. Nothing is read before it is asked for.

    Its tables are those of `Duplicates`, and so are its plans. It has no `at`: of pairs that were
    not accepted nothing is kept, so that another threshold is another job, which embeds nothing
    anew. For what shows pictures (`report`, `review`, `explain`) search the files of some groups
    on one machine: `find_duplicates(some)`, where `some` has a column `path`.

    Attributes
    ----------
    work : str
        The folder, or its address.
    settings, summary : dict
        How they were looked for; and how many files, pairs and removable files there are, and
        what may be missing: `exact` is False where the store's index, which is approximate, was
        asked, and `unfinished` counts pictures with more neighbours than it answers.
    """

    def __init__(self, work: Work) -> None:
        settings, summary = work.note("manifest.json"), work.note("result.json")
        if settings is None or summary is None:
            raise InputError(f"{work.address} holds no work that was finished: call find again")
        self._work = work
        self.work = work.address
        self.settings: dict[str, Any] = settings
        self.summary: dict[str, Any] = summary

    def parts(self, table: str) -> Iterator[pd.DataFrame]:
        """A table, part by part: all files of a group, and all its pairs, are in one part.

        Parameters
        ----------
        table : {"pairs", "groups", "skipped", "uncertain"}
            `pairs` as `Duplicates.pairs`, with the ids `a_id` and `b_id`; `groups` as
            `Duplicates.to_frame`, where `group` is the id of the file to keep, and with `id`, `why`
            and `instead`, the id of a file that stays, and for which this one goes, or 0; `skipped`
            and `uncertain` as there.

        Raises
        ------
        InputError
            If there is no such table.
        """
        if table not in _TABLES:
            raise InputError(f"table={table!r}: expected one of {', '.join(_TABLES)}")
        yield from _frames(self._work, table)

    @property
    def pairs(self) -> pd.DataFrame:
        """All pairs, in memory."""
        return self._table("pairs")

    @property
    def groups(self) -> pd.DataFrame:
        """The files of all groups, in memory."""
        return self._table("groups")

    @property
    def skipped(self) -> pd.DataFrame:
        """What was left out, in memory: `path` and `reason`."""
        return skipped_of(self._work)

    @property
    def uncertain(self) -> pd.DataFrame:
        """Images with too little to tell, in memory: `path` and `candidates`."""
        return self._table("uncertain").sort_values("path", ignore_index=True)

    def removal_ids(self) -> Iterator[npt.NDArray[np.int64]]:
        """The ids of the files that a kept file makes needless, ascending, part by part."""
        for part in self._work.parts("removal_ids"):
            yield self._work.read("removal_ids", part)["id"].to_numpy()

    def plan(
        self,
        *,
        action: str = "quarantine",
        quarantine: str | os.PathLike[str] | None = None,
        protect: Iterable[str | os.PathLike[str]] = (),
        permanently: bool = False,
        metadata: str = "tell",
    ) -> Plan:
        """Plan what to do with the surplus files, as `Duplicates.plan` does.

        It obeys what was measured by the job: a file is acted on only for the file that it was
        compared with. If that one is gone, or another one is protected, it stays, unless the two
        have the same pixels. Members of archives and what lies at an address are never acted on,
        see `filter_shards`.

        It holds what is known of each file that was searched, about 1 KB.

        Parameters
        ----------
        action, quarantine, protect, permanently, metadata
            As of `Duplicates.plan`.

        Raises
        ------
        InputError
            As there.
        """
        rows: dict[int, Any] = {}
        for frame in self.parts("groups"):
            rows |= {row.id: row for row in frame.itertuples()}
        records = {one.id: one for one in self._records()}
        groups: dict[int, list[Record]] = defaultdict(list)
        for key, row in rows.items():
            groups[row.group].append(records[key])
        judged = _Judged(rows)
        return make_plan(
            groups.values(),
            relate=judged.relation,
            lacks=judged.lacks,
            why=judged.why,
            action=action,
            quarantine=quarantine,
            protect=protect,
            unverified=False,
            permanently=permanently,
            among=records.values(),
            chosen=frozenset(),
            cannot_link=frozenset(),
            instead={
                records[row.id].path: records[row.instead] for row in rows.values() if row.instead
            },
            metadata=metadata,
        )

    def _records(self) -> Iterator[Record]:
        for part in self._work.parts("records"):
            yield from map(record_of, self._work.read("records", part).to_pylist())

    def _table(self, table: str) -> pd.DataFrame:
        return pd.concat(self.parts(table), ignore_index=True)

    def __repr__(self) -> str:
        text = (
            f"{counted(self.summary['files'], 'image')}: {counted(self.summary['pairs'], 'pair')}, "
            f"{counted(self.summary['removals'], 'file')} more than needed"
        )
        return text if self.summary["exact"] else f"{text}; by an approximate index"


class _Judged:
    """What the job found of a file beside the one that it was compared with, by the ids of files.

    Parameters
    ----------
    rows : mapping of int to row
        Those of the table `groups`.
    """

    def __init__(self, rows: Mapping[int, Any]) -> None:
        self._rows = rows

    def relation(self, keep: Record, other: Record) -> Relation | None:
        if keep.picture == other.picture:
            return "exact", 1.0
        row = self._compared(keep, other)
        return (row.relation, row.score) if row is not None and row.relation else None

    def lacks(self, keep: Record, other: Record) -> str:
        if keep.picture == other.picture:
            return shown_more(keep, other, None)
        row = self._compared(keep, other)
        return NOT_VERIFIED if row is None else str(row.stays)

    def why(self, keep: Record, _: Record) -> str:
        row = self._rows[keep.id]
        return str(row.why) if row.keep else ""

    def _compared(self, keep: Record, other: Record) -> Any:
        """The row of a file, if it is about the one to keep."""
        row = self._rows[other.id]
        return row if keep.id == (row.instead or row.group) else None


def skipped_of(work: Work) -> pd.DataFrame:
    """What the stages of a job left out."""
    # What was named twice was listed twice.
    found = pd.concat(_frames(work, "skipped")).drop_duplicates()
    return found.sort_values("path", ignore_index=True)


def _frames(work: Work, table: str) -> Iterator[pd.DataFrame]:
    for part in work.parts(table):
        frame = work.read(table, part).to_pandas()
        for column in frame.columns.intersection(_PATHS):
            frame[column] = [decode_path(path) for path in frame[column]]
        yield frame


def load(work: str | os.PathLike[str]) -> StoredDuplicates:
    """Open what `find` left in a work folder.

    Parameters
    ----------
    work : str or path
        A folder, or an address of fsspec's.

    Raises
    ------
    InputError
        If there is no finished work.

    Examples
    --------
    >>> load(getfixture("tmp_path"))
    Traceback (most recent call last):
    dedup.errors.InputError: ... holds no work that was finished: call find again
    """
    return StoredDuplicates(Work(work))
