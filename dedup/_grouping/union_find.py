"""Disjoint sets of pictures."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

__all__ = ["Clusters", "clusters_of"]


class Clusters:
    """Disjoint sets of pictures (union-find), optionally on top of others.

    Parameters
    ----------
    below : Clusters, optional
        Sets that are there already, and stay as they are.
    cannot_link : iterable of (int, int)
        Pictures that never come into one set.

    Examples
    --------
    >>> clusters = Clusters(cannot_link=[(2, 3)])
    >>> clusters.join(1, 2)
    >>> clusters.find(2) == clusters.find(1) != clusters.find(3)
    True
    >>> clusters.can_join(1, 3)
    False
    """

    def __init__(
        self, below: "Clusters | None" = None, *, cannot_link: Iterable[tuple[int, int]] = ()
    ) -> None:
        self._below = below
        self._parent: dict[int, int] = {}
        self._cannot_link: dict[int, set[int]] = defaultdict(set)  # of each set
        for a, b in cannot_link:
            self._cannot_link[a].add(b)
            self._cannot_link[b].add(a)

    def find(self, picture: int) -> int:
        """The picture that stands for a set."""
        root = self._below.find(picture) if self._below is not None else picture
        while root in self._parent:
            root = self._parent[root]
        while picture in self._parent and self._parent[picture] != root:  # shorten the path
            self._parent[picture], picture = root, self._parent[picture]
        return root

    def add_cannot_link(self, a: int, b: int) -> None:
        """From now on, let the sets of two pictures never become one."""
        a, b = self.find(a), self.find(b)
        self._cannot_link[a].add(b)
        self._cannot_link[b].add(a)

    def can_join(self, a: int, b: int) -> bool:
        """Whether two pictures are in two sets, which nothing keeps apart."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        return a not in self._cannot_link or all(
            self.find(other) != b for other in self._cannot_link[a]
        )

    def join(self, a: int, b: int) -> None:
        """Make the sets of two pictures one, unless something keeps them apart."""
        if not self.can_join(a, b):
            return
        a, b = sorted((self.find(a), self.find(b)))
        self._parent[b] = a
        if b in self._cannot_link:
            self._cannot_link[a] |= self._cannot_link.pop(b)


def clusters_of(pairs: npt.NDArray[np.int64], *, pictures: int = 0) -> npt.NDArray[np.int64]:
    """The least picture of the set that each picture is in, where pairs connect them.

    Parameters
    ----------
    pairs : ndarray, shape (n, 2)
    pictures : int
        How many pictures there are, if more than the pairs name.

    Returns
    -------
    ndarray, shape (pictures,)

    Examples
    --------
    >>> clusters_of(np.array([[1, 2], [4, 3], [2, 3]]), pictures=6).tolist()
    [0, 1, 1, 1, 1, 5]
    """
    label: npt.NDArray[np.int64] = np.arange(max(pictures, int(pairs.max(initial=-1)) + 1))
    while True:
        least = label[pairs].min(axis=1)
        if (label[pairs] == least[:, None]).all():
            return label
        for end in pairs.T:
            np.minimum.at(label, label[end], least)
            np.minimum.at(label, end, least)
        while (label[label] != label).any():
            label = label[label]
