"""Milvus Lite in this process, without a port: what pymilvus calls goes straight to the engine.

By itself Milvus Lite listens on a port of the loopback, without a password: whoever has an
account on the machine could read what an index holds, and write to it.
"""

import atexit
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import grpc  # type: ignore[import-untyped]

from dedup.errors import StoreError
from dedup.pipelines.store.lite_folder import drop_flushed_logs, make_own

__all__ = ["ADDRESS", "LiteStore", "leave_to_the_parent"]

ADDRESS: Final = "unix:/dev/null/milvus-lite"
"""What pymilvus is told instead of an address. No socket can be there, should it look."""
_LOG = logging.getLogger(__name__)
# As many as Milvus Lite's own server has.
_THREADS = 10


class LiteError(grpc.RpcError):  # type: ignore[misc]
    """A call that the engine did not do, as pymilvus expects it."""

    def __init__(self, details: str, *, code: grpc.StatusCode = grpc.StatusCode.UNKNOWN) -> None:
        super().__init__(details)
        self._details, self._code = details, code

    def code(self) -> grpc.StatusCode:
        """The kind of failure."""
        return self._code

    def details(self) -> str:
        """The reason."""
        return self._details

    def result(self, timeout: float | None = None) -> Any:
        """Raise it: gRPC treats what failed as a call that is over."""
        raise self


class LiteStore:
    """A Milvus Lite file that this process has open, and what pymilvus reaches it through.

    Parameters
    ----------
    path : str
        Its folder. Where a client of pymilvus has opened it in this process before, its engine
        serves both.

    Raises
    ------
    StoreError
        If the folder is not one's own (`make_own`), or the engine can't be used without a port.
    LiteError
        If another process has it open, or it can't be read.
    """

    def __init__(self, path: str) -> None:
        make_own(path)
        try:
            from milvus_lite.adapter.grpc.servicer import MilvusServicer
            from milvus_lite.db import MilvusLite
            from milvus_lite.server_manager import server_manager_instance
        except ImportError as error:
            raise StoreError(
                f"{path}: this version of milvus-lite can't be used without a port that others "
                f'reach ({error}): pip install "milvus-lite==3.2.2"'
            ) from error
        served = server_manager_instance._servers.get(path)
        self._is_guest = served is not None
        if self._is_guest:
            _LOG.warning(
                "%s: a client of pymilvus has it open, on a port that every user of this machine "
                "reaches",
                path,
            )
        try:
            self._database = served[1] if served else MilvusLite(path)
            if not self._is_guest:
                drop_flushed_logs(path)
        except Exception as error:
            raise LiteError(str(error)) from error
        # Calls run on threads of their own, so that Ctrl-C ends the wait and not half a write.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="milvus-lite")
        self.channel = _Channel(MilvusServicer(self._database), self._threads)
        atexit.register(self.close)

    def close(self) -> None:
        """Let go of the file once the calls that run are done."""
        atexit.unregister(self.close)
        self.channel.close()
        try:
            self._threads.shutdown()
        finally:
            if not self._is_guest:
                self._database.close()

    def forget(self) -> None:
        """In a process that was forked: never close what the parent has open."""
        atexit.unregister(self.close)


def leave_to_the_parent() -> Any:
    """In a process that was forked, serve no file that a client of pymilvus opened before.

    Milvus Lite would otherwise serve both, and this one's end would release the parent's file.
    What is returned must be kept: to drop it would write to files.
    """
    if "milvus_lite.server_manager" not in sys.modules:
        return None
    from milvus_lite.server_manager import server_manager_instance

    served = server_manager_instance._servers
    server_manager_instance._lock = threading.Lock()
    server_manager_instance._servers = {}
    return served


class _Channel(grpc.Channel):  # type: ignore[misc]
    """The calls of Milvus' service, each to the method of its name."""

    def __init__(self, service: Any, threads: ThreadPoolExecutor) -> None:
        self._service, self._threads = service, threads
        self._is_open = True

    def unary_unary(self, method: str, *_: Any, **__: Any) -> "_Method":
        """A call with one message each way."""
        return _Method(self, method.rpartition("/")[2])

    def _none(self, method: str, *_: Any, **__: Any) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            raise LiteError(f"{method}: not in Milvus Lite", code=grpc.StatusCode.UNIMPLEMENTED)

        return call

    unary_stream = stream_unary = stream_stream = _none

    def submit(self, name: str, request: Any, metadata: Sequence[Any]) -> Future[Any]:
        """Call a method of the service on a thread."""
        if not self._is_open:
            raise ValueError("call on a closed channel")
        return self._threads.submit(self._call, name, request, metadata)

    def _call(self, name: str, request: Any, metadata: Sequence[Any]) -> Any:
        context = _Context(metadata)
        try:
            return getattr(self._service, name)(request, context)
        except Exception as error:
            raise LiteError(context.details or str(error), code=context.code) from error

    def subscribe(self, callback: Callable[..., Any], try_to_connect: bool = False) -> None:
        """Say that it is ready, as it always is."""
        callback(grpc.ChannelConnectivity.READY)

    def unsubscribe(self, callback: Callable[..., Any]) -> None:
        """Nothing is said later."""

    def close(self) -> None:
        """Take no more calls."""
        self._is_open = False

    def __enter__(self) -> "_Channel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Method(grpc.UnaryUnaryMultiCallable):  # type: ignore[misc]
    """One method of the service; gRPC's own settings of a call mean nothing here."""

    def __init__(self, channel: _Channel, name: str) -> None:
        self._channel, self._name = channel, name

    def __call__(self, request: Any, *_: Any, metadata: Any = None, **__: Any) -> Any:
        return self.future(request, metadata=metadata).result()

    def with_call(self, request: Any, *_: Any, metadata: Any = None, **__: Any) -> Any:
        """What it answers, and what gRPC knows of the call: nothing."""
        return self(request, metadata=metadata), None

    def future(self, request: Any, *_: Any, metadata: Any = None, **__: Any) -> Future[Any]:
        """What it will answer."""
        return self._channel.submit(self._name, request, tuple(metadata or ()))


class _Context:
    """What Milvus Lite asks about a call, and says of it."""

    def __init__(self, metadata: Sequence[Any]) -> None:
        self._metadata = metadata
        self.code = grpc.StatusCode.UNKNOWN
        self.details = ""

    def invocation_metadata(self) -> Sequence[Any]:
        return self._metadata

    def set_code(self, code: grpc.StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details
