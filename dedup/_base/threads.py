"""Threads that end with their user: what has not begun when it is interrupted never begins."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["ahead", "cores", "threads"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def cores() -> int:
    """Processor cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def threads(purpose: str, *, count: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """Threads for a `with` block, one a core unless said otherwise.

    A `ThreadPoolExecutor` of its own would do all that it was given before an error, or Ctrl-C,
    comes out.

    Examples
    --------
    >>> with threads("example") as pool:
    ...     list(pool.map(abs, [-1, -2]))
    [1, 2]
    """
    pool = ThreadPoolExecutor(count or cores(), thread_name_prefix=f"dedup-{purpose}")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def ahead(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """Results in order; while one is waited for and used, the next is under way, and no more.

    Unlike `pool.map`, which takes all items at once.

    Examples
    --------
    >>> with threads("example") as pool:
    ...     list(ahead(pool, abs, [-1, -2, -3]))
    [1, 2, 3]
    """
    begun: deque[Future[_Result]] = deque()
    for item in items:
        begun.append(pool.submit(function, item))
        if len(begun) == 2:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()
