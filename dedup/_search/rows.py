"""Rows of a collection, and the pictures of a search, which are numbered otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.pairs import EXCHANGED
from dedup._join.self_join import Pairs
from dedup.pipelines.store.table import Keys

__all__ = ["Rows"]

Ways = npt.NDArray[np.uint8]


class Rows:
    """The row of each picture.

    Parameters
    ----------
    ids : sequence of int
        The ids of the rows of pictures 0, 1, 2 and so on.

    Examples
    --------
    >>> rows = Rows([40, 20])
    >>> rows.ids([1]), rows.pictures([20, 30, 40])
    ([20], [1, 0])
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = np.asarray(ids, np.int64)
        self._order = np.argsort(self._ids)
        self._sorted = self._ids[self._order]

    def ids(self, pictures: Sequence[int]) -> list[int]:
        """The rows of pictures."""
        ids: list[int] = self._ids[np.asarray(pictures, int)].tolist()
        return ids

    def pictures(self, ids: Sequence[Any]) -> list[int]:
        """The pictures of rows; rows that are none of them are left out."""
        found = self._find(np.asarray(ids, np.int64))
        pictures: list[int] = found[found >= 0].tolist()
        return pictures

    def renamed(self, pairs: Pairs) -> Pairs:
        """Pairs of rows as pairs of pictures, a < b; others are left out."""
        a, b = self._find(pairs.a), self._find(pairs.b)
        both = (a >= 0) & (b >= 0)
        a, b = a[both], b[both]
        ways = None if pairs.ways is None else _directed(pairs.ways[both], a < b)
        a, b = np.sort([a, b], axis=0)
        return replace(pairs, a=a, b=b, similarity=pairs.similarity[both], ways=ways)

    def _find(self, ids: Keys) -> Keys:
        """The picture of each row, or -1."""
        if not len(self._ids):
            return np.full(len(ids), -1)
        place = np.searchsorted(self._sorted, ids).clip(max=len(self._ids) - 1)
        return np.where(self._sorted[place] == ids, self._order[place], -1)


def _directed(ways: Ways, is_ordered: npt.NDArray[np.bool_]) -> Ways:
    """Which of a pair may lie inside which, of the exchanged pair where the order is another."""
    return np.where(is_ordered, ways, np.array(EXCHANGED, np.uint8)[ways])
