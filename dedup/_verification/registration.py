"""Where one picture may lie on the other, from thumbnails and from local features.

Without OpenCV. A keypoint is a row (x, y, size, angle in degrees); a registration of a on b is an
affine matrix from places in a to places in b.
"""

import math
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
Matrix: TypeAlias = npt.NDArray[np.floating[Any]]

_MIN_VOTES: Final = 6
"""Matches that must agree: fewer do so by chance, and copies have dozens."""
_LEAST_SHARE: Final = 0.15
"""Part of the matches that must agree: of many, more do so by chance, as in Brown and Lowe (2007,
section 3.2), who count the features of the overlap. Of 757 copies none needed less than 0.2."""
_HYPOTHESES: Final = 64
"""So many of the best matches propose a similarity."""
_VOTED_SIZE: Final = math.log(1.7)
_VOTED_TURN: Final = math.cos(math.radians(30))
"""Ratio of the scales, and angle between the turns, within which two matches agree."""
_PAIRS: Final = 4000
_PROPOSALS: Final = 400
_MIN_AGREED: Final = 12
_FEW: Final = 0.08
"""Two matches that propose a similarity: so many are drawn, so many looked at; and matches, and
part of them, that must agree. Of 12 pairs with a photographed page that are found so 0.12 to 0.44
agree; of 1,096 pairs of other pages of one layout, three quarters have less than 0.08."""
_APART: Final = 0.15
_AGREE: Final = 0.012
_ZOOM: Final = 1.6
_TURN: Final = math.radians(20)
"""Parts of the picture's side by which two matches are apart, and within which others agree; most
by which a copy is zoomed, and turned."""
_MAX_SCALE: Final = 8.0
_MAX_STRETCH: Final = 2.0
"""Largest ratio of the two axes' scales: 16:9 squeezed into a square is 1.78."""

_SAME: Final = 0.5
"""Correlation of thumbnails in one framing. Of 5,000 compared pairs, none below it was the same
picture in that framing."""

# On the unit square, y downwards: what `np.rot90` and a horizontal flip do.
_WHOLE_PIXELS: Final = 2.0
"""Pixels by which a registration may be wrong: within them it is taken to be on whole pixels."""
_QUARTER_TURN: Final = np.array([[0.0, 1, 0], [-1, 0, 1], [0, 0, 1]])
_FLIP: Final = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])


