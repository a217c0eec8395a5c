"""What goes of pictures under pale watermarks, written-on bands, and captions that got tiny."""

import os

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont

import dedup
from dedup.data._overlays import tiled_watermark
from dedup.data.edits import EDITS

pytestmark = pytest.mark.thorough


def photo(name):
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    image.thumbnail((500, 400))
    return image


def under_band(image):
    """The picture with a transparent black band that is written on."""
    width, height = image.size
    band = Image.new("L", image.size)
    ImageDraw.Draw(band).rectangle((0, 0.82 * height, width, 0.95 * height), fill=90)
    image = image.copy()
    image.paste(Image.new("RGB", image.size, "black"), mask=band)
    at, font = (0.05 * width, 0.85 * height), ImageFont.load_default(height // 18)
    ImageDraw.Draw(image).text(at, "Lot 4711 sold", fill="white", font=font)
    return image


@pytest.fixture
def group(tmp_path):
    """Names of the file that is kept of two, and of those that a plan removes."""

    def look(original, copy, name):
        original.save(tmp_path / "original.jpg", quality=90)
        copy.save(tmp_path / name, quality=92)
        found = dedup.find_duplicates(tmp_path, cache=False)
        gone = {os.path.basename(x.path) for x in found.plan().files if x.action != "leave"}
        return os.path.basename(found.groups[0].keep), gone

    return look


@pytest.mark.parametrize(
    ("name", "opacity"), [("chelsea", 0.1), ("coffee", 0.08), ("rocket", 0.06)]
)
def test_bare_jpeg_is_kept_not_the_png_under_a_pale_watermark(group, name, opacity):
    original = photo(name)
    tiled = tiled_watermark(original, np.random.default_rng(3), opacity=opacity)
    kept, gone = group(original, tiled, "tiled.png")
    assert kept == "original.jpg"
    assert "original.jpg" not in gone


def test_band_that_is_written_on_stays(group):
    original = photo("coffee")
    _, gone = group(original, under_band(original), "caption.jpg")
    assert gone == set()


def test_caption_on_a_copy_of_a_quarter_of_the_size_stays(group):
    original = photo("rocket")
    copy = EDITS["crop-text-jpeg"].apply(original, np.random.default_rng(6))
    _, gone = group(original, copy.resize((copy.width // 4, copy.height // 4)), "caption.jpg")
    assert gone == set()
