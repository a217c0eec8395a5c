"""Milvus, through `pymilvus.MilvusClient`: the only module that imports pymilvus.

A `Collection` holds one row per image file. It works alike on a Milvus Lite file
(`photos.db`), on a server (`http://host:19530`) and on Zilliz Cloud (address and token).
"""

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pymilvus import DataType, MilvusClient, MilvusException

from dedup.pipelines.errors import CollectionMismatch, StoreError, StoreUnavailable
from dedup.pipelines.models import Vectors

__all__ = ["MAX_HITS", "Collection", "Connection", "Row", "connect"]

Row = dict[str, Any]
Ids = npt.NDArray[np.int64]

# Primary keys are 63-bit hashes, so equal windows of this space hold about equal numbers of rows.
KEY_SPACE = 2**63
# A server answers at most 16,384 rows or hits, and messages of at most 64 MB.
MAX_HITS = 16_384
_WINDOW_ROWS = 4_096
_INSERT_ROWS = 2_048
_QUERY_ROWS = 512

_quiet: ContextVar[bool] = ContextVar("_quiet", default=False)
# pymilvus logs every failed call with its traceback; ours become errors instead.
logging.getLogger("pymilvus").addFilter(lambda _: not _quiet.get())
for _handler in logging.getLogger("pymilvus").handlers:
    _handler.addFilter(lambda _: not _quiet.get())


@contextmanager
def _reported(action: str, uri: str) -> Iterator[None]:
    """Turn what pymilvus raises into a `StoreError` that says what was done, and where."""
    token = _quiet.set(True)
    try:
        yield
    except MilvusException as error:
        message = f"Milvus at {uri} could not {action}: {error.message}"
        if error.code in _UNREACHABLE or "connect" in error.message.lower():
            raise StoreUnavailable(f"{message} {_hint(uri)}") from error
        raise StoreError(message) from error
    finally:
        _quiet.reset(token)


_UNREACHABLE = (1, 2)  # pymilvus: UNEXPECTED_ERROR and CONNECT_FAILED while connecting


def _hint(uri: str) -> str:
    if "://" in uri:
        return "(is the server running at that address, and is the token right?)"
    return "(another process may hold this file: close it there, or use a Milvus server)"


@dataclass(eq=False)
class Connection:
    """A client and the lock that writes to a Milvus Lite file need."""

    uri: str
    client: MilvusClient
    writing: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_local(self) -> bool:
        """Whether this is a Milvus Lite file."""
        return "://" not in self.uri

    def close(self) -> None:
        """Close the client, and let other processes have the file."""
        with _connecting:
            for key in [key for key, known in _connections.items() if known is self]:
                del _connections[key]
        self.client.close()
        if self.is_local:
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self.uri)


_connections: dict[tuple[str, str], Connection] = {}
_connecting = threading.Lock()


def connect(uri: str | Path, *, token: str = "") -> Connection:
    """The connection of an address, opened once a process and shared.

    Parameters
    ----------
    uri : str or Path
        A Milvus Lite file, whose name ends in `.db`, or the address of a server.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud.

    Raises
    ------
    StoreUnavailable
        If there is no answer, the token is refused, or another process holds the file.
    """
    address = str(uri) if "://" in str(uri) else os.path.abspath(uri)
    if "://" not in address:
        if not address.endswith(".db"):
            raise StoreError(f"{address}: the name of a Milvus Lite file must end in .db")
        if not Path(address).parent.is_dir():
            raise StoreError(f"{address}: the folder {Path(address).parent} does not exist")
    with _connecting, _reported("open it", address):
        key = (address, token)
        if key not in _connections:
            _connections[key] = Connection(address, MilvusClient(address, token=token, timeout=10))
        return _connections[key]


