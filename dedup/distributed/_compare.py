"""One task's components: verified, grouped and written down, by the code that one machine runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.record import Record, decode_path, encode_path
from dedup._catalogue.verdicts import Verdicts
from dedup._duplicates import Duplicates
from dedup._join.self_join import Pairs
from dedup._search.outcome import Outcome
from dedup._search.search import Search
from dedup.distributed._job import Job, Window
from dedup.distributed._join import How
from dedup.distributed._tables import VIEWS, record_of

__all__ = ["compare", "join_removals"]


@dataclass(frozen=True)
class _Share:
    """The files of one task; what a search asks of a catalogue."""

    records: dict[str, Record]
    images: int

    def __len__(self) -> int:
        return self.images


def compare(job: Job, how: How, part: str, task: int) -> None:
    """Verify and group the pictures of one task."""
    within = ("task", task, task + 1)
    rows = job.work.rows("records_by_task", within=within)
    names = {decode_path(row["path"]): decode_path(row["name"]) for row in rows}
    records = {record.path: record for record in map(record_of, rows)}
    images = job.images()
    search = Search(
        cast("Catalogue", _Share(records, how.images)),
        verdicts=Verdicts(images.connection, collection=job.collection),
        settings=job.settings,
        progress=False,
        proposed=list(_proposed(job.work.gather("candidates_by_task", within=within))),
    )
    outcome = search.among(names)
    ids = {name: records[path].id for path, name in names.items()}
    _save(job, part, outcome, ids)


def _proposed(table: Any) -> Iterator[Pairs]:
    """Candidates as the self-join gives them: of whole pictures, then of each view."""
    for view in ("", *VIEWS):
        name = f"{view}_similarity" if view else "similarity"
        found = table.filter(table[name].is_valid())
        a, b, similarity = (found[column].to_numpy() for column in ("a", "b", name))
        ways = found[f"{view}_ways"].to_numpy() if view else None
        if len(found) or not view:
            yield Pairs(a, b, similarity.astype(np.float32), ways)


def _save(job: Job, part: str, outcome: Outcome, ids: dict[str, int]) -> None:
    """Write what was found; the pairs last, by which it is known that all is there."""
    found = Duplicates(outcome)
    skipped, uncertain = found.skipped, found.uncertain
    for table in (skipped, uncertain):
        table["path"] = [encode_path(path) for path in table["path"]]
    job.work.write("skipped", f"compare-{part}", skipped)
    job.work.write("uncertain", part, uncertain)
    surplus = sorted(ids[path] for group in found.groups for path in group.remove)
    job.work.write("removals", part, {"id": surplus})
    groups = found.to_frame()
    keeps = [group.keep for group in found.groups]
    groups["why"] = [found.groups[number].why for number in groups["group"]]
    groups["group"] = [ids[keeps[number]] for number in groups["group"]]
    instead = {path: other for group in found.groups for path, other in group.instead.items()}
    for row, path in enumerate(groups["path"]):
        if path in instead:  # of the two that the plan is about
            seen = outcome.relation(outcome.records[instead[path]], outcome.records[path])
            groups.loc[row, ["relation", "score"]] = seen or ("", float("nan"))
    groups["instead"] = [ids[instead[path]] if path in instead else 0 for path in groups["path"]]
    groups["id"] = [ids[path] for path in groups["path"]]
    groups["path"] = [encode_path(path) for path in groups["path"]]
    job.work.write("groups", part, groups)
    pairs = found.pairs
    for end in "ab":
        pairs[f"{end}_id"] = [ids[path] for path in pairs[end]]
        pairs[end] = [encode_path(path) for path in pairs[end]]
    pairs["apart"] = [encode_path(path) for path in pairs["apart"]]
    job.work.write("pairs", part, pairs)


def join_removals(job: Job, window: Window) -> None:
    """The ids within a range of files that may be removed, ascending."""
    table = job.work.gather("removals", within=("id", window.low, window.high))
    job.work.write("removal_ids", window.part, {"id": np.sort(table["id"].to_numpy())})
