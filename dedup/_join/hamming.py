"""Hashes compared here, and not by the store: a million of them take 16 MB and no index.

Milvus Lite would hold a distance for each of thousands of searches with every row, and sort
them, which takes it gigabytes at 100,000 rows, and five times as long at 30,000. FAISS, which
Milvus Lite brings, counts the bits of packed hashes, and keeps what is near.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dedup._base.arrays import Vectors
from dedup._base.bits import cosines
from dedup.pipelines.store.table import Keys, Table

__all__ = ["Hashes"]

# Searches at once. If all rows of 100,000 are near each other, they have 150 MB of hits.
_SEARCHES = 128


class Hashes:
    """The hashes of a collection, as a place to search.

    Parameters
    ----------
    table : Table
        Its vectors are hashes: unit vectors of two values.
    windows : iterable of str
        Filters that cut it into parts that are read at once.

    Attributes
    ----------
    ids : list of int
    """

    def __init__(self, table: Table, windows: Iterable[str]) -> None:
        import faiss  # slow to load

        self.ids: list[Any] = []
        packed = []
        for window in windows:
            ids, vectors = table.read_vectors(window)
            self.ids += ids
            packed.append(np.packbits(vectors > 0, axis=1))
        self._keys = table.keys(self.ids)
        self._bits = table.layout.dimension
        self._index = faiss.IndexBinaryFlat(self._bits)
        self._position = {key: position for position, key in enumerate(self.ids)}
        self._packed = np.concatenate(packed)
        self._index.add(self._packed)

    def search(
        self, ids: Sequence[Any], *, limit: int, threshold: float
    ) -> list[tuple[Keys, Vectors]]:
        """The nearest rows of some rows down to a cosine, best first: ids and cosines."""
        furthest = int((1 - threshold) * self._bits / 2 + 1e-6)
        packed = self._packed[[self._position[key] for key in ids]]
        answers: list[tuple[Keys, Vectors]] = []
        for start in range(0, len(packed), _SEARCHES):
            # FAISS looks for distances below the radius.
            ends, bits, positions = self._index.range_search(
                packed[start : start + _SEARCHES], furthest + 1
            )
            for low, high in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
                near = _nearest(bits[low:high], limit)
                found = self._keys[positions[low:high][near]]
                answers.append((found, cosines(bits[low:high][near], bits=self._bits)))
        return answers


def _nearest(distances: Vectors, limit: int) -> Keys:
    """Where the smallest distances are, in ascending order."""
    if len(distances) <= limit:
        return np.argsort(distances, kind="stable")
    few = np.argpartition(distances, limit - 1)[:limit]
    return few[np.argsort(distances[few], kind="stable")]
