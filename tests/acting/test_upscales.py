"""An upscale, sharpened or not, takes no original's place."""

import os

import pytest
import skimage.data
from PIL import Image, ImageFilter

import dedup

pytestmark = pytest.mark.thorough


@pytest.fixture
def removed(tmp_path):
    """The names of the files that a plan removes."""

    def look(**pictures):
        for name, picture in pictures.items():
            picture.save(tmp_path / f"{name}.jpg", quality=92)
        plan = dedup.find_duplicates(tmp_path, cache=False).plan()
        return {os.path.basename(file.path)[:-4] for file in plan.files if file.action != "leave"}

    return look


def enlarged(photo, factor):
    size = round(photo.width * factor), round(photo.height * factor)
    return photo.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("name", ["chelsea", "rocket", "coffee"])
@pytest.mark.parametrize("factor", [1.5, 2])
def test_photo_stays_beside_two_upscales_of_which_one_is_sharpened(removed, name, factor):
    photo = enlarged(Image.fromarray(getattr(skimage.data, name)()), 0.66)
    large = enlarged(photo, factor)
    sharp = large.filter(ImageFilter.UnsharpMask(2, 150, 0))
    assert "photo" not in removed(photo=photo, large=large, sharp=sharp)


@pytest.mark.parametrize("name", ["chelsea", "rocket", "coffee"])
@pytest.mark.parametrize("factor", [0.5, 0.66])
def test_large_photo_is_no_upscale_of_its_small_copy(removed, name, factor):
    photo = Image.fromarray(getattr(skimage.data, name)())
    assert removed(photo=photo, small=enlarged(photo, factor)) == {"small"}


def reduced_and_enlarged(photo):
    small = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BICUBIC)
    return small.resize(photo.size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", ["rocket", "coffee"])
def test_photo_is_not_taken_for_a_sharpened_copy_of_what_was_reduced_and_enlarged(removed, name):
    photo = Image.fromarray(getattr(skimage.data, name)())
    assert removed(photo=photo, again=reduced_and_enlarged(photo)) == {"again"}


def test_photo_that_is_texture_all_over_may_be_taken_for_noise_and_stays(removed):
    photo = Image.fromarray(skimage.data.grass())
    assert "photo" not in removed(photo=photo, again=reduced_and_enlarged(photo))


@pytest.mark.parametrize("name", ["chelsea", "rocket", "coffee", "astronaut"])
@pytest.mark.parametrize("factor", [1.15, 1.2])
def test_photo_is_kept_and_not_what_is_a_little_larger(tmp_path, name, factor):
    photo = Image.fromarray(getattr(skimage.data, name)())
    photo.save(tmp_path / "photo.jpg", quality=92)
    enlarged(photo, factor).save(tmp_path / "large.jpg", quality=82)
    plan = dedup.find_duplicates(tmp_path, cache=False).plan()
    assert [(os.path.basename(f.path), f.action) for f in plan.files] == [
        ("large.jpg", "quarantine")
    ]
