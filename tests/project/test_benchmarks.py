"""The scripts that print our figures fit the code as it is: what they import is there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_script_can_be_imported(name):
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    missing = "No module named"  # tools to compare with need not be there
    assert done.returncode == 0 or missing in done.stderr, done.stderr


def test_there_are_scripts():
    assert len(list(FOLDER.glob("*.py"))) > 10
