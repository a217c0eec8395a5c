"""The cache is only a cache: what can't be used is made anew, or done without, with one line."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from contextlib import closing
from pathlib import Path

import pytest

import dedup
from dedup._cli.main import main

pytestmark = pytest.mark.thorough

SETTINGS = {"method": "phash", "progress": False}
NOBODY = 65_534
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are of POSIX")
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user"
)


@pytest.fixture
def copies(folder, photos):
    photos["coffee"].resize((240, 160)).save(folder / "again.jpg")
    return folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary files go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def find(folder, **settings):
    """What is found, how much was embedded, and what was said."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = dedup.find_duplicates(folder, **SETTINGS | settings)
    lines = [str(one.message) for one in said if "/dedup/" in one.filename]
    assert all("\n" not in line for line in lines)
    return [group.paths for group in found.groups], found.embedded, lines


# The folder


@posix
@pytest.mark.parametrize("why", ["others may write beside it", "a file is there"])
def test_where_there_can_be_no_cache_folder_a_private_one_is_used(
    copies, tmp_path, temporary, monkeypatch, why
):
    home = tmp_path / "cache home"
    if why == "a file is there":
        home.write_bytes(b"")
    else:
        home.mkdir()
        home.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    groups, embedded, said = find(copies)
    (own,) = temporary.iterdir()
    assert own.stat().st_mode & 0o777 == 0o700
    assert [str(own) in line and str(home) in line for line in set(said)] == [True]
    assert (len(groups), embedded) == (1, 7)
    assert find(copies)[:2] == (groups, 0)


@posix
@pytest.mark.parametrize("of_others", ["open to all", "a link", "in a folder of all"])
def test_private_folder_that_others_made_or_can_replace_is_refused(
    copies, tmp_path, temporary, monkeypatch, of_others
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(copies / "coffee.png"))
    find(copies)
    (own,) = temporary.iterdir()
    if of_others == "open to all":
        own.chmod(0o755)
    elif of_others == "a link":
        own.rename(tmp_path / "elsewhere")
        own.symlink_to(tmp_path / "elsewhere")
    else:
        temporary.chmod(0o777)
    with pytest.raises(dedup.InputError, match=r"no cache folder can be made: .*coffee\.png"):
        dedup.find_duplicates(copies, **SETTINGS)


def test_command_line_says_it_once_in_one_line(copies, temporary, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(copies / "coffee.png"))
    with pytest.raises(SystemExit) as end:
        main(["find", "--method", "phash", str(copies)])
    errors = capsys.readouterr().err
    assert end.value.code == 1, errors
    lines = [line for line in errors.splitlines() if "cache folder" in line]
    assert len(lines) == 1
    assert lines[0].startswith("Warning: no cache folder can be made (")
    assert "UserWarning" not in errors


# Indexes


def parts(folder, pattern):
    return [path for path in folder.rglob(pattern) if path.is_file()]


def overwritten(folder):
    for path in parts(folder, "*"):
        path.write_bytes(b"something else" * 99)


def cut(folder):
    for path in parts(folder, "*.parquet"):
        path.write_bytes(path.read_bytes()[:-100])


def of_another_schema(folder):
    shutil.rmtree(folder)
    from dedup.pipelines.store.connection import connect

    store = connect(folder)
    store.call("make it", "create_collection", "dedup", dimension=8)
    store.close()


def of_a_newer_version(folder):
    for path in parts(folder, "schema.json"):
        content = json.loads(path.read_text())
        path.write_text(json.dumps({"format": 99, "of": content}))


def with_a_bad_row(folder):
    with dedup.ImageIndex(folder, **SETTINGS) as index:
        collection = index._catalogue.collection
        (row, *_) = collection.read("id > 0", fields=["*"])
        collection.upsert([row | {"thumbnail": "no thumbnail"}])
        collection.flush()


@pytest.mark.parametrize(
    "spoil", [overwritten, cut, of_another_schema, of_a_newer_version, with_a_bad_row]
)
def test_index_that_can_not_be_used_is_made_anew(copies, cache_folder, spoil):
    groups, embedded, said = find(copies)
    assert (len(groups), embedded, said) == (1, 7, [])
    (index,) = cache_folder.glob("*.db")
    spoil(index)
    again = find(copies)
    assert again[:2] == (groups, 0)  # each picture is known by itself
    assert [line.startswith("the cache is made anew: ") for line in again[2]] == [True]
    assert find(copies) == (groups, 0, [])


