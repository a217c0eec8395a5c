"""The pictures of a group laid over each other, and what most of them show.

All are laid into the frame of one to which each was aligned. Edits change a picture each in its
own way, so that the median of what is seen at a place is the picture before them; what differs
from it was altered. It takes about a millisecond a picture, as no pixel is read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Mask
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.block_matching import ALIASES
from dedup._verification.edits import SEAM, plain_share
from dedup._verification.features import Features
from dedup._verification.registration import Floats, Matrix
from dedup._verification.tints import CHROMA

__all__ = ["Layer", "Standing", "standings"]


_CANVAS: Final = 112 * 112
"""Pixels that the first picture takes."""
_PIXELS: Final = 4_000_000
"""Pixels that all take together, at most."""
_FARTHEST: Final = 1.0
"""How far, in its sides, the canvas reaches beyond it."""
_VOTERS: Final = 25
"""Pictures that are asked what a place shows."""
_THREE: Final = 3
"""Of two that differ nobody knows which was altered."""
_EDGE: Final = 0.012
"""Parts of a picture's sides that its edge may be wrong by."""
_SAMPLE: Final = 2_000
"""Places from which tones are learnt."""
_TOLERANCE: Final = 12.0
"""Grey values by which a place may lie beyond what is seen around it in the median."""
_PLAIN: Final = 6.0
"""Contrast of what may be a bar, if only one shows it."""
_MUCH: Final = 0.02
"""Part of a picture that was altered, from which what only that one shows may be something else."""
_BEYOND: Final = 0.03
"""Part of a picture that is looked at to see whether it is a ground."""
_ALL_PLAIN: Final = 0.85
"""Part of a ground, or of what lies along a picture's edges on one, that has few grey values."""
_NEAR: Final = np.ones((3, 3), np.uint8)
_AROUND: Final = np.ones((7, 7), np.uint8)
_GRID: Final = 14
"""Places along each side at which colours are compared."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture, and where it lies.

    Attributes
    ----------
    features : Features
    to_picture : ndarray, shape (3, 3)
        From a place in the first picture to the same place here, in parts of their sides.
    is_framed : bool
        Whether it was put on a ground, or into something else.
    """

    features: Features
    to_picture: Matrix
    is_framed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a picture stands among those of its group.

    Attributes
    ----------
    covered : float
        Part of all that they show that it shows as most do, 0 to 1.
    altered : float
        Part of its own that shows something else than most, 0 to 1.
    colour : float
        Standard deviation of its colours, in grey values, that its light and dark do not tell:
        none of a grey or sepia one.
    tint : float
        How far its colours, light and dark are from those of most, in grey values.
    is_framed : bool
        Whether it was put on a ground, into something else, or altered much.
    """

    covered: float
    altered: float
    colour: float
    tint: float
    is_framed: bool


def standings(layers: Sequence[Layer]) -> list[Standing]:
    """How each picture stands among the others.

    Parameters
    ----------
    layers : sequence of Layer
        Of three pictures or more, of which the first is the one that all were aligned to.
    """
    size, to_first = _canvas(layers)
    greys = np.stack([_warped(layer, layer.to_picture @ to_first, size) for layer in layers])
    shown, reach = (
        np.stack([_covered(layer.to_picture @ to_first, size, slack=slack) for layer in layers])
        for slack in (-_EDGE, _EDGE)
    )
    framed = np.array([layer.is_framed for layer in layers])
    voters = ~framed if (~framed).sum() >= _THREE else np.ones_like(framed)  # grounds know nothing
    count = shown[voters].sum(axis=0)
    usual = _median(greys[voters], shown[voters])
    greys = np.stack([_toned(*layer, usual, count) for layer in zip(greys, shown, strict=True)])
    usual = _median(greys[voters], shown[voters])
    known = shown & (count >= _THREE)
    deviant = np.stack([_deviates(grey, usual) for grey in greys]) & known
    altered = deviant.sum(axis=(1, 2)) / shown.sum(axis=(1, 2)).clip(1)
    framed |= altered > _MUCH
    for number in np.flatnonzero(~framed).tolist():
        framed[number] = _is_framed(number, greys=greys, reach=reach, framed=framed)
    scene = _scene(reach[~framed] if not framed.all() else reach, usual)
    colours, tints = _colours(layers)
    return [
        Standing(
            covered=float((reach[number] & scene & ~deviant[number]).sum() / max(scene.sum(), 1)),
            altered=float(altered[number]),
            colour=colours[number],
            tint=tints[number],
            is_framed=bool(framed[number]),
        )
        for number in range(len(layers))
    ]


def _scene(reach: Mask, usual: Floats) -> Mask:
    """Where there is picture: what only one shows is none if it is plain."""
    number = reach.sum(axis=0)
    contrast = np.asarray(cv2.dilate(usual, _AROUND)) - np.asarray(cv2.erode(usual, _AROUND))
    scene: Mask = (number > 1) | ((number == 1) & (contrast > _PLAIN))
    return scene


def _is_framed(number: int, *, greys: Floats, reach: Mask, framed: Mask) -> bool:
    """Whether what one picture shows beyond all others is a ground: plain, or behind a seam.

    Or plain along their edges only, where nothing of theirs goes on: a white page in a screenshot.
    """
    others = ~framed
    others[number] = False
    within = reach[others].any(axis=0)
    alone = reach[number] & ~within
    if not alone.sum() > _BEYOND * reach[number].sum() or not within.any():
        return False
    grey = greys[number]
    if _is_plain(grey[alone]):
        return True
    steps = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    inner = within.astype(np.uint8)
    near, far = (
        np.asarray(cv2.dilate(inner, square) - cv2.erode(inner, square), np.bool_) & reach[number]
        for square in (_NEAR, _AROUND)
    )
    beside = far & ~np.asarray(cv2.dilate(near.astype(np.uint8), _NEAR), np.bool_)
    if not near.any() or not beside.any():
        return False
    if _is_plain(grey[near]):
        return True  # nothing of the picture goes on there
    return float(steps[near].mean() + 1) > SEAM * float(steps[beside].mean() + 1)


def _is_plain(values: Floats) -> bool:
    return plain_share(values.clip(0, 255).astype(np.uint8)) > _ALL_PLAIN


def _canvas(layers: Sequence[Layer]) -> tuple[tuple[int, int], Matrix]:
    """Size of a canvas with all, but for grounds; and from there to the first."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1.0]])
    bare = [layer for layer in layers if not layer.is_framed] or layers[:1]
    places = np.concatenate([corners @ np.linalg.inv(layer.to_picture)[:2].T for layer in bare])
    low = places.min(axis=0).clip(-_FARTHEST, 0)
    high = places.max(axis=0).clip(1, 1 + _FARTHEST)
    width, height = layers[0].features.look.size
    pixels = min(_CANVAS, _PIXELS / (len(layers) * float(np.prod(high - low))))
    sides = np.array([(pixels * width / height) ** 0.5, (pixels * height / width) ** 0.5])
    columns, rows = np.ceil((high - low) * sides).astype(int).tolist()
    base = np.array([[1 / sides[0], 0, low[0]], [0, 1 / sides[1], low[1]], [0, 0, 1]])
    return (columns, rows), base


