"""Pairs compared side by side: few in threads, many in processes.

A comparison is hundreds of short steps, between which threads wait for Python's lock: two
threads compare a sixth more pairs than one, two processes three quarters more
(benchmarks/comparing.py).
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager, suppress
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from threadpoolctl import ThreadpoolController

from dedup._base.environment import environment, for_children
from dedup._base.pairs import Pair
from dedup._base.threads import cores, threads
from dedup._verification.align import compare
from dedup._verification.evidence import Evidence
from dedup._verification.features import Features
from dedup._verification.worker import begin, compare_all

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

__all__ = ["Comparers", "called"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Answer: TypeAlias = tuple[list[Evidence], dict[int, dict[str, Any]]]

# Pairs from which processes are worth the second of the processor that each takes to start.
_MANY = 512
# Each takes about 60 MB; 90 where it measures what pictures of 500 pixels show, 220 of 2,400.
_MOST = 8
_LEAST_CHUNK = 8
# Of what takes as long as ten comparisons.
_LEAST_ITEMS = 2
# Where a process can't be started or was killed, threads compare.
_NO_PROCESS = (BrokenExecutor, OSError)
_ONE_THREAD = dict.fromkeys(["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"], "1")
# Bytes from which glibc gives freed memory back, and has memory of its own for an array: a pair
# frees and takes the same few megabytes again and again, a tenth of its time.
_KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


class Comparers:
    """Who compares. In a `with` block these may become processes, which end with it.

    Attributes
    ----------
    compared : int
        Pairs until now.
    """

    def __init__(self) -> None:
        self.compared = 0
        self._is_open = False
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Comparers":
        self._is_open = cores() > 1 and not multiprocessing.current_process().daemon
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def expect_many(self) -> None:
        """Start the processes, so that they are there when the first pairs come."""
        if self._is_open and self._processes is None:
            with suppress(*_NO_PROCESS):
                self._start()

    def compare(
        self, pairs: Sequence[Pair], features: Mapping[int, Features]
    ) -> Iterator[list[Evidence]]:
        """The evidence of pairs, some at a time, in their order.

        Processes begin at once, threads when the first is asked for.
        """
        self.compared += len(pairs)
        many = self._processes is not None or self.compared >= _MANY
        if self._is_open and many and len(pairs) > 1:
            with suppress(*_NO_PROCESS):
                return self._in_processes(pairs, features)
            self._end()
        return self._in_threads(pairs, features)

    def each(
        self, function: Callable[[Sequence[_Item]], list[_Result]], items: Sequence[_Item]
    ) -> Iterator[list[_Result]]:
        """What a function makes of items, some at a time, in their order.

        In processes, if there are any: they are not started for this. What a killed one had is
        done again.
        """
        chunks = _chunks(items, _count(), least=_LEAST_ITEMS)
        done = 0
        if self._is_open and self._processes is not None and len(chunks) > 1:
            with suppress(*_NO_PROCESS):
                for future in [self._processes.submit(function, chunk) for chunk in chunks]:
                    yield future.result()
                    done += 1
                return
            self._end()
        with _side_by_side("each", len(chunks) - done) as each:
            yield from each(function, chunks[done:])

    def _in_processes(
        self, pairs: Sequence[Pair], features: Mapping[int, Features]
    ) -> Iterator[list[Evidence]]:
        processes = self._processes or self._start()
        begun = []
        for chunk in _chunks(pairs, _count(), least=_LEAST_CHUNK):
            # As they are now: a thread sends them, while these learn from other answers.
            needed = {p: features[p].as_known() for pair in chunk for p in pair}
            begun.append((processes.submit(compare_all, chunk, needed), chunk))
        return self._from_processes(begun, features)

    def _from_processes(
        self,
        begun: Iterable[tuple[Future[_Answer], Sequence[Pair]]],
        features: Mapping[int, Features],
    ) -> Iterator[list[Evidence]]:
        for future, pairs in begun:
            answer = self._answer(future)
            if answer is None:
                yield from self._in_threads(pairs, features)
                continue
            evidence, computed = answer
            for picture, more in computed.items():
                features[picture].computed.update(more)
            yield evidence

    def _answer(self, future: Future[_Answer]) -> _Answer | None:
        """What a process found; None where it was killed."""
        if self._processes is not None:
            with suppress(*_NO_PROCESS):
                return future.result()
            self._end()
        return None

    def _in_threads(
        self, pairs: Sequence[Pair], features: Mapping[int, Features]
    ) -> Iterator[list[Evidence]]:
        # A pair a thread: matrices are too small to be shared out, and waiting for it costs more.
        with _side_by_side("verify", len(pairs)) as each:
            for evidence in each(lambda pair: compare(features[pair[0]], features[pair[1]]), pairs):
                yield [evidence]

    def _start(self) -> "ProcessPoolExecutor":
        from loky import ProcessPoolExecutor  # slow to load, and small runs need none

        # Here start also what tracks resources for Python and for loky, which inherit.
        with environment(**for_children()):
            variables = _ONE_THREAD | _KEPT_MEMORY | for_children()
            self._processes = ProcessPoolExecutor(_count(), env=variables, initializer=begin)
            self._processes.submit(int)
        return self._processes

    def _end(self) -> None:
        self._is_open = False
        if self._processes is not None:
            self._processes.shutdown(kill_workers=True)
            self._processes = None


def called(calls: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """What each of some calls gives; `Comparers.each` makes them side by side."""
    return [call() for call in calls]


def _chunks(items: Sequence[_Item], workers: int, *, least: int) -> list[Sequence[_Item]]:
    """Items in turn, several chunks for each worker, as some take longer."""
    size = max(least, -(-len(items) // (4 * workers)))
    return [items[start : start + size] for start in range(0, len(items), size)]


def _count() -> int:
    return min(cores(), _MOST)


@contextmanager
def _side_by_side(purpose: str, count: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """What maps a function over so many things: threads, or this one if it is one thing.

    Threads that come and go leave memory behind, 150 MB in a run that asked for pairs one by one.
    """
    with _blas().limit(limits=1, user_api="blas"):
        if count <= 1:
            yield map
        else:
            with threads(purpose) as pool:
                yield pool.map


@cache
def _blas() -> ThreadpoolController:
    """The linear algebra of this process; finding it takes some milliseconds."""
    return ThreadpoolController()
