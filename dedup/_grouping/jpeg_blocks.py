"""The blocks of 8 x 8 in which JPEG encoders see a picture, as coefficients of their waves."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Blocks", "blocks_of"]

_SIDE: Final = 8
_MOST: Final = 2000
"""Blocks that are looked at, at most."""
_ENDS: Final = (1, 254)
"""Grey values beyond which what a decoder gave was clipped."""


class Blocks(NamedTuple):
    """Some of a picture's blocks, from its corner on: the same of all pictures of one size.

    Attributes
    ----------
    size : tuple of int
        Height and width of the picture.
    waves : ndarray, shape (blocks, 8, 8)
        Their cosine transform.
    are_whole : ndarray of bool, shape (blocks,)
        In which nothing was clipped.
    light : ndarray, shape (blocks,)
        Their mean grey value.
    """

    size: tuple[int, ...]
    waves: npt.NDArray[np.float32]
    are_whole: npt.NDArray[np.bool_]
    light: npt.NDArray[np.float32]


def blocks_of(grey: npt.NDArray[np.uint8]) -> Blocks:
    """The blocks of a whole picture, shape (height, width)."""
    rows, columns = (side // _SIDE for side in grey.shape)
    whole = grey[: rows * _SIDE, : columns * _SIDE]
    blocks = whole.reshape(rows, _SIDE, columns, _SIDE).swapaxes(1, 2).reshape(-1, _SIDE, _SIDE)
    some = blocks[:: -(-len(blocks) // _MOST) or 1]
    are_whole = (some.min(axis=(1, 2)) >= _ENDS[0]) & (some.max(axis=(1, 2)) <= _ENDS[1])
    places = np.arange(_SIDE)
    waves = np.cos((2 * places + 1) * places[:, None] * np.pi / (2 * _SIDE)) / 2
    waves[0] /= np.sqrt(2)
    waves = waves.astype(np.float32)
    return Blocks(
        grey.shape,
        np.asarray(waves @ (some.astype(np.float32) - 128) @ waves.T, np.float32),
        are_whole,
        some.mean(axis=(1, 2), dtype=np.float32),
    )
