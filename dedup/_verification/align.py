"""Two pictures laid over each other: find where, and measure how well they agree there.

The only module that imports OpenCV. It measures; what the measurements mean (the score, the
relation) is decided in `evidence.py`, and put into words in `words.py`.

1. `extract` keeps a small grey picture of each image. Its local features are computed when a
   pair first needs them, and kept.
2. `compare` proposes placements of one picture on the other: the same framing, also turned and
   mirrored, which thumbnails suggest; then, where that does not settle the pair, those that
   local features vote for (`dedup._verification.placement`).
3. Each placement is measured block by block where the two overlap, while it is refined.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from dedup._verification.blocks import Blocks
from dedup._verification.evidence import Evidence, Measured
from dedup._verification.placement import (
    Floats,
    Local,
    Matrix,
    is_plausible,
    placements,
    same_framing,
)
from dedup._verification.words import Look, explained

Grey: TypeAlias = npt.NDArray[np.uint8]

OPENCV: Final = cv2.__version__
"""The version that the measurements are made with."""
_PICTURE: Final = 67_200
"""Pixels of the grey picture, 224 x 300: an area, so that a strip costs what a square does."""
_LEAST_PICTURE: Final = 9_600
"""Smaller pictures are enlarged to this many pixels."""
_MOST_FEATURES: Final = 400
_OCTAVES: Final = 6
_STEP: Final = 1.3
"""Local features of a picture at most, and the scales at which they are looked for."""
_CORNER: Final = 8
_PATCH: Final = 31
_MARGIN: Final = 15
"""Grey values by which a corner stands out, pixels that describe it, and those at the border
that have none."""
_RATIO: Final = 0.85
"""Of the distances to the best and second best descriptor (Lowe 2004), for a match."""
_CANVAS: Final = 128 * 128
"""Pixels in which an overlap is compared."""
_BLOCK: Final = 8
_WINDOW: Final = 12
"""Distance of the blocks' centres and side of the window around each, in the canvas."""
_ATTEMPTS: Final = 4
"""The first looks in place; the others search, and correct the placement in between."""
_HOPELESS: Final = 0.25
"""Agreement, in place, below which nothing is searched for."""
_HOPELESS_SCORE: Final = 0.01
"""Score of blocks that may move, below which no correction helps."""
_LEAST_OVERLAP: Final = 0.5
"""Of the picture that it covers most of. Less may be one period of a repeated watermark."""
_NOISE: Final = 1.0
"""Standard deviation, in grey values, that says nothing."""
_REACH: Final = 2
"""Blocks look for their best place within so many pixels of the canvas."""
_THUMBNAIL: Final = 24
"""Side of the thumbnails, in pixels."""
_SPECK: Final = 60
"""Grey values by which a speck of salt or pepper differs from its neighbours."""
_ALIASES: Final = 2.0
"""Pixels of the picture for one of the canvas from which its half is seen."""
_FEW_CORNERS: Final = 40
"""A picture with no more may show too little to tell."""
_BEYOND_DOUBT: Final = 0.99
"""A placement with this score needs no rival."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the alignment needs of one image, about 70 kB, and 60 kB more once compared closely.

    Attributes
    ----------
    grey : ndarray, uint8
        The picture, denoised, reduced (or enlarged) to about `_PICTURE` pixels.
    look : Look
        What the explanation needs besides.
    """

    grey: Grey
    look: Look
    _local: dict[bool, Local] = field(default_factory=dict, repr=False, compare=False)

    _half: list[Grey] = field(default_factory=list, repr=False, compare=False)

    @property
    def computed(self) -> int:
        """How much was computed since it was extracted."""
        return len(self._local) + len(self._half)

    def half(self) -> Grey:
        """`grey` in half its width and height; computed once."""
        if not self._half:
            height, width = self.grey.shape
            half = cv2.resize(self.grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self._half.append(np.asarray(half, np.uint8))
        return self._half[0]

    def local(self, *, mirrored: bool = False) -> Local:
        """Keypoints in pixels of `grey`, or of its mirror image, and their descriptors.

        Computed once.
        """
        if mirrored not in self._local:
            upright = self.local() if mirrored else None
            self._local[mirrored] = (
                _local_features(self.grey) if upright is None else _mirrored(self.grey, upright[0])
            )
        return self._local[mirrored]


def one_thread() -> None:
    """Align with one thread in this process, for all that use OpenCV in it."""
    cv2.setNumThreads(1)


def extract(image: npt.NDArray[np.uint8], *, size: tuple[int, int] | None = None) -> Features:
    """Reduce an image to what `compare` needs.

    Pure, may run in several threads, and leaves the interpreter's lock free while it works.

    Parameters
    ----------
    image : ndarray, shape (height, width, 3), uint8
        RGB, with `SHORT_SIDE` pixels (of `decoding.py`) on the short side if it has as many.
    size : tuple of int, optional
        Width and height of the image before it was reduced, which `Evidence.scale` is about.

    Examples
    --------
    >>> extract(np.zeros((300, 400, 3), np.uint8)).grey.shape
    (224, 299)
    """
    height, width = image.shape[:2]
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    # Impulse noise would cost most features; a median of 3 x 3 takes it away and little else.
    clean = np.asarray(cv2.medianBlur(grey, 3), np.uint8)
    finest = np.asarray(cv2.absdiff(grey, clean), np.uint8)
    counts = np.asarray(cv2.calcHist([finest], [0], None, [256], [0, 256])).ravel()
    blurred = np.asarray(cv2.absdiff(clean, cv2.GaussianBlur(clean, (5, 5), 1.0)))
    thumbnail = cv2.resize(image, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    look = Look(
        size=size or (width, height),
        thumbnail=np.asarray(thumbnail, np.uint8),
        grain=float((counts * np.arange(256)).sum() / grey.size),
        detail=float(blurred.mean()),
        specks=float(counts[_SPECK:].sum() / grey.size),
    )
    return Features(grey=_resized(clean, _PICTURE), look=look)


def compare(a: Features, b: Features) -> Evidence:
    """Align two pictures, and judge whether they show the same one.

    Deterministic, and symmetric: the exchanged pair has the same score and relation, and the
    inverse transformation.

    Examples
    --------
    >>> ramp = np.add.outer(np.arange(240), np.arange(320)).astype(np.uint8)
    >>> picture = np.stack([ramp, ramp.T.reshape(240, 320), 255 - ramp], axis=-1)
    >>> compare(extract(picture), extract(picture)).relation
    'near'
    """
    measured = best_placement(a, b)
    if measured is None:
        return Evidence(0.0, "different")
    return explained(measured, looks=(a.look, b.look), pictures=(a.grey, b.grey))


def best_placement(a: Features, b: Features) -> Measured | None:
    """The likeliest placement of a on b, and what was measured there; None if there is none.

    A pair is always measured one way round, so that (b, a) gives the same.
    """
    if _order(b) < _order(a):
        best = _best(b, a)
        return None if best is None else best.swapped()
    return _best(a, b)


def _best(a: Features, b: Features) -> Measured | None:
    """The placement with the highest score, and the first that leaves no doubt."""
    best: Measured | None = None
    seen: list[Matrix] = []
    for matrix in _proposals(a, b):
        if any(_is_close(a, matrix, other) for other in seen):
            continue
        seen.append(matrix)
        measured = _measure(a, b, matrix)
        if measured is None:
            continue
        if best is None or measured.likelihood > best.likelihood:
            best = measured
        if best.likelihood >= _BEYOND_DOUBT:
            return best
    return best


def _proposals(a: Features, b: Features) -> Iterator[Matrix]:
    """Placements, the cheapest to find first."""
    (ha, wa), (hb, wb) = a.grey.shape, b.grey.shape
    from_unit, to_unit = np.diag([wb, hb, 1.0]), np.diag([1 / wa, 1 / ha, 1])
    for unit in same_framing(a.look.thumbnail, b.look.thumbnail):
        yield (from_unit @ unit @ to_unit)[:2]
    for mirrored in (False, True):
        mirror = np.diag([-1.0 if mirrored else 1.0, 1, 1])
        mirror[0, 2] = wa if mirrored else 0
        matches = _matches(a.local(mirrored=mirrored), b.local())
        for matrix in placements(*matches, size=_PICTURE**0.5, most=2):
            yield matrix @ mirror
    if min(len(picture.local()[0]) for picture in (a, b)) <= _FEW_CORNERS:
        yield (from_unit @ to_unit)[:2]  # where there is nothing to align, that shows it


def _is_close(a: Features, one: Matrix, other: Matrix) -> bool:
    """Whether two placements put the corners of a in nearly the same places."""
    height, width = a.grey.shape
    apart = _moved(_corners(width, height), one) - _moved(_corners(width, height), other)
    return bool(np.abs(apart).max() < 0.02 * _PICTURE**0.5)


def _order(features: Features) -> tuple[tuple[int, ...], bytes]:
    """A key that depends on the picture only, so that a pair is always measured one way."""
    return features.grey.shape, features.grey.tobytes()


# Pictures


def _local_features(grey: Grey) -> Local:
    """ORB (Rublee et al. 2011): a fifth of SIFT's time, for the same pairs."""
    return _local(*_orb().detectAndCompute(grey, None))


def _mirrored(grey: Grey, points: Floats) -> Local:
    """The same keypoints in the mirror image: to detect them anew would cost twice as much."""
    octaves = np.rint(np.log(points[:, 2] / _PATCH) / np.log(_STEP)).astype(int)
    flipped = points * [-1, 1, 1, -1] + [grey.shape[1] - 0.5, -0.5, 0, 180]
    flipped[:, 3] %= 360
    keypoints = [
        cv2.KeyPoint(x, y, size, angle, octave=octave)
        for (x, y, size, angle), octave in zip(flipped.tolist(), octaves.tolist(), strict=True)
    ]
    return _local(*_orb().compute(np.ascontiguousarray(grey[:, ::-1]), keypoints))


def _orb() -> cv2.ORB:
    return cv2.ORB.create(
        nfeatures=_MOST_FEATURES,
        scaleFactor=_STEP,
        nlevels=_OCTAVES,
        edgeThreshold=_MARGIN,
        fastThreshold=_CORNER,
        patchSize=_PATCH,
    )


def _local(points: Sequence[cv2.KeyPoint], descriptors: object) -> Local:
    if descriptors is None:
        return np.empty((0, 4), np.float32), np.empty((0, 32), np.uint8)
    keypoints = np.array([(*p.pt, p.size, p.angle) for p in points], np.float32)
    keypoints[:, :2] += 0.5  # pixel i is centred at i + 0.5
    return keypoints, np.asarray(descriptors, np.uint8)


def _matches(a: Local, b: Local) -> tuple[Floats, Floats]:
    """The keypoints of a that are much more like one of b than like any other; the surest first."""
    (points_a, bits_a), (points_b, bits_b) = a, b
    if len(points_a) < 2 or len(points_b) < 2:
        return points_a[:0], points_b[:0]
    distances, places = cv2.batchDistance(
        bits_a, bits_b, cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    first, second = np.asarray(distances).T
    ratio = first / np.maximum(second, 1)
    good = np.flatnonzero(ratio < _RATIO)
    good = good[np.argsort(ratio[good], kind="stable")]
    return points_a[good], points_b[np.asarray(places)[good, 0]]


# Measurement


def _measure(a: Features, b: Features, matrix: Matrix) -> Measured | None:
    """Lay the two over each other, let the blocks correct the placement, and compare them."""
    best: Measured | None = None
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
) -> Measured:
    """The measurement, freed of the small pictures' sizes."""
    (ha, wa), (hb, wb) = a.grey.shape, b.grey.shape
    full = np.vstack([matrix, [0, 0, 1]])
    return Measured(
        transform=np.diag([1 / wb, 1 / hb, 1]) @ full @ np.diag([wa, ha, 1.0]),
        overlap_a=canvas.share_a,
        overlap_b=canvas.share_b,
        canvas_a=np.diag([1 / wa, 1 / ha, 1]) @ canvas.to_a,
        blocks=blocks,
    )


@dataclass(frozen=True, slots=True)
class _Canvas:
    """The common ground of two placed pictures.

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
    area, crossing = cv2.intersectConvexConvex(_corners(wa, ha), _moved(_corners(wb, hb), inverse))
    growth = abs(float(np.linalg.det(matrix[:, :2])))
    share_a, share_b = area / (wa * ha), area * growth / (wb * hb)
    if crossing is None or max(share_a, share_b) < _LEAST_OVERLAP:
        return None
    polygon: Floats = np.asarray(crossing, np.float32).reshape(-1, 2)
    if growth < 1:  # b shows the overlap in fewer pixels
        polygon, area = _moved(polygon, full), area * growth
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
    pb = _warped(b, canvas.to_b, canvas.size, margin=reach)
    (mean_a,), mean_b = _windows(pa), _mean(pb)
    (square_a,) = _windows(pa * pa)
    var_a = square_a - mean_a**2 + _NOISE**2
    var_b = _mean(pb * pb) - mean_b**2 + _NOISE**2
    first = _WINDOW // 2
    span = 2 * reach + 1
    shifted = [np.s_[dy : dy + height, dx : dx + width] for dy in range(span) for dx in range(span)]
    products = np.empty((span**2, height, width), np.float32)
    for product, there in zip(products, shifted, strict=True):
        np.multiply(pa, pb[there], out=product)
    means, variances = (
        _shifts(x[first:, first:], span=span, shape=mean_a.shape) for x in (mean_b, var_b)
    )
    both = _windows(products.reshape(-1, width), sheets=span**2).reshape(means.shape)
    likeness = (both - mean_a * means) / np.sqrt(var_a * variances)
    mean, var = means[reach, reach], variances[reach, reach]
    pb = pb[reach : reach + height, reach : reach + width]
    rows, columns = np.indices(mean_a.shape)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(canvas.polygon).astype(np.int32), 255)
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8))  # the border's pixels are blends
    return Blocks(
        centres=np.stack([columns, rows], axis=-1) * _BLOCK + _WINDOW / 2,
        step=_BLOCK,
        inside=_windows(np.asarray(inner, np.float32))[0] > 250,
        likeness=likeness,
        mean_a=mean_a,
        mean_b=mean,
        spread_a=np.sqrt(var_a),
        spread_b=np.sqrt(var),
        texture_a=_texture(pa),
        texture_b=_texture(pb),
    )


def _shifts(values: Floats, *, span: int, shape: tuple[int, ...]) -> Floats:
    """Values at each block, displaced by (y, x); shape (span, span, rows, columns)."""
    down, right = values.strides
    steps = (down, right, down * _BLOCK, right * _BLOCK)
    return as_strided(values, (span, span, *shape), steps, writeable=False)


def _texture(picture: Floats) -> Floats:
    """Mean squared slope of each window across its weaker direction (Shi and Tomasi 1994)."""
    dx = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)
    dy = np.asarray(cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)
    xx, yy, xy = _windows(np.concatenate([dx * dx, dy * dy, dx * dy]), sheets=3)
    weaker: Floats = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy**2))
    return weaker


def _windows(values: Floats, *, sheets: int = 1) -> Floats:
    """Means of the windows, which reach half a block beyond their block.

    Of several sheets one above the other; shape (sheets, rows, columns).
    """
    height, width = values.shape
    cell = _WINDOW // 3
    cells = cv2.resize(values, (width // cell, height // cell), interpolation=cv2.INTER_AREA)
    means = np.asarray(cv2.boxFilter(cells, -1, (3, 3)), np.float32)
    return means.reshape(sheets, -1, width // cell)[:, 1:-1:2, 1:-1:2]


def _mean(values: Floats) -> Floats:
    """Means of the windows around every pixel, at offset _WINDOW // 2 of the window."""
    middle = (_WINDOW // 2, _WINDOW // 2)
    return np.asarray(cv2.boxFilter(values, -1, (_WINDOW, _WINDOW), anchor=middle), np.float32)


def _warped(picture: Features, to_picture: Matrix, size: tuple[int, int], *, margin: int) -> Floats:
    """A picture as the canvas sees it, smoothed a little, with a margin around."""
    grey = picture.grey
    (xx, xy), (yx, yy) = to_picture[:2, :2].tolist()
    if abs(xx * yy - xy * yx) > _ALIASES:
        (height, width), grey = grey.shape, picture.half()
        to_picture = np.diag([width // 2 / width, height // 2 / height, 1]) @ to_picture
    # Pixel i is centred at i + 0.5.
    to_index = _shift(-0.5) @ to_picture @ _shift(0.5 - margin)
    canvas = cv2.warpAffine(
        grey,
        to_index[:2],
        (size[0] + 2 * margin, size[1] + 2 * margin),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    smooth = cv2.GaussianBlur(np.asarray(canvas, np.float32), (5, 5), 1.0)
    return np.asarray(smooth, np.float32)


def _resized(grey: Grey, pixels: int) -> Grey:
    """The picture in about so many pixels."""
    height, width = grey.shape
    zoom = min(1.0, (pixels / (width * height)) ** 0.5)
    zoom = max(zoom, (_LEAST_PICTURE / (width * height)) ** 0.5)
    size = max(8, round(width * zoom)), max(8, round(height * zoom))
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)


def _corners(width: int, height: int) -> Floats:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _moved(points: Floats, matrix: Matrix) -> Floats:
    moved: Floats = (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)
    return moved


def _shift(by: float) -> Matrix:
    return np.array([[1, 0, by], [0, 1, by], [0, 0, 1]])
