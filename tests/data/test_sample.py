"""The sample is built from photos that scikit-image's wheel ships."""

import sys

import pytest
from PIL import Image

from dedup.data.labelled import read_labels
from dedup.data.sample import build_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    build_sample(folder)
    return folder


def test_sample_is_small_and_every_image_opens(sample):
    labels = read_labels(sample)
    assert 100 <= len(labels) <= 150
    assert sum((sample / path).stat().st_size for path in labels["path"]) < 15_000_000
    for path in labels["path"]:
        with Image.open(sample / path) as image:
            image.load()


def test_sample_has_copies_hard_negatives_and_a_scene(sample):
    labels = read_labels(sample)
    groups = labels["group"].value_counts()
    assert (groups > 1).sum() == 8
    assert groups["astronaut"] == groups["logo"] == 14
    assert {"text-pages", "textures", "flat", "app-window"} <= set(labels["family"])
    scene = labels[labels["family"] == "scene"]
    assert scene["group"].nunique() == 2
    assert scene["source"].nunique() == 1


def test_complete_sample_is_not_built_again(sample):
    before = {path: path.stat().st_mtime_ns for path in sample.rglob("*")}
    assert build_sample(sample).equals(read_labels(sample))
    assert {path: path.stat().st_mtime_ns for path in sample.rglob("*")} == before


@pytest.mark.thorough
def test_what_was_deleted_is_written_again(sample):
    lost = sample / "copies" / "astronaut" / "grey.jpg"
    content = lost.read_bytes()
    lost.unlink()
    build_sample(sample)
    assert lost.read_bytes() == content


def test_other_peoples_folder_is_refused(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(FileExistsError, match="other files"):
        build_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_without_scikit_image_the_command_to_install_it_is_shown(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "dedup-vision\[demo\]"'):
        build_sample(tmp_path / "sample")
