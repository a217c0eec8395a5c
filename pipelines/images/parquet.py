"""Images in the rows of a Parquet file, whose bytes are in a column, one row group at a time.

pyarrow reads it (the extra `tuning` brings it). The column holds bytes, or, as Hugging Face writes
it, structures of `bytes` and `path`.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

from dedup._base.extras import command
from dedup.errors import DecodeError

__all__ = ["MAGIC", "read_row", "rows"]

MAGIC: Final = b"PAR1"
"""The first bytes of each such file."""

_ROWS = 64  # at once, while their sizes are looked up
_NO_IMAGE = "a row without an image"


def rows(path: str) -> Iterator[tuple[int, int | str]]:
    """The rows of a file, and how many bytes each holds, or why it holds no image.

    Raises
    ------
    DecodeError
        If pyarrow is missing, or not exactly one column can hold images.
    """
    _require_pyarrow()
    import pyarrow.compute as pc

    with _opened(path) as file:
        column = _column(file)
        row = 0
        for batch in file.iter_batches(batch_size=_ROWS, columns=[column]):
            for length in pc.binary_length(_bytes_of(batch.column(0))).to_pylist():
                yield row, _NO_IMAGE if length is None else length
                row += 1


def read_row(path: str, row: int) -> bytes:
    """The bytes that a row holds."""
    status = os.stat(path)
    ends = _ends(path, status.st_size, status.st_mtime_ns)
    group = bisect_right(ends, row)
    values = _group(path, status.st_size, status.st_mtime_ns, group)
    data: bytes | None = values[row - (ends[group - 1] if group else 0)].as_py()
    if data is None:
        raise DecodeError(_NO_IMAGE)
    return data


def _require_pyarrow() -> None:
    """Say how to install pyarrow if it is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise DecodeError(f"Parquet: to read it, {command('tuning')}") from None


def _opened(path: str) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(path)


def _column(file: Any) -> str:
    """The name of the column that holds images, with the field of a structure."""
    import pyarrow.types as kinds

    found = []
    for field in file.schema_arrow:
        if kinds.is_struct(field.type):
            at = field.type.get_field_index("bytes")
            if at >= 0 and _holds_bytes(field.type.field(at).type):
                found.append(f"{field.name}.bytes")
        elif _holds_bytes(field.type):
            found.append(field.name)
    if len(found) != 1:
        raise DecodeError(f"a table with {len(found)} columns of bytes, where one is expected")
    return found[0]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))


def _bytes_of(column: Any) -> Any:
    """The bytes of a column; those of a structure, if it is one."""
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    return pc.struct_field(column, "bytes") if kinds.is_struct(column.type) else column


@lru_cache(maxsize=32)
def _ends(path: str, size: int, mtime_ns: int) -> list[int]:
    """Where each row group ends."""
    _require_pyarrow()
    with _opened(path) as file:
        counts = (file.metadata.row_group(n).num_rows for n in range(file.num_row_groups))
        return list(accumulate(counts))


@lru_cache(maxsize=2)  # rows are mostly read in their order
def _group(path: str, size: int, mtime_ns: int, group: int) -> Any:
    with _opened(path) as file:
        return _bytes_of(file.read_row_group(group, columns=[_column(file)]).column(0))
