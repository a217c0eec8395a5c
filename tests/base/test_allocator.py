"""The C library wastes little memory."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dedup._base.allocator import give_back

_THREADS = """
import ctypes, threading
from dedup._base.allocator import one_arena_a_core
{first}
ready = threading.Barrier(64)
def work():
    held = [bytearray(1_000) for _ in range(1_000)]
    ready.wait()
several = [threading.Thread(target=work) for _ in range(64)]
for one in several: one.start()
for one in several: one.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the arenas are glibc's")
def test_threads_share_as_many_arenas_as_there_are_cores():
    def arenas(first):
        command = [sys.executable, "-c", _THREADS.format(first=first)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stderr.count("Arena ")

    assert arenas("one_arena_a_core()") <= len(os.sched_getaffinity(0)) < arenas("")


def resident():
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others give it back at once")
def test_what_was_freed_between_what_is_in_use_goes_back_to_the_system():
    size, count = 64 << 10, 2_000  # each is too small to be mapped by itself
    blocks = [np.ones(size, np.uint8) for _ in range(count)]
    kept = blocks[::50]
    before = resident()
    del blocks
    give_back()
    assert before - resident() > 0.8 * size * count
    assert all(block.all() for block in kept)
