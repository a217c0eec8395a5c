"""What was proposed is kept inside a Milvus Lite file until its pictures change."""

import pytest

import dedup
from dedup.pipelines.store.table import Table

SETTINGS = {"progress": False}


@pytest.fixture
def read(monkeypatch):
    """Counts the rows whose vectors are read."""
    rows = []
    of_table = Table.read_vectors

    def counted(self, where):
        ids, vectors = of_table(self, where)
        rows.extend(ids)
        return ids, vectors

    monkeypatch.setattr(Table, "read_vectors", counted)
    return rows


@pytest.fixture(params=[pytest.param("sscd-fast", marks=pytest.mark.thorough), "phash"])
def index(folder, request, tmp_path):
    with dedup.ImageIndex(tmp_path / "own.db", method=request.param, progress=False) as index:
        index.add(folder)
        yield index


@pytest.fixture
def copies(folder, photos):
    photos["coffee"].resize((240, 160)).save(folder / "again.jpg")
    return folder


def work(path):
    return sorted(path.glob("dedup-pairs/dedup/*"))


def test_unchanged_index_is_not_compared_again(index, read, tmp_path):
    first = index.duplicates()
    assert read
    read.clear()
    second = index.duplicates()
    assert read == []
    assert second.pairs.equals(first.pairs)
    assert len(work(tmp_path / "own.db")) == 1


def test_what_changed_is_seen(index, folder, photos, read, tmp_path):
    before = index.duplicates()
    read.clear()
    photos["coffee"].resize((240, 160)).save(folder / "again.jpg")
    index.add(folder)
    grown = index.duplicates()
    assert read
    assert len(grown.pairs) > len(before.pairs)
    index.remove(folder / "again.jpg")
    assert index.duplicates().pairs.equals(before.pairs)
    assert len(work(tmp_path / "own.db")) == 1


def test_another_threshold_of_proposals_is_another_search(index, read):
    index.duplicates()
    read.clear()
    few = index.duplicates(candidates=0 if index.stats().model.startswith("pHash") else 0.95)
    assert read
    assert len(few.pairs) <= len(index.duplicates().pairs)


@pytest.mark.parametrize("part", ["*.hits.npy", "*.rest.npz"])
def test_work_of_which_a_part_is_lost_is_done_again(copies, tmp_path, part):
    index = tmp_path / "copies.db"
    first = dedup.find_duplicates(copies, index=index, **SETTINGS)
    assert len(first.groups) == 1
    (folder,) = work(index)
    for file in folder.glob(part):
        if not file.name.startswith("whole"):
            file.unlink()
    assert dedup.find_duplicates(copies, index=index, **SETTINGS).pairs.equals(first.pairs)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b"x"),
        lambda file: file.write_bytes(b"[]"),
        lambda file: file.unlink(),
    ],
)
def test_damaged_work_stops_nothing(index, tmp_path, spoil):
    before = index.duplicates()
    (folder,) = work(tmp_path / "own.db")
    for file in folder.iterdir():
        spoil(file)
    assert index.duplicates().pairs.equals(before.pairs)
    assert index.duplicates().pairs.equals(before.pairs)


def test_index_that_was_moved_is_read_again(folder, read, tmp_path):
    at = tmp_path / "one.db"
    first = dedup.find_duplicates(folder, index=at, **SETTINGS)
    read.clear()
    at.rename(tmp_path / "other.db")
    found = dedup.find_duplicates(folder, index=tmp_path / "other.db", **SETTINGS)
    assert found.embedded == 0
    assert read
    assert found.pairs.equals(first.pairs)
    assert len(work(tmp_path / "other.db")) == 1


def test_nothing_is_kept_where_nothing_is_to_be_kept(folder, tmp_path):
    dedup.find_duplicates(folder, index=tmp_path / "own.db", cache=False, **SETTINGS)
    assert work(tmp_path / "own.db") == []
