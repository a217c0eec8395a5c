"""Sheets that were photographed askew, compared as they are seen from straight above."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from dedup._base.arrays import Grey
from dedup._base.opencv import cv2
from dedup._verification.block_matching import match_blocks
from dedup._verification.evidence import BlockMatch
from dedup._verification.features import Features
from dedup._verification.registration import Floats, Matrix, corners, moved
from dedup._verification.sheet import Corners

__all__ = ["in_perspective", "match_laid", "match_sheets"]

_BENT: Final = 0.05
"""Part of a side by which perspective moves a place from where the best affine map puts it."""
_AGREE: Final = 0.006
_LEAST_NEAR: Final = 10
"""Part of a side within which matches agree on it, and matches that must be near to ask them."""
_OVER: Final = 0.02
"""Part of a side by which a page may reach beyond the picture that shows all of it."""
_UPRIGHT: Final = 0.008
"""Part of a side within which the corners of a frame are those of an upright rectangle."""


def match_sheets(a: Features, b: Features, *, askew: bool) -> Iterator[BlockMatch]:
    """What is measured where a sheet in one picture, or in both, is laid over all of the other.

    Parameters
    ----------
    a, b : Features
    askew : bool
        Of sheets that are seen askew, for which no affine registration does; or of upright ones.
    """
    of_a, of_b = a.sheet(), b.sheet()
    ways = [(None, of_b), (of_a, None), (of_a, of_b)]
    for one, other in ways if of_a is not None and of_b is not None else ways[2:]:
        if one is not other and _is_askew(one, other) == askew:
            measured = _matched(a, b, one, other)
            if measured is not None:
                yield measured


def in_perspective(here: Floats, there: Floats, about: Matrix, *, size: float) -> Matrix:
    """The homography, shape (3, 3), of matches that an affine map of them leads to.

    Parameters
    ----------
    here, there : ndarray, shape (n, 2 or more)
        Matched places, x and y first.
    about : ndarray, shape (2, 3)
    size : float
        Side of the pictures in pixels; tolerances are parts of it.
    """
    here, there = here[:, :2], there[:, :2]
    affine = np.vstack([about, [0, 0, 1]])
    near = np.linalg.norm(moved(here, about) - there, axis=1) < _BENT * size
    if near.sum() < _LEAST_NEAR:
        return affine
    found, _ = cv2.findHomography(here[near], there[near], cv2.USAC_MAGSAC, _AGREE * size)
    if found is None:
        return affine
    ends = here[near].min(axis=0), here[near].max(axis=0)
    box = np.array([ends], np.float32)
    apart = cv2.perspectiveTransform(box, found) - cv2.perspectiveTransform(box, affine)
    return np.asarray(found, np.float64) if np.abs(apart).max() < 2 * _BENT * size else affine


def match_laid(a: Features, b: Features, place: Matrix) -> BlockMatch | None:
    """What is measured where a homography, in pixels, lays a over b.

    The one that lies within the other is seen there from straight above.
    """
    of_b = _within_other(a, b, place)
    if of_b is not None:
        return _matched(a, b, None, of_b)
    of_a = _within_other(b, a, np.linalg.inv(place))
    if of_a is not None:
        return _matched(a, b, of_a, None)
    ends = corners(*a.grey.shape[::-1])
    there = cv2.perspectiveTransform(ends[None], place)[0]
    return match_blocks(a, b, np.linalg.lstsq(np.column_stack([ends, np.ones(4)]), there)[0].T)


def _within_other(inner: Features, outer: Features, place: Matrix) -> Corners | None:
    """Corners of a picture in another, in parts of that, if all of it lies there."""
    ends = cv2.perspectiveTransform(corners(*inner.grey.shape[::-1])[None], place)[0]
    parts: Corners = ends / outer.grey.shape[::-1]
    is_within = ((parts > -_OVER) & (parts < 1 + _OVER)).all()
    return parts if is_within and cv2.isContourConvex(parts.astype(np.float32)) else None


def _matched(
    a: Features, b: Features, of_a: Corners | None, of_b: Corners | None
) -> BlockMatch | None:
    """What is measured where sheets, or whole pictures, are laid over each other."""
    here, there = _straightened(a, of_a), _straightened(b, of_b)
    (ha, wa), (hb, wb) = here.grey.shape, there.grey.shape
    measured = match_blocks(here, there, np.diag([wb / wa, hb / ha, 1.0])[:2])
    return None if measured is None else _within(measured, of_a, of_b)


def _straightened(picture: Features, sheet: Corners | None) -> Features:
    """The sheet alone, as if it were a picture; without one, the picture."""
    if sheet is None:
        return picture
    return replace(picture, grey=_from_above(picture.grey, sheet), computed={})


def _from_above(grey: Grey, sheet: Corners) -> Grey:
    there = (sheet * grey.shape[::-1]).astype(np.float32)
    top, right, bottom, left = np.linalg.norm(np.roll(there, -1, axis=0) - there, axis=1)
    width, height = round(float(top + bottom) / 2), round(float(left + right) / 2)
    matrix = cv2.getPerspectiveTransform(corners(width, height), there)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(grey, matrix, (width, height), flags=flags), np.uint8)


def _within(measured: BlockMatch, of_a: Corners | None, of_b: Corners | None) -> BlockMatch:
    """The measurement, from the pictures in which the sheets lie."""
    (in_a, share_a), (in_b, share_b) = map(_laid, (of_a, of_b))
    return BlockMatch(
        transform=in_b @ measured.transform @ np.linalg.inv(in_a),
        overlap_a=measured.overlap_a * share_a,
        overlap_b=measured.overlap_b * share_b,
        canvas_a=in_a @ measured.canvas_a,
        blocks=measured.blocks,
        askew=_is_askew(of_a, of_b),
    )


def _is_askew(*sheets: Corners | None) -> bool:
    """Whether any of some sheets is no upright rectangle, as what lies in a frame is."""
    return any(
        np.abs(sheet - _box_around(sheet)).max() > _UPRIGHT for sheet in sheets if sheet is not None
    )


def _box_around(sheet: Corners) -> Corners:
    (left, top), (right, bottom) = sheet.min(axis=0), sheet.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _laid(sheet: Corners | None) -> tuple[Matrix, float]:
    """About where a sheet lies in its picture, as an affine map; and how much of that it is."""
    if sheet is None:
        return np.eye(3), 1.0
    matrix = cv2.getPerspectiveTransform(corners(1, 1), sheet.astype(np.float32))
    steps = (np.arange(8) + 0.5) / 8
    grid = np.stack([*np.meshgrid(steps, steps), np.ones((8, 8))], axis=-1).reshape(-1, 3)
    there = cv2.perspectiveTransform(grid[None, :, :2], matrix)[0]
    matrix = np.linalg.lstsq(grid, there)[0].T
    return np.vstack([matrix, [0, 0, 1]]), float(abs(np.linalg.det(matrix[:, :2])))
