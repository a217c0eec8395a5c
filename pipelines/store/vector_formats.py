"""The numbers in which a vector field holds vectors, and how they are read and written.

Everywhere else vectors are rows of 32-bit floats: what goes into Milvus is written in the
field's format, and what comes out is read back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._base.bits import unit

__all__ = ["FORMATS", "Format", "pack", "unpack"]


@dataclass(frozen=True, slots=True)
class Format:
    """How vectors are written in a field of one type.

    Attributes
    ----------
    field_type : str
        Name of the type in Milvus.
    write : callable
        From vectors, shape (n, dimension), to n values as pymilvus takes them.
    read : callable
        From n values as pymilvus gives them to vectors.
    """

    field_type: str
    write: Callable[[Vectors], Sequence[Any]]
    read: Callable[[Sequence[Any]], Vectors]


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
    return unit(np.unpackbits(packed, axis=1).astype(np.bool_))


def _write_half(vectors: Vectors) -> Sequence[Any]:
    return list(np.asarray(vectors, np.float16))


def _read_half(values: Sequence[Any]) -> Vectors:
    return np.stack([np.frombuffer(_bytes(value), np.float16) for value in values]).astype(
        np.float32
    )


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b"".join(value)


FORMATS = {
    known.field_type: known
    for known in (
        Format("FLOAT_VECTOR", list, lambda values: np.array(values, np.float32)),
        Format("FLOAT16_VECTOR", _write_half, _read_half),
        Format("BINARY_VECTOR", pack, lambda values: unpack([_bytes(value) for value in values])),
    )
}
