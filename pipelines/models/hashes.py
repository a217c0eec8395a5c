"""Perceptual hashes: pictures in, hashes of 64 bits out, as unit vectors."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from dedup._base.arrays import Pixels, Vectors
from dedup._base.bits import unit

__all__ = ["phash"]


def phash(images: Sequence[Pixels]) -> Vectors:
    """The DCT hashes of pictures, by `imagehash.phash`.

    The picture is made grey and squashed to 32 x 32; each bit says whether one of its lowest
    8 x 8 frequencies is above their median (N. Krawetz, "Looks Like It", Hacker Factor, 2011).

    Parameters
    ----------
    images : sequence of ndarray, shape (height, width, 3), uint8

    Returns
    -------
    ndarray, shape (n, 64), float32
        Rows of unit length. Half of a hash's bits are set, unless frequencies tie with the
        median, so that distances are even.

    Examples
    --------
    >>> picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    >>> hashes = phash([picture, picture[:, ::-1], picture])
    >>> (hashes @ hashes[0]).tolist()
    [1.0, 0.0, 1.0]
    """
    import imagehash

    pictures = (Image.fromarray(np.asarray(image)) for image in images)
    bits = [imagehash.phash(picture).hash for picture in pictures]
    return unit(np.array(bits, np.bool_).reshape(-1, 64))
