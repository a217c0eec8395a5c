"""The main path asks no other computer, starts no other program (such as pip), runs no data."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import dedup
from dedup import pipelines

pytestmark = pytest.mark.thorough

WATCH = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            print(event, address)
    elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "::1", "localhost"):
        print(event, arguments[:2])
    elif event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
        print(event, arguments[:2])
    elif event == "pickle.find_class":
        print(event, arguments)

sys.addaudithook(watch)
"""
MAIN_PATH = """
import os, sys
from pathlib import Path
import dedup
from dedup.pipelines import compare_pair

folder, work = map(Path, sys.argv[1:])
found = dedup.find_duplicates(folder, cache=False)
assert found.embedded == 6, found
assert len(found.groups) == 1
found._repr_html_()
found.report(work / "page.html")
applied = found.plan().apply()
assert len(applied) == 1
dedup.undo(applied.journal)
with dedup.ImageIndex(work / "a.db") as index:
    index.add(folder)
    assert index.check(folder / "coffee.png").relation == "exact"
    assert len(index.duplicates().groups) == 1
assert len(dedup.find_duplicates(folder, method="phash", cache=False).groups) == 1
compare_pair(threshold=0.5)(f"{folder}/coffee.png", [f"{folder}/rocket.png"])
print("finished", file=sys.stderr)
"""


@pytest.fixture
def arguments(folder, tmp_path):
    (folder / "copy.png").write_bytes((folder / "coffee.png").read_bytes())
    return [str(folder), str(tmp_path)]


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_address_and_no_program_is_asked_also_where_there_is_no_network(arguments):
    """In a network namespace of its own, which has nothing but a loopback that is up."""
    command = [sys.executable, "-c", WATCH + MAIN_PATH, *arguments]
    why_not = no_namespace()
    if not why_not:
        shell = 'ip link set lo up && ! ip route | grep . && exec "$@"'
        command = ["unshare", "--net", "--map-root-user", "sh", "-c", shell, "sh", *command]
    done = run(command)
    assert done.stderr.endswith("finished\n"), done.stderr
    assert done.stdout == ""
    if why_not:
        pytest.skip(f"asks nobody; but not seen to work without a network: {why_not}")


def no_namespace():
    """Why no network namespace can be made here, or ""."""
    try:
        alone = run(["unshare", "--net", "--map-root-user", "ip", "link", "set", "lo", "up"])
    except FileNotFoundError:
        return "there is no `unshare` here"
    return alone.stderr.strip() if alone.returncode else ""


def test_telemetry_stays_off():
    script = (
        "import sys, dedup; from dedup.pipelines.models.methods import model;"
        "m = model('sscd-fast');"
        "m.require(); from dedup.pipelines import embed; import numpy as np;"
        "embed(method=m)(np.zeros((64, 64, 3), np.uint8));"
        # OpenVINO takes its own stub where that package is missing, or hidden.
        "print([name for name in sys.modules if name.startswith('openvino_telemetry')])"
    )
    done = run([sys.executable, "-c", script])
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_no_module_unpickles():
    """Weights, thresholds and what a join left on the disk are data, never code."""
    risky = re.compile(
        r"pickle\.loads?\b|allow_pickle=True|import (c?pickle|marshal|dill|joblib)\b"
        r"|yaml\.load\b|(?<![.\w])(eval|exec)\("
    )
    loading = re.compile(r"torch\.load\((?![^)]*weights_only=True)", re.S)
    for top in (Path(dedup.__file__).parent, Path(pipelines.__file__).parent):
        for path in top.rglob("*.py"):
            code = path.read_text(encoding="utf-8")
            assert not risky.search(code), path
            assert not loading.search(code), path
