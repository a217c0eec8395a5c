"""What an approximate index misses, measured: some rows are compared with all others.

The two ends of a pair tell too little. An inverted file that puts two vectors in lists far
apart misses the pair from both ends, and no pair was found from one end only to show it.
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from dedup._base.arrays import Vectors
from dedup._join.spill import Block, Spill, hits_of
from dedup.pipelines.store.table import Keys, Table

__all__ = ["Sample", "expected_missing"]

# 100,000 rows of 512 floats are compared with so many in about three seconds.
_SAMPLE = 1_024
_WINDOWS = 4
# What lies on the threshold itself is left to rounding.
_MARGIN = 1e-4


class Sample:
    """Some rows of a collection, and their true neighbours among others.

    Parameters
    ----------
    table : Table
    windows : sequence of str
        Filters that cut it into parts. The same rows are chosen each time.
    threshold : float
        Least similarity.
    """

    def __init__(self, table: Table, windows: Sequence[str], *, threshold: float) -> None:
        chosen = random.Random(0)
        key = table.layout.id_field
        ids: list[Any] = []
        for window in chosen.sample(windows, min(_WINDOWS, len(windows))):
            known = [row[key] for row in table.read(window, fields=[key])]
            ids += chosen.sample(known, min(_SAMPLE // min(_WINDOWS, len(windows)), len(known)))
        self._table = table
        self._threshold = threshold
        self._keys = table.keys(ids)
        self._vectors = table.vectors(ids).reshape(-1, table.layout.dimension)

    @staticmethod
    def block_of(name: str) -> str:
        """The name of the block of what the sample finds, beside that of a search."""
        return f"audit-{name}"

    def neighbours(self, ids: Keys, vectors: Vectors) -> Block:
        """Which of these rows are truly neighbours of the chosen ones."""
        similarity = self._table.similarity_matrix(self._vectors, vectors)
        mine, theirs = np.nonzero(similarity >= self._threshold + _MARGIN)
        apart = self._keys[mine] != ids[theirs]
        mine, theirs = mine[apart], theirs[apart]
        hits = hits_of(self._keys[mine], ids[theirs], similarity[mine, theirs])
        return Block(hits, self._keys[:0], np.empty(0, np.int64), 0)


def expected_missing(
    spill: Spill, blocks: Sequence[str], *, not_searched: Keys, two_chances: bool
) -> float:
    """How many pairs an approximate index is expected to have missed.

    Parameters
    ----------
    spill : Spill
    blocks : sequence of str
        What was found.
    not_searched : ndarray
        Rows that were not searched to the end, of which pairs among themselves do not count.
    two_chances : bool
        Whether each pair could be found from both ends.

    Notes
    -----
    It is estimated in two ways, and the higher number counts. About a thousand rows are
    compared with all others, which shows the part of their pairs that was not found. And each
    pair has two chances, one from either end: of n2 pairs found from both ends and n1 from
    one, about n1^2 / (4 (n2 + 1)) were missed by both if these are independent, which they
    rarely are (capture and recapture; D. G. Chapman, "Some properties of the hypergeometric
    distribution with applications to zoological sample censuses", 1951, for equal chances).
    """
    once = twice = 0
    for merged in spill.merged(blocks):
        both = merged.by_a & merged.by_b
        other = np.where(merged.by_a, merged.b, merged.a)
        once += int((~both & ~np.isin(other, not_searched)).sum())
        twice += int(both.sum())
    lost = seen = 0
    samples = [Sample.block_of(name) for name in blocks if spill.holds(Sample.block_of(name))]
    for merged in spill.merged([*blocks, *samples], new=set(samples)):
        left_out = np.isin(merged.a, not_searched) & np.isin(merged.b, not_searched)
        lost += int((merged.is_new & ~left_out).sum())
        seen += int((merged.in_new & ~merged.is_new).sum())
    uncaught = once**2 / (4 * (twice + 1)) if two_chances else 0.0
    return max(uncaught, (once + twice) * lost / max(seen, 1), lost)
