"""What stays beside the file to keep is kept once: its own copies go."""

import os
import shutil

import pytest
import skimage.data
from PIL import Image, ImageDraw

import dedup


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.chelsea())


def captioned(photo, text):
    copy = photo.copy()
    ImageDraw.Draw(copy).text((20, 10), text, "white", font_size=48, stroke_width=3, stroke_fill=0)
    return copy


@pytest.fixture
def planned(tmp_path):
    """What a plan does: of each file that goes, the one that is kept for it."""

    def plan(**options):
        found = dedup.find_duplicates(tmp_path, cache=False)
        rows = found.plan(**options).files
        name = os.path.basename
        return {name(row.path): name(row.keep) for row in rows if row.action != "leave"}

    return plan


def test_a_copy_of_what_stays_goes_for_that_one(tmp_path, photo, planned):
    photo.save(tmp_path / "photo.jpg", quality=92)
    for number, text in enumerate(("MONDAY MORNING", "TUESDAY NIGHT")):
        meme = captioned(photo, text)
        meme.save(tmp_path / f"{number}.jpg", quality=92)
        meme.resize((360, 240), Image.Resampling.LANCZOS).save(tmp_path / f"{number}-small.jpg")
    assert planned() == {"0-small.jpg": "0.jpg", "1-small.jpg": "1.jpg"}


def test_the_bytes_of_what_stays_are_kept_once(tmp_path, photo, planned):
    photo.save(tmp_path / "photo.jpg", quality=92)
    captioned(photo, "MONDAY MORNING").save(tmp_path / "meme.jpg", quality=92)
    shutil.copy(tmp_path / "meme.jpg", tmp_path / "meme (copy).jpg")
    assert planned() == {"meme (copy).jpg": "meme.jpg"}


def test_what_goes_is_nothing_that_another_goes_for(tmp_path, photo, planned):
    photo.save(tmp_path / "photo.jpg", quality=92)
    captioned(photo, "MONDAY MORNING").save(tmp_path / "meme.jpg", quality=92)
    shutil.copy(tmp_path / "meme.jpg", tmp_path / "meme (copy).jpg")
    assert planned(lossy=True) == {"meme.jpg": "photo.jpg", "meme (copy).jpg": "photo.jpg"}


def test_two_texts_on_one_picture_stay(tmp_path, photo, planned):
    for number, text in enumerate(("MONDAY MORNING", "TUESDAY NIGHT")):
        captioned(photo, text).save(tmp_path / f"{number}.jpg", quality=92)
    photo.save(tmp_path / "photo.jpg", quality=92)
    assert planned() == {}


def test_of_what_stays_no_jpeg_is_kept_before_its_lossless_source(tmp_path, photo, planned):
    photo.save(tmp_path / "photo.png")
    for number, text in enumerate(("MONDAY MORNING", "TUESDAY NIGHT")):
        meme = captioned(photo.quantize(16).convert("RGB"), text)
        meme.save(tmp_path / f"{number}.png")
        meme.save(tmp_path / f"{number}-long.jpg", quality=98)
    assert planned() == {"0-long.jpg": "0.png", "1-long.jpg": "1.png"}
