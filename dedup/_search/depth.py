"""Of which pictures more neighbours are looked for than of all: some of each crowd.

10,000 copies of one picture are 50 million pairs. It is decided by what the embedding proposed,
never by what was accepted: so the pairs that are looked at are the same whatever the threshold
is, and a result can be had at any other. The work grows with the pictures, since the neighbours
at a level are of one crowd.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dedup._grouping.union_find import clusters_of
from dedup._join.self_join import Pairs

__all__ = ["Depth"]

# Cosines at which pictures are taken for a crowd: pages of one template reach 0.9, copies 0.97.
_LEVELS = (0.5, 0.75, 0.9, 0.97)
# Members of one crowd that are searched deeper; the others lead to the same neighbours.
_SCOUTS = 8

Numbers = npt.NDArray[np.int64]


class Depth:
    """Which pictures are worth a deeper search.

    Parameters
    ----------
    usual : float
        Cosine from which pairs are proposed as a rule.
    all_to : int
        So many neighbours are looked for of every picture.
    """

    def __init__(self, usual: float, *, all_to: int) -> None:
        self._levels = sorted({max(usual, level) for level in (usual, *_LEVELS)})
        self._all_to = all_to
        self._found: list[Pairs] = []
        self._scouts: dict[float, Numbers] = {}

    def add(self, found: Pairs) -> None:
        """Take in pairs of pictures that count."""
        self._found.append(found)

    def worth(self, full: Sequence[int], limit: int) -> list[int]:
        """Which pictures, of which `limit` neighbours were found, to search deeper.

        Those that have too few neighbours that count, as the others are on their own side; and
        of each crowd those that would rather be kept.
        """
        ends = np.stack([np.concatenate([getattr(p, end) for p in self._found]) for end in "ab"], 1)
        similarity = np.concatenate([found.similarity for found in self._found])
        pictures = 1 + max(int(ends.max(initial=-1)), *full)
        chosen: set[int] = set()
        for level in self._levels:
            near = ends[similarity >= level]
            count = np.bincount(near.reshape(-1), minlength=pictures)
            if level == self._levels[0]:
                chosen.update(np.flatnonzero(count < self._all_to).tolist())
            if level not in self._scouts:
                crowded = np.flatnonzero(count >= self._all_to)
                self._scouts[level] = _first(crowded, clusters_of(near, pictures=pictures))
            scouts = self._scouts[level]
            chosen.update(scouts[count[scouts] >= limit].tolist())
        return sorted(chosen.intersection(full))


def _first(pictures: Numbers, cluster: Numbers) -> Numbers:
    """The first few of each cluster, of pictures in ascending order."""
    order = pictures[np.argsort(cluster[pictures], kind="stable")]
    at = cluster[order]
    start = np.searchsorted(at, at)
    return order[np.arange(len(order)) - start < _SCOUTS]