def same_framing(a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> list[Matrix]:
    """The framings, as it is, turned or mirrored, under which the thumbnails agree best.

    Parameters
    ----------
    a, b : ndarray, shape (side, side, 3), uint8
        Thumbnails of the whole pictures.

    Returns
    -------
    list of ndarray, shape (3, 3)
        At most two, on the unit square, the likelier first.
    """
    pixels, matrices = _framings(len(a))
    alike = _normalised(a)[pixels] @ _normalised(b)
    likely = [
        framing for framing in np.argsort(-alike, kind="stable")[:2] if alike[framing] > _SAME
    ]
    return [matrices[framing] for framing in likely]


@cache
def _framings(side: int) -> tuple[npt.NDArray[np.intp], list[Matrix]]:
    """The pixels of a square, turned and mirrored, and what that does to the unit square."""
    upright = np.arange(side * side).reshape(side, side)
    pixels, matrices = [], []
    for square, mirror in ((upright, np.eye(3)), (upright[:, ::-1], _FLIP)):
        for turns in range(4):
            pixels.append(np.rot90(square, turns).ravel())
            matrices.append(np.linalg.matrix_power(_QUARTER_TURN, turns) @ mirror)
    return np.array(pixels), matrices


def _normalised(thumbnail: npt.NDArray[np.uint8]) -> Floats:
    """Brightness, free of its mean, as a vector of unit length."""
    values = thumbnail.reshape(-1, 3).astype(np.float32) @ np.ones(3, np.float32)
    values -= values.mean()
    unit: Floats = values / max(float(np.linalg.norm(values)), 1e-6)
    return unit


def registrations(a: Floats, b: Floats, *, size: float, most: int) -> list[Matrix]:
    """Transformations that many matches agree on, the one with most votes first.

    Each of the best matches proposes a similarity, from its keypoints' places, sizes and angles
    (generalised Hough voting as in Lowe 2004, section 7.3, but deterministic and without
    bins); the matches that agree with it are fitted, and leave before the next round.

    Parameters
    ----------
    a, b : ndarray, shape (n, 4)
        Matched keypoints, best match first.
    size : float
        Side of the pictures in pixels; tolerances are parts of it.
    most : int
        Number of transformations wanted at most.
    """
    found: list[Matrix] = []
    a, b = a.astype(np.float64), b.astype(np.float64)
    while len(a) >= _MIN_VOTES and len(found) < most:
        least = max(_MIN_VOTES, _LEAST_SHARE * len(a))
        votes = _votes(a, b, tolerance=0.04 * size)
        best = int(votes.sum(axis=1).argmax())
        if votes[best].sum() < least:
            break
        matrix, inliers = _refined(a, b, votes[best], size=size)
        if inliers.sum() >= least and is_plausible(matrix):
            found.append(matrix)
        left = ~(inliers | votes[best])
        a, b = a[left], b[left]
    return found


def agreed(a: Floats, b: Floats, *, size: float) -> Matrix | None:
    """The transformation of an upright picture that most matches agree on; None if few do.

    Each two matches propose a similarity: on a grid, or in small print, a keypoint's own size and
    angle say little (`registrations` trusts them), and most matches are wrong.

    Parameters
    ----------
    a, b : ndarray, shape (n, 4)
        Matched keypoints.
    size : float
        Side of the pictures in pixels; tolerances are parts of it.
    """
    a, b = a[:, :2].astype(np.float64), b[:, :2].astype(np.float64)
    if len(a) < _MIN_AGREED:
        return None
    za, zb = (points[:, 0] + 1j * points[:, 1] for points in (a, b))
    one, two = np.random.default_rng(0).integers(len(a), size=(2, _PAIRS))
    apart = za[two] - za[one]
    factor = (zb[two] - zb[one]) / np.where(apart == 0, 1, apart)
    likely = (np.abs(apart) > _APART * size) & (np.abs(factor) > 1 / _ZOOM)
    likely &= (np.abs(factor) < _ZOOM) & (np.abs(np.angle(factor)) < _TURN)
    chosen = np.flatnonzero(likely)[:_PROPOSALS]
    if not len(chosen):
        return None
    spin, start = factor[chosen, None], one[chosen, None]
    off = spin * (za - za[start]) + zb[start] - zb
    votes = off.real**2 + off.imag**2 < (_AGREE * size) ** 2  # a quarter of the time of `abs`
    inliers = votes[int(votes.sum(axis=1).argmax())]
    for _ in range(2):
        if inliers.sum() < max(_MIN_AGREED, _FEW * len(a)):
            return None
        matrix = _affine(a[inliers], b[inliers])
        inliers = ((a @ matrix[:, :2].T + matrix[:, 2] - b) ** 2).sum(axis=1) < (_AGREE * size) ** 2
    return matrix if is_plausible(matrix) else None


def is_plausible(matrix: Matrix) -> bool:
    """Whether an edit of a picture may be this transformation: no extreme scale or stretch.

    Examples
    --------
    >>> is_plausible(np.array([[2.0, 0, 5], [0, 2, 0]]))
    True
    >>> is_plausible(np.array([[9.0, 0, 5], [0, 1, 0]]))
    False
    """
    # Singular values of a 2 x 2 matrix, which are half the sum and difference of two lengths.
    (xx, xy), (yx, yy) = matrix[:, :2].tolist()
    one, other = math.hypot(xx + yy, xy - yx), math.hypot(xx - yy, xy + yx)
    large, small = (one + other) / 2, abs(one - other) / 2
    return small * _MAX_SCALE > 1 and large < _MAX_SCALE and large < _MAX_STRETCH * small


def _votes(a: Matrix, b: Matrix, *, tolerance: float) -> npt.NDArray[np.bool_]:
    """Which match (column) agrees with the similarity that each of the best (row) proposes."""
    best = slice(0, _HYPOTHESES)
    ratio = b[:, 2] / a[:, 2]
    size = np.log(ratio)
    turn = np.exp(1j * np.radians(b[:, 3] - a[:, 3]))
    za, zb = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    spin = (ratio * turn)[best, None]
    error = np.abs(spin * (za - za[best, None]) + zb[best, None] - zb)
    agree: npt.NDArray[np.bool_] = error < tolerance * np.maximum(1, ratio[best, None])
    agree &= np.abs(size - size[best, None]) < _VOTED_SIZE
    directions = np.stack([turn.real, turn.imag], axis=1)
    agree &= directions[best] @ directions.T > _VOTED_TURN  # the cosine of the angle between
    return agree


def _refined(
    a: Matrix, b: Matrix, inliers: npt.NDArray[np.bool_], *, size: float
) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Fit a similarity, then an affine map, while the tolerance narrows."""
    matrix: Matrix = np.eye(2, 3)
    for tolerance, affine in ((0.04, False), (0.03, True), (0.02, True), (0.02, True)):
        count = int(inliers.sum())
        if count < _MIN_VOTES:
            break
        fit = _affine if affine and count >= 2 * _MIN_VOTES else _similarity
        matrix = fit(a[inliers, :2], b[inliers, :2])
        (xx, xy), (yx, yy) = matrix[:, :2].tolist()
        scale = max(1.0, abs(xx * yy - xy * yx) ** 0.5)
        apart = a[:, :2] @ matrix[:, :2].T + (matrix[:, 2] - b[:, :2])
        inliers = (apart**2).sum(axis=1) < (tolerance * size * scale) ** 2
    return matrix, inliers


def _similarity(a: Matrix, b: Matrix) -> Matrix:
    """Least squares: rotation, scale and shift, as one complex factor and one summand."""
    za, zb = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    ca, cb = za.mean(), zb.mean()
    spread = (np.abs(za - ca) ** 2).sum()
    factor = (np.conj(za - ca) * (zb - cb)).sum() / max(spread, 1e-9)
    shift = cb - factor * ca
    re, im = factor.real, factor.imag
    return np.array([[re, -im, shift.real], [im, re, shift.imag]])


def _affine(a: Matrix, b: Matrix) -> Matrix:
    """Least squares: all six parameters."""
    ca, cb = a.mean(axis=0), b.mean(axis=0)
    a, b = a - ca, b - cb
    square = a.T @ a
    square[[0, 1], [0, 1]] += 1e-9 * (1 + np.trace(square))  # they may lie on one line
    linear = np.linalg.solve(square, a.T @ b).T
    return np.column_stack([linear, cb - linear @ ca])


def mirror(width: int) -> Matrix:
    """What swaps left and right in a picture of so many pixels; of 0 pixels, nothing."""
    flip = np.diag([-1.0 if width else 1.0, 1, 1])
    flip[0, 2] = width
    return flip


def corners(width: int, height: int) -> Floats:
    """Of a picture, shape (4, 2)."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def moved(points: Floats, matrix: Matrix) -> Floats:
    """Points, shape (n, 2), where an affine matrix puts them."""
    there: Floats = (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)
    return there


def on_whole_pixels(pixels: Matrix, *, size: tuple[int, int]) -> Matrix:
    """The registration without its fractions of a pixel, if it keeps the size.

    These are errors, and interpolation would take detail from one of the pictures only.
    """
    turn = np.rint(pixels[:2, :2])
    if abs(abs(np.linalg.det(turn)) - 1) > 1e-9:
        return pixels
    middle = np.array([size[0] / 2, size[1] / 2])
    whole = np.eye(3)
    whole[:2, :2] = turn
    shift = pixels[:2, :2] @ middle + pixels[:2, 2] - turn @ middle
    whole[:2, 2] = np.rint(shift)
    corners = np.array([[0, 0, 1], [size[0], 0, 1], [0, size[1], 1], [*size, 1.0]])
    far = np.abs(corners @ (pixels - whole)[:2].T).max()
    return whole if far < _WHOLE_PIXELS else pixels
