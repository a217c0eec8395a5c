"""`dedup find` of files that have not changed prints what it printed, and searches no more."""

import os
import re
import shutil
import sqlite3
from contextlib import closing

import pytest

import dedup
from dedup._base import versions
from dedup._cli.main import main


@pytest.fixture
def run(capsys):
    """Runs `dedup find ... --method phash`; gives its exit code and what it prints."""

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["find", *map(str, arguments), "--method", "phash"])
        out, err = capsys.readouterr()
        return end.value.code or 0, out, re.sub(r"\d+ embedded", "n embedded", err)

    return run


@pytest.fixture
def searches(monkeypatch):
    """What was searched."""
    done = []
    search = dedup.find_duplicates

    def find_duplicates(inputs, **settings):
        done.append(inputs)
        return search(inputs, **settings)

    monkeypatch.setattr(dedup, "find_duplicates", find_duplicates)
    return done


@pytest.fixture
def copies(folder):
    shutil.copy(folder / "coffee.png", folder / "coffee (1).png")
    (folder / "linked.png").symlink_to(folder / "coffee.png")
    return folder


@pytest.mark.parametrize(
    "arguments", [[], ["--json"], ["--threshold", "0.6"], ["--keep", "oldest"]]
)
def test_the_same_is_printed_without_a_search(run, copies, searches, arguments):
    first = run(copies, *arguments)
    assert first[0] == 1
    assert "n embedded in this run: 1 group" in first[2]
    assert run(copies, *arguments) == first
    assert len(searches) == 1


def test_nothing_was_embedded_it_says(copies, run, capsys):
    run(copies)
    with pytest.raises(SystemExit):
        main(["find", str(copies), "--method", "phash"])
    assert "7 images, 0 embedded in this run" in capsys.readouterr().err


def another_time(folder):
    os.utime(folder / "coins.jpg" if (folder / "coins.jpg").exists() else folder / "coins.png")


def another_file(folder):
    shutil.copy(folder / "coffee.png", folder / "coffee (2).png")


def a_file_less(folder):
    (folder / "coffee (1).png").unlink()


def another_name(folder):
    (folder / "coffee (1).png").rename(folder / "coffee (2).png")


def a_link_less(folder):
    (folder / "linked.png").unlink()


@pytest.mark.parametrize(
    "change", [another_time, another_file, a_file_less, another_name, a_link_less]
)
def test_files_that_changed_are_searched_again(run, copies, searches, change):
    run(copies)
    change(copies)
    again = run(copies)
    assert len(searches) == 2
    assert again == run(copies, "--no-cache")


def test_other_settings_and_other_names_are_searched_for(run, copies, searches, monkeypatch):
    run(copies)
    run(copies, "--json")
    run(copies, "--no-verify")
    run(copies, "--prefer", copies)
    run(copies / "coffee*.png")
    monkeypatch.chdir(copies.parent)
    assert f"keep   {copies.name}{os.sep}" in run(copies.name)[1]
    assert len(searches) == 6


@pytest.mark.parametrize("more", [["--no-cache"], ["--verbose"], ["--index"], ["--csv"]])
def test_what_needs_a_search_has_one(run, copies, searches, tmp_path, more):
    names = {"--index": [tmp_path / "own.db"], "--csv": [tmp_path / "groups.csv"]}
    for _ in range(2):
        run(copies, *more, *names.get(more[0], []))
    assert len(searches) == 2


def test_files_that_could_not_be_read_are_tried_again(run, copies, searches):
    (copies / "notes.txt").write_text("no image")
    first = run(copies)
    assert "notes.txt" in first[2]
    assert run(copies) == first
    assert len(searches) == 2


def test_other_versions_of_libraries_search_again(run, copies, searches, monkeypatch):
    first = run(copies)
    monkeypatch.setattr(versions, "_version", lambda package: "another")
    versions._installed.cache_clear()
    try:
        assert run(copies) == first
    finally:
        versions._installed.cache_clear()
    assert len(searches) == 2


def test_damaged_answer_is_not_printed(run, copies, searches, cache_folder):
    first = run(copies)
    (file,) = cache_folder.glob("printed-*.sqlite")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE kept SET result = 'keep nothing'")
    assert run(copies) == first
    assert len(searches) == 2
    assert run(copies) == first
    assert len(searches) == 2
