"""Files whose parts are so many and so small that to read them takes for ever.

Readers take a file in pieces. Of a sound one a piece is some hundred bytes long; of one that was
made to hurt (a comment of 50 MB that is read byte by byte, millions of empty chunks), one or two.
"""

import io
import os
from typing import Any

from dedup.errors import DecodeError

__all__ = ["InMemory", "OnDisk"]

_READS = 200_000  # less than a second
_BYTES = 50  # of the file that allow one more


class _Counted(io.BufferedIOBase):
    """A file that is not read in too many pieces."""

    _left: float = 0

    def allow(self, size: float) -> None:
        """Allow the reads that a file of so many bytes needs."""
        self._left = _READS + size / _BYTES

    def read(self, *size: Any) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise DecodeError("a file of too many small parts, which is not read")
        return super().read(*size)


class InMemory(_Counted, io.BytesIO):
    """The bytes of a file."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.allow(len(data))


class OnDisk(_Counted, io.BufferedReader):
    """A file that is open."""

    def __init__(self, file: io.FileIO) -> None:
        super().__init__(file)
        self.allow(os.fstat(file.fileno()).st_size)
