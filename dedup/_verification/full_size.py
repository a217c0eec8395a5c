"""Pictures at full size, in grey, for the second reading."""

from typing import Final

from dedup._verification.features import grey_of
from dedup._verification.second_reading import Grounds
from dedup.pipelines.images.colours import BLACK, WHITE
from dedup.pipelines.images.decoding import Decoded

__all__ = ["FULL_SHORT_SIDE", "greys_of"]

FULL_SHORT_SIDE: Final = 1000
"""Pixels on the short side that are read if there are as many: letters of an A4 page have ten."""


def greys_of(decoded: Decoded) -> Grounds:
    """A decoded picture in grey; of a transparent one, over white and over black."""
    if decoded.alpha is None:
        return (grey_of(decoded.image),)
    return grey_of(decoded.over(WHITE)), grey_of(decoded.over(BLACK))
