"""Threads may ask an index at once, in a process that asked for nothing before."""

import subprocess
import sys

import pytest

import dedup

# Two threads that look for SciPy meet while they do; where only one does, it waits for a second.
SCRIPT = """
import contextlib, importlib.util, sys, threading
from concurrent.futures import ThreadPoolExecutor
import dedup

met, made = threading.Barrier(2), importlib.util.module_from_spec

def together(spec):
    if spec.name == "scipy.sparse":
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)
    return made(spec)

with dedup.ImageIndex(sys.argv[1], method="phash", progress=False) as index:
    importlib.util.module_from_spec = together
    with ThreadPoolExecutor(4) as threads:
        print({found.relation for found in threads.map(index.check, [sys.argv[2]] * 4)})
"""


@pytest.mark.thorough
def test_threads_may_ask_first_at_once(tmp_path, folder):
    with dedup.ImageIndex(tmp_path / "a.db", method="phash") as index:
        index.add(folder)
    command = [sys.executable, "-c", SCRIPT, tmp_path / "a.db", folder / "coffee.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "{'exact'}\n"), done.stderr
