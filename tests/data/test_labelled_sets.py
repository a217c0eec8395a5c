"""A labelled set is made from a folder of photos, and its table is read and checked."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from dedup.data.labelled import make_labelled, read_labels

BUNDLED = Path(skimage.__file__).parent / "data"
FILES = [
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "logo.png",
    "moon.png",
    "rocket.jpg",
]
EDITS = ["crop-50", "grey", "paste-60"]
NEGATIVES = ["flat", "app-window"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for file in FILES:
        shutil.copy(BUNDLED / file, folder)
    return folder


def make(photos, out, **settings):
    settings = {"edits": EDITS, "negatives": NEGATIVES, "max_side": 200} | settings
    return make_labelled(photos, out, **settings)


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_every_source_has_its_original_and_every_edit(photos, tmp_path):
    labels = make(photos, tmp_path / "set", sources=3)
    copied = labels[labels["path"].str.startswith("copies/")]
    assert copied["group"].nunique() == 3
    for _, group in copied.groupby("group"):
        assert sorted(group["edit"]) == ["crop-50", "grey", "original", "paste-60"]


def test_original_is_the_photo_byte_for_byte(photos, tmp_path):
    labels = make(photos, tmp_path / "set")
    given = {path.read_bytes() for path in photos.iterdir()}
    for path in labels.loc[labels["edit"] == "original", "path"]:
        assert (tmp_path / "set" / path).read_bytes() in given


def test_what_is_no_copy_is_alone_in_its_group(photos, tmp_path):
    labels = make(photos, tmp_path / "set")
    others = labels[~labels["path"].str.startswith("copies/")]
    assert labels["group"].value_counts()[others["group"]].eq(1).all()


def test_no_photo_is_used_twice(photos, tmp_path):
    labels = make(photos, tmp_path / "set", sources=3)
    drawn = labels["family"].eq("flat")
    per_photo = labels[~drawn].groupby("source")["group"].nunique()
    assert per_photo.eq(1).all()
    # Three backgrounds were used up besides.
    assert len(per_photo) == len(FILES) - 3


def test_every_file_is_labelled_and_opens(photos, tmp_path):
    labels = make(photos, tmp_path / "set")
    files = {path.as_posix() for path in content(tmp_path / "set")}
    assert files == {*labels["path"], "labels.csv"}
    for path in labels["path"]:
        with Image.open(tmp_path / "set" / path) as image:
            image.load()


def test_same_seed_gives_the_same_set_and_another_seed_another(photos, tmp_path):
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        make(photos, tmp_path / out, seed=seed)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a") != content(tmp_path / "c")


def test_table_reads_back_as_it_was_made(photos, tmp_path):
    made = make(photos, tmp_path / "set")
    assert read_labels(tmp_path / "set" / "labels.csv").equals(made)


def test_photos_are_edited_upright_over_white(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned by a quarter
    photo.save(folder / "turned.png", exif=exif)
    make(folder, tmp_path / "set", edits=["format-png"], negatives=[])
    with Image.open(tmp_path / "set/copies/turned/format-png.png") as copy:
        assert copy.size == (20, 40)
        assert np.asarray(copy).min() == 255


def test_photos_of_one_name_stay_apart(tmp_path):
    for i, folder in enumerate(("a", "b", "c")):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        shutil.copy(BUNDLED / FILES[i], tmp_path / "photos" / folder / "IMG 1.png")
    labels = make(tmp_path / "photos", tmp_path / "set", edits=["grey"], negatives=[], sources=3)
    assert sorted(labels["group"].unique()) == ["IMG-1", "IMG-1-2", "IMG-1-3"]


def test_identical_files_are_taken_once(tmp_path):
    for name in ("a.png", "b.png"):
        shutil.copy(BUNDLED / "coins.png", tmp_path / name)
    with pytest.warns(UserWarning, match="left out 1 file"):
        labels = make(tmp_path, tmp_path / "set", edits=["grey"], negatives=[])
    assert labels["group"].unique().tolist() == ["a"]


def test_too_few_photos_for_the_backgrounds_is_an_error(photos, tmp_path):
    with pytest.raises(ValueError, match="12 sources, 12 backgrounds"):
        make(photos, tmp_path / "set", sources=12, negatives=[])


def test_negatives_that_the_photos_do_not_suffice_for_are_named(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(BUNDLED / "coins.png", folder)
    with pytest.warns(UserWarning, match="app-window"):
        labels = make(folder, tmp_path / "set", edits=["grey"])
    assert set(labels["family"]) == {"", "grey", "flat"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"edits": ["crop-51"]}, "no edit 'crop-51'"), ({"negatives": ["cats"]}, "family .* 'cats'")],
)
def test_unknown_name_is_an_error_that_lists_the_known(photos, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        make(photos, tmp_path / "set", **settings)
    assert not (tmp_path / "set").exists()


def test_a_folder_in_use_is_refused(photos, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="not empty"):
        make(photos, tmp_path)


def test_a_folder_without_photos_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no photos"):
        make(tmp_path, tmp_path / "set")
    with pytest.raises(NotADirectoryError, match="missing"):
        make(tmp_path / "missing", tmp_path / "set")


def test_a_damaged_photo_is_named(photos, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes((photos / "coffee.png").read_bytes()[:10_000])
    with pytest.raises(ValueError, match=r"damaged\.png"):
        make([damaged], tmp_path / "set", edits=["grey"], negatives=[])


def test_minimal_table_is_enough(tmp_path):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "t.csv").write_text("path,group,note\na.jpg,007,x\n")
    row = read_labels(tmp_path / "t.csv").iloc[0]
    assert row.to_dict() == {
        "path": "a.jpg", "group": "007", "edit": "", "family": "", "source": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("path,edit\na.jpg,grey\n", "no column 'group'"),
        ("path,group\na.jpg,1\n,1\n", "row 2: the path is empty"),
        ("path,group\na.jpg,\n", "row 1: the group is empty"),
        ("path,group\na.jpg,1\na.jpg,2\n", "row 2: a.jpg is labelled in row 1 already"),
        ("path,group\na.jpg,1\nb.jpg,1\n", "row 2: there is no file b.jpg"),
    ],
)
def test_wrong_table_is_an_error_with_its_row(tmp_path, table, message):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(ValueError, match=message):
        read_labels(tmp_path)


def test_missing_table_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_labels(tmp_path)
