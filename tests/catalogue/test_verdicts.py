"""What people say of pairs is remembered, and done."""

import shutil
from pathlib import Path

import pytest

import dedup
from dedup._grouping.union_find import Clusters
from dedup.labels import Labels


def groups(found):
    return sorted(sorted(Path(path).name for path in group.paths) for group in found.groups)


@pytest.fixture
def copies(folder, photos):
    """Two edited copies of one photo beside the six photos."""
    photos["coffee"].resize((200, 133)).save(folder / "small.png")
    photos["coffee"].convert("L").save(folder / "grey.png")
    return folder


@pytest.fixture
def index(index, copies):
    index.add(copies)
    return index


def test_pair_that_is_no_duplicate_is_not_accepted_nor_joined_by_others(index, copies):
    assert groups(index.duplicates()) == [["coffee.png", "grey.png", "small.png"]]
    index.mark(copies / "small.png", copies / "grey.png", duplicate=False)
    found = index.duplicates()
    (group,) = groups(found)
    assert len(group) == 2
    assert {"small.png", "grey.png"} - set(group)
    ends = [{Path(a).name, Path(b).name} for a, b in found.pairs[["a", "b"]].to_numpy()]
    assert {"small.png", "grey.png"} not in ends
    assert groups(found.at(0.3)) == groups(found)


def test_pair_that_is_a_duplicate_is_accepted_whatever_it_looks_like(index, copies):
    index.mark(copies / "rocket.png", str(copies / "camera.png"), duplicate=True)
    for verify in (True, False):
        found = index.duplicates(verify=verify)
        assert ["camera.png", "rocket.png"] in groups(found)
        (row,) = found.pairs[found.pairs["marked"]].itertuples()
        assert row.relation == "near"
    assert ["camera.png", "rocket.png"] in groups(found.at(0.9))


def test_check_does_as_was_said(index, copies):
    index.mark(copies / "small.png", copies / "coffee.png", duplicate=False)
    paths = [Path(match.path).name for match in index.check(copies / "small.png").matches]
    assert "small.png" in paths
    assert "coffee.png" not in paths
    index.remove(copies / "small.png")
    index.mark(copies / "small.png", copies / "grey.png", duplicate=False)
    assert index.check(copies / "small.png").relation == "new"
    index.mark(copies / "small.png", copies / "rocket.png", duplicate=True)
    (match,) = index.check((copies / "small.png").read_bytes()).matches
    assert (Path(match.path).name, match.relation) == ("rocket.png", "near")


def test_verdicts_are_kept_in_every_store(store, copies):
    with dedup.ImageIndex(store.uri, token=store.token, progress=False) as index:
        index.add(copies)
        index.mark(copies / "small.png", copies / "grey.png", duplicate=False)
        index.mark(copies / "camera.png", copies / "rocket.png", duplicate=True)
    with dedup.ImageIndex(store.uri, token=store.token, progress=False) as index:
        assert index.verdicts()["label"].tolist() == [True, False]
        assert sorted(map(len, groups(index.duplicates()))) == [2, 2]
        assert index.check(copies / "camera.png").relation == "exact"


def test_last_word_counts(index, copies):
    pair = copies / "small.png", copies / "grey.png"
    index.mark(*pair, duplicate=False)
    index.mark(*reversed(pair), duplicate=True)
    assert groups(index.duplicates()) == [["coffee.png", "grey.png", "small.png"]]
    assert index.verdicts()["label"].tolist() == [True]


def test_verdict_survives_moving_removing_and_opening_again(tmp_path, copies):
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add(copies)
        index.mark(copies / "small.png", copies / "grey.png", duplicate=False)
        index.remove([copies / "small.png", copies / "grey.png"])
    (copies / "moved").mkdir()
    shutil.move(copies / "small.png", copies / "moved" / "other name.png")
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add(copies)
        (group,) = groups(index.duplicates())
        assert len(group) == 2
        assert index.verdicts()["a"].tolist() == [str(copies / "grey.png")]
        assert index.verdicts()["b"].tolist() == [str(copies / "moved" / "other name.png")]


def test_find_duplicates_on_the_index_does_as_was_said(tmp_path, copies):
    uri = tmp_path / "a.db"
    dedup.find_duplicates(copies, index=uri)
    with dedup.ImageIndex(uri) as index:
        index.mark(copies / "small.png", copies / "coffee.png", duplicate=False)
    assert all(len(group) == 2 for group in dedup.find_duplicates(copies, index=uri).groups)


def test_verdicts_are_labels(index, copies):
    index.mark(copies / "small.png", copies / "grey.png", duplicate=True)
    index.mark(copies / "rocket.png", copies / "grey.png", duplicate=False)
    labels = Labels.of_pairs(index.verdicts())
    assert labels.counts == (1, 1)
    (copies / "rocket.png").unlink()
    assert index.verdicts()["label"].tolist() == [True]


def test_what_can_not_be_said(index, copies, photos, tmp_path):
    photos["coffee"].save(tmp_path / "coffee.bmp")
    with pytest.raises(dedup.InputError, match="one file"):
        index.mark(copies / "coffee.png", copies / "coffee.png", duplicate=False)
    with pytest.raises(dedup.InputError, match="to the pixel"):
        index.mark(copies / "coffee.png", tmp_path / "coffee.bmp", duplicate=False)
    with pytest.raises(dedup.DecodeError, match="file not found"):
        index.mark(copies / "coffee.png", copies / "nobody.png", duplicate=True)
    assert index.verdicts().empty


def test_sets_that_are_kept_apart_never_meet():
    clusters = Clusters(cannot_link=[(1, 4)])
    for pair in ((1, 2), (3, 4), (2, 3)):
        clusters.join(*pair)
    assert clusters.find(1) == clusters.find(2) != clusters.find(3) == clusters.find(4)
    assert not clusters.can_join(2, 4)
