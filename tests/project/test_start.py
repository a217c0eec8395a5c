"""A program waits only for what it uses."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.thorough

LIBRARIES = {
    "PIL", "cv2", "faiss", "imagehash", "loky", "milvus_lite", "numpy", "onnxruntime", "openvino",
    "pandas", "pymilvus", "scipy", "towhee", "tqdm",
}  # fmt: skip
NETWORKS = {"onnxruntime", "openvino", "torch"}
_SAY = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
_COMMAND = "from dedup.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
_COMMANDS = """
import sys
from dedup.__main__ import main

for sys.argv[1:] in {lines!r}:
    try:
        main()
    except SystemExit:
        pass
"""
_FIND = "import sys, dedup; len(dedup.find_duplicates(sys.argv[1], method='{method}').groups)\n"


def imported(code, *arguments):
    """The packages that a new process has imported at the end."""
    done = subprocess.run(
        [sys.executable, "-c", code + _SAY, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_and_mistakes_of_the_command_line_import_no_library():
    lines = [["--help"], ["find", "--help"], ["index", "add", "--help"], ["find", "--metod"]]
    assert not imported(_COMMANDS.format(lines=lines)) & LIBRARIES


def test_names_and_errors_import_no_library():
    code = (
        "import dedup\nimport dedup.errors\ndedup.InputError\nimport dedup.pipelines\n"
        "import dedup.pipelines.store.addresses\n"
    )
    assert not imported(code) & LIBRARIES


def test_what_reads_files_and_tables_imports_neither_milvus_nor_networks():
    unused = {"faiss", "milvus_lite", "pymilvus", "towhee", *NETWORKS}
    names = ["Plan", "undo", "Labels", "metrics", "Choices", "Threshold"]
    code = "import dedup\n" + "".join(f"dedup.{name}\n" for name in names)
    assert not imported(code) & unused


def test_hashes_import_no_network(folder):
    assert not imported(_FIND.format(method="phash"), folder) & NETWORKS


def test_network_for_pairs_in_doubt_is_loaded_for_none(folder):
    code = (
        "import sys, dedup\nfrom dedup._search import search\n"
        "from dedup.pipelines.models import engines\nsearch._MANY_NEW = 0\n"
        "len(dedup.find_duplicates(sys.argv[1], cache=False).groups)\n"
        "sys.modules |= dict.fromkeys(e.path.stem for e in engines._engines)\n"
    )
    assert len([name for name in imported(code, folder) if name.startswith("sscd")]) == 1


def test_second_run_imports_no_network_and_no_pipeline(folder):
    code = _FIND.format(method="sscd-cascade")
    assert imported(code, folder) & NETWORKS
    assert not imported(code, folder) & {"towhee", *NETWORKS}


def test_second_find_on_the_command_line_imports_neither_store_nor_tables(folder):
    unused = {"cv2", "faiss", "loky", "milvus_lite", "pandas", "pymilvus", "towhee", *NETWORKS}
    assert imported(_COMMAND, "find", folder) & unused
    assert not imported(_COMMAND, "find", folder) & unused


def test_processes_that_compare_and_measure_import_neither_store_nor_tables():
    unused = {"loky", "milvus_lite", "pandas", "pymilvus", "towhee", *NETWORKS}
    code = "import dedup._verification.worker\nimport dedup._verification.coverage.cover\n"
    assert not imported(code) & unused
