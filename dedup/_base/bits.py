"""Hashes as unit vectors: +1/8 and -1/8 for the 64 bits, so that their cosine says how many differ.

The cosine of two hashes is 1 - 2 d / 64, with d the Hamming distance, and exact, since all of it
are multiples of 1/64.
"""

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors

__all__ = ["cosines", "unit"]


def unit(bits: npt.NDArray[np.bool_]) -> Vectors:
    """Hashes, shape (n, bits), as rows of unit length.

    Examples
    --------
    >>> unit(np.array([[True, False, True, True]])).tolist()
    [[0.5, -0.5, 0.5, 0.5]]
    """
    length = np.float32(np.sqrt(bits.shape[1]))
    return np.where(bits, 1 / length, -1 / length).astype(np.float32)


def cosines(distances: npt.ArrayLike, *, bits: int) -> Vectors:
    """The cosines of hashes at these Hamming distances.

    Examples
    --------
    >>> cosines([0, 8, 64], bits=64).tolist()
    [1.0, 0.75, -1.0]
    """
    return np.float32(1) - np.float32(2 / bits) * np.asarray(distances, np.float32)
