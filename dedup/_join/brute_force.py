"""Vectors compared here, all with all: exact, and half the work of searching each one.

A store searches each row for itself, so that every pair is computed twice; and its approximate
index is to be built first, and misses some. To multiply a matrix with itself, one triangle of
it, is faster up to hundreds of thousands of rows (`benchmarks/self_join.py`). The vectors lie in
a file, of which a few thousand rows are in memory at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._join.spill import Block, hits_of
from dedup.pipelines.store.table import Keys, Table

__all__ = ["Matrix"]

# A tile holds 8 million similarities, 34 MB.
_STRIP_ROWS = 4_096
_TILE_ROWS = 2_048
_SLICE_ROWS = 512
# Hits that are gathered before they are written.
_BLOCK_HITS = 1_000_000

Positions = npt.NDArray[np.int64]
_Hits = tuple[Positions, Positions, Vectors]


class Matrix:
    """Vectors in a file, as a place to search.

    Parameters
    ----------
    windows : iterable of (list, ndarray)
        Its ids and vectors, part by part.
    file : Path
        Where they are put.
    metric : {"COSINE", "IP", "L2", "HAMMING"}
    dimension : int
        Length of a vector.
    keys : callable
        Ids as an array.
    compare : callable, optional
        The similarities of some vectors with others, where they are not their products.

    Attributes
    ----------
    ids : list
    """

    def __init__(
        self,
        windows: Iterable[tuple[list[Any], Vectors]],
        file: Path,
        *,
        metric: str,
        dimension: int,
        keys: Callable[[Sequence[Any]], Keys],
        compare: Callable[[Vectors, Vectors], Vectors] | None = None,
    ) -> None:
        self.ids: list[Any] = []
        self._compare = compare
        file.unlink(missing_ok=True)
        with file.open("xb") as out:  # through no link
            normalise = _normalised if metric == "COSINE" else np.asarray
            for ids, vectors in windows:
                self.ids += ids
                normalise(vectors).tofile(out)
        self._keys = keys(self.ids)
        self._position = {key: position for position, key in enumerate(self.ids)}
        shape = len(self.ids), dimension
        self._vectors: Vectors = np.empty(shape, np.float32)
        if self.ids:
            self._vectors = np.memmap(file, np.float32, "r", shape=shape)
        # Below this a row has enough better neighbours.
        self._floor = np.full(len(self.ids), -np.inf, np.float32)

    @classmethod
    def of(cls, table: Table, windows: Iterable[tuple[list[Any], Vectors]], file: Path) -> "Matrix":
        """The vectors of a collection, compared as it compares them."""
        metric = table.layout.index.metric
        return cls(
            windows,
            file,
            metric=metric,
            dimension=table.layout.dimension,
            keys=table.keys,
            compare=None if metric in ("COSINE", "IP") else table.similarity_matrix,
        )

    @property
    def strips(self) -> range:
        """The numbers of the strips that together hold all pairs."""
        return range(-(-len(self.ids) // _STRIP_ROWS))

    def pairs(self, strip: int, *, limit: int, threshold: float) -> Iterator[Block]:
        """The pairs of the rows of a strip with each other and with all behind them.

        Parameters
        ----------
        strip : int
        limit : int
            So many of the nearest neighbours of each row are wanted; a few more may be given.
        threshold : float
            Least similarity.

        Yields
        ------
        Block
            Its full rows are those that lost a neighbour to the limit.
        """
        start = strip * _STRIP_ROWS
        own = self._vectors[start : start + _STRIP_ROWS]
        gathered: list[tuple[Positions, Positions, Vectors]] = []
        for at in range(start, len(self.ids), _TILE_ROWS):
            tile = self._similarity(own, self._vectors[at : at + _TILE_ROWS])
            for first in range(0, len(tile), _SLICE_ROWS):  # where all resemble all, hits are many
                part = tile[first : first + _SLICE_ROWS]
                a, b = _at_least(part, threshold)
                similarity = part[a, b]
                a, b = a + start + first, b + at
                once = a < b
                gathered.append((a[once], b[once], similarity[once]))
                if sum(len(hits) for hits, *_ in gathered) > _BLOCK_HITS:
                    yield self._block(gathered, limit)
                    gathered = []
        if gathered:
            yield self._block(gathered, limit)

    @property
    def is_crowded(self) -> bool:
        """Whether a row had more neighbours than were wanted."""
        return bool(np.isfinite(self._floor).any())

    def nearest(self, block: Block, *, limit: int) -> Block:
        """A block without what, now that more is known, is near neither of its rows."""
        hits = block.hits
        a, b = (self._positions(hits[end]) for end in ("a", "b"))
        kept = (hits["similarity"] >= self._floor[a]) | (hits["similarity"] >= self._floor[b])
        if kept.all():
            return block
        lost = np.unique(np.concatenate([hits["a"][~kept], hits["b"][~kept], block.full_rows]))
        return Block(hits[kept], lost, np.full(len(lost), limit), block.searched)

    def _positions(self, keys: Keys) -> Positions:
        positions: Positions = self._order[np.searchsorted(self._keys, keys, sorter=self._order)]
        return positions

    @cached_property
    def _order(self) -> Positions:
        return np.argsort(self._keys)

    def search(
        self, ids: Sequence[Any], *, limit: int, threshold: float
    ) -> list[tuple[Keys, Vectors]]:
        """The nearest rows of some rows down to a similarity, best first, and how similar."""
        positions = np.array([self._position[key] for key in ids], np.int64)
        return self.near(self._vectors[positions], limit=limit, threshold=threshold)

    def near(self, vectors: Vectors, *, limit: int, threshold: float) -> list[tuple[Keys, Vectors]]:
        """The same of any vectors, of unit length where cosines are compared."""
        answers = []
        for start in range(0, len(vectors), _TILE_ROWS):
            own = vectors[start : start + _TILE_ROWS]
            hits: _Hits = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
            floor = np.full(len(own), threshold, np.float32)  # of those with enough hits, higher
            ends = np.zeros(len(own) + 1, np.int64)
            for at in range(0, len(self.ids), _STRIP_ROWS):
                tile = self._similarity(own, self._vectors[at : at + _STRIP_ROWS])
                rows, columns = _at_least(tile, floor[:, np.newaxis])
                hits = _nearest(
                    np.concatenate([hits[0], rows]),
                    np.concatenate([hits[1], columns + at]),
                    np.concatenate([hits[2], tile[rows, columns]]),
                    limit=limit,
                )
                ends = np.searchsorted(hits[0], np.arange(len(own) + 1))
                full = np.diff(ends) == limit
                floor[full] = hits[2][ends[1:][full] - 1]
            _, positions, similarity = hits
            answers += [
                (self._keys[positions[low:high]], similarity[low:high])
                for low, high in pairwise(ends.tolist())
            ]
        return answers

    def _similarity(self, a: Vectors, b: Vectors) -> Vectors:
        if self._compare is not None:
            return self._compare(a, b)
        tile: Vectors = a @ b.T
        return tile

    def _block(self, parts: Sequence[tuple[Positions, Positions, Vectors]], limit: int) -> Block:
        a, b, similarity = (np.concatenate(column) for column in zip(*parts, strict=True))
        kept = self._is_near(a, b, similarity, limit)
        lost = np.unique([a[~kept], b[~kept]])
        a, b, similarity = a[kept], b[kept], similarity[kept]
        hits = hits_of(self._keys[a], self._keys[b], similarity)
        return Block(hits, self._keys[lost], np.full(len(lost), limit), 0)

    def _is_near(
        self, a: Positions, b: Positions, similarity: Vectors, limit: int
    ) -> npt.NDArray[np.bool_]:
        """Which pairs are among the nearest of one of their rows, as far as is known by now."""
        near = (similarity > self._floor[a]) | (similarity > self._floor[b])
        ends = np.concatenate([a[near], b[near]])
        if not len(ends) or np.bincount(ends).max() <= limit:
            return near
        twice = np.tile(similarity[near], 2)
        order = np.lexsort((-twice, ends))
        ends, twice = ends[order], twice[order]
        first = np.flatnonzero(np.append(True, ends[1:] != ends[:-1]))
        rank = np.arange(len(ends)) - np.repeat(first, np.diff(np.append(first, len(ends))))
        last = rank == limit - 1
        self._floor[ends[last]] = np.maximum(self._floor[ends[last]], twice[last])
        of_one = np.empty(len(order), np.bool_)
        of_one[order] = rank < limit
        near[near] = of_one.reshape(2, -1).any(axis=0)
        return near


def _at_least(tile: Vectors, threshold: float | Vectors) -> tuple[Positions, Positions]:
    """Where a tile reaches a threshold; few positions do, as a rule."""
    positions = np.flatnonzero(tile >= np.asarray(threshold, np.float32))
    rows, columns = np.divmod(positions, tile.shape[1])
    return rows, columns


def _nearest(rows: Positions, positions: Positions, similarity: Vectors, *, limit: int) -> _Hits:
    """Of each row so many hits, the best first."""
    order = np.lexsort((positions, -similarity, rows))
    of_row = rows[order]
    order = order[np.arange(len(order)) - np.searchsorted(of_row, of_row) < limit]
    return rows[order], positions[order], similarity[order]


def _normalised(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
