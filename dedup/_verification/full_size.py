"""Pictures at full size, in grey: decoded when a pair needs them, the last few are kept."""

import threading
from collections import OrderedDict
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from dedup._verification.pictures import Pictures
from dedup.pipelines.decoding import ImageSource, decode
from dedup.pipelines.errors import DecodeError

__all__ = ["FullSize", "grey_of"]

_SHORT_SIDE: Final = 1000
"""Pixels on the short side that are read if there are as many: letters of an A4 page have ten."""
_KEPT: Final = 256 * 2**20
"""Bytes, one a pixel: about a hundred pages."""

Grey = npt.NDArray[np.uint8]


class FullSize:
    """The grey pictures of an index, by number. Threads may share it.

    Parameters
    ----------
    pictures : Pictures
    """

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._known: OrderedDict[int, Grey] = OrderedDict()
        self._lock = threading.Lock()

    def grey(self, picture: int) -> Grey | None:
        """A picture; None if it can't be read any more, which its `Pictures` then say."""
        with self._lock:
            if picture in self._known:
                self._known.move_to_end(picture)
                return self._known[picture]
        decoded = self._pictures.read(picture, short_side=_SHORT_SIDE)
        if isinstance(decoded, DecodeError):
            return None
        grey = _grey(decoded.image)
        with self._lock:
            self._known[picture] = grey
            while sum(x.size for x in self._known.values()) > _KEPT and len(self._known) > 2:
                self._known.popitem(last=False)
        return grey


def grey_of(source: ImageSource) -> Grey:
    """The same of an image that is in no index."""
    return _grey(decode(source, short_side=_SHORT_SIDE).image)


def _grey(image: npt.NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
