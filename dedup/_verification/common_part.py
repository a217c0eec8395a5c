"""The common part of two aligned pictures, and what each shows there that the other lacks.

A block of one picture is lacking in the other if no filter of what is there explains it: light,
contrast, blur, sharpening and a small shift are explained; a caption or a sticker is not, nor is
what a mosaic or a bar hides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Mask, Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.registration import Floats, Matrix

__all__ = ["CANVAS", "CommonPart", "Mask", "changed", "common_part", "tones"]


CANVAS: Final = 192 * 192
"""Pixels in which the common part is compared."""
_BLOCK: Final = 8
"""Windows of twice this side, at this distance."""
_TONES: Final = 32
_PLACES: Final = 4_000
"""Steps of light by which tones are compared, and places that are asked."""
_SMOOTH: Final = 1.2
_BLURS: Final = (2.5, 6.0)
"""Standard deviations of what blurs the one picture, to explain the other."""
_NOISE: Final = 3.0
"""Standard deviation, in grey values, that explains nothing."""
_GREY: Final = np.float32(128)
"""What is taken from grey values before they are squared, so that less is rounded."""
_UNEXPLAINED: Final = 9.0
"""What is left of a block, in grey values, from which it shows something else."""
_USUAL: Final = 2.5
"""As a multiple of what is left of the usual block, which noise and compression leave too."""
_UNLIKE: Final = 3.5
_NOTHING: Final = 0.8
"""What is left of a soft block, in grey values and as a part of its contrast, from which nothing
of it is explained. Of two soft photos in one frame or under one watermark, 47 of 50 differ so in
more than one place; of 1,280 copies 31 do where nothing else differs, 25 under tiles or specks."""
_SOFT: Final = 2.0
"""Contrast of the other's block in units of its own, at most, if that is soft too."""
_MOST_USUAL: Final = 8.0
"""What is left of the usual block, if the pictures are alike at all."""
_AROUND: Final = np.ones((3, 3), np.uint8)
_FAR: Final = 0.03
"""Part of the canvas by which a registration may be corrected."""


@dataclass(frozen=True)
class CommonPart:
    """Two pictures laid over each other, on a canvas.

    Attributes
    ----------
    a, b : ndarray, shape (height, width, 3), uint8
        The pictures as the canvas shows them.
    inside : ndarray of bool, shape (height, width)
        Where both are seen.
    to_a, to_b : ndarray, shape (3, 3)
        From the canvas to places in the pictures, in parts of their sides.
    only_a, only_b : ndarray of bool, shape (height, width)
        Where one shows what the other lacks.
    """

    a: Pixels
    b: Pixels
    inside: Mask
    to_a: Matrix
    to_b: Matrix
    only_a: Mask
    only_b: Mask

    @cached_property
    def alike(self) -> Mask:
        """Where both show the same."""
        return self.inside & ~(self.only_a | self.only_b)

    def swapped(self) -> "CommonPart":
        """The same with a and b exchanged."""
        return CommonPart(
            self.b, self.a, self.inside, self.to_b, self.to_a, self.only_b, self.only_a
        )

    @property
    def shares(self) -> tuple[float, float]:
        """Parts of the common part where a, and where b, shows what the other lacks."""
        seen = max(int(self.inside.sum()), 1)
        a, b = (float((only & self.inside).sum() / seen) for only in (self.only_a, self.only_b))
        return a, b


def common_part(a: Pixels, b: Pixels, to_b: Matrix) -> CommonPart | None:
    """Lay two pictures over each other; None if too little of them is in common.

    Parameters
    ----------
    a, b : ndarray, shape (height, width, 3), uint8
    to_b : ndarray, shape (3, 3)
        From a place in a to the same place in b, in parts of the width and height.
    """
    canvas = _canvas(a, b, to_b)
    if canvas is None:
        return None
    size, to_a = canvas
    here = _warped(a, to_a, size)
    first = _laid(here, b, to_a, to_b @ to_a, size)
    if first is None or not (first.only_a.any() or first.only_b.any()):
        return first
    # The registration may be to blame.
    correction = _correction(first)
    again = None if correction is None else _laid(here, b, to_a, to_b @ to_a @ correction, size)
    return first if again is None else min(first, again, key=lambda common: sum(common.shares))


