"""What two registered pictures have in common, at the resolution that both have."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Grey, Matrix
from dedup._base.opencv import cv2

__all__ = ["Frame", "frame_of", "without_bands"]


_LEAST: Final = 24
_BAND: Final = 0.35
"""Most of a side that a plain band may take."""
_PLAIN: Final = 10
"""Grey values that the pixels of a plain line span, but for a few."""
_OTHER_TONE: Final = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """The overlap, as the coarser picture (`base`) shows it, and the other to be laid over it.

    Attributes
    ----------
    base : ndarray, uint8
        The coarser picture of the overlap, reduced if it is too long.
    other : ndarray, uint8
        The finer picture, all of it, reduced to about the same scale.
    to_base : ndarray, shape (3, 3)
        From the frame's pixels to those of the coarser picture as it was given.
    to_other : ndarray, shape (3, 3)
        From the frame's pixels to those of `other`.
    reduced : ndarray, shape (3, 3)
        From the finer picture's pixels, as it was given, to those of `other`.
    ratio : float
        Pixels of the finer picture, as it was given, for one of the frame, along a side.
    """

    base: Grey
    other: Grey
    to_base: Matrix
    to_other: Matrix
    reduced: Matrix
    ratio: float

    def given(self, to_other: Matrix) -> Matrix:
        """From the frame's pixels to the finer picture as it was given, by a better `to_other`."""
        return np.asarray(np.linalg.inv(self.reduced) @ to_other)


def frame_of(base: Grey, other: Grey, matrix: Matrix, *, most: int) -> Frame | None:
    """The frame, at most so long, of two pictures; `matrix` maps pixels of base to other.

    None where too little is left.
    """
    (hb, wb), (ho, wo) = base.shape, other.shape
    corners = np.array([[[0, 0], [wo, 0], [wo, ho], [0, ho]]], np.float64)
    there = cv2.perspectiveTransform(corners, np.linalg.inv(matrix))[0]
    left, top = np.maximum(there.min(axis=0), 0).round().astype(int).tolist()
    right, bottom = np.minimum(there.max(axis=0), (wb, hb)).round().astype(int).tolist()
    if min(right - left, bottom - top) < _LEAST:
        return None
    zoom = min(1.0, most / max(right - left, bottom - top))
    part = base[top:bottom, left:right]
    size = max(1, round(part.shape[1] * zoom)), max(1, round(part.shape[0] * zoom))
    if zoom < 1:
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    to_base = np.array(
        [
            [(right - left) / size[0], 0, left],
            [0, (bottom - top) / size[1], top],
            [0, 0, 1],
        ]
    )
    to_other = matrix @ to_base
    to_other /= to_other[2, 2]
    ratio = float(abs(np.linalg.det(to_other[:2, :2])) ** 0.5)
    reduced = np.eye(3)
    if ratio > 1.15:
        small = max(1, round(wo / ratio)), max(1, round(ho / ratio))
        other = np.asarray(cv2.resize(other, small, interpolation=cv2.INTER_AREA), np.uint8)
        reduced = np.diag([small[0] / wo, small[1] / ho, 1.0])
        to_other = reduced @ to_other
    return Frame(part, other, to_base, to_other, reduced, ratio)


def without_bands(picture: Grey) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is left without plain bands of another tone."""
    height, width = picture.shape
    left, right = _inner(picture.T)
    top, bottom = _inner(picture[:, left : width - right])
    return left, top, width - right, height - bottom


def _inner(lines: Grey) -> tuple[int, int]:
    """Lines of plain bands before and after."""
    some = lines[:, :: max(1, lines.shape[1] // 64)]
    return _band(some), _band(some[::-1])


def _band(lines: Grey) -> int:
    """Lines of a plain band before the others, if these have another tone."""
    if not _is_plain(np.sort(lines[:1], axis=1))[0]:
        return 0
    most, beside = int(_BAND * len(lines)), max(8, len(lines) // 20)
    ordered = np.sort(lines[: most + 1 + beside], axis=1)
    plain, tone = _is_plain(ordered), ordered[:, lines.shape[1] // 2].astype(np.int16)
    end = len(plain) if plain.all() else int(plain.argmin())
    same = np.abs(tone[:end] - tone[0]) <= _PLAIN
    if not same.all():
        end = int(same.argmin())
    within = tone[end : end + beside]
    differs = len(within) > 0 and abs(int(np.median(within)) - int(tone[0])) > _OTHER_TONE
    return end if differs and end <= most else 0


def _is_plain(ordered: Grey) -> npt.NDArray[np.bool_]:
    """Which lines are, of each of which the values are in order."""
    few = max(1, ordered.shape[1] // 50)
    least, most = ordered[:, few], ordered[:, -1 - few]
    plain: npt.NDArray[np.bool_] = most.astype(np.int16) - least <= _PLAIN
    return plain
