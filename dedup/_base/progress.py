"""A progress bar where a person is looking: a terminal or a notebook; nothing elsewhere."""

import sys
import threading
from typing import Any

from tqdm.auto import tqdm

__all__ = ["bar"]


class _Bar(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
    """A bar without tqdm's own lock: that is for processes too, and may start one to track it."""


_Bar.set_lock(threading.RLock())


def bar(*, total: int | None, title: str, unit: str = " images", shown: bool = True) -> Any:
    """A tqdm bar, to be used as a context manager; silent if nobody can see it."""
    visible = shown and (sys.stderr.isatty() or _in_notebook())
    return _Bar(total=total, desc=title, unit=unit, disable=not visible, leave=False)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config
