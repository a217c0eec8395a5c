"""Damaged files of every format: no crash, no hang, each failure a reason. See `fuzzing`."""

import os
import subprocess
import sys

import fuzzing
import pytest

pytestmark = pytest.mark.thorough

posix = pytest.mark.skipif(os.name != "posix", reason="a timer ends what is busy for too long")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    fuzzing.write_files(folder)
    return folder


@posix
def test_for_some_seconds(files):
    report = fuzzing.fuzz(files, seconds=8, first_seed=1)
    print(report)
    assert report.tried > 20
    assert report.read > 0
    assert report.reasons.total() > 0
    assert (report.kills, report.hangs, report.failures) == ([], [], [])


@pytest.mark.parametrize("edit", ["put", "flip", "insert", "remove", "repeat", "cut"])
def test_every_edit_changes_a_file(edit):
    data = bytes(range(200))
    assert fuzzing.edited(data, [(edit, 20, b"\x80\x01")]) != data
    assert fuzzing.edited(b"", [(edit, 0.5, b"\x80\x01")]) is not None


@posix
def test_kills_and_hangs_are_seen(tmp_path):
    """The report tells them apart: a test that can't fail would prove nothing."""
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    for end in ("SIGSEGV", "SIGPROF"):
        code = f"import os, signal; os.kill(os.getpid(), signal.{end})"
        report = fuzzing.Report()
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        (tmp_path / ".current").write_text('{"number": 7, "name": "photo.png", "edits": []}')
        fuzzing.note(report, tmp_path, child)
        assert (report.tried, len(report.kills) + len(report.hangs)) == (7, 1)
        assert bool(report.hangs) == (end == "SIGPROF")
