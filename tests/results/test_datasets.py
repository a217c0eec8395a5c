"""Data sets of Hugging Face are searched row by row, and come back without their duplicates."""

import importlib.util
import os

import lazy_loader
import pandas as pd
import pytest
from encoded import jpeg

import dedup
from dedup.pipelines.images import readers

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when it is imported
datasets = lazy_loader.load("datasets")  # it takes seconds, which all processes would spend
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("datasets") is None, reason="data sets are not installed"
)


def encoded(image, quality=95):
    return {"bytes": jpeg(image, quality=quality), "path": None}


def dataset_of(cells, split=None):
    features = datasets.Features(image=datasets.Image(), label=datasets.Value("int64"))
    rows = {"image": cells, "label": list(range(len(cells)))}
    return datasets.Dataset.from_dict(rows, features=features, split=split)


@pytest.fixture
def pictures(photos):
    return list(photos.values())[:3]


def test_rows_are_named_by_their_number_and_dropped_by_select(pictures):
    a, b, c = pictures
    data = dataset_of([encoded(a, 50), encoded(b), encoded(a), encoded(c)], split="train")
    found = dedup.find_duplicates(data)
    assert found.distinct == ["train[1]", "train[2]", "train[3]"]
    ((keep, gone),) = (group.paths for group in found.groups)
    assert (keep, gone) == ("train[2]", "train[0]")
    assert found.drop_from(data)["label"] == [1, 2, 3]
    assert len(data) == 4
    assert found.explain(keep, gone).evidence.relation == "near"
    assert found.plan().table["reason"].tolist() == ["an image in memory"]


def test_splits_that_share_a_picture_are_told_apart(pictures):
    a, b, c = pictures
    splits = datasets.DatasetDict(
        train=dataset_of([encoded(a), encoded(b)], "train"),
        test=dataset_of([encoded(c), encoded(a, 60)], "test"),
    )
    for inputs in (splits, list(splits.values())):
        found = dedup.find_duplicates(inputs)
        assert found.groups[0].paths == ["train[0]", "test[1]"]
        assert found.drop_from(splits["test"])["label"] == [0]
        assert found.drop_from(splits["train"])["label"] == [0, 1]


def test_two_sets_of_one_name_are_never_mixed_up(pictures):
    a, b, c = pictures
    mine, theirs = (dataset_of(cells) for cells in ([encoded(a)], [encoded(b), encoded(a, 60)]))
    found = dedup.find_duplicates([mine, theirs])
    assert found.groups[0].paths == ["rows[0]", "rows-2[1]"]
    assert found.drop_from(theirs)["label"] == [0]
    with pytest.raises(dedup.InputError, match="no row of this data set"):
        found.drop_from(dataset_of([encoded(c)]))
    with pytest.raises(dedup.InputError, match="expected a DataFrame or a data set, not a list"):
        found.drop_from([1])


def test_folder_of_images_as_a_data_set_and_a_file_beside_it(tmp_path, pictures, monkeypatch):
    for name, picture in zip("abc", pictures, strict=True):
        (tmp_path / "data" / "cats").mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / "data" / "cats" / f"{name}.png")
    pictures[0].save(tmp_path / "copy.png")
    data = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "data"), cache_dir=str(tmp_path / "cache")
    )["train"]
    found = dedup.find_duplicates([data, tmp_path / "copy.png"])
    assert sorted(found.groups[0].paths) == [str(tmp_path / "copy.png"), "train[0]"]
    assert set(found.plan().table["action"]) == {"leave"}


def test_rows_without_a_readable_image_are_left_out_with_the_reason(pictures):
    cells = [None, {"bytes": b"no image", "path": None}, {"bytes": None, "path": "none.jpg"}]
    data = dataset_of([*cells, encoded(pictures[0])])
    found = dedup.find_duplicates(data, method="phash")
    assert dict(found.skipped.itertuples(index=False)) == {
        "rows[0]": "a row without an image",
        "rows[1]": "not an image that can be read",
        "rows[2]": "file not found",
    }
    assert found.drop_from(data)["label"] == [0, 1, 2, 3]


def test_rows_are_read_anew_and_never_held_together(pictures, monkeypatch):
    data = dataset_of([encoded(pictures[i % 3], 40 + i) for i in range(40)])
    inside, most = set(), []
    read = readers.Row.read

    def counted(row):
        inside.add(row.number)
        most.append(len(inside))
        inside.discard(row.number)
        return read(row)

    monkeypatch.setattr(readers.Row, "read", counted)
    dedup.find_duplicates(data, method="phash", verify=False)
    assert max(most) < 20
    assert len(most) >= 80


def test_index_knows_the_rows_again(index, pictures):
    data = dataset_of([encoded(picture) for picture in pictures], "train")
    assert index.add(data).embedded == 3
    assert index.add(data).unchanged == 3


def test_columns_are_told_where_none_or_several_hold_images(pictures):
    data = dataset_of([encoded(pictures[0])])
    two = data.add_column("other", [encoded(pictures[1])["bytes"]])
    two = two.cast_column("other", datasets.Image())
    with pytest.raises(dedup.InputError, match=r"image, other: take one .*select_columns"):
        dedup.find_duplicates(two)
    with pytest.raises(dedup.InputError, match=r"no column is of type Image; there are: label"):
        dedup.find_duplicates(data.select_columns(["label"]))
    with pytest.raises(dedup.InputError, match="streamed"):
        dedup.find_duplicates(data.to_iterable_dataset())


def test_table_of_paths_keeps_its_index(sample_folder):
    paths = [str(path) for path in sorted(sample_folder.iterdir())]
    table = pd.DataFrame({"path": [*paths, "elsewhere.jpg"], "n": range(9)}, index=range(50, 59))
    found = dedup.find_duplicates(sample_folder, cache=False)
    left = found.drop_from(table)
    removed = {path for group in found.groups for path in group.remove}
    assert list(left["path"]) == [path for path in table["path"] if path not in removed]
    assert (table.loc[left.index, "n"] == left["n"]).all()
    with pytest.raises(dedup.InputError, match="none of the table's files"):
        found.drop_from(table.tail(1))
