"""Perceptual hashes: pictures in, hashes of 64 bits out, as unit vectors or packed in 8 bytes.

A hash is the vector of its bits, +1/8 and -1/8: of unit length, so that the cosine of two hashes
is 1 - 2 d / 64, with d the Hamming distance, and exact, since all of it are multiples of 1/64.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from dedup.pipelines.images.decoding import Pixels
from dedup.pipelines.models.methods import Vectors

__all__ = ["cosines", "pack", "phash", "unpack"]


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
    return _unit(np.array(bits, np.bool_).reshape(-1, 64))


def pack(vectors: npt.NDArray[np.floating]) -> list[bytes]:
    r"""The hashes of unit vectors, eight bits a byte, as Milvus' binary vectors have them.

    Examples
    --------
    >>> pack(unpack([b"\x80\x01"]))
    [b'\x80\x01']
    """
    return [row.tobytes() for row in np.packbits(np.asarray(vectors) > 0, axis=1)]


def unpack(hashes: Sequence[bytes]) -> Vectors:
    """The unit vectors of packed hashes, shape (n, bits)."""
    packed = np.array([np.frombuffer(one, np.uint8) for one in hashes])
    return _unit(np.unpackbits(packed, axis=1).astype(np.bool_))


def cosines(distances: npt.ArrayLike, *, bits: int) -> Vectors:
    """The cosines of hashes at these Hamming distances.

    Examples
    --------
    >>> cosines([0, 8, 64], bits=64).tolist()
    [1.0, 0.75, -1.0]
    """
    return np.float32(1) - np.float32(2 / bits) * np.asarray(distances, np.float32)


def _unit(bits: npt.NDArray[np.bool_]) -> Vectors:
    length = np.float32(np.sqrt(bits.shape[1]))
    return np.where(bits, 1 / length, -1 / length).astype(np.float32)
