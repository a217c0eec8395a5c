"""How finely two aligned pictures resolve what both show: not pixels, but what they hold.

Both are split into octaves of detail (the Laplacian pyramid of Burt and Adelson 1983) at the finer
one's resolution. What a picture has in an octave is its energy there less that of its quietest
blocks, which is noise; an upscale has none in the finest octave, a blurred copy little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._verification.common_part import CommonPart
from dedup._verification.coverage.tiles import Tile, cut_tiles
from dedup._verification.coverage.unexplained import share_beside, share_unexplained
from dedup._verification.registration import Floats, Matrix
from dedup.pipelines.images.decoding import Decoded

__all__ = ["FINER", "SAME_SIZE", "Detail", "compared"]

SAME_SIZE: Final = 0.03
"""Resolutions that differ by less are one: then detail is compared pixel by pixel."""
FINER: Final = 1.05
_MUCH_FINER: Final = 1.25
"""Detail, between pictures of one resolution, from which one resolves more, and was sharpened, or
the other blurred: if pixel lies on pixel, and if not."""
_FEW_BLOCKS: Final = 20
_FEW_EXACT_BLOCKS: Final = 8
_MANY_BLOCKS: Final = 200
"""Blocks that say too little, so that pixels are taken for detail, if they were interpolated and if
pixel lies on pixel; and that tell what filters give: about 240 pixels square."""
_QUIET: Final = 0.1
"""Part of the blocks that show little but noise."""
_LESS: Final = (1.2, 1.4, 0.0, 0.0)
"""Usual noise in units of that of the quiet blocks; of coarse octaves none is known."""
_WHITE: Final = (0.0605, 0.0114)
_AS_WHITE: Final = 0.9, (1.13, 1.4)
_EVEN: Final = 1.4
_ADDED: Final = 6.0
"""Energies of the next octaves, in units of the finest one, of white noise; by how much in units of
these they may be off; the upper quartile of blocks in units of the lower one; and the least energy.
Of 13 photos, plain, soft, or dark and noisy themselves, noise of 5 to 25 grey values has 0.95 to
1.13 and 1.02 to 1.35, and blocks of at most 1.36; what was blurred, sharpened, or encoded coarsely
has 1.14 and more or 0.84 and less in one octave, or blocks of 1.43 and more."""
_STRONG: Final = 20.0
_NEARLY_WHITE: Final = 0.8, (1.3, 1.45)
_NEARLY_EVEN: Final = 1.7
"""The same of strong noise, of which JPEG takes some, and which it makes a bit uneven: from which
energy on, about 4.5 grey values; how white and how even. Of 36 photos as WebP, with noise of 10
grey values as JPEG of quality 90, all have octaves of 0.81 to 1.39 and blocks of at most 1.59; of
288 copies of such photos, plain and noisy, encoded coarsely in three formats, or blurred, those
that lack so much have an octave of at most 0.78 or at least 1.49, or blocks of 1.8."""
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
    added_a, added_b : bool
        Whether noise was surely added to the one.
    is_exact : bool
        Whether pixel lies on pixel, so that none was interpolated to compare them.
    own : float
        What the finest octave of the one with more pixels shows beside filters of the other, as
        `share_unexplained` says: little of an upscale, sharpened or not. If they have as many,
        that of the finer one: little if it was sharpened. 1 if it is hardly finer.
    beside : float
        The reverse, if pixel lies on pixel and one is much finer: the part of the other one's
        finest octave that filters of it do not give. Much if it was sharpened after an encoder
        had taken from it what the other one still shows; else 0.
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
    own: float = 1.0
    added_a: bool = False
    added_b: bool = False
    beside: float = 0.0

    @property
    def is_as_large(self) -> bool:
        """Whether both have as many pixels."""
        return abs(self.pixels - 1) <= SAME_SIZE

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
            self.own,
            self.added_b,
            self.added_a,
            self.beside,
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
    tiles = cut_tiles(a.image, b.image, to_b, common)
    blocks = np.concatenate([tile.octaves for tile in tiles], axis=1) if tiles else np.empty((4, 0))
    few = _FEW_EXACT_BLOCKS if tiles and tiles[0].is_exact else _FEW_BLOCKS
    if blocks.shape[1] < few:  # of little icons
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
    noise, is_added = _noise(tiles)
    specks_a, specks_b = np.mean([tile.specks for tile in tiles], axis=0).tolist()
    return Detail(
        ratio,
        pixels,
        crisp_a,
        crisp_b,
        noise_a=float(noise[0]),
        noise_b=float(noise[1]),
        specks_a=specks_a,
        specks_b=specks_b,
        more_a=more_a,
        more_b=more_b,
        is_exact=tiles[0].is_exact,
        own=_own(tiles, ratio, pixels),
        added_a=bool(is_added[0]),
        added_b=bool(is_added[1]),
        beside=_beside(tiles, ratio, pixels),
    )


def _own(tiles: Sequence[Tile], ratio: float, pixels: float) -> float:
    """What filters of the other do not give of the larger one, or of the finer of two as large."""
    is_as_large = abs(pixels - 1) <= SAME_SIZE
    is_exact = is_as_large and tiles[0].is_exact
    if is_as_large and max(ratio, 1 / ratio) < (FINER if is_exact else _MUCH_FINER):
        return 1.0
    if not is_exact and sum(tile.octaves.shape[1] for tile in tiles) < _MANY_BLOCKS:
        return 0.0 if is_as_large else 1.0  # sharpened, as far as is known; not enlarged
    is_b = ratio > 1 if is_as_large else pixels > 1
    first, second = (1, 0) if is_b else (0, 1)
    return share_unexplained((one.greys[first], one.greys[second], one.where) for one in tiles)


def _beside(tiles: Sequence[Tile], ratio: float, pixels: float) -> float:
    """What filters of the much finer one do not give of the other."""
    is_exact = abs(pixels - 1) <= SAME_SIZE and tiles[0].is_exact
    if not is_exact or max(ratio, 1 / ratio) < _MUCH_FINER:
        return 0.0
    first, second = (0, 1) if ratio > 1 else (1, 0)
    return share_beside((one.greys[first], one.greys[second], one.where) for one in tiles)


def _noise(tiles: Sequence[Tile]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Noise that the one, and the other, has beside what the other shows; and if it was added.

    In grey values. It is all over the picture, and adds to the energy; what an encoder left out
    takes from it. What was added surely is alike in all blocks, and white: what a blur took from a
    noisy picture is not.
    """
    if not tiles[0].is_exact:
        return np.zeros(2, np.float32), np.zeros(2, np.bool_)
    energy = np.concatenate([tile.noisy for tile in tiles])
    left = np.concatenate([tile.left for tile in tiles], axis=1)
    mean, least = energy.mean(axis=0), 0.5 * left[0].mean(axis=0)
    is_more = np.array([mean[0] - mean[1], mean[1] - mean[0]]) > least
    quiet, low, high = np.quantile(left[0], (_QUIET, 0.25, 0.75), axis=0)
    are_low = left[0] <= low
    finest, *others = (left * are_low).sum(axis=1) / are_low.sum(axis=0)
    octaves = np.array(others) / np.maximum(finest, 1e-6) / np.array(_WHITE)[:, None]
    is_strong = finest > _STRONG
    is_white = np.where(
        is_strong, _are_within(octaves, *_NEARLY_WHITE), _are_within(octaves, *_AS_WHITE)
    )
    is_even = high < np.where(is_strong, _NEARLY_EVEN, _EVEN) * low
    return np.where(is_more, quiet**0.5, 0), is_more & is_white & is_even & (finest > _ADDED)


def _are_within(octaves: Floats, least: float, most: Sequence[float]) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (octaves > least) & (octaves < np.array(most)[:, None])
    return found.all(axis=0)


def _is_reduced(a: Decoded, b: Decoded, pixels: float) -> bool:
    """Whether both pictures have more pixels than were looked at."""
    read_a, read_b = (one.image.shape[1] / one.width for one in (a, b))
    return bool(min(1.0, pixels) > 1.05 * max(read_a, read_b * pixels))


def _signals(blocks: Floats) -> Floats:
    """Of each octave, the mean energy less the noise, which is all that quiet blocks hold.

    These hold a little less than the usual noise: a block of n samples varies by sqrt(2 / n).
    """
    noise = np.quantile(blocks, _QUIET, axis=1) * np.array(_LESS)[:, None]
    return np.asarray(np.maximum(blocks.mean(axis=1) - noise, 0), np.float32)
