"""How finely two aligned pictures resolve what both show: not pixels, but what they hold.

Both are split into octaves of detail (the Laplacian pyramid of Burt and Adelson 1983) at the finer
one's resolution. What a picture has in an octave is its energy there less that of its quietest
blocks, which is noise; an upscale has none in the finest octave, a blurred copy little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, tones
from dedup._verification.registration import Floats, Matrix, on_whole_pixels
from dedup._verification.toned import Toned
from dedup.pipelines.images.decoding import Decoded

__all__ = ["Detail", "compared"]

_OCTAVES: Final = 4
_TILE: Final = 192
"""Side of the nine tiles of the common part that are looked at, in pixels."""
_BLOCK: Final = 16
_FEW_BLOCKS: Final = 20
"""Blocks that say too little, so that pixels are taken for detail."""
_QUIET: Final = 0.1
"""Part of the blocks that show little but noise."""
_LESS: Final = (1.2, 1.4, 0.0, 0.0)
"""Usual noise in units of that of the quiet blocks; of coarse octaves none is known."""
_ENDS: Final = (12, 243)
_CLIPPED: Final = 4.0
"""Grey values beyond which noise is clipped at black or white; and its energy in units of what is
left then: 0.34 of a normal distribution that is cut at its mean, and JPEG takes some of that."""
_SPECK: Final = 60
_FEW: Final = 0.01
"""Grey values by which a speck differs from its neighbours, and the part that all may be."""
_FAINT: Final = 0.7
"""Contrast of an octave, in grey values, at which its say is half."""
_ALIKE: Final = (0.87, 1.15)
"""Where pictures are as detailed as far as was seen, so that their pixels decide."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How finely two pictures resolve what both show.

    Attributes
    ----------
    ratio : float
        Detail of b in units of that of a, in length: about 0.5 for a sharp picture's copy of half
        the width and height, 1 for an upscale. Of each octave counts how much of the one's
        contrast the other has, at most all; an octave that b lacks halves the ratio, one that a
        lacks doubles it.
    pixels : float
        Pixels of b, in length, for one of a.
    crisp_a, crisp_b : float
        Energy of the finest octave in units of that of the next: about 0.7 and more of a picture
        that is not blurred.
    noise_a, noise_b : float
        Noise that the one has beside what the other shows, in grey values; 0 if it has none.
    specks_a, specks_b : float
        Part of the pixels that stand out from their neighbours: salt and pepper.
    more_a, more_b : float
        What the one resolves in octaves in which the other has less, in octaves: both, if the
        smaller one was sharpened.
    is_exact : bool
        Whether pixel lies on pixel, so that none was interpolated to compare them.
    """

    ratio: float = 1.0
    pixels: float = 1.0
    crisp_a: float = 1.0
    crisp_b: float = 1.0
    noise_a: float = 0.0
    noise_b: float = 0.0
    specks_a: float = 0.0
    specks_b: float = 0.0
    more_a: float = 0.0
    more_b: float = 0.0
    is_exact: bool = False

    def swapped(self) -> "Detail":
        """The same with a and b exchanged."""
        return Detail(
            1 / self.ratio,
            1 / self.pixels,
            self.crisp_b,
            self.crisp_a,
            self.noise_b,
            self.noise_a,
            self.specks_b,
            self.specks_a,
            self.more_b,
            self.more_a,
            self.is_exact,
        )


def compared(a: Decoded, b: Decoded, to_b: Matrix, common: CommonPart) -> Detail:
    """Compare the detail of two pictures where they show the same.

    Parameters
    ----------
    a, b : Decoded
        Perhaps reduced; what was not seen for that is judged by their full sizes, if they are
        alike in what was.
    to_b : ndarray, shape (3, 3)
        From a place in a to the same place in b, in parts of the width and height.
    common : CommonPart
    """
    growth = abs(float(np.linalg.det(to_b[:2, :2])))
    pixels = (growth * b.width * b.height / (a.width * a.height)) ** 0.5
    tiles = _tiles(a.image, b.image, to_b, common)
    blocks = np.concatenate([tile.octaves for tile in tiles], axis=1) if tiles else np.empty((4, 0))
    if blocks.shape[1] < _FEW_BLOCKS:  # of little icons
        return Detail(pixels, pixels)
    signal_a, signal_b = _signals(blocks).T
    # The coarsest octave is contrast, which is no detail.
    gain = (signal_b[-1] + 0.1) / (signal_a[-1] + 0.1)
    more_a = more_b = 0.0
    for own, other in zip(signal_a[:-1], signal_b[:-1] / gain, strict=True):
        most = max(own, other)
        kept, won = (min(1.0, (x / max(y, 1e-9)) ** 0.5) for x, y in ((other, own), (own, other)))
        said = float(most / (most + _FAINT**2))
        more_a, more_b = more_a + said * (1 - float(kept)), more_b + said * (1 - float(won))
    ratio = 2 ** (more_b - more_a)
    if _ALIKE[0] < ratio < _ALIKE[1] and _is_reduced(a, b, pixels):
        ratio = pixels
    crisp_a, crisp_b = (float(x[0] / (x[1] + 0.1)) for x in (signal_a, signal_b))
    noise_a, noise_b = _noise(tiles)
    specks_a, specks_b = np.mean([tile.specks for tile in tiles], axis=0).tolist()
    return Detail(
        ratio,
        pixels,
        crisp_a,
        crisp_b,
        noise_a=noise_a,
        noise_b=noise_b,
        specks_a=specks_a,
        specks_b=specks_b,
        more_a=more_a,
        more_b=more_b,
        is_exact=tiles[0].is_exact,
    )


def _noise(tiles: Sequence["_Tile"]) -> tuple[float, float]:
    """Noise that the one, and the other, has beside what the other shows, in grey values.

    It is all over the picture, and adds to the energy; what an encoder left out takes from it.
    """
    if not tiles[0].is_exact:
        return 0.0, 0.0
    energy, more = (
        np.concatenate(blocks) for blocks in zip(*((t.noisy, t.left) for t in tiles), strict=True)
    )
    mean, least = energy.mean(axis=0), 0.5 * more.mean(axis=0)
    quiet = np.quantile(more, _QUIET, axis=0) ** 0.5
    is_added = np.array([mean[0] - mean[1], mean[1] - mean[0]]) > least
    a, b = np.where(is_added, quiet, 0).tolist()
    return a, b


def _is_reduced(a: Decoded, b: Decoded, pixels: float) -> bool:
    """Whether both pictures have more pixels than were looked at."""
    read_a, read_b = (one.image.shape[1] / one.width for one in (a, b))
    return bool(min(1.0, pixels) > 1.05 * max(read_a, read_b * pixels))


class _Tile(NamedTuple):
    """A piece of the common part; energies are of blocks that are alike, of a and b in turn.

    Attributes
    ----------
    octaves : ndarray, shape (octaves, blocks, 2)
        The finest octave first.
    noisy : ndarray, shape (blocks, 2)
        Of the finest octave, specks included.
    left : ndarray, shape (blocks, 2)
        Of the finest octave what the other picture does not explain, if pixel lies on pixel.
    specks : tuple of float
    is_exact : bool
    """

    octaves: Floats
    noisy: Floats
    left: Floats
    specks: tuple[float, float]
    is_exact: bool

    def swapped(self) -> "_Tile":
        return _Tile(
            self.octaves[..., ::-1],
            self.noisy[..., ::-1],
            self.left[..., ::-1],
            self.specks[::-1],
            self.is_exact,
        )


def _tiles(a: Pixels, b: Pixels, to_b: Matrix, common: CommonPart) -> list[_Tile]:
    """Nine tiles of the common part, or fewer of a small one, in the finer one's pixels."""
    (ha, wa), (hb, wb) = a.shape[:2], b.shape[:2]
    pixels = np.diag([wb, hb, 1.0]) @ to_b @ np.diag([1 / wa, 1 / ha, 1])
    pixels[:2, 2] += pixels[:2, :2].sum(axis=1) * 0.5 - 0.5  # pixel i is centred at i + 0.5
    if abs(np.linalg.det(pixels)) > 1.0001:  # b is finer
        return [tile.swapped() for tile in _tiles(b, a, np.linalg.inv(to_b), common.swapped())]
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
    own, other = _grey(a), Toned(_grey(b), _tones(common), pixels)
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


