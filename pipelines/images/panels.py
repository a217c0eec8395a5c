"""The largest photo in another picture: on a plain ground, found by that alone, or by its edges."""

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels
from dedup.pipelines.images.pasted import pasted_box

__all__ = ["Box", "largest_panel"]

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels; the last two are outside."""

_Colours: TypeAlias = npt.NDArray[np.uint16]

_SHORT_SIDE: Final = 144
"""Pixels on the short side of what is looked at."""
_COMMON: Final = 0.06
"""A colour of so much of the picture is one of its grounds."""
_LEAST_GROUND: Final = 0.15
_LETTER: Final = 5
"""Pixels: what is thinner is no picture, and gaps in one that are narrower are none."""
_LEAST_SIDE: Final = 17
"""Pixels; about an eighth of the short side."""
_LEAST_FILL: Final = 0.85
"""So much of the rectangle around a photo is not of the ground's colours."""
_MOST_OF_ONE: Final = 0.35
"""A photo has no colour that covers more of it: a button or a bar of a chart has."""
_MOST: Final = 0.9
"""What is larger is the picture itself, with a border perhaps."""


def largest_panel(image: Pixels) -> Box | None:
    """Where the largest photo on a plain ground, or with clear edges, is; None if there is none.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)

    Examples
    --------
    >>> page = np.full((400, 300, 3), 255, np.uint8)
    >>> page[100:220, 60:220] = np.random.default_rng(0).integers(256, size=(120, 160, 3))
    >>> largest_panel(page)
    (58, 100, 221, 221)
    """
    scale = min(1.0, _SHORT_SIDE / min(image.shape[:2]))
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    colours = _colours(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8))
    found = []
    best = _on_ground(colours)
    if best is not None:
        left, top, right, bottom = (round(edge / scale) for edge in best)
        found.append((left, top, right, bottom))
    pasted = pasted_box(image)
    if pasted is not None:
        left, top, right, bottom = (round(edge * scale) for edge in pasted)
        box = left, top, right, bottom
        if _is_photo(colours[top:bottom, left:right]) and not _goes_on(box, best, colours):
            found.append(pasted)
    return max(found, key=_area, default=None)


def _area(box: Box) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _goes_on(box: Box, panel: Box | None, colours: _Colours) -> bool:
    """Whether a box has three sides of a photo on a page, and a line of text for the fourth."""
    if panel is None or sum(abs(a - b) > _LETTER for a, b in zip(box, panel, strict=True)) != 1:
        return False
    page = int(np.bincount(colours.ravel()).argmax())
    shown = [int((colours[y0:y1, x0:x1] == page).sum()) for x0, y0, x1, y1 in (box, panel)]
    return shown[0] - shown[1] > _LEAST_GROUND * (_area(box) - _area(panel)) > 0


def _on_ground(colours: _Colours) -> Box | None:
    """The largest photo on a plain ground."""
    counts = np.bincount(colours.ravel())
    grounds = counts >= _COMMON * colours.size
    if counts[grounds].sum() < _LEAST_GROUND * colours.size:
        return None
    # The components of what is drawn; the first is the ground.
    _, _, stats, _ = cv2.connectedComponentsWithStats(_drawn(grounds[colours]), connectivity=4)
    found = (
        (width * height, (left, top, left + width, top + height))
        for left, top, width, height, area in stats[1:].tolist()
        if _LEAST_FILL * width * height <= area <= _MOST * colours.size
        and _is_photo(colours[top : top + height, left : left + width])
    )
    return max(found, default=(0, None))[1]


def _colours(image: Pixels) -> _Colours:
    """A number for the colour of each pixel, of 32 levels a channel."""
    red, green, blue = (image[..., channel].astype(np.uint16) >> 3 for channel in range(3))
    return np.asarray(red << 10 | green << 5 | blue, np.uint16)


def _drawn(is_ground: npt.NDArray[np.bool_]) -> Pixels:
    """1 where something lies on the ground that is larger than letters."""
    mask = (~is_ground).astype(np.uint8)
    for operation, side in (
        (cv2.MORPH_OPEN, _LETTER),
        (cv2.MORPH_CLOSE, _LETTER),
        (cv2.MORPH_OPEN, _LEAST_SIDE),
    ):
        mask = np.asarray(cv2.morphologyEx(mask, operation, np.ones((side, side))), np.uint8)
    return mask


def _is_photo(colours: _Colours) -> bool:
    return int(np.bincount(colours.ravel()).max(initial=1)) <= _MOST_OF_ONE * colours.size
