"""Two sets against each other: only what leaks from one into the other."""

import shutil
from pathlib import Path

import pytest

import dedup
from dedup.data.negatives import make_negatives


@pytest.fixture
def sets(tmp_path, photos):
    """Training and test images: one copy across, one edited copy across, copies within each."""
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    train, test = tmp_path / "train", tmp_path / "test"
    photos["coffee"].save(train / "coffee.png")
    photos["coffee"].resize((200, 133)).save(train / "coffee-small.png")
    photos["rocket"].save(train / "rocket.png")
    photos["chelsea"].save(train / "chelsea.png")
    shutil.copy(train / "chelsea.png", train / "chelsea-copy.png")
    photos["coffee"].convert("L").save(test / "coffee-grey.png")
    shutil.copy(train / "rocket.png", test / "rocket-copy.png")
    photos["camera"].save(test / "camera.png")
    photos["camera"].resize((200, 200)).save(test / "camera-small.png")
    return train, test


@pytest.fixture
def index(index, sets):
    for folder in sets:
        index.add(folder, tag=folder.name)
    return index


LEAKS = {
    ("coffee.png", "coffee-grey.png"),
    ("coffee-small.png", "coffee-grey.png"),
    ("rocket.png", "rocket-copy.png"),
}


def pairs(found):
    return {(Path(a).name, Path(b).name) for a, b in found.pairs[["a", "b"]].to_numpy()}


def test_tags_folders_and_patterns_name_the_same_sets(index, sets, monkeypatch):
    monkeypatch.chdir(sets[0].parent)
    for between in (("train", "test"), ("./train", "./test"), ("train/*.png", sets[1])):
        found = index.duplicates(between=between)
        assert {frozenset(pair) for pair in pairs(found)} == {frozenset(pair) for pair in LEAKS}
    assert {len(group) for group in found.groups} == {2, 3}


def test_leaks_are_found_on_every_store(store, sets):
    with dedup.ImageIndex(store.uri, token=store.token, progress=False) as index:
        for folder in sets:
            index.add(folder, tag=folder.name)
        found = index.duplicates(between=("test", "train"))
        assert {frozenset(pair) for pair in pairs(found)} == {frozenset(pair) for pair in LEAKS}
        assert found.complete


def test_folder_against_folder_in_one_call(sets):
    train, test = sets
    found = dedup.find_duplicates(train, between=test)
    assert {frozenset(pair) for pair in pairs(found)} == {frozenset(pair) for pair in LEAKS}
    again = dedup.find_duplicates([train / "coffee.png", train / "rocket.png"], between=[test])
    assert len(again.groups) == 2
    with pytest.raises(dedup.InputError, match="4 of the files are in both sets"):
        dedup.find_duplicates(sets, between=test)
    with pytest.raises(dedup.InputError, match="between= takes folders"):
        dedup.find_duplicates(train, between=[b"image"])


def test_copies_within_a_set_are_no_leak(index):
    found = index.duplicates(between=("train", "test"), verify=False, threshold=0.6)
    names = {Path(path).name for group in found.groups for path in group.paths}
    assert not names & {"chelsea.png", "chelsea-copy.png", "camera.png", "camera-small.png"}
    assert len(index.duplicates().groups) == 4


def test_only_pairs_across_are_compared(index):
    found = index.duplicates(between=("train", "test"))
    for a, b in found._outcome.verifier._evidence:
        folders = {Path(found._outcome.files[picture][0].path).parent.name for picture in (a, b)}
        assert folders == {"train", "test"}


@pytest.mark.thorough
def test_leak_is_found_behind_a_crowd_of_its_own_set(tmp_path, photos):
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
    photos["coffee"].crop((8, 8, 300, 195)).convert("L").save(tmp_path / "train" / "leak.png")
    for number, page in enumerate(make_negatives("text-pages", count=20, seed=0)):
        for part, corner in enumerate([(0, 0), (300, 0), (0, 400), (300, 400)]):
            text = page.crop((*corner, corner[0] + 300, corner[1] + 400))
            text.reduce(2).save(tmp_path / "train" / f"{number}-{part}.png")
    for number in range(70):
        photos["coffee"].resize((200, 120 + number // 5)).save(
            tmp_path / "test" / f"{number}.jpg", quality=60 + number % 5
        )
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        for name in ("train", "test"):
            index.add(tmp_path / name, tag=name)
        found = index.duplicates(between=("train", "test"))
    assert any("leak.png" in pair for pair in pairs(found))


def test_every_copy_that_leaks_is_named(index, sets):
    train, test = sets
    shutil.copy(train / "rocket.png", train / "rocket-too.png")
    shutil.copy(test / "coffee-grey.png", test / "coffee-grey-too.png")
    for folder in sets:
        index.add(folder, tag=folder.name)
    found = index.duplicates(between=("train", "test"))
    named = {name for pair in pairs(found) for name in pair}
    assert named == {name for pair in LEAKS for name in pair} | {
        "rocket-too.png",
        "coffee-grey-too.png",
    }
    for a, b in found.pairs[["a", "b"]].to_numpy():
        assert {Path(a).parent.name, Path(b).parent.name} == {"train", "test"}


def test_tag_is_given_later_and_stays(index, sets):
    train, _ = sets
    assert index.stats().tags == {"train": 5, "test": 4}
    added = index.add(train)
    assert (added.embedded, added.unchanged) == (0, 5)
    assert index.stats().tags == {"train": 5, "test": 4}
    index.add(train / "rocket.png", tag="validation")
    assert index.stats().tags == {"train": 4, "test": 4, "validation": 1}


def test_sets_that_can_not_be_compared(index, sets):
    with pytest.raises(dedup.InputError, match=r"5 of the files are in both sets, .*chelsea"):
        index.duplicates(between=("train", sets[0]))
    with pytest.raises(dedup.InputError, match=r"'dev' is no tag .*has: test, train.*no such file"):
        index.duplicates(between=("train", "dev"))
    with pytest.raises(dedup.InputError, match="expected two tags"):
        index.duplicates(between="train")
    with pytest.raises(dedup.InputError, match="longer than 256 bytes"):
        index.add(sets[0], tag="x" * 257)
