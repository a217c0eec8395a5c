"""One picture in several classes is listed as label noise."""

import pandas as pd
import pytest

import dedup


@pytest.fixture
def found(tmp_path, photos):
    """One photo in two classes, one twice in a class, and one alone."""
    for name, photo in (
        ("cats/a.png", "coffee"),
        ("dogs/a-small.png", "coffee"),
        ("cats/b.png", "rocket"),
        ("cats/b.jpg", "rocket"),
        ("dogs/c.png", "astronaut"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image = photos[photo]
        image.resize((200, 133) if "small" in name else image.size).save(tmp_path / name)
    return dedup.find_duplicates(tmp_path)


def test_folders_are_classes(found, tmp_path):
    assert len(found.groups) == 2
    table = found.conflicts()
    assert table.columns.tolist() == ["group", "path", "label"]
    assert sorted(zip(table["path"], table["label"], strict=True)) == [
        (str(tmp_path / "cats" / "a.png"), "cats"),
        (str(tmp_path / "dogs" / "a-small.png"), "dogs"),
    ]
    assert table["group"].nunique() == 1


def test_labels_can_be_given(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = {"cats/b.png": 1, "cats/b.jpg": 2, "cats/a.png": 1}
    table = pd.DataFrame({"path": list(labels), "label": list(labels.values())})
    for given in (labels, table, table.set_index("path")["label"]):
        assert sorted(found.conflicts(given)["label"]) == [1, 2]
    assert found.conflicts({"cats/b.png": 1}).empty
    assert found.conflicts({"cats/b.png": 1, "cats/b.jpg": float("nan")}).empty
    with pytest.raises(dedup.InputError, match="expected the columns path and label; found file"):
        found.conflicts(pd.DataFrame({"file": []}))
    with pytest.raises(dedup.InputError, match=r"expected a mapping of path to label.*not a list"):
        found.conflicts(["cats"])


def test_labels_of_other_files_are_told(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match=r"1 of 3 labels are not of a file .*\(b.png is not"):
        table = found.conflicts({"cats/b.png": 1, "cats/b.jpg": 2, "b.png": 1})
    assert sorted(table["label"]) == [1, 2]
    with pytest.raises(dedup.InputError, match="labels: none is of a file of this search"):
        found.conflicts({"b.png": 1})
