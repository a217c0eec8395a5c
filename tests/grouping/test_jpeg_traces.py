"""Files without quantisation tables show from which JPEG file they were made."""

from io import BytesIO

import numpy as np
import pytest
import skimage.data
from encoded import saved
from PIL import Image

import dedup
from dedup._grouping.jpeg_blocks import blocks_of
from dedup._grouping.jpeg_origins import origin
from dedup._grouping.jpeg_traces import tables_in_pixels
from dedup.data.edits import EDITS, edited_file


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(skimage.data.astronaut())


def through(photo, quality):
    return Image.open(BytesIO(saved(photo, "JPEG", quality=quality)))


def step(image):
    return tables_in_pixels(blocks_of(np.asarray(image.convert("L")))).mean()


@pytest.mark.parametrize("quality", [10, 20, 40, 60])
def test_pixels_show_the_steps_of_a_jpeg_file(photo, quality):
    decoded = through(photo, quality)
    tables = decoded.quantization.values()
    assert step(decoded) == pytest.approx(np.mean([*tables]), rel=0.12)
    assert step(through(decoded, 92)) == pytest.approx(step(decoded), rel=0.05)


def test_pixels_that_were_moved_or_never_coarse_show_none(photo):
    decoded = through(photo, 20)
    cropped, resized = decoded.crop((3, 5, 500, 500)), decoded.resize((400, 400))
    assert [step(x) for x in (cropped, resized, through(photo, 95))] == [0, 0, 0]


def test_coarse_jpeg_saved_as_png_goes_for_the_finer_file(photo, tmp_path):
    photo.save(tmp_path / "fine.jpg", quality=90)
    through(photo, 8).save(tmp_path / "coarse.png")
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("fine.jpg")
    assert [path.endswith("coarse.png") for path in group.remove] == [True]


def test_coarse_jpeg_is_kept_before_its_copy_of_a_better_quality(photo, tmp_path):
    through(photo, 30).save(tmp_path / "a_copy.jpg", quality=95)
    photo.save(tmp_path / "source.jpg", quality=30)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("source.jpg")


def test_jpeg_is_kept_before_a_larger_webp_file_that_tells_no_more(photo, tmp_path):
    photo.save(tmp_path / "photo.jpg", quality=85)
    through(photo, 85).save(tmp_path / "copy.webp", quality=97)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("photo.jpg")


def test_coarse_jpeg_is_kept_among_copies_in_a_better_quality(photo, tmp_path):
    photo.resize((400, 400)).save(tmp_path / "original.jpg", quality=40)
    for edit in ("saturation-180", "brightness-60", "noise-25", "format-webp"):
        original = Image.open(tmp_path / "original.jpg")
        suffix = EDITS[edit].encoding.suffix
        (tmp_path / f"{edit}{suffix}").write_bytes(edited_file(original, edit=edit, seed=0))
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("original.jpg")


def test_sharpened_jpeg_is_not_what_a_finer_one_was_made_from(photo):
    fine = through(photo, 96)  # its waves, at multiples of fine steps, grew to those of coarse ones
    sharpened = Image.open(BytesIO(edited_file(fine, edit="sharpen-200", seed=0)))
    steps = np.array(sharpened.quantization[0], np.float32).reshape(8, 8)
    coarse, other = (blocks_of(np.asarray(x.convert("L"))) for x in (sharpened, fine))
    assert origin(coarse, steps, other, np.zeros((8, 8), np.float32)) <= 0


def test_coarse_copy_goes_for_what_was_there_before(photo, tmp_path):
    photo.resize((400, 400)).save(tmp_path / "z_original.jpg", quality=95)
    through(photo.resize((400, 400)), 20).save(tmp_path / "copy.jpg", quality=20)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("z_original.jpg")
    assert len(group.remove) == 1


def light_of(image):
    table = np.zeros((8, 8)) if image.format != "JPEG" else np.array(image.quantization[0])
    return blocks_of(np.asarray(image.convert("L"))), table.reshape(8, 8).astype(np.float32)


@pytest.mark.parametrize(("first", "then"), [(92, 75), (95, 70), (75, 95), (40, 85), (85, 40)])
def test_of_two_jpeg_files_the_steps_tell_which_was_first(photo, first, then):
    one = through(photo, first)
    other = through(one, then)
    if first < then:
        assert origin(*light_of(one), *light_of(other)) == 1
    else:
        assert origin(*light_of(other), *light_of(one)) == -1


def test_of_a_noisy_copy_the_steps_tell_nothing(photo):
    coarse = through(photo, 50)
    noise = np.random.default_rng(0).normal(0, 12, (512, 512, 3))
    noisy = Image.fromarray((np.asarray(coarse) + noise).clip(0, 255).astype(np.uint8))
    assert origin(*light_of(coarse), *light_of(noisy)) == 0


def test_flat_picture_says_nothing_of_a_jpeg_file(photo):
    coarse = through(photo.convert("L"), 20)
    steps = np.array(coarse.quantization[0], np.float32).reshape(8, 8)
    pixels = np.asarray(coarse)
    flat = blocks_of(np.full_like(pixels, 128))
    assert origin(blocks_of(pixels), steps, flat, np.zeros_like(steps)) == 0
