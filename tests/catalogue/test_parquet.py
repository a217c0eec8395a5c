"""Images in a Parquet file are read by row, and nothing there is acted on."""

import numpy as np
import pytest
from encoded import jpeg

import dedup
from dedup._catalogue.discover import discover
from dedup.pipelines.images.decoding import decode

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def cells(photos):
    a, b, c = list(photos.values())[:3]
    return [jpeg(a), None, jpeg(b), jpeg(a.resize((200, 200)), quality=70), b"none", jpeg(c)]


@pytest.mark.parametrize("as_struct", [False, True])
def test_rows_are_found_by_their_number_across_row_groups(tmp_path, cells, as_struct):
    values = [{"bytes": cell, "path": None} for cell in cells] if as_struct else cells
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"n": range(6), "image": values}), file, row_group_size=2)
    found = dedup.find_duplicates(file)
    assert [group.paths for group in found.groups] == [[f"{file}/0", f"{file}/3"]]
    assert dict(found.skipped.itertuples(index=False)) == {
        f"{file}/1": "a row without an image",
        f"{file}/4": "not an image that can be read",
    }
    assert (decode(f"{file}/5").image == decode(cells[5]).image).all()
    assert found.plan().table["reason"].tolist() == ["inside table.parquet: never acted on"]
    assert dedup.find_duplicates(file).embedded == 0


def test_table_in_a_folder_is_left_out_with_what_to_do(tmp_path, cells):
    pq.write_table(pa.table({"image": cells}), tmp_path / "table.parquet")
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    assert found.skipped["reason"].tolist() == ["a table: name it to read the images in it"]


def test_table_that_changed_is_read_anew(tmp_path, cells):
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"image": [cells[0]]}), file)
    before = decode(f"{file}/0").image
    pq.write_table(pa.table({"image": [cells[5]]}), file)
    assert not np.array_equal(before, decode(f"{file}/0").image)


def test_tables_without_one_column_of_bytes_and_damaged_ones_are_left_out(tmp_path, cells):
    reasons = {}
    for name, table in (
        ("none", {"n": [1]}),
        ("two", {"a": [b"1"], "b": [b"2"]}),
        ("empty", {"image": pa.array([], pa.binary())}),
    ):
        pq.write_table(pa.table(table), tmp_path / f"{name}.parquet")
    whole = (tmp_path / "two.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    for name in ("none", "two", "empty", "cut"):
        found = discover(tmp_path / f"{name}.parquet")
        assert found.files == []
        reasons[name] = found.skipped[0].reason
    assert reasons["none"] == "a table with 0 columns of bytes, where one is expected"
    assert reasons["two"] == "a table with 2 columns of bytes, where one is expected"
    assert reasons["empty"] == "an archive that holds no file"
    assert reasons["cut"].startswith("damaged archive: ")