class Collection:
    """The rows of one Milvus collection of image embeddings.

    Parameters
    ----------
    connection : Connection
        Where it lives.
    name : str
        Its name there.
    """

    def __init__(self, connection: Connection, *, name: str) -> None:
        self.connection = connection
        self.name = name
        self._client = connection.client

    def ensure(self, *, dimension: int, properties: Mapping[str, str]) -> None:
        """Create the collection if it is missing; otherwise check what it was made with.

        Raises
        ------
        CollectionMismatch
            If it holds other vectors than these properties say.
        """
        with self._reported("open the collection"):
            if not self._client.has_collection(self.name):
                self._create(dimension, properties)
            found = self._client.describe_collection(self.name).get("properties", {})
        for key, wanted in properties.items():
            if found.get(key) != wanted:
                raise CollectionMismatch(
                    f"the collection {self.name!r} at {self.connection.uri} was made with "
                    f"{key.removeprefix('dedup.')} {found.get(key, 'unknown')!r}, not {wanted!r}; "
                    "choose that method, or another index or collection"
                )
        with self._reported("load the collection"):
            self._client.load_collection(self.name)

    def _create(self, dimension: int, properties: Mapping[str, str]) -> None:
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("path", DataType.VARCHAR, max_length=65_535)
        schema.add_field("size", DataType.INT64)
        schema.add_field("mtime_ns", DataType.INT64)
        schema.add_field("digest", DataType.VARCHAR, max_length=64)
        schema.add_field("width", DataType.INT64)
        schema.add_field("height", DataType.INT64)
        schema.add_field("thumbnail", DataType.VARCHAR, max_length=256)
        # The id of the row whose picture this file repeats, or 0: searches look at 0 only.
        schema.add_field("copy_of", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        index = self._client.prepare_index_params()
        index.add_index("vector", metric_type="COSINE", **self._index())
        self._client.create_collection(
            self.name,
            schema=schema,
            index_params=index,
            properties=dict(properties),
            consistency_level="Bounded",
        )

    def _index(self) -> Row:
        if self.connection.is_local:
            return {"index_type": "FLAT"}
        return {"index_type": "HNSW", "params": {"M": 16, "efConstruction": 200}}

    def upsert(self, rows: Sequence[Row]) -> int:
        """Write rows, replacing those with the same id; returns how many."""
        with self.connection.writing, self._reported("store images"):
            for start in range(0, len(rows), _INSERT_ROWS):
                self._client.upsert(self.name, list(rows[start : start + _INSERT_ROWS]))
        return len(rows)

    def delete(self, ids: Sequence[int]) -> None:
        """Delete the rows of these ids."""
        with self.connection.writing, self._reported("delete images"):
            for start in range(0, len(ids), _INSERT_ROWS):
                self._client.delete(self.name, ids=list(ids[start : start + _INSERT_ROWS]))

    def flush(self) -> None:
        """Write to disk what is in memory, so that the next search is fast."""
        with self.connection.writing, self._reported("flush"):
            self._client.flush(self.name)

    def __len__(self) -> int:
        with self._reported("count its rows"):
            rows = self._client.query(
                self.name, filter="", output_fields=["count(*)"], consistency_level="Strong"
            )
        return int(rows[0]["count(*)"])

    def rows(self, fields: Sequence[str], *, where: str = "") -> Iterator[list[Row]]:
        """All rows, window by window of the key space, in ascending id."""
        windows = max(1, -(-len(self) // _WINDOW_ROWS))
        edges = [KEY_SPACE * window // windows for window in range(windows + 1)]
        edges[-1] = KEY_SPACE - 1
        for low, high in pairwise(edges):
            window = f"id >= {low} and id {'<=' if high == KEY_SPACE - 1 else '<'} {high}"
            with self._reported("read its rows"):
                found = self._client.query(
                    self.name,
                    filter=f"{window} and {where}" if where else window,
                    output_fields=list(fields),
                )
            if found:
                yield sorted(found, key=lambda row: int(row["id"]))

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these ids, in their order; shape (n, dimension)."""
        by_id: dict[int, Any] = {}
        for start in range(0, len(ids), _QUERY_ROWS):
            with self._reported("read vectors"):
                found = self._client.get(
                    self.name, ids=list(ids[start : start + _QUERY_ROWS]), output_fields=["vector"]
                )
            by_id.update((row["id"], np.asarray(row["vector"], np.float32)) for row in found)
        missing = [key for key in ids if key not in by_id]
        if missing:
            raise StoreError(f"{self.connection.uri} no longer holds {len(missing)} of its rows")
        return np.stack([by_id[key] for key in ids]) if ids else np.empty((0, 0), np.float32)

    def hits(
        self, vectors: Vectors, *, limit: int, where: str = "", fields: Sequence[str] = ()
    ) -> Iterator[list[Row]]:
        """The nearest rows of each vector, best first: `id`, `score` and the fields asked for.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension)
        limit : int
            Hits for each vector, at most `MAX_HITS`.
        where : str, optional
            Milvus filter expression.
        fields : sequence of str, optional
            Fields to return.
        """
        step = max(1, min(_QUERY_ROWS, 500_000 // limit))
        for start in range(0, len(vectors), step):
            with self._reported("search"):
                answers = self._client.search(
                    self.name,
                    data=list(vectors[start : start + step]),
                    filter=where,
                    limit=limit,
                    output_fields=["id", *fields],
                    # A server refuses ef below the limit; an index without ef ignores it.
                    search_params={"params": {"ef": max(128, limit)}},
                )
            for answer in answers:
                yield [
                    {**hit["entity"], "id": hit["id"], "score": hit["distance"]} for hit in answer
                ]

    def search(self, vectors: Vectors, *, limit: int, where: str = "") -> list[tuple[Ids, Vectors]]:
        """The nearest rows of each vector as arrays: their ids and their scores, best first."""
        return [
            (
                np.array([hit["id"] for hit in hits], np.int64),
                np.array([hit["score"] for hit in hits], np.float32),
            )
            for hits in self.hits(vectors, limit=limit, where=where)
        ]

    def field_names(self) -> list[str]:
        """The names of its fields, in their order."""
        with self._reported("describe"):
            return [
                field["name"] for field in self._client.describe_collection(self.name)["fields"]
            ]

    def _reported(self, action: str) -> Any:
        return _reported(f"{action} of {self.name!r}", self.connection.uri)
