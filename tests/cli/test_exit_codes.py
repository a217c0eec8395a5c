"""What fails or is interrupted ends with an exit code of its own, never with that of a finding."""

import os
import signal
import subprocess
import sys

import click
import pytest

from dedup._catalogue.ingest import Ingest
from dedup._cli.errors import Commands

pytestmark = pytest.mark.thorough

FIND = [sys.executable, "-m", "dedup", "find", "--method", "phash"]


def test_fault_of_ones_own_is_exit_code_2_and_never_1(capsys):
    @click.group(cls=Commands)
    def commands():
        pass

    @commands.command()
    def fail():
        raise ZeroDivisionError("\x1b[31m")

    with pytest.raises(SystemExit) as end:
        commands(["fail"])
    err = capsys.readouterr().err
    assert end.value.code == 2
    assert "in fail" in err
    assert "\x1b" not in err


def test_command_that_can_not_even_start_is_exit_code_2(tmp_path):
    (tmp_path / "pandas.py").write_text("raise OSError('no such library')")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*FIND, "."],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no such library" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device here")
def test_result_that_can_not_be_written_is_exit_code_2(here):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*FIND, "p"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (2, "Error: no space left on device\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes break in another way")
def test_reader_that_is_gone_is_exit_code_2(here):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*FIND, "p"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent in another way")
def test_interrupted_process_ends_as_shells_say_it(here):
    script = (
        "import os, signal, sys; from dedup._cli.main import main;"
        "from dedup._catalogue.ingest import Ingest;"
        "Ingest.run = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT);"
        "main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "find", "p"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 128 + signal.SIGINT
    assert done.stderr.startswith("interrupted: ")


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["find", "p"], "is kept in the cache folder; the same command goes on"),
        (["find", "p", "--no-cache"], "nothing was kept"),
        (["index", "add", "p", "--index", "a.db"], "is kept in a.db; the same command goes on"),
    ],
)
def test_interrupted_command_says_what_was_kept(run, here, monkeypatch, arguments, kept):
    """Interrupted as the first image is to be embedded; when else, `test_interrupts.py` tries."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Ingest, "run", interrupted)
    code, _, err = run(*arguments)
    assert code == 128 + signal.SIGINT
    assert err.startswith("interrupted: ")
    assert kept in err
