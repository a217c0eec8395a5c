"""Connections to Milvus: the only module that imports pymilvus.

One client an address serves the whole process: a Milvus Lite file (`photos.db`), a server
(`http://host:19530`) or Zilliz Cloud (address and token).
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpc import RpcError  # type: ignore[import-untyped]

from dedup._base.environment import environment
from dedup.errors import StoreError, StoreUnavailable
from dedup.pipelines.store.addresses import Server, server_at, shown
from dedup.pipelines.store.layout import Layout
from dedup.pipelines.store.lite import ADDRESS, LiteStore, leave_to_the_parent
from dedup.pipelines.store.storage import Store, store_at

# pymilvus takes no file for an address, and makes what a `.env` says part of the environment: one
# in the folder that is searched may be a stranger's.
with environment(MILVUS_URI="", PYTHON_DOTENV_DISABLED="1"):
    from pymilvus import CollectionSchema, DataType, MilvusClient, MilvusException

__all__ = [
    "CollectionSchema",
    "Connection",
    "DataType",
    "borrow",
    "connect",
    "new_index_params",
    "new_schema",
]

_CONNECT_SECONDS = 8
# A call that a server does not take is repeated this often, within about seven seconds; pymilvus
# itself would go on for minutes.
_RETRIES = 6

_quiet: ContextVar[bool] = ContextVar("_quiet", default=False)
_WITH_VECTORS = frozenset({"insert", "search", "upsert"})
_called: set[str] = set()
_first = threading.RLock()
# pymilvus logs every failed call with its traceback; ours become errors instead.
logging.getLogger("pymilvus").addFilter(lambda _: not _quiet.get())
for _handler in logging.getLogger("pymilvus").handlers:
    _handler.addFilter(lambda _: not _quiet.get())


@contextmanager
def _reported(action: str, uri: str, *, connecting: bool = False) -> Iterator[None]:
    """Turn what pymilvus raises into a `StoreError` that says what was done, and where."""
    token = _quiet.set(True)
    try:
        yield
    except (MilvusException, RpcError) as error:
        reason = error.message if isinstance(error, MilvusException) else str(error.details())
        message = f"Milvus at {uri} could not {action}: {reason}"
        if connecting or any(sign in reason.lower() for sign in _UNAVAILABLE):
            raise StoreUnavailable(f"{message} {_hint(uri)}") from error
        raise StoreError(message) from error
    finally:
        _quiet.reset(token)


@contextmanager
def _alone_at_first(method: str) -> Iterator[None]:
    """Let the first call with vectors end before others begin.

    Then pymilvus looks for SciPy, by running its code: two threads that do so at once fail.
    """
    if method not in _WITH_VECTORS or method in _called:
        yield
        return
    with _first:
        try:
            yield
        finally:
            _called.add(method)


_UNAVAILABLE = ("connect", "unavailable", "closed channel")


def _hint(uri: str) -> str:
    if "://" in uri:
        return "(is the server running at that address, and is the token right?)"
    return "(another process may hold this file: close it there, or use a Milvus server)"


@dataclass(eq=False)
class _Shared:
    """A client of this process, the lock that writes to its file need, and who holds it."""

    client: MilvusClient
    lite: LiteStore | None = None  # of a Milvus Lite file
    layouts: "dict[tuple[str, str | None], Layout]" = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    deleted: dict[str, object] = field(default_factory=dict)
    unflushed: dict[str, int] = field(default_factory=dict)
    writing: threading.RLock = field(default_factory=threading.RLock)
    holders: set["Connection"] = field(default_factory=set)
    process: int = field(default_factory=os.getpid)


class Connection:
    """The hold of one user on a client that the process shares.

    Attributes
    ----------
    uri, token : str
        Where it leads.
    layouts : dict of (str, str) to Layout
        What is known of the collections that were used, by name and vector field.
    loaded : set of str
        Those that are ready for searches.
    deleted : dict of str to object
        Those from which something was deleted since they were read last: what stands for the last
        deletion.
    unflushed : dict of str to int
        About how many rows of each Milvus Lite holds in memory only.
    writing : lock
        Held while something is written: Milvus Lite loses rows of writers side by side.
    """

    def __init__(self, uri: str, *, token: str, shared: _Shared) -> None:
        self.uri = uri
        self.token = token
        self.layouts = shared.layouts
        self.loaded = shared.loaded
        self.deleted = shared.deleted
        self.unflushed = shared.unflushed
        self.writing = shared.writing
        self._shared = shared

    @property
    def store(self) -> Store:
        """What kind of Milvus this is."""
        return store_at(self.uri)

    @property
    def is_local(self) -> bool:
        """Whether this is a Milvus Lite file."""
        return self.store == "lite"

    def call(self, action: str, method: str, *arguments: Any, **settings: Any) -> Any:
        """Call a method of `pymilvus.MilvusClient`.

        Parameters
        ----------
        action : str
            What an error says could not be done.
        method : str
        *arguments, **settings
            As pymilvus takes them.

        Raises
        ------
        StoreUnavailable
            If there is no answer.
        StoreError
            If Milvus refuses.
        """
        self.require_own()
        with _reported(action, self.uri), _alone_at_first(method):
            call = getattr(self._shared.client, method)
            return call(*arguments, retry_times=_RETRIES, **settings)

    def require_own(self) -> None:
        """Refuse to work in a process that was forked: threads and locks stayed behind.

        Raises
        ------
        StoreUnavailable
        """
        if self._shared.process != os.getpid():
            raise StoreUnavailable(
                f"{self.uri} was opened before this process was forked off: open it here again "
                "(a Milvus Lite file once the other process has closed it)"
            )

    def close(self) -> None:
        """Let go; the last one closes the client, and lets other processes have the file."""
        with _connecting:
            if self not in self._shared.holders or self._shared.process != os.getpid():
                return
            self._shared.holders.remove(self)
            if self._shared.holders:
                return
            del _clients[Server(self.uri, self.token)]
            self._shared.client.close()
            if self._shared.lite:
                self._shared.lite.close()


_clients: dict[Server, _Shared] = {}
_connecting = threading.RLock()
# What a forked process has of its parent's: kept, since to drop it would write to files.
_of_the_parent: list[Any] = []


def _begin_anew() -> None:
    """In a process that was forked, hold nothing of what its parent has open."""
    global _connecting, _first
    _connecting, _first = threading.RLock(), threading.RLock()
    _of_the_parent.append((_clients.copy(), leave_to_the_parent()))
    for shared in _clients.values():
        if shared.lite:
            shared.lite.forget()
    _clients.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def connect(uri: str | Path | None = None, *, token: str = "") -> Connection:
    """A connection to an address, to be closed by its user.

    Parameters
    ----------
    uri : str or Path, optional
        A Milvus Lite file, whose name ends in `.db`, or the address of a server. By default
        what the environment variable MILVUS_URI says.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud. By default what the
        environment variable MILVUS_TOKEN says.

    Notes
    -----
    MILVUS_CA, MILVUS_CERT and MILVUS_KEY name the certificates of a server at https://.

    Raises
    ------
    StoreError
        If it is no address, or a file that is not one's own.
    StoreUnavailable
        If there is no answer within ten seconds, the token is refused, or another process
        holds the file.
    """
    with _connecting:
        connection = borrow(uri, token=token)
        connection._shared.holders.add(connection)
        return connection


def borrow(uri: str | Path | None = None, *, token: str = "") -> Connection:
    """A connection that need not be closed: good as long as someone else holds the address.

    If nobody does, it is opened, and stays open until the next one who holds it lets go.
    """
    address = str(uri or os.environ.get("MILVUS_URI", ""))
    if not address:
        raise StoreError("no address of Milvus: give uri=, or set MILVUS_URI")
    local = store_at(address) == "lite"
    server = Server(_local_file(address)) if local else server_at(address, token=token)
    with _connecting, _reported("open it", server.uri, connecting=True):
        if server not in _clients:
            _clients[server] = _opened(server.uri) if local else _reached(server)
        return Connection(server.uri, token=server.token, shared=_clients[server])


def _opened(path: str) -> _Shared:
    lite = LiteStore(path)
    try:
        client = MilvusClient(ADDRESS, channel=lite.channel, dedicated=True)
    except BaseException:
        lite.close()
        raise
    return _Shared(client, lite)


def _reached(server: Server) -> _Shared:
    server.warn()
    certificates = server.certificates()
    # pymilvus would keep a connection that is not dedicated open, and hand it out for ever.
    return _Shared(
        MilvusClient(
            server.uri,
            token=server.token,
            timeout=_CONNECT_SECONDS,
            dedicated=True,
            **certificates,
        )
    )


def _local_file(uri: str) -> str:
    path = Path(os.path.abspath(uri))
    if path.suffix != ".db":
        raise StoreError(
            f"{shown(uri)}: the name of a Milvus Lite file must end in .db "
            "(and the address of a server begin with http:// or https://)"
        )
    if not path.parent.is_dir():
        raise StoreError(f"{path}: the folder {path.parent} does not exist")
    if path.is_file():
        raise StoreError(f"{path} is a file, and a database of Milvus Lite 3 a folder")
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise StoreError(f"{path}: permission denied: nothing can be written to {place}")
    return str(path)


def new_schema() -> CollectionSchema:
    """An empty schema: fixed fields, and ids that the writer gives."""
    return MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)


def new_index_params() -> Any:
    """What an index is described in: `add_index(field, index_type=..., metric_type=...)`."""
    return MilvusClient.prepare_index_params()
