"""One picture laid over another: how well they agree, block by block, where they overlap."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from dedup._base.opencv import cv2
from dedup._verification.blocks import Blocks
from dedup._verification.evidence import BlockMatch
from dedup._verification.features import Features
from dedup._verification.registration import Floats, Matrix, corners, is_plausible, moved

__all__ = ["ALIASES", "match_blocks"]

_CANVAS: Final = 128 * 128
"""Pixels in which an overlap is compared."""
_BLOCK: Final = 8
_WINDOW: Final = 12
"""Distance of the blocks' centres and side of the window around each, in the canvas: both are
made of the same cells."""
_HALF: Final = _WINDOW // 2
_CELL: Final = 4
_ATTEMPTS: Final = 4
"""The first looks in place; the others search, and correct the registration in between."""
_HOPELESS: Final = 0.35
"""Agreement, in place, below which nothing is searched for."""
_HOPELESS_SCORE: Final = 0.01
"""Score of blocks that may move, below which no correction helps."""
_LEAST_OVERLAP: Final = 0.5
"""Of the picture that it covers most of. Less may be one period of a repeated watermark."""
_NOISE: Final = 1.0
"""Standard deviation, in grey values, that says nothing."""
_REACH: Final = 2
"""Blocks look for their best place within so many pixels of the canvas."""
ALIASES: Final = 2.0
"""Pixels of the picture for one of the canvas from which its half is seen."""
_OWN: Final = 11
"""Means of each window that no shift changes: of a, its square, b, its square, what is inside, and
three products of slopes of each."""
_SMOOTH: Final = cv2.getGaussianKernel(5, 1.0, cv2.CV_32F)
_CROSSING: Final = np.ones((3, 3), np.uint8)


def match_blocks(a: Features, b: Features, matrix: Matrix) -> BlockMatch | None:
    """Lay the two over each other, let the blocks correct the registration, and compare them."""
    best: BlockMatch | None = None
    for attempt in range(_ATTEMPTS):
        canvas = _canvas(a, b, matrix)
        if canvas is None:
            return best
        blocks = _blocks(a, b, canvas, reach=_REACH if attempt else 0)
        best = _measured(a, b, matrix, canvas, blocks)
        if attempt == 0:
            if blocks.is_clear or blocks.agreement(blocks.rigid) < _HOPELESS:
                return best
        elif blocks.correction is None or blocks.is_settled or best.likelihood < _HOPELESS_SCORE:
            return best
        else:
            matrix = canvas.corrected(blocks.correction)
    return best


def _measured(
    a: Features, b: Features, matrix: Matrix, canvas: "_Canvas", blocks: Blocks
) -> BlockMatch:
    """The measurement, freed of the small pictures' sizes."""
    (ha, wa), (hb, wb) = a.grey.shape, b.grey.shape
    full = np.vstack([matrix, [0, 0, 1]])
    return BlockMatch(
        transform=np.diag([1 / wb, 1 / hb, 1]) @ full @ np.diag([wa, ha, 1.0]),
        overlap_a=canvas.share_a,
        overlap_b=canvas.share_b,
        canvas_a=np.diag([1 / wa, 1 / ha, 1]) @ canvas.to_a,
        blocks=blocks,
    )


@dataclass(frozen=True, slots=True)
class _Canvas:
    """The common ground of two registered pictures.

    Attributes
    ----------
    size : tuple of int
        Width and height in pixels of the canvas.
    to_a, to_b : ndarray, shape (3, 3)
        From the canvas to the pictures, in pixels.
    polygon : ndarray, shape (n, 2)
        The overlap, in the canvas.
    share_a, share_b : float
        Parts of the pictures that the overlap covers.
    """

    size: tuple[int, int]
    to_a: Matrix
    to_b: Matrix
    polygon: Floats
    share_a: float
    share_b: float

    def corrected(self, correction: Matrix) -> Matrix:
        """The transformation from a to b, where the canvas of b moves by `correction`."""
        matrix: Matrix = (self.to_b @ correction @ np.linalg.inv(self.to_a))[:2]
        return matrix


def _canvas(a: Features, b: Features, matrix: Matrix) -> _Canvas | None:
    """The box around the overlap, at the coarser picture's resolution or a lower one."""
    if not is_plausible(matrix):
        return None
    full = np.vstack([matrix, [0, 0, 1]])
    (ha, wa), (hb, wb) = a.grey.shape, b.grey.shape
    inverse = np.linalg.inv(full)
    area, crossing = cv2.intersectConvexConvex(corners(wa, ha), moved(corners(wb, hb), inverse))
    (xx, xy), (yx, yy) = matrix[:, :2].tolist()
    growth = abs(xx * yy - xy * yx)
    share_a, share_b = area / (wa * ha), area * growth / (wb * hb)
    if crossing is None or max(share_a, share_b) < _LEAST_OVERLAP:
        return None
    polygon: Floats = np.asarray(crossing, np.float32).reshape(-1, 2)
    if growth < 1:  # b shows the overlap in fewer pixels
        polygon, area = moved(polygon, full), area * growth
    zoom = min(1.0, (_CANVAS / area) ** 0.5)
    corner = polygon.min(axis=0)
    size = np.ceil((polygon.max(axis=0) - corner) * zoom / _BLOCK) * _BLOCK
    if min(size) < 2 * _WINDOW:
        return None
    base = np.array([[1 / zoom, 0, corner[0]], [0, 1 / zoom, corner[1]], [0, 0, 1]])
    to_a, to_b = (inverse @ base, base) if growth < 1 else (base, full @ base)
    width, height = size.astype(int).tolist()
    return _Canvas((width, height), to_a, to_b, (polygon - corner) * zoom, share_a, share_b)


