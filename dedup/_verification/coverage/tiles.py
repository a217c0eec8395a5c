"""Tiles of what two aligned pictures show: the energies of their octaves, noise and specks.

Octaves are those of the Laplacian pyramid (Burt and Adelson 1983), at the finer one's resolution.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, changed, tones
from dedup._verification.features import SPECK, grey_of
from dedup._verification.registration import Floats, Matrix, on_whole_pixels

__all__ = ["Tile", "cut_tiles"]

_OCTAVES: Final = 4
_FINE_OCTAVES: Final = 3
"""Those that are looked at; and of what no light and contrast of the other gives."""
_TILE: Final = 192
"""Side of the nine tiles of the common part that are looked at, in pixels."""
_BLOCK: Final = 16
_ENDS: Final = (12, 243)
_CLIPPED: Final = 4.0
"""Grey values beyond which noise is clipped at black or white; and its energy in units of what is
left then: 0.34 of a normal distribution that is cut at its mean, and JPEG takes some of that."""
_HIDDEN: Final = 2.5
"""Contrast of a channel in units of that of the grey picture, of both, from which this hides it:
what is blue on black has 9 times the contrast there, red on black 3.3, photos about 1."""
_FEW: Final = 0.01
"""Part of the pixels that specks may be."""


class Tile(NamedTuple):
    """A piece of the common part; energies are of blocks that are alike, of a and b in turn.

    Attributes
    ----------
    octaves : ndarray, shape (octaves, blocks, 2)
        The finest octave first.
    noisy : ndarray, shape (blocks, 2)
        Of the finest octave, specks included.
    left : ndarray, shape (octaves, blocks, 2)
        What the other picture does not explain, if pixel lies on pixel.
    specks : tuple of float
    is_exact : bool
    greys : tuple of ndarray, shape (height, width)
    where : ndarray of bool, shape (height, width)
        In which blocks they are alike.
    """

    octaves: Floats
    noisy: Floats
    left: Floats
    specks: tuple[float, float]
    is_exact: bool
    greys: tuple[Floats, Floats]
    where: npt.NDArray[np.bool_]

    def swapped(self) -> "Tile":
        return Tile(
            self.octaves[..., ::-1],
            self.noisy[..., ::-1],
            self.left[..., ::-1],
            self.specks[::-1],
            self.is_exact,
            self.greys[::-1],
            self.where,
        )


def cut_tiles(a: Pixels, b: Pixels, to_b: Matrix, common: CommonPart) -> list[Tile]:
    """Nine tiles of the common part, or fewer of a small one, in the finer one's pixels."""
    (ha, wa), (hb, wb) = a.shape[:2], b.shape[:2]
    pixels = np.diag([wb, hb, 1.0]) @ to_b @ np.diag([1 / wa, 1 / ha, 1])
    pixels[:2, 2] += pixels[:2, :2].sum(axis=1) * 0.5 - 0.5  # pixel i is centred at i + 0.5
    if abs(np.linalg.det(pixels)) > 1.0001:  # b is finer
        return [tile.swapped() for tile in cut_tiles(b, a, np.linalg.inv(to_b), common.swapped())]
    pixels = on_whole_pixels(pixels, size=(wa, ha))
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1.0]]) @ np.linalg.inv(to_b).T
    low, high = corners[:, :2].min(axis=0).clip(0, 1), corners[:, :2].max(axis=0).clip(0, 1)
    (left, top), (width, height) = low * (wa, ha), (high - low) * (wa, ha)
    rows, columns = (3 if side >= 6 * _BLOCK else 1 for side in (height, width))
    h = int(min(_TILE, height / rows)) // _BLOCK * _BLOCK
    w = int(min(_TILE, width / columns)) // _BLOCK * _BLOCK
    places = [
        (x, y)
        for row, column in (np.ndindex(rows, columns) if min(w, h) else ())
        if (x := max(0, round(left + (column + 0.5) * width / columns - w / 2))) + w <= wa
        and (y := max(0, round(top + (row + 0.5) * height / rows - h / 2))) + h <= ha
    ]
    if not places:
        return []
    channel = _channel(common)
    own = _light_of(a, channel)
    other = _Toned(_light_of(b, channel), _in_tones(common, channel), pixels)
    alike = _alike(common, np.array(places), (w, h), np.array([wa, ha]))
    return [
        _tile(own, other, (*place, w, h), chosen)
        for place, chosen in zip(places, alike, strict=True)
        if chosen.any()
    ]


