"""A Ray cluster: the one that this process is connected to, or one that is started here."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dedup._base.environment import environment, for_children
from dedup._base.extras import require
from dedup.errors import (
    CollectionMismatch,
    DedupError,
    InputError,
    StoreError,
    StoreUnavailable,
)
from dedup.pipelines.store.addresses import shown
from dedup.pipelines.store.storage import store_at

__all__ = ["connected", "imported", "nodes", "own_errors", "patiently", "server_at", "spread"]

_Result = TypeVar("_Result")

# Only names of files pass through Ray's shared memory, where Ray is started here.
_OBJECT_STORE_BYTES = 128 * 2**20
# Ray's own defaults are to report its use to its makers, and under `uv run` to make each worker
# an environment of its own. Who starts a Ray decides; this is for the one that is started here.
_OWN_RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
# A part that kills whoever works on it is given up.
_RETRIES = 10
# A Milvus server that is started again is waited for, five minutes in all.
_WAITS = (1, 2, 4, 8, 15, 30, 60, 90, 90)
# One that answers, and refuses, may not have loaded its collections yet.
_WAITS_TO_LOAD = _WAITS[:6]


def server_at(index: str | None) -> str:
    """The address of a Milvus server, which many machines reach."""
    uri = str(index or os.environ.get("MILVUS_URI", ""))
    if not uri or store_at(uri) == "lite":
        raise InputError(
            f"index={shown(uri)!r}: a Milvus Lite file belongs to one process; workers need "
            'the address of a Milvus server, such as "http://milvus:19530" '
            "(ImageIndex.add fills a file)"
        )
    return uri


def imported() -> Any:
    """Ray, with our settings of what it reads as it is imported, if one is to be started here."""
    ray = sys.modules.get("ray")
    if "RAY_ADDRESS" not in os.environ and not (ray and ray.is_initialized()):
        for name, value in _OWN_RAY.items():
            os.environ.setdefault(name, value)
    return require("ray", extra="ray")


@contextmanager
def connected(ray: Any, workers: int | None) -> Iterator[None]:
    """Ray connected to a cluster; one that is started here is stopped again."""
    if ray.is_initialized():
        yield
        return
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False}
    if "RAY_ADDRESS" not in os.environ:
        options |= {
            "address": "local",
            "include_dashboard": False,
            "num_cpus": max(workers or 1, os.cpu_count() or 1),
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
    with environment(**for_children()):
        ray.init(**options)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def own_errors() -> Iterator[None]:
    """Errors of this library as themselves, and not as Ray wraps them."""
    try:
        yield
    except Exception as failure:
        error: BaseException | None = failure
        while error is not None and not isinstance(error, DedupError):
            error = getattr(error, "cause", None) or error.__cause__
        if error is None or error is failure:
            raise
        raise error from None


def nodes(ray: Any) -> int:
    """How many machines there are."""
    return sum(node["Alive"] for node in ray.nodes())


def spread(
    ray: Any, function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], *, workers: int
) -> Iterator[Any]:
    """Run a function as tasks, so many side by side; yields what they return, as they end.

    A task whose process or machine dies is run again elsewhere, ten times at most, and so is one to
    which Milvus did not answer, after a while.
    """
    how = {"num_cpus": 1, "max_retries": _RETRIES, "scheduling_strategy": "SPREAD"}
    task = ray.remote(patiently).options(**how)
    running: list[Any] = []
    waiting = iter(jobs)
    while True:
        for job in waiting:
            running.append(task.remote(function, *job))
            if len(running) >= workers:
                break
        if not running:
            return
        done, running = ray.wait(running, num_returns=1)
        yield from ray.get(done)


def patiently(function: Callable[..., _Result], *job: Any) -> _Result:
    """What a function returns, once Milvus answers it; at most five minutes later."""
    tried = 0
    while True:
        try:
            return function(*job)
        except CollectionMismatch:
            raise
        except StoreError as error:
            waits = _WAITS if isinstance(error, StoreUnavailable) else _WAITS_TO_LOAD
            if tried >= len(waits):
                raise
            time.sleep(waits[tried])
            tried += 1
