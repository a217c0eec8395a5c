"""The work folder: parts of stages as Parquet, each written whole or not at all."""

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from dedup._base.extras import require
from dedup.distributed._tables import table_of_stage
from dedup.errors import InputError
from dedup.pipelines.images.remote import check_address, is_remote

__all__ = ["Range", "Rows", "Work"]

Rows: TypeAlias = list[dict[str, Any]]
Range: TypeAlias = tuple[str, Any, Any]
"""A column, its least value, and the one before which it ends; None for no bound."""

# Parts are sorted by what is looked for in them, so that most row groups need not be read.
_GROUP_ROWS = 16_384


class Work:
    """Stages of a job in a folder that all machines see, or at an address of fsspec's.

    Who may read and write at an address is fsspec's own configuration: none of it is in here, so
    that none of it is sent, shown or stored.

    Parameters
    ----------
    address : str or path
        Such as "/shared/work" or "s3://bucket/work".
    """

    def __init__(self, address: str | os.PathLike[str]) -> None:
        self.address = os.fspath(address)
        if is_remote(self.address):
            check_address(self.address)
        else:
            self.address = os.path.abspath(self.address)
        core = require("fsspec.core", extra="remote")
        try:
            self._system, root = core.url_to_fs(self.address)
        except ImportError as error:  # it names what to install
            raise InputError(f"{self.address}: {error}") from None
        self._root = root.rstrip("/")

    def __reduce__(self) -> tuple[Any, ...]:
        return Work, (self.address,)

    def parts(self, stage: str) -> list[str]:
        """The names of the parts of a stage that are there, in their order."""
        folder = f"{self._root}/{stage}"
        self._system.invalidate_cache()
        try:
            files = self._system.ls(folder, detail=False)
        except FileNotFoundError:
            return []
        names = (os.path.basename(file) for file in files)
        return sorted(
            name.removesuffix(".parquet")
            for name in names
            if name.endswith(".parquet") and not name.startswith(".")
        )

    def write(self, stage: str, part: str, rows: Any) -> None:
        """Write a part: dictionaries, a DataFrame, or columns by name."""
        import pyarrow.parquet as pq

        data = io.BytesIO()
        pq.write_table(table_of_stage(stage, rows), data, row_group_size=_GROUP_ROWS)
        self._put(f"{stage}/{part}.parquet", data.getvalue())

    def read(
        self,
        stage: str,
        part: str,
        *,
        columns: Sequence[str] | None = None,
        within: Range | None = None,
    ) -> Any:
        """A part as a table, perhaps only rows within a range."""
        import pyarrow.parquet as pq

        return pq.read_table(
            f"{self._root}/{stage}/{part}.parquet",
            filesystem=self._system,
            partitioning=None,
            columns=None if columns is None else list(columns),
            filters=None if within is None else _filters(within),
        )

    def gather(
        self,
        stage: str,
        *,
        prefix: str = "",
        columns: Sequence[str] | None = None,
        within: Range | None = None,
    ) -> Any:
        """All parts of a stage, or those whose names begin so, as one table."""
        import pyarrow as pa

        tables = [
            self.read(stage, part, columns=columns, within=within)
            for part in self.parts(stage)
            if part.startswith(prefix)
        ]
        if tables:
            return pa.concat_tables(tables)
        empty = table_of_stage(stage, [])
        return empty if columns is None else empty.select(list(columns))

    def length(self, stage: str, part: str) -> int:
        """How many rows a part has."""
        import pyarrow.parquet as pq

        with self._system.open(f"{self._root}/{stage}/{part}.parquet", "rb") as file:
            rows: int = pq.ParquetFile(file).metadata.num_rows
        return rows

    def rows(self, stage: str, *, prefix: str = "", within: Range | None = None) -> Rows:
        """The same as dictionaries."""
        rows: Rows = self.gather(stage, prefix=prefix, within=within).to_pylist()
        return rows

    def save_note(self, name: str, values: dict[str, Any]) -> None:
        """Write values as JSON."""
        self._put(name, (json.dumps(values, indent=1, sort_keys=True) + "\n").encode())

    def note(self, name: str) -> dict[str, Any] | None:
        """What `save_note` wrote; None if it is not there."""
        self._system.invalidate_cache()
        try:
            values: dict[str, Any] = json.loads(self._system.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None
        return values

    def is_empty(self) -> bool:
        """Whether nothing is there."""
        try:
            return not self._system.ls(self._root, detail=False)
        except FileNotFoundError:
            return True

    def _put(self, name: str, data: bytes) -> None:
        if is_remote(self.address):
            self._system.pipe_file(f"{self._root}/{name}", data)  # there as a whole, or not at all
            return
        path = Path(self._root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{uuid4().hex}.partial")
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _filters(within: Range) -> Any:
    column, low, high = within
    bounds = [(column, ">=", low), (column, "<", high)]
    return [bound for bound in bounds if bound[2] is not None] or None
