"""The numbers in which a vector field holds vectors, and how they are read and written.

Everywhere else vectors are rows of 32-bit floats: what goes into Milvus is written in the
field's format, and what comes out is read back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dedup.pipelines.models.hashes import pack, unpack
from dedup.pipelines.models.methods import Vectors

__all__ = ["FORMATS", "Format"]


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
