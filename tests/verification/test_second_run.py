"""A second run embeds nothing and compares nothing again, and gives the same."""

import os
import shutil
import sqlite3
import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import dedup
from dedup._verification import comparing, verify
from dedup._verification.coverage import cover
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.coverage.detail import Detail
from dedup._verification.coverage.measured import covered_pairs
from dedup._verification.evidence import Evidence
from dedup._verification.evidence_cache import EvidenceCache

pytestmark = pytest.mark.thorough

SETTINGS = {"method": "sscd-fast", "progress": False}


@pytest.fixture
def compared(monkeypatch):
    """Counts the pairs that are aligned."""
    pairs = []
    align = comparing.compare

    def counted(a, b):
        pairs.append((a, b))
        return align(a, b)

    monkeypatch.setattr(comparing, "compare", counted)
    return pairs


@pytest.fixture
def measured(monkeypatch):
    """Counts what is measured of pairs and of groups."""
    calls = []

    def counted(function):
        return lambda *arguments: calls.append(arguments) or function(*arguments)

    monkeypatch.setattr(cover, "coverage_of", counted(cover.coverage_of))
    monkeypatch.setattr(verify, "standings", counted(verify.standings))
    return calls


@pytest.fixture
def copies(folder, photos):
    """Six photos, and two copies of each."""
    for name, photo in photos.items():
        photo.resize((150, 150 * photo.height // photo.width)).save(folder / f"{name}-half.jpg")
        photo.crop((30, 20, 290, 180)).save(folder / f"{name}-cut.png")
    return folder


def result(found):
    return found.pairs, [(group.keep, group.paths) for group in found.groups], found.skipped


def same(one, other):
    assert one[1] == other[1]
    assert one[0].equals(other[0])
    assert one[2].equals(other[2])


def test_second_run_compares_nothing_and_gives_the_same(copies, compared, tmp_path):
    first = dedup.find_duplicates(copies, **SETTINGS)
    assert len(compared) >= 12
    compared.clear()
    second = dedup.find_duplicates(copies, **SETTINGS)
    assert compared == []
    same(result(second), result(first))
    first.report(tmp_path / "first.html", progress=False)
    second.report(tmp_path / "second.html", progress=False)
    pages = [(tmp_path / name).read_text() for name in ("first.html", "second.html")]
    assert pages[0].replace("18 embedded in this run", "0 embedded in this run") == pages[1]
    same(result(second.at(0.9)), result(first.at(0.9)))


def test_second_run_measures_nothing_and_gives_the_same(copies, measured):
    first = dedup.find_duplicates(copies, **SETTINGS)
    whole = result(first)
    assert len(measured) >= 12
    measured.clear()
    second = dedup.find_duplicates(copies, **SETTINGS)
    same(result(second), whole)
    assert measured == []


def test_group_of_which_a_file_changed_is_measured_again(copies, measured, photos):
    dedup.find_duplicates(copies, **SETTINGS)
    all_of_them = len(measured)
    measured.clear()
    photos["coffee"].rotate(1).save(copies / "coffee-half.jpg")
    dedup.find_duplicates(copies, **SETTINGS)
    assert 0 < len(measured) < all_of_them / 2


def test_other_places_and_names_of_the_same_files_are_known(copies, compared, tmp_path):
    dedup.find_duplicates(copies, **SETTINGS)
    compared.clear()
    moved = shutil.move(copies, tmp_path / "elsewhere")
    found = dedup.find_duplicates(moved, index=tmp_path / "a.db", **SETTINGS)
    assert len(found.groups) == 6
    assert compared == []


def test_file_that_changed_is_compared_again(copies, compared, spare_photo):
    first = dedup.find_duplicates(copies, **SETTINGS)
    compared.clear()
    spare_photo.save(copies / "coffee-half.jpg")
    second = dedup.find_duplicates(copies, **SETTINGS)
    assert len(compared) < 12
    assert sum(map(len, second.groups)) == sum(map(len, first.groups)) - 1


def test_file_that_is_gone_is_not_reported_from_memory(copies):
    with dedup.ImageIndex(copies.parent / "a.db", **SETTINGS) as index:
        index.add(copies)
        before = sum(map(len, index.duplicates().groups))
        os.unlink(copies / "coffee-half.jpg")
        found = index.duplicates()
    reasons = dict(found.skipped.itertuples(index=False))
    assert reasons == {str(copies / "coffee-half.jpg"): "gone since it was indexed"}
    assert sum(map(len, found.groups)) == before - 1


def test_nothing_is_kept_where_nothing_is_to_be_kept(copies, compared, cache_folder):
    for _ in range(2):
        compared.clear()
        dedup.find_duplicates(copies, cache=False, **SETTINGS)
        assert len(compared) >= 12
    assert list(cache_folder.iterdir()) == []


@pytest.mark.parametrize("spoil", ["no folder", "no database", "locked"])
def test_memory_that_can_not_be_used_stops_nothing(copies, cache_folder, monkeypatch, spoil):
    with dedup.ImageIndex(copies.parent / "a.db", **SETTINGS) as index:
        index.add(copies)
        first = result(index.duplicates())
        (file,) = cache_folder.glob("seen-*.sqlite")
        if spoil == "no folder":
            monkeypatch.setenv("XDG_CACHE_HOME", str(copies / "coffee.png"))
            monkeypatch.setattr(tempfile, "tempdir", str(copies / "coffee.png"))
        elif spoil == "no database":
            for path in cache_folder.glob("seen-*.sqlite*"):
                path.write_bytes(b"something else" * 999)
        else:
            lock = sqlite3.connect(file)
            lock.execute("BEGIN EXCLUSIVE")
        same(result(index.duplicates()), first)


def test_what_another_version_saw_is_dropped(copies, compared, cache_folder):
    (cache_folder / "seen-0123456789abcdef.sqlite").write_bytes(b"of another version")
    dedup.find_duplicates(copies, **SETTINGS)
    (file,) = cache_folder.glob("seen-*.sqlite")
    assert file.name != "seen-0123456789abcdef.sqlite"


def test_oldest_are_dropped_where_there_are_too_many(tmp_path):
    seen = EvidenceCache(folder=tmp_path, most=10)
    for number in range(30):
        seen.put({(str(number), "b"): Evidence(0.5, "near")})
    known = seen.get([(str(number), "b") for number in range(30)])
    assert sorted(known) == sorted((str(number), "b") for number in range(20, 30))


numbers = st.floats(allow_nan=False, width=64)
boxes = st.tuples(numbers, numbers, numbers, numbers)


@given(
    evidence=st.builds(
        Evidence,
        score=numbers,
        relation=st.sampled_from(["near", "scene", "different", "uncertain"]),
        overlap_a=numbers.map(np.float64),
        transform=st.none() | st.lists(numbers, min_size=6, max_size=6).map(
            lambda row: np.array(row).reshape(2, 3)
        ),
        mirrored=st.booleans().map(np.bool_),
        box_a=boxes,
        changed=st.none() | st.integers(0, 3).map(lambda n: np.full((n, 4, 2), 1 / 3)),
        edits=st.lists(st.text(), max_size=3).map(tuple),
        measurements=st.none() | st.dictionaries(st.text(), numbers, max_size=3),
    )
)  # fmt: skip
def test_evidence_comes_back_as_it_was(tmp_path_factory, evidence):
    seen = EvidenceCache(folder=tmp_path_factory.getbasetemp())
    seen.put({("a", "b"): evidence})
    (again,) = seen.get([("a", "b"), ("b", "a")]).values()
    for name in Evidence.__slots__:
        mine, back = getattr(evidence, name), getattr(again, name)
        if isinstance(mine, np.ndarray):
            assert (back.shape, back.tolist()) == (mine.shape, mine.tolist())
        else:
            assert mine == back


@given(
    coverage=st.builds(
        Coverage,
        a=st.builds(Only, within=numbers.map(np.float64), ground=st.text(), colours=st.booleans()),
        detail=st.builds(Detail, ratio=numbers, is_exact=st.booleans().map(np.bool_)),
        tint=numbers,
    )
)
def test_coverage_comes_back_as_it_was(tmp_path_factory, coverage):
    covered = covered_pairs(tmp_path_factory.getbasetemp())
    covered.put({"a pair": coverage})
    (again,) = covered.get(["a pair", "another"]).values()
    assert again == coverage


def test_image_in_memory_is_known_again(photos, compared):
    photo = photos["coffee"]
    images = [photo, photo.resize((150, 100)), Image.new("RGB", (64, 64))]
    dedup.find_duplicates(images, **SETTINGS)
    compared.clear()
    assert len(dedup.find_duplicates(images, **SETTINGS).groups) == 1
    assert compared == []