def _blocks(a: Features, b: Features, canvas: _Canvas, *, reach: int) -> Blocks:
    """Correlate windows around the blocks' centres, for all shifts within reach."""
    width, height = canvas.size
    pa = _warped(a, canvas.to_a, canvas.size, margin=0)
    wide = _warped(b, canvas.to_b, canvas.size, margin=reach)
    pb = wide[reach : reach + height, reach : reach + width]
    span = 2 * reach + 1
    # All that is averaged over the windows, at once.
    sheets = np.empty((_OWN + span**2, height, width), np.float32)
    own, products = sheets[:_OWN], sheets[_OWN:]
    own[0], own[2], own[4] = pa, pb, _inside(canvas)
    np.multiply(pa, pa, out=own[1])
    np.multiply(pb, pb, out=own[3])
    _slopes(pa, out=own[5:8])
    _slopes(pb, out=own[8:11])
    for product, (dy, dx) in zip(products, np.ndindex(span, span), strict=True):
        np.multiply(pa, wide[dy : dy + height, dx : dx + width], out=product)
    means = _windows(sheets)
    mean_a, square_a, mean_b, square_b, inside, *slopes = means[:_OWN]
    var_a, var_b = square_a - mean_a**2 + _NOISE**2, square_b - mean_b**2 + _NOISE**2
    both = means[_OWN:].reshape(span, span, *mean_a.shape)
    if reach:
        mean, square = _mean(wide), _mean(wide * wide)
        near = [mean, square - mean**2 + _NOISE**2]
        means_b, vars_b = (_shifts(x[_HALF:, _HALF:], span=span, shape=mean_a.shape) for x in near)
    else:
        means_b, vars_b = mean_b, var_b
    return Blocks(
        centres=_centres(*mean_a.shape),
        step=_BLOCK,
        inside=inside > 250,
        likeness=(both - mean_a * means_b) / np.sqrt(var_a * vars_b),
        mean_a=mean_a,
        mean_b=mean_b,
        spread_a=np.sqrt(var_a),
        spread_b=np.sqrt(var_b),
        texture_a=_texture(*slopes[:3]),
        texture_b=_texture(*slopes[3:]),
    )


@lru_cache(maxsize=64)
def _centres(rows: int, columns: int) -> Floats:
    y, x = np.indices((rows, columns), np.float64)
    centres: Floats = np.stack([x, y], axis=-1) * _BLOCK + _HALF
    centres.flags.writeable = False  # it is shared
    return centres


def _inside(canvas: _Canvas) -> npt.NDArray[np.uint8]:
    """255 where both pictures cover the canvas, but for the border, whose pixels are blends."""
    width, height = canvas.size
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(canvas.polygon).astype(np.int32), 255)
    return np.asarray(cv2.erode(mask, _CROSSING), np.uint8)


def _shifts(values: Floats, *, span: int, shape: tuple[int, ...]) -> Floats:
    """Values at each block, displaced by (y, x); shape (span, span, rows, columns)."""
    down, right = values.strides
    steps = (down, right, down * _BLOCK, right * _BLOCK)
    return as_strided(values, (span, span, *shape), steps, writeable=False)


def _slopes(picture: Floats, *, out: Floats) -> None:
    """Products of the slopes across and down: xx, yy and xy."""
    dx = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)
    dy = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)
    np.multiply(dx, dx, out=out[0])
    np.multiply(dy, dy, out=out[1])
    np.multiply(dx, dy, out=out[2])


def _texture(xx: Floats, yy: Floats, xy: Floats) -> Floats:
    """Mean squared slope of each window across its weaker direction (Shi and Tomasi 1994)."""
    weaker: Floats = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy**2))
    return weaker


def _windows(sheets: Floats) -> Floats:
    """Means over the windows, which reach half a block beyond their block.

    From shape (sheets, height, width) to (sheets, rows, columns).
    """
    count, _, width = sheets.shape
    cells: Floats = sheets.reshape(-1, width)
    for _ in range(2):  # a third of the time that cells of four pixels take at once
        half = cells.shape[1] // 2, cells.shape[0] // 2
        cells = np.asarray(cv2.resize(cells, half, interpolation=cv2.INTER_AREA), np.float32)
    means = np.asarray(cv2.boxFilter(cells, -1, (3, 3)), np.float32)
    return means.reshape(count, -1, width // _CELL)[:, 1:-1:2, 1:-1:2]


def _mean(values: Floats) -> Floats:
    """Means of the windows around every pixel, at offset _WINDOW // 2 of the window."""
    middle = (_HALF, _HALF)
    return np.asarray(cv2.boxFilter(values, -1, (_WINDOW, _WINDOW), anchor=middle), np.float32)


def _warped(picture: Features, to_picture: Matrix, size: tuple[int, int], *, margin: int) -> Floats:
    """A picture as the canvas sees it, smoothed a little, with a margin around."""
    grey = picture.grey
    (xx, xy), (yx, yy) = to_picture[:2, :2].tolist()
    if abs(xx * yy - xy * yx) > ALIASES:
        (height, width), grey = grey.shape, picture.half()
        to_picture = np.diag([width // 2 / width, height // 2 / height, 1]) @ to_picture
    # Pixel i is centred at i + 0.5.
    to_index = to_picture[:2].copy()
    to_index[:, 2] += to_picture[:2, :2].sum(axis=1) * (0.5 - margin) - 0.5
    canvas = cv2.warpAffine(
        grey,
        to_index,
        (size[0] + 2 * margin, size[1] + 2 * margin),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.sepFilter2D(canvas, cv2.CV_32F, _SMOOTH, _SMOOTH), np.float32)
