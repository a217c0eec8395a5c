"""Groups and pairs as tables and files, and group ids for cross-validation."""

import json
import os
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

import dedup
from dedup._catalogue.record import decode_path

ODD = b'caf\xe9 "\r\n,.png'


@pytest.fixture
def folder(folder, photos):
    """Six photos; three copies of one of them, one of a name that is no text."""
    shutil.copy(folder / "coffee.png", folder / "z-coffee.png")
    photos["coffee"].resize((150, 100)).save(folder / "z-small.jpg", quality=90)
    if sys.platform == "linux":
        shutil.copy(folder / "coffee.png", os.fsencode(folder) + b"/" + ODD)
    return folder


@pytest.fixture
def found(folder):
    return dedup.find_duplicates(folder, cache=False, method="phash")


def test_groups_as_a_table(folder, found):
    table = found.to_frame()
    (group,) = found.groups
    assert table["path"].tolist() == group.paths
    assert table["keep"].tolist() == [True, *[False] * (len(group) - 1)]
    assert set(table["group"]) == {0}
    small = table.set_index("path").loc[str(folder / "z-small.jpg")]
    assert (small["relation"], small["width"], small["height"]) == ("near", 150, 100)
    assert (small["size"], small["format"]) == (os.path.getsize(folder / "z-small.jpg"), "JPEG")
    assert 0.5 < small["score"] < 1
    assert found.savings == table["size"][1:].sum()


def test_no_groups_are_a_table_too(tmp_path, photos):
    photos["coffee"].save(tmp_path / "coffee.png")
    found = dedup.find_duplicates(tmp_path / "coffee.png", cache=False, method="phash")
    assert len(found.to_frame()) == found.savings == 0
    for suffix in ("csv", "json", "parquet"):
        found.save(tmp_path / f"groups.{suffix}")
    assert json.loads((tmp_path / "groups.json").read_text()) == []
    assert (
        pd.read_csv(tmp_path / "groups.csv").columns.tolist() == found.to_frame().columns.tolist()
    )
    assert len(pd.read_parquet(tmp_path / "groups.parquet")) == 0
    assert found.unapplied.empty


@pytest.mark.parametrize("table", ["groups", "pairs"])
def test_tables_survive_a_file_names_that_are_no_text_included(found, tmp_path, table):
    expected = found.to_frame() if table == "groups" else found.pairs
    for suffix in ("csv", "json", "parquet"):
        found.save(tmp_path / f"{table}.{suffix}", table=table)
    from_csv = pd.read_csv(
        tmp_path / f"{table}.csv", dtype=object, encoding_errors="surrogateescape"
    )
    from_json = pd.DataFrame(json.loads((tmp_path / f"{table}.json").read_text()), dtype=object)
    from_parquet = pd.read_parquet(tmp_path / f"{table}.parquet")
    for read, path in ((from_csv, str), (from_json, str), (from_parquet, decode_path)):
        assert read.columns.tolist() == expected.columns.tolist()
        for column in {"path", "a", "b"} & set(expected.columns):
            assert [path(name) for name in read[column]] == expected[column].tolist()
        np.testing.assert_allclose(read["score"].astype(float), expected["score"])


def test_groups_are_labels(folder, tmp_path):
    os.unlink(os.fsencode(folder) + b"/" + ODD)
    found = dedup.find_duplicates(folder, cache=False, method="phash")
    found.save(tmp_path / "groups.csv")
    shutil.copy(tmp_path / "groups.csv", tmp_path / "labels.csv")
    with (tmp_path / "labels.csv").open("a") as file:
        file.write(f"{tmp_path / 'photos' / 'rocket.png'},other,,,,,,,\n")
    duplicates, others = dedup.labels.read_labels(tmp_path / "labels.csv").counts
    size = len(found.groups[0])
    assert (duplicates, others) == (size * (size - 1) // 2, size)


def test_tables_that_can_not_be_written(found, tmp_path):
    with pytest.raises(dedup.InputError, match=r"\.csv, \.json or \.parquet"):
        found.save(tmp_path / "groups.xlsx")
    with pytest.raises(dedup.InputError, match="groups or pairs"):
        found.save(tmp_path / "groups.csv", table="images")
    for suffix in ("csv", "json", "parquet"):
        with pytest.raises(dedup.InputError, match="none"):
            found.save(tmp_path / "none" / f"groups.{suffix}")


@pytest.mark.thorough
def test_duplicates_share_a_fold(folder, found, monkeypatch):
    from sklearn.model_selection import GroupKFold

    paths = sorted(path for path in folder.iterdir())
    ids = found.group_ids(paths)
    number = dict(zip([path.name for path in paths], ids.tolist(), strict=True))
    assert number["coffee.png"] == number["z-coffee.png"] == number["z-small.jpg"]
    assert len(set(ids.tolist())) == 6
    for train, test in GroupKFold(3).split(paths, groups=ids):
        assert not set(ids[train]) & set(ids[test])
    monkeypatch.chdir(folder)
    assert found.group_ids(["rocket.png", "coffee.png"]).tolist() == [
        number["rocket.png"],
        number["coffee.png"],
    ]
    assert found.group_ids([]).shape == (0,)


def test_skipped_file_has_a_group_id_of_its_own(folder, monkeypatch):
    (folder / "notes.png").write_text("no image")
    found = dedup.find_duplicates(folder, cache=False, method="phash")
    ids = found.group_ids(sorted(folder.iterdir()))
    assert len(set(ids.tolist())) == 7
    monkeypatch.chdir(folder)
    assert (
        found.group_ids(["notes.png"]).tolist() == found.group_ids([folder / "notes.png"]).tolist()
    )


def test_file_without_a_group_id_is_named(found, tmp_path):
    with pytest.raises(dedup.InputError, match=r"other\.png is not among the files"):
        found.group_ids([tmp_path / "other.png"])
