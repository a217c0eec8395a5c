"""What an approximate index misses, measured: some rows are compared with all others.

The two sides of a pair tell too little. An inverted file that puts two vectors in lists far
apart misses the pair from both sides, and no pair was found from one side only to show it.
"""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from dedup._searching.spill import Block, hits_of
from dedup.pipelines.models import Vectors
from dedup.pipelines.table import Keys, Table

__all__ = ["Audit"]

# 100,000 rows of 512 floats are compared with so many in about three seconds.
_SAMPLE = 1_024
_WINDOWS = 4
# What lies on the threshold itself is left to rounding.
_MARGIN = 1e-4


class Audit:
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

    def neighbours(self, ids: Keys, vectors: Vectors) -> Block:
        """Which of these rows are truly neighbours of the chosen ones."""
        similarity = self._table.similarity_matrix(self._vectors, vectors)
        mine, theirs = np.nonzero(similarity >= self._threshold + _MARGIN)
        apart = self._keys[mine] != ids[theirs]
        mine, theirs = mine[apart], theirs[apart]
        hits = hits_of(self._keys[mine], ids[theirs], similarity[mine, theirs])
        return Block(hits, self._keys[:0], np.empty(0, np.int64), 0)