@posix
def test_where_even_a_new_one_can_not_be_used_it_is_done_without(copies, cache_folder):
    groups, *_ = find(copies)
    (index,) = cache_folder.glob("*.db")
    shutil.rmtree(index)
    index.write_bytes(b"a file, where a folder is wanted")
    index.with_suffix(".lock").unlink()
    for _ in range(2):
        assert find(copies)[0] == groups


def test_index_of_ones_own_is_never_made_anew(copies, tmp_path):
    find(copies, index=tmp_path / "own.db")
    with_a_bad_row(tmp_path / "own.db")
    with pytest.raises(dedup.StoreError, match="the index is damaged: its row"):
        find(copies, index=tmp_path / "own.db")


HOLDING = """
import sys
import dedup

def keep(member):
    print("holding", flush=True)
    sys.stdin.readline()
    return member.path

found = dedup.find_duplicates(sys.argv[1], method="phash", keep=keep, progress=False)
print(len(found.groups))
"""


def test_two_runs_on_one_folder_both_finish(copies):
    command = [sys.executable, "-c", HOLDING, str(copies)]
    other = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "holding\n"
    groups, _, said = find(copies)
    assert len(groups) == 1
    assert said == ["another run has the cache of these files open: this one does without"]
    printed, errors = other.communicate("\n" * 99)
    assert printed.splitlines()[-1] == "1", errors
    assert find(copies) == (groups, 0, [])


# What pairs were seen to show, and embeddings


COLUMNS = {
    "covered": "measured",
    "pictures": "thumbnail",
    "seen": "evidence",
    "standings": "measured",
    "vectors": "vector",
}


def each(cache_folder, statement):
    """What a statement gives in each file."""
    answers = {}
    for file in cache_folder.glob("*.sqlite"):
        column = COLUMNS[file.name.partition("-")[0]]
        with closing(sqlite3.connect(file)) as database, database:
            rows = database.execute(statement.format(column=column)).fetchall()
        answers[file.name] = sorted(rows)
    return answers


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kept SET {column} = 'no such thing'",
        "UPDATE kept SET {column} = '{{}}'",
        "UPDATE kept SET {column} = NULL",
        "UPDATE kept SET {column} = X'0000'",
        "ALTER TABLE kept RENAME COLUMN {column} TO other",
    ],
)
def test_what_was_kept_is_found_out_again_where_it_is_damaged(
    copies, cache_folder, photos, statement
):
    photos["coffee"].resize((210, 140)).save(copies / "third.jpg")

    def found():
        """By the pictures, which keeps what pairs show, and by the reranker's embeddings."""
        return [find(copies, method="sscd-cascade", verify=verify) for verify in (True, False)]

    groups = [groups for groups, *_ in found()]
    before = each(cache_folder, "SELECT {column} FROM kept")
    assert {name.partition("-")[0] for name in before} == COLUMNS.keys()
    assert all(before.values())
    each(cache_folder, statement)
    for index in cache_folder.glob("*.db"):
        shutil.rmtree(index)
    for embedded in (8, 0):
        assert found() == [(groups[0], embedded, []), (groups[1], 0, [])]
    assert each(cache_folder, "SELECT {column} FROM kept") == before


# Another user's, as sudo leaves it


@pytest.fixture
def place(monkeypatch):
    """A folder that all users reach, with a cache folder and one for temporary files."""
    place = Path(tempfile.mkdtemp(prefix="dedup-cache-test-"))
    place.chmod(0o755)
    (place / "temporary").mkdir()
    (place / "temporary").chmod(0o1777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place / "temporary"))
    yield place
    shutil.rmtree(place)


@root
def test_cache_folder_of_root_is_not_waited_for(copies, place):
    photos = shutil.copytree(copies, place / "photos")
    groups, *_ = find(photos)
    os.seteuid(NOBODY)
    try:
        first, second = find(photos), find(photos)
    finally:
        os.seteuid(0)
    assert first[:2] == (groups, 7)
    assert "nothing can be written there" in first[2][0]
    assert second[:2] == (groups, 0)


@root
def test_files_of_root_in_ones_own_cache_folder_are_replaced(copies, place):
    photos = shutil.copytree(copies, place / "photos")
    groups, *_ = find(photos)
    os.chown(place / "dedup", NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        first, second = find(photos), find(photos)
    finally:
        os.seteuid(0)
    assert first[:2] == (groups, 7)
    assert len(first[2]) == 1
    assert second == (groups, 0, [])
