"""Where the time of a run went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from dedup._base.text import counted

__all__ = ["Timings"]


class Timings(dict[str, float]):
    """Seconds of wall time by stage, in the order in which the stages began.

    What a stage inside another takes counts for the inner one only.

    Attributes
    ----------
    compared : int
        Pairs of pictures that were aligned and compared meanwhile; those that are known from
        earlier runs are not.

    Examples
    --------
    >>> timings = Timings()
    >>> with timings.stage("propose"):
    ...     with timings.stage("verify"):
    ...         pass
    >>> list(timings)
    ['propose', 'verify']
    """

    def __init__(self) -> None:
        super().__init__()
        self.compared = 0
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of a block to a stage."""
        self.setdefault(name, 0.0)
        self._count()
        self._open.append(name)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def _count(self) -> None:
        now = time.perf_counter()
        if self._open:
            self[self._open[-1]] += now - self._since
        self._since = now

    def __str__(self) -> str:
        total = max(sum(self.values()), 1e-9)
        stages = ", ".join(f"{name} {s:.2f} s ({s / total:.0%})" for name, s in self.items())
        return f"{stages}; {counted(self.compared, 'pair')} compared"
