"""The Milvus collection of an index: one row an image file.

It works alike on a Milvus Lite file (`photos.db`), on a server (`http://host:19530`) and on
Zilliz Cloud (address and token).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from dedup.errors import CollectionMismatch, StoreError, StoreUnavailable
from dedup.pipelines.store.connection import (
    CollectionSchema,
    Connection,
    DataType,
    borrow,
    connect,
    new_index_params,
    new_schema,
)
from dedup.pipelines.store.storage import PART_ROWS, Index, Storage
from dedup.pipelines.store.table import MAX_HITS, Row, Table

__all__ = ["MAX_HITS", "Collection", "Connection", "Row", "borrow", "connect"]

# Primary keys are 63-bit hashes, so equal windows of this space hold about equal numbers of rows.
KEY_SPACE = 2**63
# A server takes messages of at most 64 MB; these stay below 16.
_MESSAGE_ROWS = 2_048
_MESSAGE_BYTES = 8 * 2**20
_DELETES = 2_048
_FLOAT16_SINCE = (2, 4)
_OF_BITS = {"server": "BIN_FLAT", "zilliz": "AUTOINDEX"}


class Collection(Table):
    """The rows of one Milvus collection of image embeddings.

    Parameters
    ----------
    connection : Connection
        Where it lives.
    name : str
        Its name there.
    storage : Storage, optional
        How its vectors are kept; chosen by store and size where nothing is said.
    """

    def __init__(
        self, connection: Connection, *, name: str, storage: Storage | None = None
    ) -> None:
        super().__init__(connection, name=name)
        self.storage = storage or Storage()

    def ensure(
        self,
        *,
        dimension: int,
        fields: Mapping[str, int],
        properties: Mapping[str, str],
        measure: Literal["cosine", "bits"] = "cosine",
        made_by: Callable[[Mapping[str, str]], str] = lambda _: "what it was made with",
    ) -> None:
        """Create the collection if it is missing; otherwise check what it was made with.

        Parameters
        ----------
        dimension : int
        fields : mapping of str to int
            What a row holds beside its vector: the bytes that a text may have, 0 of a number.
            "id" is the primary key.
        properties : mapping of str to str
            What it is made with.
        measure : {"cosine", "bits"}
            "bits": vectors are hashes, and a server keeps them packed. Here they are unit
            vectors, compared by cosine, whatever the store does.
        made_by : callable
            What to ask for, to use a collection with these properties, in words.

        Raises
        ------
        CollectionMismatch
            If it holds other vectors than these properties say, or other fields, or is kept
            in another way than was asked for.
        StoreError
            If the store can't keep vectors in the way that was asked for.
        """
        vectors, index = self._kept(measure)
        schema = _schema(fields, vectors=vectors, dimension=dimension)
        if not self._call("open it", "has_collection"):
            by_size = measure == "cosine" and self.storage.index_type is None
            choice = _BY_SIZE if by_size else index.type
            self._create(schema, {**properties, _CHOICE: choice}, index)
        found = self._call("open it", "describe_collection")
        self._check(found, schema=schema, properties=properties, made_by=made_by)
        self._mend(index)
        self.load()
        self._check_layout(dimension)

    def _kept(self, measure: str) -> tuple[str, Index]:
        """The type of the vector field, and its index, of a new collection."""
        store = self.connection.store
        if measure == "bits":  # no approximation: it compares a hash with millions at once
            if store == "lite":
                return "FLOAT_VECTOR", Index("FLAT", "COSINE")
            return "BINARY_VECTOR", Index(_OF_BITS[store], "HAMMING")
        if self.storage.float16:
            self._require_float16()
            return "FLOAT16_VECTOR", self.storage.index(store, rows=0)
        return "FLOAT_VECTOR", self.storage.index(store, rows=0)

    def _require_float16(self) -> None:
        version = str(self.connection.call("tell its version", "get_server_version"))
        numbers = re.findall(r"\d+", version)
        if self.connection.is_local or tuple(map(int, numbers[:2])) < _FLOAT16_SINCE:
            raise StoreError(
                f"{self.connection.uri} has no 16-bit vectors: they need a Milvus server from "
                f"2.4 on, or Zilliz Cloud (this is {version})"
            )

    def _check(
        self,
        found: Row,
        *,
        schema: CollectionSchema,
        properties: Mapping[str, str],
        made_by: Callable[[Mapping[str, str]], str],
    ) -> None:
        recorded = found.get("properties", {})
        for key, wanted in properties.items():
            if recorded.get(key) != wanted:
                raise CollectionMismatch(
                    f"the collection {self.name!r} at {self.connection.uri} was made with "
                    f"{key.removeprefix('dedup.')} {recorded.get(key, 'unknown')!r}, not "
                    f"{wanted!r}; choose {made_by(recorded)}, or another index or collection"
                )
        if {f["name"] for f in found["fields"]} != {f.name for f in schema.fields}:
            raise CollectionMismatch(
                f"the collection {self.name!r} at {self.connection.uri} was made by another "
                "version of dedup; choose another index or collection"
            )

    def _check_layout(self, dimension: int) -> None:
        kept = self.layout
        if kept.dimension != dimension:
            raise CollectionMismatch(
                f"the collection {self.name!r} at {self.connection.uri} holds vectors of "
                f"{kept.dimension} numbers, not {dimension}; choose another index or collection"
            )
        if (self.storage.index_type or kept.index.type) != kept.index.type or (
            self.storage.float16 and kept.format.field_type != "FLOAT16_VECTOR"
        ):
            raise CollectionMismatch(
                f"the collection {self.name!r} at {self.connection.uri} keeps its vectors as "
                f"{kept.format.field_type} with the index {kept.index.type}; leave storage= "
                "out, or choose another collection"
            )

    def _create(
        self, schema: CollectionSchema, properties: Mapping[str, str], index: Index
    ) -> None:
        self.forget_layout()
        self.connection.loaded.discard(self.name)  # one of this name was, and is gone
        self._call(
            "create it",
            "create_collection",
            schema=schema,
            properties=dict(properties),
            consistency_level="Bounded",
        )
        self._build(index)

    def _index_params(self, index: Index) -> Any:
        # Milvus Lite keeps the parameters of an index only one level deeper.
        params = {"params": dict(index.params)} if self.connection.is_local else dict(index.params)
        chosen = new_index_params()
        chosen.add_index("vector", index_type=index.type, metric_type=index.metric, params=params)
        return chosen

    def upsert(self, rows: Sequence[Row]) -> int:
        """Write rows, replacing those with the same id; returns how many."""
        return self._write("upsert", rows)

    def insert(self, rows: Sequence[Row]) -> int:
        """Write rows, to which Milvus gives ids where the collection has `auto_id`."""
        return self._write("insert", rows)

    def _write(self, method: str, rows: Sequence[Row]) -> int:
        written = self._written(rows)
        with self.connection.writing:
            for message in _messages(written):
                self._call("store rows", method, data=message)
            if self.connection.is_local:
                self._flush_often(len(rows))
        return len(rows)

    def _flush_often(self, rows: int) -> None:
        """Have Milvus Lite write what it holds: it takes 20 kB a row for that, all at once."""
        held = self.connection.unflushed.get(self.name, 0) + rows
        self.connection.unflushed[self.name] = held
        if held >= PART_ROWS:
            self._call("flush", "flush")
            self.connection.unflushed[self.name] = 0

    def _written(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows as they are sent; those of another's collection are sent as they come."""
        if not rows or not self.layout.properties:
            return rows
        vectors = np.array([row["vector"] for row in rows], np.float32)
        usable = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
        if not usable.all():
            raise StoreError(
                f"{(~usable).sum()} of {len(rows)} vectors hold no number or are zero, and "
                "resemble nothing; none was stored"
            )
        sent = self.layout.format.write(vectors)
        return [{**row, "vector": vector} for row, vector in zip(rows, sent, strict=True)]

    def delete(self, ids: Sequence[int]) -> None:
        """Delete the rows of these ids."""
        with self.connection.writing:
            for start in range(0, len(ids), _DELETES):
                self._call("delete rows", "delete", ids=list(ids[start : start + _DELETES]))
                self.connection.deleted[self.name] = object()

    def flush(self) -> None:
        """Write to disk what is in memory, so that the next search is fast.

        A Milvus Lite file that has outgrown its index gets a new one, if it was not asked for.
        """
        with self.connection.writing:
            self._call("flush", "flush")
            if self.connection.is_local and self.layout.properties.get(_CHOICE) == _BY_SIZE:
                rows = len(self)
                if self.storage.outgrown(self.layout.index, rows=rows):
                    self._rebuild(self.storage.index("lite", rows=rows))

    def _rebuild(self, index: Index) -> None:
        """Replace the index. Nothing can be searched meanwhile."""
        self._call("release it", "release_collection")
        self.connection.loaded.discard(self.name)
        self._call("drop its index", "drop_index", index_name=self.layout.index.name)
        self._build(index)
        super().load()

    def load(self) -> None:
        """Make it ready for searches.

        Milvus Lite writes the files of an index in place. One that was cut, as the disk was full
        or the process was killed, can't be read, and the index is built again from the rows.
        """
        try:
            super().load()
        except StoreUnavailable:
            raise
        except StoreError:
            if not self.connection.is_local or not self.layout.index.type:
                raise
            self._rebuild(self.layout.index)

    def _mend(self, index: Index) -> None:
        """Build the index if a process was killed before it had."""
        if not self.layout.index.type:
            self._build(index)

    def _build(self, index: Index) -> None:
        # pymilvus waits half a second before it looks; Milvus Lite has built it by then.
        self._call(
            "build its index",
            "create_index",
            index_params=self._index_params(index),
            sync=not self.connection.is_local,
        )
        self.with_index(index)

    @property
    def _holds_hashes(self) -> bool:
        return bool(self.layout.properties) and self.layout.index.metric == "HAMMING"

    def windows(self) -> list[str]:
        """Filters that cut it into parts that are read at once: equal parts of the key space."""
        count = max(1, -(-len(self) // self.window_rows))
        edges = [KEY_SPACE * window // count for window in range(count + 1)]
        edges[-1] = KEY_SPACE - 1
        return [
            f"id >= {low} and id {'<=' if high == KEY_SPACE - 1 else '<'} {high}"
            for low, high in pairwise(edges)
        ]

    def rows(self, fields: Sequence[str], *, where: str = "") -> Iterator[list[Row]]:
        """All rows, window by window, in ascending id."""
        for window in self.windows():
            found = self.read(f"{window} and {where}" if where else window, fields=fields)
            if found:
                yield found


# The property that says who chose the index: its size, or somebody.
_CHOICE = "dedup.index"
_BY_SIZE = "by size"


def _messages(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows in messages that a server takes."""
    message: list[Row] = []
    size = 0
    for row in rows:
        message.append(row)
        size += sum(_size(value) for value in row.values())
        if len(message) == _MESSAGE_ROWS or size > _MESSAGE_BYTES:
            yield message
            message, size = [], 0
    if message:
        yield message


def _size(value: Any) -> int:
    """About how many bytes a value takes in a message."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, str | bytes | list):
        return 4 * len(value)
    return 10


def _schema(fields: Mapping[str, int], *, vectors: str, dimension: int) -> CollectionSchema:
    schema = new_schema()
    for name, longest in fields.items():
        if longest:
            schema.add_field(name, DataType.VARCHAR, max_length=longest)
        else:
            schema.add_field(name, DataType.INT64, is_primary=name == "id")
    schema.add_field("vector", DataType[vectors], dim=dimension)
    return schema
