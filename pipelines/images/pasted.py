"""What was pasted into a photo or a collage, found by its four straight edges.

Where it ends, the colours change from one pixel to the next, all along lines that end at its
corners. Edges of things are seldom as straight; those of windows and frames are, and what is in
them is taken for pasted.
"""

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels

__all__ = ["pasted_box"]

_Numbers: TypeAlias = npt.NDArray[np.intp]
_Sums: TypeAlias = npt.NDArray[np.int32]

_LONG_SIDE: Final = 400
"""Pixels on the long side of what is looked at: there an edge is one or two of them wide."""
_LEAST_PIXELS: Final = 64
"""Pixels on its short side, with fewer of which nothing is found."""
_STEP: Final = 8
_SHARP: Final = 1.15
"""By how much colours differ across an edge, in grey values, and in units of how much they do two
pixels beside it."""
_LINES: Final = 16
_FULL: Final = 0.75
"""So many lines across, and down, are looked at, and how much of one is an edge, where most of it
is: along the least side."""
_LEAST_SIDE: Final = 0.12
_MOST: Final = 0.6
"""Parts of the picture's sides that a box has at least, and of its area at most."""
_CLOSED: Final = 0.65
"""Part of each side of a box that is an edge."""
_CORNER: Final = 2
_BEYOND: Final = 0.08
"""Pixels after a corner, and part of the picture's side after these, where no edge goes on."""
_CLEAR: Final = 0.5
"""The part of the side that is an edge least, less that of what is beyond the corners, from which
something was pasted."""


def pasted_box(image: Pixels) -> tuple[int, int, int, int] | None:
    """Where something was pasted: left, top, right, bottom; None if nothing seems to be.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width, 3)

    Examples
    --------
    >>> image = np.full((300, 400, 3), 90, np.uint8)
    >>> image[80:200, 100:260] = 200
    >>> pasted_box(image)
    (100, 80, 260, 200)
    """
    scale = min(1.0, _LONG_SIDE / max(image.shape[:2]))
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = small.shape[:2]
    if min(height, width) < _LEAST_PIXELS:
        return None
    columns, down = _lines(_edges(np.asarray(cv2.transpose(small), np.uint8)))
    rows, across = _lines(_edges(small))
    wide, high = _spans(columns, width), _spans(rows, height)
    if not (wide.size and high.size):
        return None
    left, right = wide.T[:, :, None]
    top, bottom = high.T[:, None]
    sides = [(down, x, top, bottom) for x in (left, right)]
    sides += [(across, y, left, right) for y in (top, bottom)]
    closed = np.minimum.reduce([_part(*side) for side in sides])
    score = closed - np.mean([_part_beyond(*side) for side in sides], axis=0)
    score[(closed < _CLOSED) | ((right - left) * (bottom - top) > _MOST * height * width)] = -1
    column, row = np.unravel_index(int(score.argmax()), score.shape)
    if score[column, row] < _CLEAR:
        return None
    ends = [wide[column, 0], high[row, 0], wide[column, 1], high[row, 1]]
    x0, y0, x1, y1 = (round(int(end) / scale) for end in ends)
    return x0, y0, x1, y1


def _edges(image: Pixels) -> npt.NDArray[np.bool_]:
    """Where there is an edge at the upper side of a pixel, or of the one above it."""
    step = np.zeros(image.shape[:2], np.uint8)
    red, green, blue = cv2.split(cv2.absdiff(image[1:], image[:-1]))
    step[1:] = cv2.max(cv2.max(red, green), blue)
    beside = np.zeros_like(step)
    beside[2:-2] = cv2.max(step[4:], step[:-4])
    edges = (step > _STEP) & (step >= _SHARP * beside)
    edges[1:] |= edges[:-1]
    return edges


def _lines(edges: npt.NDArray[np.bool_]) -> tuple[list[int], _Sums]:
    """The rows in which edges are longest, and how many pixels of them are before each place."""
    sums = np.zeros((len(edges), edges.shape[1] + 1), np.int32)
    np.cumsum(edges, axis=1, dtype=np.int32, out=sums[:, 1:])
    run = max(8, round(_LEAST_SIDE * edges.shape[1]))
    most = (sums[:, run:] - sums[:, :-run]).max(axis=1)
    found: list[int] = []
    for _ in range(_LINES):
        row = int(most.argmax())
        if most[row] < _FULL * run:
            break
        found.append(row)
        most[max(0, row - 2) : row + 3] = 0
    return sorted(found), sums


def _spans(lines: list[int], side: int) -> _Numbers:
    """Pairs of lines that are far enough apart."""
    pairs = np.array([(a, b) for a in lines for b in lines], np.intp).reshape(-1, 2)
    return pairs[pairs[:, 1] - pairs[:, 0] >= _LEAST_SIDE * side]


def _part(sums: _Sums, line: _Numbers, start: _Numbers, end: _Numbers) -> npt.NDArray[np.float64]:
    """Part of a line, between two places, that is an edge."""
    part: npt.NDArray[np.float64] = (sums[line, end] - sums[line, start]) / np.maximum(
        end - start, 1
    )
    return part


def _part_beyond(
    sums: _Sums, line: _Numbers, start: _Numbers, end: _Numbers
) -> npt.NDArray[np.float64]:
    """The same before and after them, where a corner should have ended it."""
    side = sums.shape[1] - 1
    far = round(_BEYOND * side) + _CORNER
    before = np.maximum(start - far, 0), np.maximum(start - _CORNER, 0)
    after = np.minimum(end + _CORNER, side), np.minimum(end + far, side)
    return (_part(sums, line, *before) + _part(sums, line, *after)) / 2
