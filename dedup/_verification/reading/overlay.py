"""One picture laid over another: from about where, and what of it both show."""

from typing import Final, TypeAlias

import numpy as np

from dedup._base.arrays import Grey, Matrix
from dedup._base.opencv import cv2
from dedup._verification.reading.frame import Frame, without_bands
from dedup._verification.reading.homography import evened, laid_over
from dedup._verification.sheet import sheet_of

__all__ = ["Sheets", "laid_in_frame", "sheet_in", "start_of"]

Sheets: TypeAlias = tuple[Matrix | None, Matrix | None]
"""Corners, in pixels, of the sheets that lie on something else in the frame's two pictures."""

_OUTLINE: Final = 500
"""Pixels of the longer side at which a sheet is looked for, about."""
_RIM: Final = 0.004
"""Part of the longer side along the edge of a sheet that may not be what it shows."""
_LEAST: Final = 0.5
"""Part of the frame that both must show."""


def sheet_in(picture: Grey) -> Matrix | None:
    """Corners of a sheet that lies on something else, in pixels."""
    step = max(1, round(max(picture.shape) / _OUTLINE))
    height, width = (side // step for side in picture.shape)
    # Whole steps are reduced several times as fast as a size that was asked for.
    whole = picture[: step * height, : step * width]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    sheet = sheet_of(np.asarray(small, np.uint8))
    return None if sheet is None else np.asarray(sheet * picture.shape[::-1], np.float64)


def start_of(frame: Frame, sheets: Sheets, sizes: tuple[tuple[int, ...], ...]) -> Matrix:
    """About where the frame is in the other: by the outlines of sheets, where that fits better.

    The registration is affine until here, and a sheet that is seen askew is not. `sizes` are the
    shapes of both pictures as they were given.
    """
    best, wholes = frame.to_other, [_box(0, 0, width, height) for height, width in sizes]
    if all(sheet is None for sheet in sheets):
        return best
    most = _agreement(frame, best)
    for here, there in ((sheets[0], wholes[1]), (wholes[0], sheets[1]), sheets):
        if here is None or there is None:
            continue
        matrix = cv2.getPerspectiveTransform(here.astype(np.float32), there.astype(np.float32))
        to_other = frame.reduced @ matrix @ frame.to_base
        agreement = _agreement(frame, to_other)
        if agreement > most:
            best, most = to_other, agreement
    return best


def laid_in_frame(frame: Frame, to_other: Matrix, sheets: Sheets) -> tuple[Grey, Grey]:
    """The other picture in the frame, and 255 where both show the same thing, not its borders."""
    height, width = frame.base.shape
    laid = laid_over(frame.other, to_other, (width, height), how=cv2.INTER_CUBIC)
    there = np.linalg.inv(frame.to_base), frame.reduced
    covered = np.full_like(frame.base, 255)
    for picture, sheet, matrix, here in zip(
        (frame.base, frame.other), sheets, there, (np.eye(3), np.linalg.inv(to_other)), strict=True
    ):
        left, top, right, bottom = without_bands(picture)
        covered &= _within(_box(left, top, right, bottom), here, covered.shape)
        if sheet is not None:
            inside = _within(sheet, here @ matrix, covered.shape)
            side = 2 * round(_RIM * max(covered.shape)) + 1
            rim = np.ones((side, side), np.uint8)
            covered &= np.asarray(cv2.erode(inside, rim, borderValue=0), np.uint8)
    return laid, covered


def _within(corners: Matrix, matrix: Matrix, shape: tuple[int, ...]) -> Grey:
    """255 within some corners, once these are mapped."""
    there = cv2.perspectiveTransform(corners[None], matrix)[0]
    inside = np.zeros(shape, np.uint8)
    # Pixels are centred at halves; a sixteenth of one is as fine as it can be filled.
    points = ((there - 0.5) * 16).clip(-(2**26), 2**26).round().astype(np.int32)
    cv2.fillConvexPoly(inside, points, 255, shift=4)
    return inside


def _box(left: int, top: int, right: int, bottom: int) -> Matrix:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _agreement(frame: Frame, to_other: Matrix) -> float:
    """Correlation of what both show, whatever the light and contrast around."""
    height, width = frame.base.shape
    laid = laid_over(frame.other, to_other, (width, height))
    whole = _box(0, 0, *frame.other.shape[::-1])
    both = _within(whole, np.linalg.inv(to_other), frame.base.shape) == 255
    if both.mean() < _LEAST:
        return -1.0
    one, two = (evened(picture)[both].astype(np.float32) for picture in (frame.base, laid))
    one, two = one - one.mean(), two - two.mean()
    return float(one @ two / np.sqrt((one @ one) * (two @ two) + 1))