def _tile(
    a: Pixels, b: Toned, box: tuple[int, int, int, int], alike: npt.NDArray[np.bool_]
) -> _Tile:
    """A tile of a, and the same place of b."""
    x, y, w, h = box
    own, other = a[y : y + h, x : x + w].astype(np.float32), b.tile(box)
    cleaned = _median(own), _median(other)
    specks, other_specks = (
        np.count_nonzero(cv2.absdiff(x, y) >= _SPECK) / x.size
        for x, y in zip((own, other), cleaned, strict=True)
    )
    both = _together(own, other)
    weights = _weights(both, alike)
    octaves = _energies(both, alike) * weights
    noisy = octaves[0]
    if max(specks, other_specks) > _FEW:  # salt and pepper is no detail
        octaves = _energies(_together(*cleaned), alike) * weights
    left = noisy[:0]
    if b.is_exact:
        (left,) = _energies(_left(own, other), alike, octaves=1) * weights
    return _Tile(octaves, noisy, left, (specks, other_specks), b.is_exact)


def _weights(both: Floats, alike: npt.NDArray[np.bool_]) -> Floats:
    """Energy of blocks that are alike in units of what clipping left, of shape (blocks, 1)."""
    size = both.shape[1] // _BLOCK, both.shape[0] // _BLOCK
    means = np.asarray(cv2.resize(both, size, interpolation=cv2.INTER_AREA))
    clipped = ((means < _ENDS[0]) | (means > _ENDS[1])).any(axis=-1).ravel()[alike]
    return np.where(clipped, _CLIPPED, 1.0)[:, np.newaxis]