def _canvas(a: Pixels, b: Pixels, to_b: Matrix) -> tuple[tuple[int, int], Matrix] | None:
    """Size of a canvas at the coarser one's resolution or a lower one; and from there to a."""
    (ha, wa), (hb, wb) = a.shape[:2], b.shape[:2]
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1.0]]) @ np.linalg.inv(to_b).T
    low, high = corners[:, :2].min(axis=0).clip(0, 1), corners[:, :2].max(axis=0).clip(0, 1)
    width, height = (high - low) * (wa, ha)
    growth = abs(np.linalg.det(to_b[:2, :2])) * wb * hb / (wa * ha)
    zoom = min(1.0, (CANVAS / max(width * height, 1)) ** 0.5, growth**0.5)
    columns, rows = (int(side * zoom) // _BLOCK * _BLOCK for side in (width, height))
    if min(columns, rows) < 3 * _BLOCK:
        return None
    step_x, step_y = (high - low) / (columns, rows)
    return (columns, rows), np.array([[step_x, 0, low[0]], [0, step_y, low[1]], [0, 0, 1]])


def _laid(
    here: Pixels, b: Pixels, to_a: Matrix, to_b: Matrix, size: tuple[int, int]
) -> CommonPart | None:
    inside = _covered(to_b, size)  # the canvas is a part of a
    there = _warped(b, to_b, size)
    whole = _windows([inside.astype(np.float32)])[0] > 0.99
    if not whole.any():
        return None
    grey_a, grey_b = _grey(here), _grey(there)
    only_a, only_b = (
        _places(_lacking(own, changed(other, tones(other, own, inside)), whole), size)
        for own, other in ((grey_a, grey_b), (grey_b, grey_a))
    )
    return CommonPart(here, there, inside, to_a, to_b, only_a & inside, only_b & inside)


def _warped(picture: Pixels, to_unit: Matrix, size: tuple[int, int]) -> Pixels:
    """A picture as a canvas shows it, from which `to_unit` leads to parts of the picture."""
    height, width = picture.shape[:2]
    pixels = np.diag([width, height]) @ to_unit[:2, :2]
    zoom = float(abs(np.linalg.det(pixels)) ** -0.5)
    if zoom < 0.8:
        small = max(1, round(width * zoom)), max(1, round(height * zoom))
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = picture.shape[:2]
    matrix = (np.diag([width, height, 1.0]) @ to_unit)[:2]
    matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5  # pixel i is centred at i + 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def _covered(to_unit: Matrix, size: tuple[int, int]) -> Mask:
    """Where on a canvas the picture lies, less a pixel beside what it leaves free."""
    x, y = np.arange(size[0]) + 0.5, (np.arange(size[1]) + 0.5)[:, None]
    u, v = (row[0] * x + row[1] * y + row[2] for row in to_unit[:2])
    inside = ((u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)).astype(np.uint8)
    return np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)), np.bool_)


def _grey(picture: Pixels) -> Floats:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), _SMOOTH), np.float32)


def _slopes(grey: Floats) -> tuple[Floats, Floats]:
    dx, dy = (cv2.Sobel(grey, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1)))
    return np.asarray(dx, np.float32), np.asarray(dy, np.float32)


