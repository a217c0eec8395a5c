"""Whether a file was made from a coarser JPEG file of its size, or was there before it.

An encoder rounds each coefficient of a block's cosine transform to a multiple of its step. What was
there before lies anywhere within half a step of that; what was made from it lies at it, but for
light, colours and what another encoder adds.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._grouping.jpeg_blocks import Blocks

__all__ = ["can_tell", "origin"]

_LEAST: Final = 10
"""Steps, at least, in which an encoder's roundings to whole pixels are small."""
_FEW: Final = 100
"""Coefficients that say too little."""
_COARSER: Final = 2.3
"""Steps, in units of the other file's, of a file that tells which was first: of 17 photos in eight
qualities, saved again in nine, with less it says the contrary of a tenth."""
_AS_IT_WAS: Final = 0.15
"""How far from 1 contrasts are, at most, of what was there before: encoders change none."""
_AS_LIGHT: Final = 1.8
"""Contrast of light by which it is off that of the waves, at most: what was sharpened has more of
these only. Of 500 brighter, darker and paler copies of JPEG files of 25 photos all but 2 have less,
24 sharpened ones that seemed to be made so have 2.3 and more."""
_SAME_LIGHT: Final = (1.0, 1 / 16)
"""Grey values, or parts of the step of light, which is 8 times as large, by which blocks of two
pictures differ if none was toned: if their waves' contrast does, few waves were rounded, of a soft
picture, or one was filtered."""
_TONES: Final = 8
"""Parts of the blocks, by their light, of which each has a contrast of its own."""
_ON_GRID: Final = 0.1
"""Parts of a step by which the coarse file itself is off, at most, on the mean."""
_AT: Final = 0.18
_BETWEEN: Final = 0.2
"""Median distance from the multiples, in steps, of what was made from the file, at most, and of
what was there before, at least (0.25 by chance)."""
_ROUNDED: Final = 0.7
_ITS_OWN: Final = 0.93
_NOT_ITS_OWN: Final = 0.85
"""Grey values by which rounded pixels are off; the part of the distances that another JPEG file's
own steps explain, and pixels, of what was made from the file, at least; and of what was there
before, at most."""
_VERY_COARSE: Final = 45.0
_SAME: Final = 0.4
"""Mean step, of about quality 60, up to which the steps of an earlier file may lie at these by
chance: then what has no steps of its own must be the same, but for so many grey values. Of 128
photos that were JPEG files before 17 seemed, as PNG, to be made from a JPEG file of that."""
_HALF: Final = 0.55
_MOST: Final = 0.92
"""The part of the distances that is within half a step, of what was there before: noise has more
beyond."""


def can_tell(steps: npt.NDArray[np.float32], other_steps: npt.NDArray[np.float32]) -> bool:
    """Whether a file was rounded so much more coarsely than another one that `origin` tells."""
    return bool(steps.mean() > _COARSER * other_steps.mean())


def origin(
    coarse: Blocks,
    steps: npt.NDArray[np.float32],
    other: Blocks,
    other_steps: npt.NDArray[np.float32],
) -> int:
    """1 if a picture was made from a JPEG file, -1 if it was there before, 0 if nothing tells.

    Parameters
    ----------
    coarse, other : Blocks
        Of the JPEG file, and of the other picture.
    steps, other_steps : ndarray, shape (8, 8)
        Of the JPEG file's table for light, and of the other one's, if it is a JPEG file, else 0.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> from dedup._grouping.jpeg_blocks import blocks_of
    >>> waves = np.random.default_rng(0).normal(0, 30, (2, 96, 96)).cumsum(1).cumsum(2)[0]
    >>> before = (128 + waves / waves.std() * 40).clip(20, 235).astype(np.uint8)
    >>> file = io.BytesIO()
    >>> Image.fromarray(before).save(file, "JPEG", quality=20)
    >>> with Image.open(file) as image:
    ...     steps = np.array(image.quantization[0], np.float32).reshape(8, 8)
    ...     coarse = np.asarray(image)
    >>> darker, none = (0.7 * coarse).astype(np.uint8), np.zeros((8, 8), np.float32)
    >>> [origin(blocks_of(coarse), steps, blocks_of(x), none) for x in (before, darker)]
    [-1, 1]
    """
    if coarse.size != other.size:
        return 0
    whole = coarse.are_whole & other.are_whole
    a, b = (blocks.waves[whole] / steps for blocks in (coarse, other))
    multiples = np.rint(a)
    used = (multiples != 0) & (steps > _LEAST)
    used[:, 0, 0] = False  # light
    if used.sum() < _FEW or abs(a - multiples)[used].mean() > _ON_GRID:
        return 0
    gains = _gains(b, multiples, used, other.light[whole])[:, None, None]
    off = abs(gains * b - multiples)[used]
    own = ((gains * other_steps / 2 + _ROUNDED) / steps)[used]
    explained = float((off < own).mean())
    middle = float(np.median(off))
    gain = float(np.median(gains))
    if gain <= 0:  # most of the other one is flat, or unlike
        return 0
    is_toned = abs(gain - 1) > _AS_IT_WAS
    if is_toned and not _is_toned(coarse.light[whole], other.light[whole], gain, steps[0, 0]):
        return 0
    if middle < _AT or explained > _ITS_OWN:
        is_clear = steps.mean() > _VERY_COARSE or is_toned or other_steps.any()
        return int(is_clear or _is_decoded(coarse, other, whole))
    is_between = middle > _BETWEEN and explained < _NOT_ITS_OWN
    return -1 if is_between and not is_toned and (off < _HALF).mean() > _MOST else 0


def _is_toned(
    light: npt.NDArray[np.float32], other: npt.NDArray[np.float32], gain: float, step: float
) -> bool:
    """Whether the light of blocks has the contrast of their waves, in units of another's."""
    off = (float(light.std()) + 1) / ((float(other.std()) + 1) * gain)
    least, share = _SAME_LIGHT
    is_the_same = float(np.square(light - other).mean()) < max(least, share * step) ** 2
    return 1 / _AS_LIGHT < off < _AS_LIGHT and not is_the_same


def _is_decoded(coarse: Blocks, other: Blocks, whole: npt.NDArray[np.bool_]) -> bool:
    """Whether two pictures are one, but for rounding."""
    off = coarse.waves[whole] - other.waves[whole]
    return float(np.square(off).mean()) < _SAME**2


def _gains(
    values: npt.NDArray[np.float32],
    wanted: npt.NDArray[np.float32],
    used: npt.NDArray[np.bool_],
    light: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """The contrast of others in units of some coefficients', by how light a block is."""
    edges = np.quantile(light, np.arange(1, _TONES) / _TONES)
    tone = np.searchsorted(edges, light)
    both, own = (
        np.bincount(tone, (x * values * used).sum(axis=(1, 2)), _TONES) for x in (wanted, values)
    )
    return (both / np.maximum(own, 1e-6)).astype(np.float32)[tone]
