"""One picture laid over another: from about where, and what of it both show."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.opencv import cv2
from dedup._verification.reading.frame import Frame, without_bands
from dedup._verification.reading.homography import evened, laid_over
from dedup._verification.reading.nature import reduced
from dedup._verification.sheet import sheet_of

__all__ = ["Sheets", "laid_in_frame", "sheet_in", "start_of"]

Grey: TypeAlias = npt.NDArray[np.uint8]
Matrix: TypeAlias = npt.NDArray[np.float64]
Sheets: TypeAlias = tuple[Matrix | None, Matrix | None]
"""Corners, in pixels, of the sheets that lie on something else in the frame's two pictures."""

_OUTLINE: Final = 500
"""Pixels of the longer side at which a sheet is looked for."""
_RIM: Final = 0.004
"""Part of the longer side along the edge of a sheet that may not be what it shows."""
_LEAST: Final = 0.5
"""Part of the frame that both must show."""


def sheet_in(picture: Grey) -> Matrix | None:
    """Corners of a sheet that lies on something else, in pixels."""
    sheet = sheet_of(reduced(picture, _OUTLINE))
    return None if sheet is None else np.asarray(sheet * picture.shape[::-1], np.float64)


def start_of(frame: Frame, sheets: Sheets, sizes: tuple[tuple[int, ...], ...]) -> Matrix:
    """About where the frame is in the other: by the outlines of sheets, where that fits better.

    The registration is affine until here, and a sheet that is seen askew is not. `sizes` are the
    shapes of both pictures as they were given.
    """
    best, wholes = frame.to_other, [_corners(*size) for size in sizes]
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
    base, other = (
        _shown(picture, None if sheet is None else cv2.perspectiveTransform(sheet[None], matrix)[0])
        for picture, sheet, matrix in zip((frame.base, frame.other), sheets, there, strict=True)
    )
    covered = laid_over(other, to_other, (width, height), border=cv2.BORDER_CONSTANT)
    return laid, np.where(covered > 250, base, 0).astype(np.uint8)


def _shown(picture: Grey, sheet: Matrix | None) -> Grey:
    """255 but for what is around a sheet, and for plain bands at the sides.

    These are straight in the picture that has them.
    """
    left, top, right, bottom = without_bands(picture)
    inside = np.zeros_like(picture)
    inside[top:bottom, left:right] = 255
    if sheet is not None:
        within = np.zeros_like(picture)
        cv2.fillConvexPoly(within, sheet.round().astype(np.int32), 255)
        side = 2 * round(_RIM * max(picture.shape)) + 1
        inside &= np.asarray(cv2.erode(within, np.ones((side, side), np.uint8), borderValue=0))
    return inside


def _corners(height: int, width: int) -> Matrix:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def _agreement(frame: Frame, to_other: Matrix) -> float:
    """Correlation of what both show, whatever the light and contrast around."""
    height, width = frame.base.shape
    laid = laid_over(frame.other, to_other, (width, height))
    whole = np.full_like(frame.other, 255)
    both = laid_over(whole, to_other, (width, height), border=cv2.BORDER_CONSTANT) == 255
    if both.mean() < _LEAST:
        return -1.0
    one, two = (evened(picture)[both].astype(np.float32) for picture in (frame.base, laid))
    one, two = one - one.mean(), two - two.mean()
    return float(one @ two / np.sqrt((one @ one) * (two @ two) + 1))
