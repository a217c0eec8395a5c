"""An index that somebody else laid out makes nothing outside of it change, nor tells of it."""

import json
import os
import shutil

import pytest
from trees import tree

import dedup

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(os.name != "posix", reason="links and owners are of POSIX"),
]
SETTINGS = {"method": "phash", "progress": False}
NOBODY = 65_534


@pytest.fixture
def found(folder, tmp_path):
    """An index that was searched."""
    at = tmp_path / "photos.db"
    dedup.find_duplicates(folder, index=at, **SETTINGS)
    return at


@pytest.fixture
def victim(tmp_path):
    """A folder of files and folders that no one may touch."""
    home = tmp_path / "home"
    for name in ("letters/a.txt", "photos/b.txt", "c.parquet"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("precious")
    return home


PLACES = [
    "dedup-pairs",
    "dedup-pairs/dedup",
    ".database-staging",
    "collections/dedup/partitions/_default/data",
    "collections/dedup/wal",
    "databases",
]


@pytest.mark.parametrize("place", PLACES)
def test_link_in_an_index_is_refused_and_nothing_is_deleted_behind_it(found, folder, victim, place):
    shutil.rmtree(found / place, ignore_errors=True)
    (found / place).symlink_to(victim)
    before, inside = tree(victim), tree(found)
    with pytest.raises(dedup.StoreError, match="is a link"):
        dedup.find_duplicates(folder, index=found, **SETTINGS)
    assert tree(victim) == before
    assert tree(found) == inside


def test_link_instead_of_an_index_is_refused(found, folder, tmp_path):
    (tmp_path / "other.db").symlink_to(found)
    before = tree(found)
    with pytest.raises(dedup.StoreError, match=r"other\.db is a link"):
        dedup.find_duplicates(folder, index=tmp_path / "other.db", **SETTINGS)
    assert tree(found) == before


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


OUT = "../../../../../home/c.parquet"


@pytest.mark.parametrize(
    ("book", "change"),
    [
        ("manifest.json", lambda m: m["partitions"]["_default"]["delta_files"].append(OUT)),
        ("manifest.json", lambda m: m["partitions"]["_default"]["data_files"].append("/a.parquet")),
        ("manifest.json", lambda m: m["partitions"].update({"..\\..": {"data_files": []}})),
        ("manifest.json.prev", lambda m: m["index_specs"].update({"../vector": {}})),
        ("schema.json", lambda m: m["fields"][-1].update(name="../../vector")),
    ],
)
def test_book_of_milvus_lite_that_names_files_elsewhere_is_refused(
    found, folder, victim, book, change
):
    rewrite(found / "collections" / "dedup" / book, change)
    before = tree(victim)
    with pytest.raises(dedup.StoreError, match="names a file outside of the index"):
        dedup.find_duplicates(folder, index=found, **SETTINGS)
    assert tree(victim) == before


def test_only_the_work_of_a_join_is_removed_from_an_index(found, folder, spare_photo):
    (old,) = (found / "dedup-pairs" / "dedup").iterdir()
    foreign = [old.parent / "mine" / "note.txt", old / "note.txt", old.parent / "note.npy"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
    spare_photo.save(folder / "new.jpg")
    dedup.find_duplicates(folder, index=found, **SETTINGS)
    assert [path.read_text() for path in foreign] == ["precious"] * 3
    assert [path.name for path in old.iterdir()] == ["note.txt"]


def test_what_is_no_file_in_an_index_is_refused(found, folder):
    os.mkfifo(found / "pipe")
    with pytest.raises(dedup.StoreError, match="neither a file nor a folder"):
        dedup.find_duplicates(folder, index=found, **SETTINGS)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root gives files away")
@pytest.mark.parametrize("part", [".", "collections/dedup/manifest.json"])
def test_index_of_another_user_is_refused(found, folder, part):
    os.chown(found / part, NOBODY, NOBODY)
    before = tree(found)
    with pytest.raises(dedup.StoreError, match="belongs to another user"):
        dedup.find_duplicates(folder, index=found, **SETTINGS)
    assert tree(found) == before


def test_new_index_is_closed_to_other_users(found):
    assert found.stat().st_mode & 0o077 == 0
