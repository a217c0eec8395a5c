"""Threads that end with their user: what has not begun when it is interrupted never begins."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

__all__ = ["cores", "threads"]


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
