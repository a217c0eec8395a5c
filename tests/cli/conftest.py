"""What the tests of the commands share."""

import shutil
from pathlib import Path

import pytest

from dedup._cli.main import main


@pytest.fixture
def run(capsys):
    """Runs `dedup ...`; gives its exit code, standard output and standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        return end.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def encoded(tmp_path_factory, photos):
    """The pictures of `here`, which are encoded once."""
    folder = tmp_path_factory.mktemp("encoded") / "p"  # as others may read it
    folder.mkdir()
    for size in (300, 150):
        photos["coffee"].resize((size, size * 2 // 3)).save(folder / f"{size}.png")
    photos["rocket"].save(folder / "rocket.png")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch, encoded):
    """The current folder: `p` with two copies, some files that are none of dedup's."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(encoded, "p", copy_function=shutil.copy)
    shutil.copy("p/rocket.png", "cat.png")
    Path("notes.txt").write_text("notes")
    Path("other.csv").write_text("path,group")
    Path("deep.json").write_text("[" * 100_000)
    Path("empty").mkdir()
    return tmp_path
