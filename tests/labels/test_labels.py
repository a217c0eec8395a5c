"""Labelled sets are read, checked row by row, split by source, and written again."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import InputError, Labels, make_labelled
from dedup.labels import read_labels

EDITS = ["crop-50", "grey"]


@pytest.fixture
def files(tmp_path):
    """Five files, which labels only name."""
    for name in "abcde":
        (tmp_path / f"{name}.jpg").write_bytes(b"")
    return tmp_path


def pairs_of(*rows):
    return pd.DataFrame([(f"{a}.jpg", f"{b}.jpg", label) for a, b, label in rows]).set_axis(
        ["a", "b", "label"], axis=1
    )


def test_groups_make_pairs(files):
    table = pd.DataFrame({"path": [f"{name}.jpg" for name in "abcde"], "group": [*"xxxyz"]})
    assert Labels.of_groups(table, folder=files).counts == (3, 7)


def test_copies_are_asked_for_among_what_is_unedited(files):
    table = pd.DataFrame({"path": [f"{name}.jpg" for name in "abcde"], "group": [*"xxxyz"]})
    table["edit"] = ["original", "grey", "crop-50", "original", ""]
    # Two copies of one original are 2 pairs; 2 copies and 3 unedited images the rest.
    assert Labels.of_groups(table, folder=files).counts == (2, 3 + 2 * 3 - 2)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("kind", ["pairs", "groups"])
def test_table_is_written_and_read_again(files, tmp_path_factory, suffix, kind):
    if kind == "pairs":
        labels = Labels.of_pairs(pairs_of(("a", "b", 1), ("a", "c", 0)), folder=files)
    else:
        table = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], "group": [*"xxy"]})
        labels = Labels.of_groups(table, folder=files)
    target = tmp_path_factory.mktemp("elsewhere") / f"labels{suffix}"
    labels.write(target)
    pd.testing.assert_frame_equal(read_labels(target).table, labels.table, check_dtype=False)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "b", 1), ("a", "x", 0)], r"row 2: there is no file x\.jpg"),
        ([("a", "b", 1), ("a", "c", 0), ("b", "a", 0)], "row 3: row 1 labels .* the other way"),
        ([("a", "b", 1), ("a", "c", "maybe")], "row 2: the label is 'maybe'; write 1, true, yes"),
        ([("a", "b", 1), ("a", "c", None)], "row 2: the label is empty"),
        ([("a", "b", 1), ("c", "c", 0)], "row 2: .* paired with itself"),
    ],
)
def test_bad_pair_is_named(files, rows, message):
    with pytest.raises(InputError, match=message):
        Labels.of_pairs(pairs_of(*rows), folder=files, strict=True)


@pytest.mark.parametrize(
    ("paths", "groups", "message"),
    [
        ("abx", "xxy", r"row 3: there is no file x\.jpg"),
        ("aba", "xxy", r"row 3: .*a\.jpg is labelled twice"),
        ("abc", ["x", "x", ""], "row 3: the group is empty"),
    ],
)
def test_bad_image_is_named(files, paths, groups, message):
    table = pd.DataFrame({"path": [f"{name}.jpg" for name in paths], "group": [*groups]})
    with pytest.raises(InputError, match=message):
        Labels.of_groups(table, folder=files, strict=True)


@pytest.mark.parametrize(
    ("groups", "message"),
    [("xyz", "no pair is labelled as duplicates"), ("xxx", "every pair is labelled as duplicates")],
)
def test_labels_of_one_kind_are_labels_but_nothing_is_tuned_on_them(files, groups, message):
    table = pd.DataFrame({"path": ["a.jpg", "b.jpg", "c.jpg"], "group": [*groups]})
    assert 0 in Labels.of_groups(table, folder=files).counts
    with pytest.raises(InputError, match=message):
        dedup.tune(table, folder=files, precision=0.9)


def test_labels_may_be_words(files):
    table = pairs_of(("a", "b", "true"), ("a", "c", "False"))
    assert Labels.of_pairs(table, folder=files).table["label"].tolist() == [True, False]


def test_pair_that_is_repeated_counts_once(files):
    table = pairs_of(("a", "b", 1), ("b", "a", 1), ("a", "c", 0))
    labels = Labels.of_pairs(table, folder=files)
    kept = labels.table[["a", "b", "label"]].itertuples(index=False, name=None)
    a, b, c = (str(files / f"{name}.jpg") for name in "abc")
    assert [*kept] == [(a, b, True), (a, c, False)]


def test_duplicates_are_of_one_source(files):
    labels = Labels.of_pairs(pairs_of(("a", "b", 1), ("b", "c", 1), ("c", "d", 0)), folder=files)
    (one, _), (other, _), (third, stranger) = labels.table[["source_a", "source_b"]].to_numpy()
    assert labels.table["source_a"].iloc[:2].equals(labels.table["source_b"].iloc[:2])
    assert one == other == third != stranger
    assert labels.sources == sorted([one, stranger])


@pytest.mark.thorough
@given(seed=st.integers(0, 50), part=st.floats(0.3, 0.7))
@settings(deadline=None, max_examples=30)
def test_parts_have_no_source_in_common(tmp_path_factory, seed, part):
    folder = tmp_path_factory.mktemp("split")
    table = pd.DataFrame({"path": [f"{n}.jpg" for n in range(24)]})
    table["group"] = [str(n // 2) for n in range(24)]
    for path in table["path"]:
        (folder / path).write_bytes(b"")
    one, other = Labels.of_groups(table, folder=folder).split(part=part, seed=seed)
    assert not set(one.sources) & set(other.sources)
    paths = [Path(path).name for half in (one, other) for path in half.table["path"]]
    assert sorted(paths) == sorted(table["path"])


def test_part_without_duplicates_is_refused(files):
    table = pd.DataFrame({"path": [f"{name}.jpg" for name in "abcd"], "group": [*"xxyz"]})
    with pytest.raises(InputError, match="no pair is labelled"):
        Labels.of_groups(table, folder=files).split(seed=0)


def test_set_is_made_from_photos(folder, tmp_path):
    labels = make_labelled(folder, tmp_path / "set", edits=EDITS, negatives=[], sources=2)
    assert labels.counts[0] == 4
    photos = {path.stem for path in folder.iterdir()}
    assert {Path(source).stem for source in labels.sources} == photos


def test_same_seed_makes_the_same_set(folder, tmp_path):
    for name in ("one", "two"):
        make_labelled(folder, tmp_path / name, edits=EDITS, negatives=[], sources=2, seed=3)
    contents = [
        {file.relative_to(root): file.read_bytes() for file in root.rglob("*.*")}
        for root in (tmp_path / "one", tmp_path / "two")
    ]
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [({"edits": ["melt-3"]}, "melt-3"), ({"sources": 400}, "too few photos")],
)
def test_set_that_cannot_be_made_says_why(folder, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        make_labelled(folder, tmp_path / "set", negatives=[], **options)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(InputError, match="not empty"):
        make_labelled(folder, tmp_path / "full", edits=EDITS, negatives=[])
