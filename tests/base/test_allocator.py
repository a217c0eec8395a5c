"""The command line's process has few pools of memory, however many threads work in it."""

import os
import platform
import subprocess
import sys

import pytest

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
