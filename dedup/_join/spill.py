"""The hits of a self-join on disk, so that neither their number nor a killed run matters.

A block of searches is one pair of files, each written whole or not at all. Each block is sorted
by pair, and what several blocks found is merged part by part.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from errno import ENOENT
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._join.checkpoint import replacing
from dedup.pipelines.store.table import Keys

__all__ = ["Block", "Merged", "Spill", "hits_of", "merge_hits"]

# Hits that are merged at once, 21 bytes each where keys are numbers.
_MERGED_AT_ONCE = 1_000_000
# Small files are read; larger ones only where they are looked at.
_MAPPED_FROM = 2**20


@dataclass(frozen=True, slots=True)
class Block:
    """What some searches found.

    Attributes
    ----------
    hits : structured ndarray
        Pairs: `a` < `b`, their `similarity`, and whether `a` was searched (`of_a`), or b.
    full_rows : ndarray
        The rows all of whose hits passed, so that there may be more.
    full_hits : ndarray of int
        How many hits these rows had.
    searched : int
        How many rows were searched.
    """

    hits: npt.NDArray[Any]
    full_rows: Keys
    full_hits: npt.NDArray[np.int64]
    searched: int

    @classmethod
    def of(
        cls,
        rows: Keys,
        answers: Sequence[tuple[Keys, Vectors]],
        *,
        threshold: float,
        least_full: int = 1,
    ) -> "Block":
        """The block of some rows and their answers, best first, cut at a similarity.

        A row with fewer hits than `least_full` is known to have no more.
        """
        passing = [int((scores >= threshold).sum()) for _, scores in answers]
        cut = [(ids[:n], s[:n]) for (ids, s), n in zip(answers, passing, strict=True)]
        searched = np.repeat(rows, passing)
        found = np.concatenate([ids for ids, _ in cut]) if cut else rows[:0]
        similarity = np.concatenate([scores for _, scores in cut]) if cut else np.empty(0)
        other = searched != found
        full = [least_full <= n == len(ids) for (ids, _), n in zip(answers, passing, strict=True)]
        return cls(
            hits_of(searched[other], found[other], similarity[other]),
            rows[full],
            np.array(passing, np.int64)[full],
            len(rows),
        )


def hits_of(searched: Keys, found: Keys, similarity: Vectors) -> npt.NDArray[Any]:
    """Directed hits as pairs (a < b)."""
    of_a = searched < found
    key = np.promote_types(searched.dtype, found.dtype)
    hits = np.empty(
        len(searched), [("a", key), ("b", key), ("similarity", np.float32), ("of_a", np.bool_)]
    )
    hits["a"] = np.where(of_a, searched, found)
    hits["b"] = np.where(of_a, found, searched)
    hits["similarity"] = similarity
    hits["of_a"] = of_a
    return hits


@dataclass(frozen=True, slots=True)
class Merged:
    """Pairs, each once, in ascending (a, b).

    Attributes
    ----------
    a, b : ndarray
    similarity : ndarray of float32
    by_a, by_b : ndarray of bool
        Whether the pair was found by searching a, and b.
    is_new, in_new : ndarray of bool
        Whether only blocks found it that are new, and whether any of these did.
    """

    a: Keys
    b: Keys
    similarity: Vectors
    by_a: npt.NDArray[np.bool_]
    by_b: npt.NDArray[np.bool_]
    is_new: npt.NDArray[np.bool_]
    in_new: npt.NDArray[np.bool_]


class Spill:
    """The blocks in a folder, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holds(self, name: str) -> bool:
        """Whether a block was written."""
        return self._hits(name).exists()

    def write(self, name: str, block: Block) -> None:
        """Write a block; it is there from the moment that its hits are."""
        with replacing(self._rest(name)) as file:
            np.savez(
                file, rows=block.full_rows, hits=block.full_hits, searched=np.array(block.searched)
            )
        with replacing(self._hits(name)) as file:
            np.save(file, block.hits[np.lexsort((block.hits["b"], block.hits["a"]))])

    def read(self, name: str) -> Block:
        """A block that was written."""
        rest = self._load_rest(name)
        hits = np.array(self._load(name))
        return Block(hits, rest["rows"], rest["hits"], int(rest["searched"]))

    def names(self, prefix: str) -> list[str]:
        """The blocks whose names begin so, in their order; half a block is an error."""
        names, halves = (
            {path.name.removesuffix(ends) for path in self._folder.glob(f"{prefix}*{ends}")}
            for ends in (".hits.npy", ".rest.npz")
        )
        if lost := names ^ halves:
            raise FileNotFoundError(ENOENT, f"half of {min(lost)} is missing", str(self._folder))
        return sorted(names)

    def searched(self, names: Sequence[str]) -> int:
        """How many rows were searched in some blocks."""
        return sum(int(self._load_rest(name)["searched"]) for name in names)

    def full(self, names: Sequence[str], *, below: int) -> list[Any]:
        """The rows of some blocks all of whose hits passed, if these were fewer than `below`."""
        rows: dict[Any, None] = {}
        for name in names:
            rest = self._load_rest(name)
            rows |= dict.fromkeys(rest["rows"][rest["hits"] < below].tolist())
        return list(rows)

    def merged(self, names: Sequence[str], *, new: Collection[str] = ()) -> Iterator[Merged]:
        """The pairs of some blocks, a million hits at a time; `new` blocks are told apart."""
        blocks = [(self._load(name), name in new) for name in names]
        if not blocks:
            return
        edges = _edges([hits["a"] for hits, _ in blocks])
        for low, high in zip([None, *edges], [*edges, None], strict=True):
            parts = [(_between(hits, low, high), fresh) for hits, fresh in blocks]
            hits = np.concatenate([part for part, _ in parts])
            if len(hits):
                fresh = np.repeat([fresh for _, fresh in parts], [len(part) for part, _ in parts])
                yield merge_hits(hits, fresh)

    def _hits(self, name: str) -> Path:
        return self._folder / f"{name}.hits.npy"

    def _rest(self, name: str) -> Path:
        return self._folder / f"{name}.rest.npz"

    def _load_rest(self, name: str) -> dict[str, npt.NDArray[Any]]:
        with np.load(self._rest(name)) as rest:
            return dict(rest)

    def _load(self, name: str) -> npt.NDArray[Any]:
        path = self._hits(name)
        hits: npt.NDArray[Any] = np.load(
            path, mmap_mode="r" if path.stat().st_size > _MAPPED_FROM else None
        )
        return hits


