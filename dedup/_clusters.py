"""Disjoint sets of pictures."""

__all__ = ["Clusters"]


class Clusters:
    """Disjoint sets of pictures (union-find), optionally on top of others.

    Examples
    --------
    >>> clusters = Clusters()
    >>> clusters.join(1, 2)
    >>> clusters.find(2) == clusters.find(1) != clusters.find(3)
    True
    """

    def __init__(self, below: "Clusters | None" = None) -> None:
        self._below = below
        self._parent: dict[int, int] = {}

    def find(self, picture: int) -> int:
        """The picture that stands for a set."""
        root = self._below.find(picture) if self._below is not None else picture
        while root in self._parent:
            root = self._parent[root]
        while picture in self._parent and self._parent[picture] != root:  # shorten the path
            self._parent[picture], picture = root, self._parent[picture]
        return root

    def join(self, a: int, b: int) -> None:
        """Make the sets of two pictures one."""
        a, b = self.find(a), self.find(b)
        if a != b:
            self._parent[max(a, b)] = min(a, b)