def _warped(layer: Layer, to_unit: Matrix, size: tuple[int, int]) -> Floats:
    """A picture as the canvas shows it, smoothed a little."""
    grey = layer.features.grey
    pixels = np.diag([grey.shape[1], grey.shape[0], 1.0]) @ to_unit
    if abs(np.linalg.det(pixels[:2, :2])) > ALIASES:
        grey = layer.features.half()
        pixels = np.diag([grey.shape[1], grey.shape[0], 1.0]) @ to_unit
    matrix = pixels[:2].copy()
    matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5  # pixel i is centred at i + 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(grey, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(np.asarray(warped, np.float32), (0, 0), 0.8), np.float32)


def _covered(to_unit: Matrix, size: tuple[int, int], *, slack: float) -> Mask:
    """Where on the canvas the picture lies, and beyond by a slack in parts of its sides."""
    x, y = np.arange(size[0]) + 0.5, (np.arange(size[1]) + 0.5)[:, None]
    u, v = (row[0] * x + row[1] * y + row[2] for row in to_unit[:2])
    inside: Mask = (abs(u - 0.5) < 0.5 + slack) & (abs(v - 0.5) < 0.5 + slack)
    return inside


def _median(greys: Floats, shown: Mask) -> Floats:
    """What most show at each place; of an even number, between the two in the middle."""
    step = -(-len(greys) // _VOTERS)
    values = np.where(shown[::step], greys[::step], np.inf)
    lacking = ~np.isfinite(values).any(axis=0)
    ranked = np.sort(values.reshape(len(values), -1).T, axis=1)  # rows are close in memory
    number = np.isfinite(ranked).sum(axis=1).clip(1)
    rows = np.arange(len(ranked))
    middle = (ranked[rows, (number - 1) // 2] + ranked[rows, number // 2]) / 2
    usual = middle.reshape(greys.shape[1:])
    if lacking.any():  # only others show it
        usual[lacking] = np.where(shown, greys, 0).max(axis=0)[lacking]
    return np.asarray(usual, np.float32)


def _toned(grey: Floats, shown: Mask, usual: Floats, count: npt.NDArray[np.int_]) -> Floats:
    """A picture in the tones of most: what differs most from a smooth change is left out."""
    places = np.flatnonzero(shown & (count > 1))
    places = places[:: max(1, len(places) // _SAMPLE)]
    if len(places) < _SAMPLE // 40:
        return grey
    own, other = grey.reshape(-1)[places] / 128, usual.reshape(-1)[places]
    terms = np.stack([np.ones_like(own), own, own**2])
    chosen = np.ones(len(own), np.bool_)
    fit = np.array([0.0, 128.0, 0.0])
    for _ in range(3):
        used = terms[:, chosen]
        square = used @ used.T + 1e-3 * np.eye(3)
        fit = np.linalg.solve(square, used @ other[chosen] + 1e-3 * np.array([0, 128.0, 0]))
        left = abs(fit @ terms - other)
        chosen = left <= max(2.5 * median(left), 2.0)
    scaled = grey / 128
    return np.asarray(fit[0] + fit[1] * scaled + fit[2] * scaled**2, np.float32)


def _deviates(grey: Floats, usual: Floats) -> Mask:
    """Where one shows what is not seen there, nor beside it, in the other; or lacks what is."""
    beyond = [
        np.maximum(one - cv2.dilate(other, _NEAR), cv2.erode(other, _NEAR) - one) > _TOLERANCE
        for one, other in ((grey, usual), (usual, grey))
    ]
    return np.asarray(beyond[0] | beyond[1], np.bool_)


def _colours(layers: Sequence[Layer]) -> tuple[list[float], list[float]]:
    """Of each picture, its colours beside light and dark, and how far they are from the usual."""
    steps = (np.arange(_GRID) + 0.5) / _GRID
    places = np.stack([*np.meshgrid(steps, steps), np.ones((_GRID, _GRID))]).reshape(3, -1)
    seen = np.full((len(layers), places.shape[1], 3), np.nan, np.float32)
    for own, layer in zip(seen, layers, strict=True):
        thumbnail = layer.features.look.thumbnail
        u, v = layer.to_picture[:2] @ places
        inside = (abs(u - 0.5) < 0.47) & (abs(v - 0.5) < 0.47)
        at = (np.stack([u, v])[:, inside] * len(thumbnail)).astype(int)
        own[inside] = thumbnail[at[1], at[0]]
    known = np.isfinite(seen[..., 0])
    usual = np.stack([_median(seen[..., channel], known) for channel in range(3)], axis=-1)
    tints = [
        median(abs(own - usual)[there].ravel()) if there.any() else np.inf
        for own, there in zip(seen, known, strict=True)
    ]
    return [_own_colour(own[there]) for own, there in zip(seen, known, strict=True)], tints


def _own_colour(colours: Floats) -> float:
    if len(colours) < 16:
        return 0.0
    light = colours.mean(axis=1)
    terms = np.stack([np.ones_like(light), light / 128, (light / 128) ** 2], axis=1)
    chroma = colours @ CHROMA
    fit, *_ = np.linalg.lstsq(terms, chroma, rcond=1e-4)
    return float(np.sqrt(((chroma - terms @ fit) ** 2).sum(axis=1).mean()))
