"""Names of files forge no rows of a table in CSV, and are no formulas; what is read is what was."""

import csv
import os
import shutil
import sys
import tempfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup.labels import read_labels

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names there are any bytes")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NAMES = st.lists(
    st.text(st.sampled_from("=+-@\t\r\n'\",;a1é\udce9 "), min_size=1, max_size=8),
    min_size=3,
    max_size=3,
    unique=True,
)


def fields_of(path):
    """A table as another program reads it."""
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.reader(file))


@pytest.mark.thorough
@given(NAMES)
@settings(max_examples=100)
def test_labels_are_read_as_they_were_written(names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            open(os.path.join(folder, name), "wb").close()
        ends = {"a": [names[0]] * 2, "b": names[1:]}
        pairs = pd.DataFrame(ends, dtype=object).assign(label=[True, False])
        labels = dedup.Labels.of_pairs(pairs, folder=folder)
        table = os.path.join(folder, "the labels.csv")
        labels.write(table)
        assert read_labels(table).table.to_dict("list") == labels.table.to_dict("list")
        header, *rows = fields_of(table)
        assert [len(row) for row in rows] == [len(header)] * 2
        assert not [field for row in rows for field in row if field.startswith(FORMULA)]


@pytest.mark.parametrize("name", ["=HYPERLINK(1).png", "a\rkeep,1,True.png", "\r=1.png", "'=1.png"])
@pytest.mark.parametrize("table", ["groups", "pairs"])
def test_result_is_a_table_whatever_a_file_is_called(folder, tmp_path, monkeypatch, name, table):
    shutil.copy(folder / "coffee.png", folder / name)
    monkeypatch.chdir(folder)
    found = dedup.find_duplicates(["coffee.png", name], method="phash", cache=False)
    found.save(tmp_path / "found.csv", table=table)
    header, *rows = fields_of(tmp_path / "found.csv")
    assert [len(row) for row in rows] == [len(header)] * len(rows)
    assert len(rows) == (2 if table == "groups" else 1)
    written = [field for row in rows for field in row]
    assert not [field for field in written if field.startswith(FORMULA)]
    # Undone as the docs say: an apostrophe before such a beginning is not of the name.
    plain = [field[1:] if field.lstrip("'").startswith(FORMULA) else field for field in written]
    assert name in plain


def test_apostrophe_in_front_of_anything_else_is_of_the_name(tmp_path):
    for name in ("'a.jpg", "''b.jpg", "c.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").write_text("a,b,label\n'a.jpg,''b.jpg,1\n'a.jpg,c.jpg,0\n")
    labels = read_labels(tmp_path / "labels.csv")
    assert {os.path.basename(path) for path in labels.paths} == {"'a.jpg", "''b.jpg", "c.jpg"}
