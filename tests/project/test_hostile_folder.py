"""Nothing that lies in the folder that is searched is run or obeyed, if that is the current one."""

import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.thorough

# As `dedup find .` does it, with as many processes as there are pairs.
SEARCH = """
import os, sys
sys.path[:] = [path for path in sys.path if path]  # a program's own folder is not this one
import multiprocessing
if sys.argv[1:]:
    multiprocessing.set_start_method(sys.argv[1])

def seen():
    return [os.environ.get(name) for name in ("PYTHONSAFEPATH", "LD_LIBRARY_PATH")]

before = seen()
import dedup
from dedup._verification import comparing
comparing._MANY, comparing.cores = 0, lambda: 2
found = dedup.find_duplicates(".", method="sscd-fast", cache=False, progress=False)
assert seen() == before  # for what else this process starts
print(len(found.groups), found.embedded)
"""
HOSTILE = """
import os
with open(os.environ["HOSTILE_RAN"], "a") as log:
    print(__name__, file=log)
"""
LIBRARY = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void run(void) {
    FILE *log = fopen(getenv("HOSTILE_RAN"), "a");
    fputs("library\\n", log);
    fclose(log);
}
const char *zlibVersion(void) { return "1"; }
"""
# What zlib is asked for as Python imports it.
FUNCTIONS = (
    "adler32", "crc32", "deflate", "deflateCopy", "deflateEnd", "deflateInit2_",
    "deflateSetDictionary", "inflate", "inflateCopy", "inflateEnd", "inflateInit2_",
    "inflateSetDictionary",
)  # fmt: skip
# Imported as Python, a worker or a tracker of resources starts.
MODULES = ["pickle", "signal", "sitecustomize", "usercustomize", "threading", "loky", "cv2",
           "numpy", "dotenv", "encodings"]  # fmt: skip


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Where hostile code writes that it ran."""
    path = tmp_path / "ran"
    monkeypatch.setenv("HOSTILE_RAN", str(path))
    return path


@pytest.fixture
def hostile(folder, photos, monkeypatch):
    """The folder of photos, with two copies."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    for name in ("coffee", "rocket"):
        photos[name].resize((150, 100)).save(folder / f"{name}-half.png")
    return folder


def run(code, *arguments, cwd):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def library(hostile, tmp_path):
    """A library of the name of one that Python loads, where the linker's path would find it."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or not compiler:
        return  # the linker's path is Linux's here
    source = tmp_path / "hostile.c"
    source.write_text(
        LIBRARY + "".join(f"int {name}(void) {{ return 0; }}\n" for name in FUNCTIONS)
    )
    command = [compiler, "-shared", "-fPIC", "-o", hostile / "libz.so.1", source]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("method", ["spawn", ""])
@pytest.mark.usefixtures("library")
def test_modules_and_libraries_are_not_loaded_by_any_process_that_is_started(hostile, ran, method):
    for name in MODULES:
        (hostile / f"{name}.py").write_text(HOSTILE)
    assert run(SEARCH, *filter(None, [method]), cwd=hostile) == "2 8\n"
    assert not ran.exists(), ran.read_text()


NOTEBOOK = """
import os, sys
from pathlib import Path
ENV_FILE = [line.partition("=")[0] for line in Path(".env").read_text().splitlines()]
sys.ps1 = ">>> "  # someone types this in, as in a notebook
before = dict(os.environ)
import dedup
dedup.find_duplicates(".", method="phash", cache=False, progress=False)
print([name for name in os.environ if os.environ[name] != before.get(name) and name in ENV_FILE])
"""


def test_env_file_has_no_effect_in_a_notebook(hostile):
    (hostile / ".env").write_text(
        "MILVUS_URI=http://evil.example\nMILVUS_TOKEN=evil\nHTTPS_PROXY=http://evil.example\n"
        "DEDUP_MAX_PIXELS=1\nMILVUS_CONN_TIMEOUT=no number\nLD_PRELOAD=./evil.so\n"
    )
    assert run(NOTEBOOK, cwd=hostile) == "[]\n"
