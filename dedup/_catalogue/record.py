"""One row of an index, and how its path is written in Milvus."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup.errors import StoreError
from dedup.pipelines.images.archives import archive_of
from dedup.pipelines.images.remote import is_remote, scheme_of
from dedup.pipelines.store.collection import Row

__all__ = ["FIELDS", "SCHEMA", "Record", "decode_path", "encode_path", "path_key"]

_CELLS = 64
_DAMAGED = "the index is damaged: its row {} can't be read; remove it, and it is made anew"
_RAW_BYTES = "bytes:"  # no absolute path and no "<image 3>" begins like this


@dataclass(frozen=True, slots=True)
class Record:
    """What an index holds of one image file, the embedding aside.

    Attributes
    ----------
    path : str
        Absolute path, of a member of an archive "/shards/0.tar/cat.jpg"; "<image 3 ...>", with a
        digest, for an image in memory.
    size, mtime_ns : int
        Bytes and modification time of the file when it was read.
    digest : str
        BLAKE2b digest of the file's bytes; of an image in memory, of its pixels.
    format : str
        Pillow's name of the file's format ("JPEG", "PNG"); "" for an image in memory.
    width, height : int
        Size of the upright picture, in pixels.
    thumbnail : bytes
        8 x 8 grey means, row by row.
    copy_of : int
        Id of the record whose picture this file repeats to the pixel; 0 if it is the first.
    tag : str
        What the user called the set that the file belongs to; "" if nothing.
    frames : int
        Frames of an animation, pages of a document, pictures in one file: how many there are;
        of a TIFF, 501 stands for more than 500.
    depth : int
        Bits of a channel, at least 8.
    alpha : bool
        Whether anything is transparent.
    id : int
        Primary key in Milvus.
    """

    # `longest`: the bytes that Milvus has for a text.
    path: str = field(metadata={"longest": 65_535})
    size: int
    mtime_ns: int
    digest: str = field(metadata={"longest": 64})
    format: str = field(metadata={"longest": 32})
    width: int
    height: int
    thumbnail: bytes = field(metadata={"longest": 256})
    copy_of: int = 0
    tag: str = field(default="", metadata={"longest": 256})
    frames: int = 1
    depth: int = 8
    alpha: bool = False
    id: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", path_key(self.path))

    @property
    def picture(self) -> int:
        """Id of the record that stands for this picture in searches."""
        return self.copy_of or self.id

    @property
    def is_file(self) -> bool:
        """Whether there was a file, and not an image in memory."""
        return os.path.isabs(self.path) or is_remote(self.path)

    @property
    def holder(self) -> str:
        """What it is only read from: an archive, or "s3://"; "" of a local file of its own."""
        return scheme_of(self.path) or archive_of(self.path)

    @property
    def cells(self) -> Pixels:
        """The thumbnail as an array, shape (64,), uint8."""
        return np.frombuffer(self.thumbnail, np.uint8)

    @property
    def fullness(self) -> tuple[int, bool, int]:
        """What a file may hold beside the picture that is compared: frames, alpha, depth."""
        return self.frames, self.alpha, self.depth

    def row(self) -> Row:
        """The record as Milvus holds it, without its vector."""
        return {name: getattr(self, name) for name in FIELDS} | {
            "path": encode_path(self.path),
            "thumbnail": self.thumbnail.hex(),
            "alpha": int(self.alpha),
        }

    @classmethod
    def from_row(cls, row: Row) -> "Record":
        """The record of a row.

        Raises
        ------
        StoreError
            If the row is none that `row` made.
        """
        try:
            values: dict[str, Any] = {name: row[name] for name in FIELDS if name != "id"}
            values["path"] = decode_path(row["path"])
            values["thumbnail"] = bytes.fromhex(row["thumbnail"])
            values["alpha"] = bool(row["alpha"])
            record = cls(**values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StoreError(_DAMAGED.format(row.get("id"))) from error
        if record.id != row["id"] or len(record.thumbnail) != _CELLS:
            raise StoreError(_DAMAGED.format(row["id"]))
        return record


SCHEMA: Final[Mapping[str, int]] = MappingProxyType(
    {"id": 0} | {field.name: field.metadata.get("longest", 0) for field in fields(Record)}
)
"""What Milvus holds of a record: the bytes that a text may have, 0 of a number; not the vector."""
FIELDS: Final = tuple(SCHEMA)


def path_key(path: str) -> int:
    """63-bit primary key of a path, uniform over the key space, never 0.

    Examples
    --------
    >>> path_key("/photos/a.jpg") == path_key("/photos/a.jpg") != path_key("/photos/b.jpg")
    True
    """
    digest = hashlib.blake2b(encode_path(path).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


def encode_path(path: str) -> str:
    """A path as valid UTF-8: names on disk may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _RAW_BYTES + os.fsencode(path).hex()
    return path


def decode_path(text: str) -> str:
    """The path that `encode_path` was given."""
    if text.startswith(_RAW_BYTES):
        return os.fsdecode(bytes.fromhex(text.removeprefix(_RAW_BYTES)))
    return text
