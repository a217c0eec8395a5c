"""One picture laid over another to a part of a pixel: a homography from corners that are followed.

A registration of 128 x 128 pixels is some pixels off at full resolution, and a photographed page is
not affine.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey, Matrix
from dedup._base.opencv import cv2

__all__ = ["evened", "laid_over", "registered"]


_CORNERS: Final = 500
_LEAST_INLIERS: Final = 25
_LEAST_SHARE: Final = 0.25
_FEWEST: Final = 10
_RETURN: Final = 0.7
"""Pixels by which a corner that is followed there and back may miss itself."""
_LARGE: Final = 800
"""Pixels of the longer side from which half of them do."""
_HALF: Final = np.array([[0.5, 0, 0.25], [0, 0.5, 0.25], [0, 0, 1]])
"""To the pixels of half the size, of which i is centred where 2 i was."""
_ENOUGH: Final = 200
"""Corners that are followed to find about where a picture is."""
_CENTRE: Final = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
"""From pixel i to its centre."""
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.03)


def registered(base: Grey, other: Grey, initial: Matrix, *, nearly: bool = False) -> Matrix:
    """The map from pixels of `base` to those of `other`, given about where they are.

    `initial` and the result have shape (3, 3); pixel i is centred at i + 0.5. `nearly` says that
    it is right but for a few pixels.
    """
    height, width = base.shape
    laid = laid_over(other, initial, (width, height))
    half = width // 2, height // 2
    small = [
        evened(np.asarray(cv2.resize(x, half, interpolation=cv2.INTER_AREA), np.uint8))
        for x in ((base,) if nearly else (base, laid))
    ]
    corners = _corners(small[0])
    if len(corners) < _FEWEST:
        return initial
    coarse = np.eye(3)
    if not nearly:
        some = corners[:: max(1, len(corners) // _ENOUGH)].copy()
        followed, kept = _followed((small[0], small[1]), some, some, window=21, levels=3)
        here, there = (2 * (x[kept] + 0.5) - 0.5 for x in (some, followed))
        found = _map(here, there, tolerance=2.0, size=(width, height))
        if found is None:
            return initial
        coarse = found
    points = 2 * (corners + 0.5) - 0.5
    guess = cv2.perspectiveTransform(points[:, None], coarse)[:, 0].astype(np.float32)
    full = evened(base), evened(laid)
    followed, kept = _followed(full, points, guess, window=15, levels=1)
    fine = _map(points[kept], followed[kept], tolerance=1.2, size=(width, height))
    within = _CENTRE @ (coarse if fine is None else fine) @ np.linalg.inv(_CENTRE)
    return np.asarray(initial @ within)


def refined(base: Grey, other: Grey, initial: Matrix) -> Matrix:
    """The same of large pictures, of which `initial` is right but for a few pixels.

    Half the size does: corners are found to a small part of a pixel, and hundreds agree.
    """
    if max(base.shape) < _LARGE:
        return registered(base, other, initial, nearly=True)
    small, fewer = (np.asarray(cv2.pyrDown(picture), np.uint8) for picture in (base, other))
    start = _HALF @ initial @ np.linalg.inv(_HALF)
    size = small.shape[1], small.shape[0]
    pictures = evened(small), evened(laid_over(fewer, start, size))
    corners = _corners(pictures[0])
    if len(corners) < _FEWEST:
        return initial
    followed, kept = _followed(pictures, corners, corners, window=15, levels=1)
    found = _map(corners[kept], followed[kept], tolerance=0.6, size=size)
    within = _CENTRE @ (np.eye(3) if found is None else found) @ np.linalg.inv(_CENTRE)
    return np.asarray(np.linalg.inv(_HALF) @ start @ within @ _HALF)


def laid_over(
    picture: Grey,
    matrix: Matrix,
    size: tuple[int, int],
    *,
    how: int = cv2.INTER_LINEAR,
    border: int = cv2.BORDER_REPLICATE,
) -> Grey:
    """A picture as it is seen from another, given the map from that one's pixels to its own."""
    index = np.linalg.inv(_CENTRE) @ matrix @ _CENTRE
    flags = how | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(picture, index, size, flags=flags, borderMode=border), np.uint8
    )


def evened(grey: Grey) -> Grey:
    """Contrast made even, so that uneven light and a change of tones say nothing."""
    side = max(9, max(grey.shape) // 60) | 1
    even = grey.astype(np.float32)
    even -= cv2.boxFilter(even, -1, (side, side))
    spread = np.asarray(cv2.sqrBoxFilter(even, cv2.CV_32F, (side, side)), np.float32)
    # In place: fresh memory takes longer than the arithmetic.
    np.sqrt(np.maximum(spread, 0, out=spread), out=spread)
    spread += 4
    even *= 40
    even /= spread
    even += 128
    return even.clip(0, 255, out=even).astype(np.uint8)


def _corners(grey: Grey) -> Floats:
    """The strongest corner of each cell of a grid, spread over all that shows something."""
    strength = np.asarray(cv2.cornerMinEigenVal(grey, 5), np.float32)
    height, width = strength.shape
    cell = max(8, int((height * width / _CORNERS) ** 0.5))
    rows, columns = height // cell, width // cell
    if min(rows, columns) < 1:
        return np.empty((0, 2), np.float32)
    cells = strength[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    flat = cells.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    best = flat.argmax(axis=1)
    value = flat[np.arange(len(flat)), best]
    strong = np.flatnonzero(value > 0.01 * np.percentile(value, 98))
    y = strong // columns * cell + best[strong] // cell
    x = strong % columns * cell + best[strong] % cell
    return np.stack([x, y], axis=1).astype(np.float32)


def _followed(
    pictures: tuple[Grey, Grey], points: Floats, guess: Floats, *, window: int, levels: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Where points of the first are in the second, and which come back to where they were."""
    a, b = pictures
    how: dict[str, Any] = {
        "winSize": (window, window),
        "criteria": _STOP,
        "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
    }
    there, ok, _ = cv2.calcOpticalFlowPyrLK(a, b, points, guess.copy(), maxLevel=levels, **how)
    # Back from close by, unless the first level is coarse: then a grid's other cell is as good.
    levels = levels if levels > 1 else 0
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(b, a, there, points.copy(), maxLevel=levels, **how)
    near = np.abs(back - points).max(axis=1) < _RETURN
    return np.asarray(there, np.float32), near & (ok[:, 0] > 0) & (ok_back[:, 0] > 0)


def _map(here: Floats, there: Floats, *, tolerance: float, size: tuple[int, int]) -> Matrix | None:
    """A homography; an affine map where few points agree; None where hardly any does."""
    if len(here) < _FEWEST:
        return None
    if len(here) >= _LEAST_INLIERS:
        found, inliers = cv2.findHomography(
            here, there, cv2.USAC_MAGSAC, tolerance, maxIters=2000, confidence=0.999
        )
        if found is not None and _is_spread(here[inliers[:, 0] > 0], len(here), size):
            return np.asarray(found, np.float64)
    affine, inliers = cv2.estimateAffine2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=2000
    )
    if affine is None or inliers.sum() < _FEWEST:
        return None
    return np.vstack([affine, [0, 0, 1]])


def _is_spread(inliers: Floats, points: int, size: tuple[int, int]) -> bool:
    if len(inliers) < max(_LEAST_INLIERS, _LEAST_SHARE * points):
        return False
    return bool((inliers.std(axis=0) > 0.08 * np.array(size)).all())
