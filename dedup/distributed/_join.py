"""The self-join by windows of the primary key: each task searches the rows of one.

Up to as many rows as one machine compares with each other, each worker reads all vectors, and
what is found is exact; of more, the store is asked.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._base.views import View
from dedup._grouping.keeper import Keeper
from dedup._join.inside import MARGINS, ways
from dedup._join.self_join import DISTINCT, Join, Pairs
from dedup._join.spill import Block, Merged, hits_of, merge_hits
from dedup._search.depth import Depth
from dedup._search.rows import Rows
from dedup.distributed._job import Job, Window
from dedup.distributed._tables import VIEWS, record_of

__all__ = ["ALL_TO", "How", "find_inside", "merge", "pick_deeper", "search"]

ALL_TO = 64
"""Neighbours that are looked for of each picture, as on one machine."""


class How(NamedTuple):
    """How the pictures of a job are joined.

    Attributes
    ----------
    images : int
        Rows of the index.
    threshold : float
        Least cosine.
    here : bool
        Whether workers compare all vectors, and the store is not asked.
    """

    images: int
    threshold: float
    here: bool


def search(job: Job, how: How, window: Window, limit: int, chosen: str) -> None:
    """Search the rows of a window; or, of these, those that an earlier round chose."""
    part, *ends = window
    join = _joined(job, how)
    if chosen:
        rows = job.work.rows("deeper", prefix=chosen, within=("id", *ends))
    else:
        rows = join.table.read(f"{_between(*ends)} and {DISTINCT}", fields=["id"])
    block = join.search([row["id"] for row in rows], limit=limit)
    job.work.write("full", part, {"id": block.full_rows, "hits": block.full_hits})
    _write(job, "hits", part, block)


def find_inside(job: Job, how: How, view: View, window: Window) -> None:
    """Look among all pictures for what the views of those of a window are near."""
    table = job.views()[view]
    ids, vectors = table.read_vectors(_between(window.low, window.high))
    answers = _joined(job, how).near(vectors) if ids else []
    block = Block.of(table.keys(ids), answers, threshold=how.threshold + MARGINS[view])
    _write(job, view, window.part, block)


def _joined(job: Job, how: How) -> Join:
    place = job.uri, job.collection, job.work.address
    return _join(_Key(job, how, place))


class _Key:
    """A job, as a key: the vectors that a process has read serve all its tasks."""

    def __init__(self, job: Job, how: How, place: tuple[Any, ...]) -> None:
        self.job, self.how, self._key = job, how, (how, place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=1)
def _join(key: _Key) -> Join:
    with TemporaryDirectory(prefix="dedup-join-") as folder:
        join = Join(
            key.job.images(),
            Path(folder),
            key.how.threshold,
            DISTINCT,
            (),
            None,
            here=key.how.here,
            hashed=bool(key.job.settings.measure.bits),
        )
        if key.how.here:
            join.vectors  # noqa: B018  mapped by now: the file may go
    return join


def _between(low: int | None, high: int | None) -> str:
    return f"id >= {low or 0}" if high is None else f"id >= {low or 0} and id < {high}"


def _write(job: Job, stage: str, part: str, block: Block) -> None:
    hits = block.hits[np.lexsort((block.hits["b"], block.hits["a"]))]
    job.work.write(stage, part, {name: hits[name] for name in ("a", "b", "similarity", "of_a")})


def pick_deeper(job: Job, how: How, limit: int) -> None:
    """Choose the rows that are worth a deeper search than for so many neighbours.

    It holds all pairs, as the crowds among them are to be seen: 20 bytes each.
    """
    full = job.work.gather("full", prefix=f"{limit:05}-")
    known = full["hits"].to_numpy() < how.images
    ids = full["id"].to_numpy()[known]
    if limit >= ALL_TO and len(ids):
        hits = _hits(job, "hits", None)
        found = merge_hits(hits, np.zeros(len(hits), np.bool_))
        rows = _ranked(job, ids, np.unique([found.a, found.b]))
        depth = Depth(job.settings.usual_floor(images=how.images), all_to=ALL_TO)
        depth.add(rows.renamed(Pairs(found.a, found.b, found.similarity)))
        ids = np.array(rows.ids(depth.worth(rows.pictures(ids.tolist()), limit)), np.int64)
    job.work.write("deeper", f"{limit:05}", {"id": np.sort(ids)})


def _ranked(job: Job, full: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> Rows:
    """Pictures as one machine numbers them: those first that would rather be kept."""
    records = []
    for part in job.work.parts("records"):
        table = job.work.read("records", part)
        copy_of, ids = (table[name].to_numpy() for name in ("copy_of", "id"))
        chosen = np.isin(np.where(copy_of, copy_of, ids), full)
        records += [record_of(row) for row in table.filter(chosen).to_pylist()]
    files = Keeper(job.keep, similarity={}).files(records)
    ranked = [several[0].picture for several in files.values()]
    return Rows([*ranked, *np.setdiff1d(others, ranked).tolist()])


def merge(job: Job, window: Window) -> None:
    """The pairs whose first picture is in a range, each once, with all that was found of them."""
    within = ("a", window.low, window.high)
    pairs: defaultdict[tuple[int, int], dict[str, Any]] = defaultdict(dict)
    whole = _merged(job, "hits", within)
    for a, b, similarity in _rows_of(whole.a, whole.b, whole.similarity):
        pairs[a, b] = {"a": a, "b": b, "similarity": similarity}
    for view in VIEWS:
        found = _merged(job, view, within)
        columns = found.a, found.b, found.similarity, ways(found, view=view)
        for a, b, similarity, way in _rows_of(*columns):
            inside = {f"{view}_similarity": similarity, f"{view}_ways": way}
            pairs[a, b] |= {"a": a, "b": b, **inside}
    job.work.write("candidates", window.part, [pairs[pair] for pair in sorted(pairs)])


def _merged(job: Job, stage: str, within: Any) -> Merged:
    hits = _hits(job, stage, within)
    return merge_hits(hits, np.zeros(len(hits), np.bool_))


def _rows_of(*columns: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _hits(job: Job, stage: str, within: Any) -> npt.NDArray[Any]:
    table = job.work.gather(stage, within=within)
    a, b, similarity, of_a = (table[n].to_numpy() for n in ("a", "b", "similarity", "of_a"))
    return hits_of(np.where(of_a, a, b), np.where(of_a, b, a), similarity)
