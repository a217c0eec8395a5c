"""Labels are taken in the forms that people have, and all forms come to the same."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup
from dedup import InputError
from dedup.labels import read_labels

PAIRS = [("a.jpg", "b.jpg", 1), ("a.jpg", "c.jpg", 0), ("d.jpg", "c.jpg", 0)]
GROUPS = [("a.jpg", "x"), ("b.jpg", "x"), ("c.jpg", "y")]
NAMES = {3: ["a", "b", "label"], 2: ["path", "group"]}


@pytest.fixture
def files(tmp_path):
    """Four files, which labels only name."""
    for name in "abcd":
        (tmp_path / f"{name}.jpg").write_bytes(b"")
    return tmp_path


def table_of(rows):
    return pd.DataFrame(rows, columns=NAMES[len(rows[0])])


def lines_of(rows):
    return "\n".join(map(json.dumps, rows)) + "\n"


def written(path, text, encoding="utf-8"):
    path.write_text(text, encoding=encoding)
    return path


FORMS = {
    "DataFrame": lambda rows, _: table_of(rows),
    "mapping": lambda rows, _: table_of(rows).to_dict("list"),
    "tuples": lambda rows, _: rows,
    "iterator": lambda rows, _: iter(rows),
    "array": lambda rows, _: table_of(rows).to_numpy(),
    "dicts": lambda rows, _: table_of(rows).to_dict("records"),
    "csv": lambda rows, f: written(f / "l.csv", table_of(rows).to_csv(index=False)),
    "bom": lambda rows, f: written(f / "l.csv", table_of(rows).to_csv(index=False), "utf-8-sig"),
    "excel": lambda rows, f: written(f / "l.csv", table_of(rows).to_csv(index=False, sep=";")),
    "tsv": lambda rows, f: written(f / "l.tsv", table_of(rows).to_csv(index=False, sep="\t")),
    "lines": lambda rows, f: written(f / "l.jsonl", lines_of(table_of(rows).to_dict("records"))),
    "line tuples": lambda rows, f: written(f / "l.jsonl", lines_of(rows)),
    "json": lambda rows, f: written(f / "l.json", json.dumps(table_of(rows).to_dict("records"))),
    "parquet": lambda rows, f: table_of(rows).to_parquet(f / "l.parquet") or f / "l.parquet",
}


@pytest.mark.parametrize("rows", [PAIRS, GROUPS], ids=["pairs", "groups"])
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_come_to_the_same(files, form, rows):
    labels = read_labels(FORMS[form](rows, files), folder=files)
    same = read_labels(table_of(rows), folder=files)
    pd.testing.assert_frame_equal(labels.table, same.table)
    assert labels.counts == (1, 2)


def test_paths_in_a_file_are_relative_to_its_folder(files, monkeypatch):
    table_of(PAIRS).to_csv(files / "labels.csv", index=False)
    monkeypatch.chdir(files.parent)
    assert read_labels(files / "labels.csv").paths == [str(files / f"{n}.jpg") for n in "abcd"]


def test_folders_are_classes(files):
    for name, group in [("a", "cat"), ("b", "cat"), ("c", "cup")]:
        (files / group).mkdir(exist_ok=True)
        (files / f"{name}.jpg").rename(files / group / f"{name}.jpg")
    labels = read_labels(files)
    assert labels.counts == (1, 5)
    groups = {Path(path).name: group for path, group in labels.table[["path", "group"]].to_numpy()}
    assert groups["a.jpg"] == groups["b.jpg"] != groups["c.jpg"] != groups["d.jpg"]


@pytest.mark.parametrize(
    ("same", "different"),
    [
        (1, 0),
        (True, False),
        ("yes", "no"),
        ("Yes", "NO"),
        ("True", "False"),
        ("duplicate", "different"),
        (1.0, 0.0),
        ("1", " 0 "),
    ],
)
def test_labels_may_be_said_in_several_ways(files, same, different):
    rows = [("a.jpg", "b.jpg", same), ("a.jpg", "c.jpg", different)]
    assert read_labels(rows, folder=files).table["label"].tolist() == [True, False]


def test_columns_are_named_by_argument(files):
    table = table_of(PAIRS).set_axis(["left", "right", "same"], axis=1)
    labels = read_labels(table, folder=files, columns=("left", "right", "same"))
    assert labels.counts == (1, 2)
    table["label"], table["a"] = "not meant", "neither"
    again = read_labels(table, folder=files, columns=("left", "right", "same"))
    pd.testing.assert_frame_equal(again.table, labels.table)
    images = table_of(GROUPS).set_axis(["file", "cluster"], axis=1)
    assert read_labels(images, folder=files, columns=("file", "cluster")).counts == (1, 2)


@pytest.mark.parametrize(
    ("labels", "how", "message"),
    [
        (5, {}, r"expected a table .*\(a, b, label\) or of \(path, group\), not a int"),
        (["a.jpg", "b.jpg"], {}, r"row 1: expected \(a, b, label\), as in .* not 'a\.jpg'"),
        ([("a.jpg", "b.jpg", 1), ("a.jpg",)], {}, r"row 2: expected \(a, b, label\)"),
        ([], {}, "the table has no rows"),
        (
            pd.DataFrame({"left": [], "right": [], "same": []}),
            {},
            r'columns are left, right, same; call them .* columns=\("left", "right", "same"\)',
        ),
        (table_of(PAIRS)[["a", "b"]], {}, "there is no column 'label', only a, b"),
        (table_of(GROUPS)[["path"]], {}, "there is no column 'group', only path"),
        (table_of(PAIRS), {"columns": ("a", "b", "same")}, "no column 'same', only a, b, label"),
        (table_of(PAIRS), {"columns": "abc"}, "columns='abc': expected three names"),
        (table_of(PAIRS), {"columns": ("a",)}, "expected three names, of a, b and label, or two"),
    ],
)
def test_message_says_what_to_write_instead(files, labels, how, message):
    with pytest.raises(InputError, match=message):
        dedup.score_pairs(labels, folder=files, **how)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.xlsx", "", r"labels are read from \.csv.*read the table with pandas"),
        ("labels.csv", "", "labels.csv: No columns"),
        ("labels.csv", "a.jpg,b.jpg,1\n", "first row, a.jpg, b.jpg, 1, names no columns: begin"),
        ("labels.jsonl", '{"a": 1}\nnothing', "line 2 is no JSON"),
        ("labels.parquet", "nothing", "labels.parquet: "),
    ],
)
def test_file_that_holds_no_labels_is_named(files, name, content, message):
    (files / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_labels(files / name)


def test_text_in_utf_16_says_what_to_save_instead(files):
    table_of(PAIRS).to_csv(files / "labels.csv", index=False, encoding="utf-16")
    with pytest.raises(InputError, match=r"labels.csv: text in UTF-16: save it as CSV in UTF-8"):
        read_labels(files / "labels.csv")


def test_folder_without_labels_says_what_it_needs(files):
    with pytest.raises(InputError, match=r"expected labels\.csv, or a sub-folder for each group"):
        read_labels(files)


def test_row_of_a_missing_file_is_left_out_and_counted(files):
    rows = [*PAIRS, ("a.jpg", "gone.jpg", 1)]
    with pytest.warns(UserWarning, match=r"1 of 4 rows left out.*row 4: there is no file gone"):
        labels = read_labels(rows, folder=files)
    assert labels.left_out == 1
    assert "1 row left out, since files are missing" in repr(labels)
    assert len(labels) == 3
    with pytest.raises(InputError, match=r"row 4: there is no file gone\.jpg"):
        read_labels(rows, folder=files, strict=True)


def test_row_is_named_by_its_place_also_after_rows_that_are_left_out(files):
    rows = [("a.jpg", "gone.jpg", 1), *PAIRS, ("b.jpg", "a.jpg", 0)]
    with (
        pytest.warns(UserWarning, match="1 of 5 rows"),
        pytest.raises(InputError, match="row 5: row 2 labels"),
    ):
        read_labels(rows, folder=files)


def test_table_seen_from_the_wrong_folder_says_so(files):
    with pytest.raises(InputError, match=r"no row has its files .*say with folder="):
        read_labels(PAIRS, folder=files / "elsewhere")


@pytest.mark.thorough
@given(order=st.permutations(range(3)), swapped=st.lists(st.booleans(), min_size=3, max_size=3))
def test_neither_order_nor_repetition_of_rows_matters(tmp_path_factory, order, swapped):
    folder = tmp_path_factory.mktemp("files")
    for name in "abcd":
        (folder / f"{name}.jpg").write_bytes(b"")
    turned = [
        (b, a, label) if turn else (a, b, label)
        for (a, b, label), turn in zip(PAIRS, swapped, strict=True)
    ]
    labels = read_labels(PAIRS, folder=folder)
    other = read_labels([turned[place] for place in order] + turned, folder=folder)
    assert (other.counts, other.paths, len(other)) == (labels.counts, labels.paths, len(labels))


def test_duplicates_alone_are_scored(sample_folder):
    pairs = dedup.score_pairs([("chelsea.png", "chelsea-half.jpg", True)], folder=sample_folder)
    assert pairs.table["score"].tolist() == pytest.approx([1], abs=0.1)
    assert pairs.negatives == 0
    alone = dedup.score_pairs([("chelsea.png", 1), ("chelsea-half.jpg", 1)], folder=sample_folder)
    assert alone.table["label"].tolist() == [True]
