"""The C library's allocator, told to waste less memory."""

import ctypes
import os
import sys
from contextlib import suppress
from typing import Final

__all__ = ["give_back", "one_arena_a_core"]

_M_ARENA_MAX: Final = -8


def one_arena_a_core() -> None:
    """Let threads share as many pools of memory as there are cores; only glibc's does so.

    By itself it makes eight a core, and what one thread frees no other uses again: that was a
    quarter of the peak. It holds for the whole process, which must be one's own.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, len(os.sched_getaffinity(0)))


def give_back() -> None:
    """Give what was freed by now back to the system; only glibc, and Arrow, keep it.

    Between two stages of a run that is a sixth of what is in use. It takes some milliseconds.
    """
    arrow = sys.modules.get("pyarrow")
    with suppress(AttributeError):  # another C library; or it is not imported, or only in part
        if arrow is not None:
            arrow.default_memory_pool().release_unused()
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