def _median(tile: Floats) -> Floats:
    return np.asarray(cv2.medianBlur(tile.astype(np.uint8), 3), np.float32)


def _left(a: Floats, b: Floats) -> Floats:
    """What of each of two tiles no light and contrast of the other gives, as two channels."""
    a, b = a - a.mean(), b - b.mean()
    shared, own, other = (float((x * y).sum()) for x, y in ((a, b), (a, a), (b, b)))
    return _together(a - shared / max(other, 1e-6) * b, b - shared / max(own, 1e-6) * a)


def _together(a: Floats, b: Floats) -> Floats:
    return np.asarray(cv2.merge([a, b]), np.float32)


def _tones(common: CommonPart) -> Floats:
    """What the grey values of b are in a."""
    own, other = (_grey(x).astype(np.float32) for x in (common.b, common.a))
    return tones(own, other, common.alike)


def _grey(picture: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _energies(tile: Floats, alike: npt.NDArray[np.bool_], *, octaves: int = _OCTAVES) -> Floats:
    """Of each octave, the finest first, the mean squares in a and b of each block that is alike.

    Parameters
    ----------
    tile : ndarray, shape (height, width, 2)
        Of a and b.
    alike : ndarray of bool, shape (blocks,)
    octaves : int
    """
    height, width = tile.shape[:2]
    blocks = width // _BLOCK, height // _BLOCK
    found = []
    for _ in range(octaves):
        coarse = np.asarray(cv2.pyrDown(tile), np.float32)
        fine = cv2.pyrUp(coarse, dstsize=tile.shape[1::-1])
        cv2.subtract(tile, fine, dst=fine)
        cv2.multiply(fine, fine, dst=fine)
        squares = cv2.resize(fine, blocks, interpolation=cv2.INTER_AREA)
        found.append(np.asarray(squares, np.float32).reshape(-1, 2)[alike])
        tile = coarse
    return np.stack(found)


def _signals(blocks: Floats) -> Floats:
    """Of each octave, the mean energy less the noise, which is all that quiet blocks hold.

    These hold a little less than the usual noise: a block of n samples varies by sqrt(2 / n).
    """
    noise = np.quantile(blocks, _QUIET, axis=1) * np.array(_LESS)[:, None]
    return np.asarray(np.maximum(blocks.mean(axis=1) - noise, 0), np.float32)
