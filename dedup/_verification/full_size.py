"""Pictures at full size, in grey: decoded when a pair needs them, the last few are kept."""

import threading
from collections import OrderedDict
from typing import Final

from dedup._verification.features import grey_of
from dedup._verification.pictures import Pictures
from dedup._verification.second_reading import Grounds
from dedup.errors import DecodeError
from dedup.pipelines.images.colours import BLACK, WHITE
from dedup.pipelines.images.decoding import Decoded

__all__ = ["FULL_SHORT_SIDE", "FullSize", "greys_of"]

FULL_SHORT_SIDE: Final = 1000
"""Pixels on the short side that are read if there are as many: letters of an A4 page have ten."""
_CAPACITY: Final = 64 * 2**20
"""Bytes, one a pixel: about forty pages. Pairs come group by group: with a quarter of it, 113
pictures of 426 pairs in groups of 47 were decoded once each."""


class FullSize:
    """The grey pictures of an index, by number. Threads may share it.

    Parameters
    ----------
    pictures : Pictures
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._known: OrderedDict[int, Grounds] = OrderedDict()
        self._lock = threading.Lock()

    def greys(self, picture: int) -> Grounds | None:
        """A picture; None if it can't be read any more, which its `Pictures` then say."""
        with self._lock:
            if picture in self._known:
                self._known.move_to_end(picture)
                return self._known[picture]
        decoded = self._pictures.read(picture, short_side=FULL_SHORT_SIDE)
        if isinstance(decoded, DecodeError):
            return None
        greys = greys_of(decoded)
        with self._lock:
            self._known[picture] = greys
            while sum(map(_size, self._known.values())) > _CAPACITY and len(self._known) > 2:
                self._known.popitem(last=False)
        return greys


def greys_of(decoded: Decoded) -> Grounds:
    """A decoded picture in grey; of a transparent one, over white and over black."""
    if decoded.alpha is None:
        return (grey_of(decoded.image),)
    return grey_of(decoded.over(WHITE)), grey_of(decoded.over(BLACK))


def _size(greys: Grounds) -> int:
    return sum(grey.size for grey in greys)