def tones(own: Floats, other: Floats, where: Mask) -> Floats:
    """What each grey value of one picture became in another, by those of some places.

    Of places that are as light, the middle one counts: what lies over some of them does not.

    Examples
    --------
    >>> values = np.linspace(0, 255, 999, dtype=np.float32).reshape(27, 37)
    >>> round(float(tones(values, values / 2, values > 9)[100]))
    50
    """
    step = max(1, round((own.size / _PLACES) ** 0.5))
    chosen = where[::step, ::step]
    own, other = (grey[::step, ::step][chosen] for grey in (own, other))
    size = len(own) // _TONES
    if size == 0:
        return np.arange(256, dtype=np.float32)
    # Small whole numbers are sorted fastest.
    order = np.argsort((own * np.float32(256)).astype(np.uint16), kind="stable")[: size * _TONES]
    rows = order.reshape(_TONES, size)
    middle = [(size - 1) // 2, size // 2]
    light = own[rows[:, middle]].mean(axis=1)
    became = np.partition(other[rows], middle, axis=1)[:, middle].mean(axis=1)
    apart = np.flatnonzero(np.diff(light, prepend=-np.inf) > 1)
    light, became = light[apart], became[apart]
    # What is darker or lighter than these changes as all do.
    away = light - light.mean()
    gain = float(away @ became / (away @ away)) if len(light) > 1 else 1.0
    ends = np.array([0, 255])
    beyond = became[[0, -1]] + gain * (ends - light[[0, -1]])
    known, values = (
        np.concatenate([outer[:1], inner, outer[1:]])
        for inner, outer in ((light, ends), (became, beyond))
    )
    every = np.interp(np.arange(256), known, values.clip(0, 255))
    return np.asarray(every, np.float32)


def changed(grey: npt.NDArray[np.integer[Any] | np.floating[Any]], by: Floats) -> Floats:
    """Grey values as `tones` says."""
    return np.asarray(cv2.LUT(cv2.convertScaleAbs(grey), by), np.float32)


def _lacking(picture: Floats, other: Floats, whole: Mask) -> Mask:
    """The windows of which so much is left that something else is shown: all, if most are.

    Where the other one as it is gives nearly all of a window, it is left at that: filters, by
    which more is given, take time.
    """
    sheets = [other, picture, other * other, picture * picture, other * picture]
    mean, mean_own, square, own, cross = _windows(sheets)
    cross -= mean * mean_own
    own -= mean_own**2
    rest = own - cross**2 / (square - mean**2 + _NOISE**2)
    left: Floats = np.sqrt(np.maximum(rest, 0))
    contrast, others = (np.sqrt(np.maximum(x, 0)) for x in (own, square - mean**2))
    nothing = np.maximum(_UNLIKE, _NOTHING * contrast)
    # What a frame adds at the edge is none of a soft block's, nor what letters cover.
    inner = np.asarray(cv2.erode(whole.astype(np.uint8), _AROUND, borderValue=0), np.bool_)
    soft = inner & (others < _SOFT * contrast)
    unsure = whole & (left > _UNEXPLAINED) | soft & (left > nothing)
    if _USUAL * median(left[whole]) > _UNEXPLAINED:
        unsure = whole
    if unsure.any():
        left[unsure] = _left_by_filters(picture, other, unsure)
    usual = median(left[whole])
    if usual > _MOST_USUAL:
        return whole
    lacking: Mask = whole & (left > max(_UNEXPLAINED, _USUAL * usual)) | soft & (left > nothing)
    return lacking


def _left_by_filters(picture: Floats, other: Floats, chosen: Mask) -> Floats:
    """What of some windows no filter of the other picture gives, in grey values, shape (n,).

    The filters are fitted window by window: the other picture; blurs of it; and its slopes, which
    stand for small shifts (Lucas and Kanade 1981).
    """
    blurred = [np.asarray(cv2.GaussianBlur(other, (0, 0), sigma)) for sigma in _BLURS]
    greys = [x - _GREY for x in (other, *blurred, picture)]
    sums = _joint_sums(np.stack([*_slopes(other), *greys]))
    # A window is four blocks.
    rows = sums[:-1] + sums[1:]
    sums = (rows[:, :-1] + rows[:, 1:])[chosen] / (2 * _BLOCK) ** 2
    mean = sums[:, -1:, :-1]
    moments = sums[:, :-1, :-1] - mean.swapaxes(1, 2) * mean
    square, cross, own = moments[:, :-1, :-1], moments[:, :-1, -1], moments[:, -1, -1]
    slack = np.diag([0.3] * 2 + [_NOISE**2] * (1 + len(_BLURS)))
    fit = np.linalg.solve(square + slack, cross[..., None])[..., 0]
    left: Floats = np.sqrt(np.maximum(own - (fit * cross).sum(axis=-1), 0))
    return left


def _joint_sums(sheets: Floats) -> npt.NDArray[np.float64]:
    """Of each block the sums of the products of sheets, and of each one, which comes last."""
    count, height, width = sheets.shape
    rows, columns = height // _BLOCK, width // _BLOCK
    values = np.ones((rows, columns, count + 1, _BLOCK, _BLOCK), np.float32)
    parts = sheets.reshape(count, rows, _BLOCK, columns, _BLOCK)
    values[:, :, :-1] = parts.transpose(1, 3, 0, 2, 4)
    values = values.reshape(rows, columns, count + 1, -1)
    return (values @ values.swapaxes(2, 3)).astype(np.float64)


def _places(lacking: Mask, size: tuple[int, int]) -> Mask:
    """Where on the canvas some windows are, each of which covers four blocks."""
    blocks = np.zeros((size[1] // _BLOCK, size[0] // _BLOCK), np.uint8)
    for y, x in np.ndindex(2, 2):
        blocks[y : y + lacking.shape[0], x : x + lacking.shape[1]] |= lacking
    return np.asarray(cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST), np.bool_)


def _windows(sheets: Sequence[Floats]) -> Floats:
    """Means over windows of 2 x 2 blocks, of shape (sheets, height, width)."""
    height, width = sheets[0].shape
    size = width // _BLOCK, height // _BLOCK
    blocks = [cv2.resize(sheet, size, interpolation=cv2.INTER_AREA) for sheet in sheets]
    means = np.asarray(blocks, np.float32)
    rows: Floats = means[:, :-1] + means[:, 1:]
    return (rows[..., :-1] + rows[..., 1:]) / 4


def _correction(common: CommonPart) -> Matrix | None:
    """The affine map of the canvas that lays b on a exactly (Evangelidis and Psarakis 2008)."""
    a, b = (_grey(picture) for picture in (common.a, common.b))
    ends = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 25, 1e-4)
    still, mask = np.eye(2, 3, dtype=np.float32), common.inside.astype(np.uint8)
    try:
        _, found = cv2.findTransformECC(a, b, still, cv2.MOTION_AFFINE, ends, mask, 3)
    except cv2.error:  # nothing to align
        return None
    height, width = a.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1.0]])
    far = np.abs(corners @ found.T - corners[:, :2]).max()
    return np.vstack([found, [0, 0, 1]]) if far < _FAR * max(a.shape) else None
