"""Whether a file was made from a coarse JPEG file of its size, or was there before it.

An encoder rounds each coefficient of a block's cosine transform to a multiple of its step. What was
there before lies anywhere within half a step of that; what was made from it lies at it, but for
light, colours and what another encoder adds.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._grouping.jpeg_blocks import Blocks

__all__ = ["origin"]

_LEAST: Final = 10
"""Steps, at least, in which an encoder's roundings to whole pixels are small."""
_FEW: Final = 100
"""Coefficients that say too little."""
_TONES: Final = 8
"""Parts of the blocks, by their light, of which each has a contrast of its own."""
_ON_GRID: Final = 0.1
"""Parts of a step by which the coarse file itself is off, at most, on the mean."""
_AT: Final = 0.18
_WITHIN: Final = 0.2
_HALF: Final = 0.55
_MOST: Final = 0.92
"""Median distance from the multiples, in steps, of what was made from the file, at most, and of
what was there before, at least; and the part of the latter that lies within half a step. Of 21
photos in quality 30 to 60 what was there before, in quality 80 to 98, has 0.21 to 0.29 (0.25 by
chance) and 0.92 to 1; copies in other colours have mostly 0.02 to 0.13, and noisy ones, of 10 grey
values, 0.16 to 0.28 and at most 0.94: of these nothing is said."""


def origin(coarse: Blocks, steps: npt.NDArray[np.float32], other: Blocks) -> int:
    """1 if a picture was made from a JPEG file, -1 if it was there before, 0 if nothing tells.

    Parameters
    ----------
    coarse, other : Blocks
        Of the JPEG file, and of the other picture.
    steps : ndarray, shape (8, 8)
        Of the JPEG file's table for light.

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
    >>> darker = (0.7 * coarse).astype(np.uint8)
    >>> [origin(blocks_of(coarse), steps, blocks_of(other)) for other in (before, darker)]
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
    off = abs(_gained(b, multiples, used, other.light[whole]) - multiples)[used]
    middle = float(np.median(off))
    if middle < _AT:
        return 1
    return -1 if middle > _WITHIN and float((off < _HALF).mean()) > _MOST else 0


def _gained(
    values: npt.NDArray[np.float32],
    wanted: npt.NDArray[np.float32],
    used: npt.NDArray[np.bool_],
    light: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Coefficients in the contrast of others, which depends on how light a block is."""
    edges = np.quantile(light, np.arange(1, _TONES) / _TONES)
    tone = np.searchsorted(edges, light)
    both, own = (
        np.bincount(tone, (x * values * used).sum(axis=(1, 2)), _TONES) for x in (wanted, values)
    )
    gains = (both / np.maximum(own, 1e-6)).astype(np.float32)
    return values * gains[tone][:, None, None]
