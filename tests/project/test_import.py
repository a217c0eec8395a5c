"""Importing dedup leaves the program that does so as it was."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.thorough


def run(code, *arguments):
    done = subprocess.run(
        [sys.executable, *code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


def test_logging_of_the_program_is_untouched():
    script = """
import io, logging, warnings
before = list(logging.root.handlers), logging.root.level, list(logging.root.filters)
import dedup
everything = [getattr(dedup, name) for name in dedup.__all__]  # imported when it is used
assert (list(logging.root.handlers), logging.root.level, list(logging.root.filters)) == before
stream = io.StringIO()
logging.basicConfig(stream=stream, level=logging.INFO)
logging.getLogger("mine").info("hello")
assert "hello" in stream.getvalue()
"""
    assert run(["-c", script]).stdout == ""


_FINDS = """
with tempfile.TemporaryDirectory() as place:
    uri = place + "/images.db"
    with dedup.ImageIndex(uri, method=sys.argv[2], cache=False) as index:
        index.add(sys.argv[1])
        len(index.duplicates())
        from pymilvus import MilvusClient
        # Asks Milvus Lite for what it has not: AllocTimestamp.
        client = MilvusClient(place + "/mine.db")
        client.create_collection("mine", dimension=4, consistency_level="Bounded")
"""
_LOGS = "logging.basicConfig(level=logging.INFO, format='LOGGED %(name)s: %(message)s')"


@pytest.mark.parametrize(
    ("first", "method"),
    [
        (f"{_LOGS}; import dedup", "sscd-fast"),
        (f"import dedup.pipelines; {_LOGS}", "phash"),
        (f"import towhee; import dedup; {_LOGS}", "phash"),
        ("import towhee; logging.root.setLevel(logging.INFO); import dedup", "phash"),
        (f"import faiss, pymilvus, dedup; {_LOGS}", "phash"),
        ("import dedup", "phash"),
    ],
)
def test_log_of_the_program_holds_nothing_of_the_libraries_below(folder, first, method):
    """Whichever is imported first, and also at level INFO."""
    script = f"import logging, sys, tempfile; {first}\n{_FINDS}"
    assert run(["-c", script], str(folder), method).stderr == ""


def test_grpc_server_of_the_program_still_logs_its_faults():
    script = """
import logging
import dedup.pipelines
logging.basicConfig()
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("grpc._server").exception("Exception calling application")
"""
    assert "ZeroDivisionError" in run(["-c", script]).stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no safe fork there")
def test_worker_processes_may_use_it(folder, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        """
import multiprocessing, sys
import dedup

def count(folder):
    return dedup.find_duplicates(folder, method="sscd-fast", cache=False).embedded

if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.apply_async(count, (sys.argv[1],)).get(timeout=100))
"""
    )
    assert run([str(script)], str(folder)).stdout == "6\n6\n"


def test_what_is_not_used_is_not_imported():
    """A worker process imports the alignment alone, and is there at once."""
    script = (
        "import sys, dedup, dedup._verification.worker;"
        "print(sorted(sys.modules.keys() & {'pandas', 'towhee', 'pymilvus', 'openvino', 'PIL'}))"
    )
    assert run(["-c", script]).stdout == "[]\n"