def _edges(columns: Sequence[Keys]) -> list[Any]:
    """Keys that cut all blocks into parts of about equal size."""
    parts = -(-sum(map(len, columns)) // _MERGED_AT_ONCE)
    if parts <= 1:
        return []
    step = max(1, _MERGED_AT_ONCE // 1_000)
    sample = np.sort(np.concatenate([column[::step] for column in columns]))
    positions = np.arange(1, parts) * len(sample) // parts
    return list(dict.fromkeys(sample[positions].tolist()))


def _between(hits: npt.NDArray[Any], low: Any, high: Any) -> npt.NDArray[Any]:
    keys = hits["a"]
    start = 0 if low is None else bisect_left(keys, low)
    stop = len(hits) if high is None else bisect_left(keys, high)
    return hits[start:stop]


def merge_hits(hits: npt.NDArray[Any], fresh: npt.NDArray[np.bool_]) -> Merged:
    """Hits as pairs, each once; `fresh` says which are of new blocks."""
    order = np.lexsort((hits["b"], hits["a"]))
    hits, fresh = hits[order], fresh[order]
    a, b = hits["a"], hits["b"]
    starts = np.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))
    first = np.flatnonzero(starts[: len(hits)])
    return Merged(
        a[first],
        b[first],
        np.maximum.reduceat(hits["similarity"], first),
        np.logical_or.reduceat(hits["of_a"], first),
        np.logical_or.reduceat(~hits["of_a"], first),
        np.logical_and.reduceat(fresh, first),
        np.logical_or.reduceat(fresh, first),
    )
