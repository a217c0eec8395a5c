"""The self-join that vector databases lack: all pairs of a collection above a similarity.

Up to some 500,000 rows, all are compared with all in this process, which is exact. Of more, the
store is asked for the nearest rows of each, and again, deeper, as long as the last hit still
passes: however many copies a picture has, none is lost behind a top-k. What was found is on
disk, so that the memory is that of a few thousand searches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dedup._base.arrays import Vectors
from dedup._base.threads import ahead, threads
from dedup._join.brute_force import Matrix
from dedup._join.checkpoint import short_name, work_in
from dedup._join.hamming import Hashes
from dedup._join.inside import MARGINS, MOST_AROUND, inside_pairs, ways
from dedup._join.pairs import Pairs
from dedup._join.recall_estimate import Sample, expected_missing
from dedup._join.spill import Block, Spill
from dedup.pipelines.store.table import MAX_HITS, Keys, Table
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["DEEPER", "DISTINCT", "EXACT_ROWS", "FIRST_DEPTH", "Join", "Pairs", "self_join"]

# Up to so many rows, comparing all with all takes less time than asking a store for the
# neighbours of each: half at 100,000 on Milvus Lite, a fifth on a server. Its time grows with the
# square of the rows; where they meet is extrapolated (`benchmarks/self_join.py --exact-rows 0`).
EXACT_ROWS = 500_000
FIRST_DEPTH = 4
DEEPER = 4
# Hits that one block may hold: 42 MB where keys are numbers.
_BLOCK_HITS = 2_000_000
_BLOCK_ROWS = 4_096
# Only the first file of each picture takes part; its copies are known already.
DISTINCT = "copy_of == 0"
# Scores of shortened vectors may be this far off; what is near the threshold is computed again.
_COSINE_SLACK = 0.05
_RELATIVE_SLACK = 0.1


def self_join(
    table: Table,
    *,
    threshold: float,
    where: str = DISTINCT,
    views: Sequence[ViewTable] = (),
    searched: Sequence[Any] | None = None,
    deeper: Callable[[list[Any], int], list[Any]] = lambda ids, limit: ids,
    all_to: int | None = None,
    hashed: bool = False,
    exact_rows: int = EXACT_ROWS,
    work_folder: Path | None = None,
) -> Iterator[Pairs]:
    """All pairs of rows at or above a similarity, in rounds of deeper searches.

    Parameters
    ----------
    table : Table
    threshold : float
        Least similarity: a cosine, an inner product, or minus a distance.
    where : str, optional
        The rows that take part, as a Milvus filter.
    views : sequence of ViewTable
        The vectors of other views, which are looked for among all, see `inside_pairs`.
    searched : sequence, optional
        Ids: only pairs with one of these rows are looked for.
    deeper : callable, optional
        Asked between two rounds: which of these rows, whose last hit still passed, are worth
        a deeper search than for so many neighbours. All, unless said otherwise.
    all_to : int, optional
        So many neighbours are looked for of every such row, without asking. All of them,
        unless said otherwise.
    hashed : bool
        Whether vectors are hashes, which are compared in this process, however many.
    exact_rows : int
        Up to so many rows are compared in this process, all with all.
    work_folder : Path, optional
        Where what was found is kept, so that a join that was killed goes on from there, and one
        that was finished finds nothing to do.

    Yields
    ------
    Pairs
        The new pairs of a round, in ascending (a, b), at most about a million at a time.

    Raises
    ------
    InputError
        If the folder holds the work of another join.

    Notes
    -----
    Where all are compared with all, and where the store's index is exact, nothing is missed.
    What an approximate index missed is estimated, see `expected_missing`.
    """
    rows = len(table)
    here = hashed or rows <= exact_rows
    if not here:
        table.await_index()
    job = {
        "collection": table.name,
        "address": short_name(table.connection.uri),
        "vectors": table.layout.vector_field,
        "rows": rows,
        "where": where,
        "views": {view.view: len(view) for view in views},
        "threshold": threshold,
        "searched": None if searched is None else short_name(searched),
    }
    with work_in(work_folder, job) as folder:
        join = Join(table, folder, threshold, where, views, searched, here=here, hashed=hashed)
        yield from join.rounds(deeper, all_to=all_to or MAX_HITS)
        with suppress(OSError):  # elsewhere than on POSIX a mapped file can't go
            join.vectors_file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Join:
    """A join, or what of it one process does; the fields are those of `self_join`.

    Attributes
    ----------
    folder : Path
        Where what was found is kept.
    here : bool
        Whether vectors are compared in this process.
    """

    table: Table
    folder: Path
    threshold: float
    where: str
    views: Sequence[ViewTable]
    searched: Sequence[Any] | None
    here: bool
    hashed: bool

    def rounds(
        self, deeper: Callable[[list[Any], int], list[Any]], *, all_to: int
    ) -> Iterator[Pairs]:
        """All pairs, and at last what may be missing."""
        limit = all_to if self.here else min(FIRST_DEPTH, all_to)
        blocks, everyone = self._first_round(limit)
        done: list[str] = []
        shallow: set[Any] = set()  # rows that were not searched to the end
        while True:
            done += blocks
            yield from self._new_pairs(done, blocks)
            full = self.spill.full(blocks, below=everyone)
            chosen = full
            if limit >= MAX_HITS:
                chosen = []
            elif limit >= all_to and full:
                chosen = deeper(full, limit)
            shallow.update(set(full).difference(chosen))
            if not chosen:
                break
            limit = min(limit * DEEPER, MAX_HITS)
            blocks = self._round(chosen, limit)
        for views in self.views:
            found = inside_pairs(views, self.spill, self.near, threshold=self.threshold)
            yield from (Pairs(m.a, m.b, m.similarity, ways(m, view=views.view)) for m in found)
        none = self.table.keys([])
        unfinished = full if limit == MAX_HITS else []
        missed = 0.0 if self._is_exact else self._missed(done, shallow)
        nothing = Pairs(none, none, np.empty(0, np.float32))
        yield replace(nothing, shallow=sorted(shallow), unfinished=unfinished, missed=missed)

    @cached_property
    def spill(self) -> Spill:
        """What was found."""
        return Spill(self.folder)

    @cached_property
    def vectors(self) -> Hashes | Matrix:
        """The vectors, where they are compared in this process."""
        if self.hashed:
            return Hashes(self.table, self._windows())
        return Matrix.of(self.table, self._read(self._windows()), self.vectors_file)

    def search(self, ids: Sequence[Any], *, limit: int) -> Block:
        """The nearest rows of some rows."""
        if self.here:
            found = self.vectors.search(ids, limit=limit, threshold=self.threshold)
            return self.block(ids, found, least_full=limit)
        vectors = self.table.vectors(ids)
        return self.block(ids, self.table.search(vectors, limit=limit, where=self.where))

    def near(self, vectors: Vectors) -> list[tuple[Keys, Vectors]]:
        """The rows that views of pictures may show, or lie inside of."""
        if self.here and isinstance(self.vectors, Matrix):
            least = self.threshold + min(MARGINS.values())
            return self.vectors.near(vectors, limit=MOST_AROUND, threshold=least)
        return self.table.search(vectors, limit=MOST_AROUND, where=self.where)

    @property
    def vectors_file(self) -> Path:
        """Where the vectors are that are compared here."""
        return self.folder / "vectors.f32"

    def _windows(self) -> list[str]:
        return [f"({w}) and {self.where}" if self.where else w for w in self.table.windows()]

    @property
    def _is_exact(self) -> bool:
        return self.here or self.table.layout.index.is_exact

    @property
    def _is_quantised(self) -> bool:
        return not self.here and self.table.layout.index.is_quantised

    def _sample(self) -> Sample | None:
        if self._is_exact:
            return None
        return Sample(self.table, self._windows(), threshold=self.threshold)

    def _first_round(self, limit: int) -> tuple[list[str], int]:
        """The blocks of the first round, and how many rows are searched or found at most."""
        if self.searched is not None:
            return self._round(self.searched, limit, sample=self._sample()), len(self.table)
        if not self.here:
            blocks = self._by_window(limit)
            return blocks, self.spill.searched(blocks)
        whole = f"whole-{limit:05}"
        if not self.spill.holds(whole):  # else no vector need be read
            vectors = self.vectors
            if isinstance(vectors, Matrix):
                self._all_with_all(vectors, limit)
            else:
                self._round(vectors.ids, limit)
            self.spill.write(whole, self._nothing(searched=len(vectors.ids)))
        return self.spill.names(f"{limit:05}-"), self.spill.searched([whole])

    def _all_with_all(self, vectors: Matrix, limit: int) -> None:
        for strip in vectors.strips:
            name = f"{limit:05}-{strip:06}"
            if not self.spill.holds(f"{name}-whole"):
                found = vectors.pairs(strip, limit=limit, threshold=self.threshold)
                for part, block in enumerate(found):
                    self.spill.write(f"{name}-{part:06}", block)
                self.spill.write(f"{name}-whole", self._nothing())
        # The first ones were written when little was known of what is near.
        for name in self.spill.names(f"{limit:05}-") if vectors.is_crowded else ():
            block = self.spill.read(name)
            nearest = vectors.nearest(block, limit=limit)
            if nearest is not block:
                self.spill.write(name, nearest)

    def _nothing(self, *, searched: int = 0) -> Block:
        """A block without hits, which says that others are there."""
        block = Block.of(self.table.keys([]), [], threshold=0)
        return replace(block, searched=searched)

    def _by_window(self, limit: int) -> list[str]:
        sample = self._sample()
        windows = {f"{limit:05}-{n:06}": window for n, window in enumerate(self._windows())}
        todo = [name for name in windows if not self.spill.holds(name)]
        read = self._read([windows[name] for name in todo])
        for name, (ids, vectors) in zip(todo, read, strict=True):
            self._compare(name, ids, vectors, limit, sample=sample)
        return list(windows)

    def _read(self, windows: Sequence[str]) -> Iterator[tuple[list[Any], Vectors]]:
        """The rows of windows; of a server, the next are read while these are searched."""
        if self.table.connection.is_local:  # it works in this process, where nothing is gained
            yield from map(self.table.read_vectors, windows)
            return
        with threads("read", count=1) as pool:
            yield from ahead(pool, self.table.read_vectors, windows)

    def _round(self, ids: Sequence[Any], limit: int, *, sample: Sample | None = None) -> list[str]:
        blocks = []
        step = max(1, min(_BLOCK_ROWS, _BLOCK_HITS // limit))
        for start in range(0, len(ids), step):
            block = ids[start : start + step]
            blocks.append(f"{limit:05}-{short_name(block)}")
            if self.spill.holds(blocks[-1]):
                continue
            if self.here:
                self.spill.write(blocks[-1], self.search(block, limit=limit))
            else:
                self._compare(blocks[-1], block, self.table.vectors(block), limit, sample=sample)
        return blocks

    def _compare(
        self,
        name: str,
        ids: Sequence[Any],
        vectors: Vectors,
        limit: int,
        *,
        sample: Sample | None = None,
    ) -> None:
        if sample is not None:
            found = sample.neighbours(self.table.keys(ids), vectors)
            self.spill.write(sample.block_of(name), found)
        answers = self.table.search(vectors, limit=limit, where=self.where)
        self.spill.write(name, self.block(ids, answers))

    def block(
        self, ids: Sequence[Any], answers: list[tuple[Keys, Vectors]], *, least_full: int = 1
    ) -> Block:
        """What some rows were answered, as far as it reaches the threshold."""
        block = Block.of(
            self.table.keys(ids),
            answers,
            threshold=self.threshold - self._slack,
            least_full=least_full,
        )
        if self._is_quantised:
            block = replace(block, hits=self._scored_exactly(block.hits))
        return block

    @property
    def _slack(self) -> float:
        if not self._is_quantised:
            return 0.0
        index = self.table.layout.index
        return _COSINE_SLACK if index.metric == "COSINE" else _RELATIVE_SLACK * abs(self.threshold)

    def _scored_exactly(self, hits: Any) -> Any:
        """Hits of an index that shortens vectors, by the vectors themselves."""
        for start in range(0, len(hits), _BLOCK_ROWS):
            part = hits[start : start + _BLOCK_ROWS]
            ids, positions = np.unique(np.stack([part["a"], part["b"]]), return_inverse=True)
            a, b = self.table.vectors(ids.tolist())[positions.reshape(2, -1)]
            part["similarity"] = self.table.similarities(a, b)
        return hits[hits["similarity"] >= self.threshold]

    def _new_pairs(self, done: Sequence[str], blocks: Sequence[str]) -> Iterator[Pairs]:
        for merged in self.spill.merged(done, new=set(blocks)):
            new = merged.is_new
            if new.any():
                yield Pairs(merged.a[new], merged.b[new], merged.similarity[new])

    def _missed(self, blocks: Sequence[str], shallow: set[Any]) -> float:
        # Where some rows only are searched, most pairs can be found from one end only.
        return expected_missing(
            self.spill,
            blocks,
            not_searched=self.table.keys(sorted(shallow)),
            two_chances=self.searched is None,
        )
