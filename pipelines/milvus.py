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
from pymilvus import CollectionSchema, DataType, MilvusClient, MilvusException

from dedup.pipelines.errors import CollectionMismatch, StoreError, StoreUnavailable
from dedup.pipelines.models import Vectors

__all__ = ["MAX_HITS", "Collection", "Connection", "Row", "borrow", "connect"]

Row = dict[str, Any]
Ids = npt.NDArray[np.int64]

# Primary keys are 63-bit hashes, so equal windows of this space hold about equal numbers of rows.
KEY_SPACE = 2**63
# A server answers at most 16,384 rows or hits, and messages of at most 64 MB.
MAX_HITS = 16_384
_WINDOW_ROWS = 4_096
_INSERT_ROWS = 2_048
_QUERY_ROWS = 512

# Milvus Lite runs in this process: pinging it while it is idle only makes it complain.
_CALM = {"grpc.keepalive_permit_without_calls": False, "grpc.keepalive_time_ms": 3_600_000}

_quiet: ContextVar[bool] = ContextVar("_quiet", default=False)
# pymilvus and Milvus Lite log every failed call with its traceback; ours become errors instead.
logging.getLogger("milvus_lite").addHandler(logging.NullHandler())
logging.getLogger("pymilvus").addFilter(lambda _: not _quiet.get())
for _handler in logging.getLogger("pymilvus").handlers:
    _handler.addFilter(lambda _: not _quiet.get())


@contextmanager
def _reported(action: str, uri: str, *, connecting: bool = False) -> Iterator[None]:
    """Turn what pymilvus raises into a `StoreError` that says what was done, and where."""
    token = _quiet.set(True)
    try:
        yield
    except MilvusException as error:
        message = f"Milvus at {uri} could not {action}: {error.message}"
        if connecting or "connect" in error.message.lower():
            raise StoreUnavailable(f"{message} {_hint(uri)}") from error
        raise StoreError(message) from error
    finally:
        _quiet.reset(token)


def _hint(uri: str) -> str:
    if "://" in uri:
        return "(is the server running at that address, and is the token right?)"
    return "(another process may hold this file: close it there, or use a Milvus server)"


@dataclass(eq=False)
class _Shared:
    """A client of this process, the lock that writes to its file need, and who holds it."""

    client: MilvusClient
    loaded: set[str] = field(default_factory=set)
    writing: threading.RLock = field(default_factory=threading.RLock)
    holders: set["Connection"] = field(default_factory=set)


class Connection:
    """The hold of one user on a client that the process shares."""

    def __init__(self, uri: str, *, token: str, shared: _Shared) -> None:
        self.uri = uri
        self.client = shared.client
        self.loaded = shared.loaded
        self.writing = shared.writing
        self._token = token
        self._shared = shared

    @property
    def is_local(self) -> bool:
        """Whether this is a Milvus Lite file."""
        return "://" not in self.uri

    def close(self) -> None:
        """Let go; the last one closes the client, and lets other processes have the file."""
        with _connecting:
            if self not in self._shared.holders:
                return
            self._shared.holders.remove(self)
            if self._shared.holders:
                return
            del _clients[self.uri, self._token]
            self.client.close()
            if self.is_local:
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(self.uri)


_clients: dict[tuple[str, str], _Shared] = {}
_connecting = threading.RLock()


def connect(uri: str | Path, *, token: str = "") -> Connection:
    """A connection to an address, to be closed by its user.

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
    with _connecting:
        connection = borrow(uri, token=token)
        connection._shared.holders.add(connection)
        return connection


def borrow(uri: str | Path, *, token: str = "") -> Connection:
    """A connection that need not be closed: good as long as someone else holds the address.

    If nobody does, it is opened, and stays open until the next one who holds it lets go.
    """
    address = str(uri)
    if "://" not in address:
        address, token = _local_file(uri), ""  # one client a file
    with _connecting, _reported("open it", address, connecting=True):
        key = (address, token)
        if key not in _clients:
            options = {} if "://" in address else _CALM
            client = MilvusClient(address, token=token, timeout=10, grpc_options=options)
            _clients[key] = _Shared(client)
        return Connection(address, token=token, shared=_clients[key])


def _local_file(uri: str | Path) -> str:
    path = Path(os.path.abspath(uri))
    if path.suffix != ".db":
        raise StoreError(
            f"{uri}: the name of a Milvus Lite file must end in .db "
            "(and the address of a server begin with http:// or https://)"
        )
    if not path.parent.is_dir():
        raise StoreError(f"{path}: the folder {path.parent} does not exist")
    if path.is_file():
        raise StoreError(f"{path} is a file, and a database of Milvus Lite 3 a folder")
    return str(path)


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
            If it holds other vectors than these properties say, or other fields.
        """
        schema = _schema(dimension)
        with self._reported("open it"):
            if not self._client.has_collection(self.name):
                self._create(schema, properties)
            description = self._client.describe_collection(self.name)
        found = description.get("properties", {})
        for key, wanted in properties.items():
            if found.get(key) != wanted:
                raise CollectionMismatch(
                    f"the collection {self.name!r} at {self.connection.uri} was made with "
                    f"{key.removeprefix('dedup.')} {found.get(key, 'unknown')!r}, not {wanted!r}; "
                    "choose that method, or another index or collection"
                )
        if {f["name"] for f in description["fields"]} != {f.name for f in schema.fields}:
            raise CollectionMismatch(
                f"the collection {self.name!r} at {self.connection.uri} was made by another "
                "version of dedup; choose another index or collection"
            )
        self.load()

    def load(self) -> None:
        """Make it ready for searches, once a client: a reopened file has it released."""
        if self.name not in self.connection.loaded:
            with self._reported("load it"):
                self._client.load_collection(self.name)
            self.connection.loaded.add(self.name)

    def _create(self, schema: CollectionSchema, properties: Mapping[str, str]) -> None:
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

    def insert(self, rows: Sequence[Row]) -> int:
        """Write rows, to which Milvus gives ids where the collection has `auto_id`."""
        with self.connection.writing, self._reported("insert"):
            for start in range(0, len(rows), _INSERT_ROWS):
                self._client.insert(self.name, list(rows[start : start + _INSERT_ROWS]))
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
        step = max(1, min(_QUERY_ROWS, 500_000 // max(1, limit)))
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

    def fields(self) -> list[Row]:
        """Its fields in their order: `name`, `type`, `auto_id` where Milvus fills it, ..."""
        with self._reported("describe it"):
            fields: list[Row] = self._client.describe_collection(self.name)["fields"]
        return fields

    def _reported(self, action: str) -> Any:
        return _reported(f"{action} (collection {self.name!r})", self.connection.uri)


def _schema(dimension: int) -> CollectionSchema:
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("path", DataType.VARCHAR, max_length=65_535)
    schema.add_field("size", DataType.INT64)
    schema.add_field("mtime_ns", DataType.INT64)
    schema.add_field("digest", DataType.VARCHAR, max_length=64)
    schema.add_field("format", DataType.VARCHAR, max_length=32)
    schema.add_field("width", DataType.INT64)
    schema.add_field("height", DataType.INT64)
    schema.add_field("thumbnail", DataType.VARCHAR, max_length=256)
    # The id of the row whose picture this file repeats, or 0: searches look at 0 only.
    schema.add_field("copy_of", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    return schema
