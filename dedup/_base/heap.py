"""Memory that was freed, given back to the system."""

import ctypes
import sys
from contextlib import suppress

__all__ = ["give_back"]


def give_back() -> None:
    """Give back what was freed by now: the C library keeps it, for each thread its own.

    Between two stages of a run that is as much again as what is in use. It takes some
    milliseconds; where the C library has no such call, nothing is done.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        with suppress(AttributeError):  # it is imported only in part
            arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
