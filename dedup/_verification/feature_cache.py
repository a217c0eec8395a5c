"""The features of pictures that were looked at of late, so that none is decoded twice in a run."""

import threading
from collections.abc import Iterable
from typing import Final

from cachetools import LRUCache

from dedup._verification.features import Features
from dedup._verification.pictures import features_of
from dedup.pipelines.images.decoding import Decoded

__all__ = ["CAPACITY", "FeatureCache"]

CAPACITY: Final = 2_400
"""Pictures: 170 MB, 70 kB each, and 60 kB more of those that are compared closely."""


class FeatureCache:
    """The features of pictures, by picture; those that were not used for longest are dropped.

    Threads may share it.

    Examples
    --------
    >>> FeatureCache().known([1, 2])
    {}
    """

    def __init__(self) -> None:
        self._features: LRUCache[int, Features] = LRUCache(CAPACITY)
        self._lock = threading.Lock()

    def expect(self, pictures: int) -> bool:
        """Whether so many pictures are worth a look: of more, most would be dropped unused."""
        return pictures <= CAPACITY

    def see(self, picture: int, decoded: Decoded) -> None:
        """Keep the features of a picture, decoded as far as `SHORT_SIDE`."""
        self.put(picture, features_of(decoded))

    def put(self, picture: int, features: Features) -> None:
        """Keep the features of a picture, perhaps instead of others."""
        with self._lock:
            self._features[picture] = features

    def known(self, pictures: Iterable[int]) -> dict[int, Features]:
        """Those of some pictures that are kept."""
        with self._lock:
            return {p: self._features[p] for p in pictures if p in self._features}
