"""The outline of a sheet that was photographed on something else: four straight edges."""

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Grey
from dedup._base.opencv import cv2

__all__ = ["Corners", "sheet_of"]

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Corners: TypeAlias = Floats

_RIM: Final = 0.012
"""Part of a side along the picture's edge that shows the ground, at least."""
_DEEPEST: Final = 0.3
"""Part of a side within which an edge of the sheet lies."""
_TONE: Final = 14.0
_SPREAD: Final = 4.0
"""Grey values, and standard deviations of the ground, by which the sheet has another tone."""
_NEAR: Final = 0.006
"""Part of a side within which a place lies on the line through the others."""
_AGREE: Final = 0.5
"""Part of the places that lie on one line, if that is an edge."""
_LINES: Final = 48
"""Lines across the picture along which each edge is looked for."""
_STEEPEST: Final = 0.2
_OUTLIER: Final = 6.0
_FARTHEST: Final = 90.0
_DRAWN: Final = 0.0005
"""Standard deviations of the ground by which what is drawn there differs, in grey values at most,
as half of what is around may be drawn; and how much of the ground that may be."""


def sheet_of(grey: Grey) -> Corners | None:
    """Corners of a sheet, shape (4, 2), in parts of width and height, clockwise from the left top.

    None where no ground is around one.

    Examples
    --------
    >>> desk = np.full((300, 200), 90, np.uint8)
    >>> desk[30:270, 20:180] = 240
    >>> bool(np.abs(sheet_of(desk) - [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]).max() < 0.01)
    True
    """
    soft = np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.float32)
    edges = []
    for side in (soft, soft.T, soft[:, ::-1], soft.T[:, ::-1]):
        edge = _edge(side)
        if edge is None:
            return None
        edges.append(edge)
    left, top, *others = edges
    right, bottom = (np.array([-slope, 1 - depth]) for slope, depth in others)
    corners = np.array(
        [
            _crossing(upright, level)
            for upright, level in ((left, top), (right, top), (right, bottom), (left, bottom))
        ]
    )
    return corners if _is_empty_around(soft, corners) else None


def _is_empty_around(picture: Floats, corners: Corners) -> bool:
    """Whether nothing is drawn around: else this is a frame within a page."""
    rim = max(3, round(_RIM * max(picture.shape)))
    inside = np.zeros(picture.shape, np.uint8)
    cv2.fillConvexPoly(inside, (corners * picture.shape[::-1]).round().astype(np.int32), 1)
    around = np.asarray(cv2.dilate(inside, np.ones((rim, rim), np.uint8))) == 0
    if not around.any():
        return True
    away = np.abs(picture[around] - np.median(picture[around]))
    spread = 1.5 * float(np.median(away))
    usual = min(max(_TONE, _OUTLIER * spread), _FARTHEST)
    return float((away > usual).mean()) < _DRAWN


def _edge(picture: Floats) -> Floats | None:
    """The edge that is met from the left: its depth as a line, slope and depth at the top."""
    height, width = picture.shape
    rim, deepest = max(3, round(_RIM * width)), round(_DEEPEST * width)
    rows = np.linspace(0.1 * height, 0.9 * height, _LINES).astype(int)
    lines = picture[rows, :deepest]
    ground = np.median(lines[:, :rim], axis=1, keepdims=True)
    spread = float((lines[:, :rim] - ground).std())
    other = np.abs(lines - ground) > max(_TONE, _SPREAD * spread)
    lasting = other[:, :-2] & other[:, 1:-1] & other[:, 2:]
    met = lasting.any(axis=1)
    if met.mean() < _AGREE:
        return None
    far, first = np.abs(lines - ground)[met], lasting.argmax(axis=1)[met]
    half = 0.5 * far[np.arange(len(far)), first + 2]  # where a blurred edge is
    depths = ((far > half[:, None]) & (np.arange(deepest) >= first[:, None])).argmax(axis=1)
    return _line((rows[met] + 0.5) / height, depths / width)


def _line(along: Floats, depths: Floats) -> Floats | None:
    """The line on which most places lie; None if these are too few."""
    one, two = np.triu_indices(len(along), len(along) // 3)
    slopes = (depths[two] - depths[one]) / (along[two] - along[one])
    starts = depths[one] - slopes * along[one]
    near = np.abs(slopes[:, None] * along + starts[:, None] - depths) < _NEAR
    near[np.abs(slopes) > _STEEPEST] = False
    best = near[int(near.sum(axis=1).argmax())]
    if best.sum() < _AGREE * _LINES:
        return None
    return np.polyfit(along[best], depths[best], 1)


def _crossing(upright: Floats, level: Floats) -> Floats:
    """Where x = slope y + start and y = slope x + start meet."""
    (m, c), (n, d) = upright, level
    x = (m * d + c) / (1 - m * n)
    return np.array([x, n * x + d])
