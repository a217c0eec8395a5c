"""A progress bar where a person is looking: a terminal or a notebook; nothing elsewhere."""

import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tqdm.auto import tqdm

__all__ = ["Bar", "bar"]

_T = TypeVar("_T")


class Bar(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
    """A bar whose stages follow each other.

    It has no lock of tqdm's own: that is for processes too, and may start one to track it.
    """

    def stage(self, title: str, *, total: int | None, unit: str) -> None:
        """Begin the next stage."""
        self.unit = unit
        self.set_description(title, refresh=False)
        self.set_postfix_str("", refresh=False)
        self.reset(total)

    def over(self, several: Sequence[_T], *, title: str, unit: str) -> Iterator[_T]:
        """Go through the things that the next stage is about."""
        self.stage(title, total=len(several), unit=unit)
        for one in several:
            yield one
            self.update()

    def note(self, text: str) -> None:
        """Say how far the work on the next step is."""
        self.set_postfix_str(text, refresh=False)
        self.update(0)


Bar.set_lock(threading.RLock())


def bar(*, total: int | None, title: str, unit: str = " images", shown: bool = True) -> Bar:
    """A tqdm bar, to be used as a context manager; silent if nobody can see it."""
    visible = shown and (sys.stderr.isatty() or _in_notebook())
    # Drawn anew, at most ten times a second, whenever it is told of something (miniters).
    return Bar(total=total, desc=title, unit=unit, disable=not visible, leave=False, miniters=0)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config
