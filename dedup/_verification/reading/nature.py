"""What two registered pictures are: pages, photos, or something in between."""

from typing import Final, Literal, TypeAlias

import numpy as np

from dedup._base.arrays import Grey
from dedup._base.opencv import cv2
from dedup._verification.reading.gate import PHOTOGRAPHIC, Tones, is_paper, photographic, tones
from dedup._verification.reading.regions import may_be_drawn

__all__ = ["PAPER", "PRINT", "Nature", "nature_of", "reduced", "tones_of"]

Pair: TypeAlias = tuple[Grey, Grey]
Nature: TypeAlias = Literal["photo", "mixed", "pale", "night", "dark", "unsure", "drawn", "page"]
PAPER: Final = ("unsure", "drawn", "page")
"""What may be a page."""
PRINT: Final = ("page", "drawn", "dark")
"""Where a place that stands out may be another letter."""

_PICTURE: Final = 67_200
"""Pixels in which it is found out whether a picture is a photo."""
_PAGE: Final = -2.0
_DRAWN: Final = -0.6
_UNSURE: Final = PHOTOGRAPHIC
"""What `photographic` is of a page, at most, of what most likely is one, and of what may be: of 300
photos the most page-like has -0.96, three are below 0, and 15 below 1.5; noisy scans of pale maps
reach 1.3. Of 30 photos on a dark ground none is below 0."""
_LIGHT: Final = 96
"""Grey value above which a ground is light: on a dark one there may be stars."""
_GRAIN: Final = 1.2
"""`Tones.noise` of a photo of stars: at least 1.5, as of a JPEG file of quality 20, in one of two
copies. Dark pages have at most 0.9, photographed ones too."""
_MOST: Final = 0.5
"""Part of a picture that says what all of it is."""
_TONES: Final = 640
_CELL: Final = 16


def nature_of(given: Pair, laid: Pair, *, of: Pair | None = None) -> Nature:
    """What two pictures are: what both show, as it was given, and with one laid over the other.

    `of` are the pictures of which what both show was cut out.

    "photo": a difference is an edit. "page": it is other content. "drawn", "unsure": it may be.
    "pale": it is light, and one seems to be a photo; pale print on worn paper does. "dark": light
    print on a dark ground without the grain that stars have around them; "night": with that, as
    noisy scans have it too. Else "mixed".
    """
    small = [_small(picture) for picture in given]
    least, most = sorted(map(photographic, small))
    is_light = min(map(np.median, small)) > _LIGHT
    if is_light and (most < _PAGE or all(map(is_paper, small))):
        return "page"
    if most < _UNSURE and is_light:
        return "drawn" if most < _DRAWN else "unsure"
    tones_a, tones_b = map(tones_of, laid)
    is_even = not is_light and all(is_paper(255 - picture) for picture in small)
    # No photo looks like a page, but a noisy scan of a page, full of colour, like a photo.
    is_some = is_even or least < _PAGE
    if tones_a is None or tones_b is None or is_some or may_be_drawn(tones_a, tones_b):
        grain = max((its.noise for its in (tones_a, tones_b) if its is not None), default=0.0)
        if not is_light and (most < _DRAWN or is_even) and grain < _GRAIN:
            return "dark"
        return "night" if is_even else "pale" if least < _UNSURE and is_light else "mixed"
    return "mixed" if of is not None and _are_pages(of, given) else "photo"


def _are_pages(of: Pair, given: Pair) -> bool:
    """Whether most of one picture, which is a page, was cut out.

    Crowded boxes, without the margins around them, may seem to be noise.
    """
    is_most = all(part.size > _MOST * it.size for part, it in zip(given, of, strict=True))
    return is_most and any(photographic(_small(picture)) < _PAGE for picture in of)


def tones_of(picture: Grey) -> Tones | None:
    """The tones of a picture at a size at which letters are not lost."""
    picture = reduced(picture, _TONES)
    return tones(picture, cell=min(_CELL, max(4, min(picture.shape) // 8)))


def reduced(picture: Grey, longer: int) -> Grey:
    """A picture with at most so many pixels on its longer side."""
    zoom = min(1.0, longer / max(picture.shape))
    if zoom == 1:
        return picture
    how = cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=how), np.uint8)


def _small(picture: Grey) -> Grey:
    longer = round(max(picture.shape) * (_PICTURE / picture.size) ** 0.5)
    return np.asarray(cv2.medianBlur(reduced(picture, longer), 3), np.uint8)