def _alike(
    common: CommonPart, corners: npt.NDArray[np.int_], size: tuple[int, int], picture: Floats
) -> npt.NDArray[np.bool_]:
    """Which blocks of each tile of a show the same in both pictures, of shape (tiles, blocks)."""
    x, y = ((np.arange(side // _BLOCK) + 0.5) * _BLOCK for side in size)
    blocks = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    places = (corners[:, None] + blocks) / picture
    to_canvas = np.linalg.inv(common.to_a)
    at = np.floor(places @ to_canvas[:2, :2].T + to_canvas[:2, 2]).astype(int)
    shape = np.array(common.inside.shape[::-1])
    there = ((at >= 0) & (at < shape)).all(axis=-1)
    column, row = np.moveaxis(at.clip(0, shape - 1), -1, 0)
    found: npt.NDArray[np.bool_] = there & common.alike[row, column]
    return found


class _Toned:
    """A picture in the tones of another one, seen from that one's pixels.

    Parameters
    ----------
    picture : ndarray, uint8
    tones : ndarray, shape (256,)
    pixels : ndarray, shape (3, 3)
        From the other one's pixels to those of this one.

    Attributes
    ----------
    is_exact : bool
        Whether pixel lies on pixel.
    """

    def __init__(self, picture: Pixels, tones: Floats, pixels: Matrix) -> None:
        self._picture = picture
        self._tones = tones
        self._pixels = pixels
        self.is_exact = bool((pixels == np.rint(pixels)).all())
        self._is_upright = self.is_exact and bool((pixels[:2, :2] == np.eye(2)).all())

    def tile(self, box: tuple[int, int, int, int]) -> Floats:
        """What lies in a box of the other picture: left, top, width and height."""
        x, y, w, h = box
        left, top = x + int(self._pixels[0, 2]), y + int(self._pixels[1, 2])
        height, width = self._picture.shape
        if self._is_upright and min(left, top) >= 0 and left + w <= width and top + h <= height:
            return changed(self._picture[top : top + h, left : left + w], self._tones)
        matrix = self._pixels @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        how = cv2.INTER_NEAREST if self.is_exact else cv2.INTER_LANCZOS4
        flags, border = how | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT
        there = cv2.warpAffine(self._whole, matrix[:2], (w, h), flags=flags, borderMode=border)
        return np.asarray(there, np.float32).clip(0, 255)

    @cached_property
    def _whole(self) -> Floats:
        return changed(self._picture, self._tones)


def _tile(
    a: Pixels, b: _Toned, box: tuple[int, int, int, int], alike: npt.NDArray[np.bool_]
) -> Tile:
    """A tile of a, and the same place of b."""
    x, y, w, h = box
    own, other = a[y : y + h, x : x + w].astype(np.float32), b.tile(box)
    cleaned = _median(own), _median(other)
    specks, other_specks = (
        np.count_nonzero(cv2.absdiff(x, y) >= SPECK) / x.size
        for x, y in zip((own, other), cleaned, strict=True)
    )
    both = _merged(own, other)
    weights = _weights(both, alike)
    fine = _octaves(both)
    octaves = _energies(fine, alike) * weights
    noisy, left = octaves[0], octaves[:0]
    if max(specks, other_specks) > _FEW:  # salt and pepper is no detail
        octaves = _energies(_octaves(_merged(*cleaned)), alike) * weights
    if b.is_exact:
        given = _given(own, other)
        rest = [np.asarray(cv2.transform(x, given), np.float32) for x in fine[:_FINE_OCTAVES]]
        left = _energies(rest, alike) * weights
    where = alike.reshape(h // _BLOCK, w // _BLOCK).repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)
    return Tile(octaves, noisy, left, (specks, other_specks), b.is_exact, (own, other), where)


def _weights(both: Floats, alike: npt.NDArray[np.bool_]) -> Floats:
    """Energy of blocks that are alike in units of what clipping left, of shape (blocks, 1)."""
    size = both.shape[1] // _BLOCK, both.shape[0] // _BLOCK
    means = np.asarray(cv2.resize(both, size, interpolation=cv2.INTER_AREA))
    clipped = ((means < _ENDS[0]) | (means > _ENDS[1])).any(axis=-1).ravel()[alike]
    return np.where(clipped, _CLIPPED, 1.0)[:, np.newaxis]


def _median(tile: Floats) -> Floats:
    return np.asarray(cv2.medianBlur(tile.astype(np.uint8), 3), np.float32)


def _merged(a: Floats, b: Floats) -> Floats:
    return np.asarray(cv2.merge([a, b]), np.float32)


def _given(a: Floats, b: Floats) -> Floats:
    """What makes of two channels what no light and contrast of the other gives of each."""
    a, b = (x - x.mean() for x in (a, b))
    shared, own, other = (float(np.vdot(x, y)) for x, y in ((a, b), (a, a), (b, b)))
    shares = [[1, -shared / max(other, 1e-6)], [-shared / max(own, 1e-6), 1]]
    return np.array(shares, np.float32)


def _channel(common: CommonPart) -> int | None:
    """The channel in which both pictures vary most, where it hardly shows in grey, else None."""
    if not common.alike.any():
        return None
    alike = common.alike.astype(np.uint8)
    contrasts = [
        [*cv2.meanStdDev(x, mask=alike)[1].ravel(), *cv2.meanStdDev(grey_of(x), mask=alike)[1][0]]
        for x in (common.a, common.b)
    ]
    *channels, grey = np.transpose(contrasts)
    least = np.min(channels, axis=1)
    return int(least.argmax()) if least.max() > _HIDDEN * (grey.max() + 1) else None


def _light_of(picture: Pixels, channel: int | None) -> npt.NDArray[np.uint8]:
    """A picture in grey values, or those of a channel."""
    return grey_of(picture) if channel is None else np.ascontiguousarray(picture[..., channel])


def _in_tones(common: CommonPart, channel: int | None) -> Floats:
    """What the grey values of b are in a: a darker copy has no more or less detail."""
    own, other = (_light_of(x, channel).astype(np.float32) for x in (common.b, common.a))
    return tones(own, other, common.alike)


def _octaves(tile: Floats) -> list[Floats]:
    """A tile's octaves, the finest first, each in half the width and height of the one before."""
    found = []
    for _ in range(_OCTAVES):
        coarse = np.asarray(cv2.pyrDown(tile), np.float32)
        fine = cv2.subtract(tile, cv2.pyrUp(coarse, dstsize=tile.shape[1::-1]))
        found.append(np.asarray(fine, np.float32))
        tile = coarse
    return found


def _energies(octaves: Sequence[Floats], alike: npt.NDArray[np.bool_]) -> Floats:
    """Of each octave the mean squares of each block that is alike, in its two channels."""
    height, width = octaves[0].shape[:2]
    blocks = width // _BLOCK, height // _BLOCK
    squares = (
        cv2.resize(cv2.multiply(x, x), blocks, interpolation=cv2.INTER_AREA) for x in octaves
    )
    return np.stack([np.asarray(x, np.float32).reshape(-1, 2)[alike] for x in squares])
