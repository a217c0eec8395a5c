"""The scripts that print our figures fit the code as it is: what they import is there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py"))
PEERS = ("immaculate", "torch")  # need not be there
IMPORTS = f"""
import importlib, traceback
for name in {SCRIPTS}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in {PEERS}:
            traceback.print_exc()
    except Exception:
        traceback.print_exc()
"""


def test_scripts_can_be_imported():
    assert len(SCRIPTS) > 10
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr, done.stderr
