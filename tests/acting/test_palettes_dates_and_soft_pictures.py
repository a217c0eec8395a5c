"""What a palette, a date in colour and a soft picture do not hide: what would be lost stays."""

import io
import os

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw

import dedup


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.chelsea())


@pytest.fixture
def group(tmp_path):
    """What is kept of some files, and why the others stay ("" if they go)."""

    def look(**files):
        for name, (image, suffix) in files.items():
            options = {"quality": 90} if suffix == "jpg" else {}
            image.save(tmp_path / f"{name}.{suffix}", **options)
        found = dedup.find_duplicates(tmp_path, cache=False, method="phash", candidates=24)
        ((kept, others),) = [
            (group.keep, {p: group.retain.get(p, "") for p in group.paths[1:]})
            for group in found.groups
        ]
        stem = lambda path: os.path.basename(path).split(".")[0]  # noqa: E731
        return stem(kept), {stem(path): why for path, why in others.items()}

    return look


def test_a_photo_is_kept_before_its_gif(group, photo):
    reduced = photo.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
    assert group(photo=(photo, "jpg"), a=(reduced, "gif"))[0] == "photo"


def test_a_drawing_in_a_palette_is_kept_before_its_jpeg(group):
    drawing = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(drawing)
    for number in range(40):
        left, top = 10 + number % 8 * 45, 10 + number // 8 * 55
        draw.ellipse((left, top, left + 35, top + 45), fill=(number * 6, 90, 250 - number * 6))
    assert group(drawing=(drawing.quantize(64), "png"), a=(drawing, "jpg"))[0] == "drawing"


@pytest.fixture
def sign():
    """Smooth shapes on a plain ground."""
    large = Image.new("RGB", (1500, 1050), (236, 244, 250))
    draw = ImageDraw.Draw(large)
    for number, colour in enumerate(("crimson", "seagreen", "navy", "orange", "purple")):
        left, top = 90 + 270 * number, 120 + 130 * (number * 2 % 5)
        draw.ellipse((left, top, left + 230, top + 300), colour)
        draw.polygon([(left, 1000), (left + 240, 1000), (left + 120, 700)], colour)
    draw.text((300, 480), "Plan 814", (10, 10, 30), font_size=130)
    return large.resize((500, 350), Image.Resampling.LANCZOS)


def test_a_drawing_is_kept_before_its_gif_of_fewer_colours(group, sign):
    files = {"z": (sign, "png"), "a": (sign.quantize(64, dither=Image.Dither.NONE), "gif")}
    assert group(**files) == ("z", {"a": ""})


def test_a_gif_stays_beside_a_lossless_file_of_its_jpeg(group, sign):
    gif = sign.quantize(64, dither=Image.Dither.NONE)
    coarse = io.BytesIO()
    gif.convert("RGB").save(coarse, "JPEG", quality=75)
    _, others = group(a=(gif, "gif"), z=(Image.open(coarse), "png"))
    assert "in a palette first" in next(iter(others.values()))


def test_a_date_as_light_as_what_is_below_is_something_that_a_copy_shows(group, photo):
    dated, box = photo.copy(), (40, 250, 150, 266)
    light = int(np.asarray(photo.crop(box).convert("L")).mean())
    blue = (light - 60, light - 10, light + 110)
    ImageDraw.Draw(dated).text(box[:2], "'98  7 14", blue, font_size=16)
    _, others = group(plain=(photo, "jpg"), dated=(dated, "jpg"))
    (why,) = others.values()
    assert "small letters" in why


def test_of_a_soft_picture_the_larger_file_is_kept(group):
    random = np.random.default_rng(3)
    noise = cv2.resize(random.normal(128, 50, (30, 40)), (800, 600), interpolation=cv2.INTER_CUBIC)
    cells = np.stack([noise.clip(0, 255).astype(np.uint8)] * 3, axis=2)
    for x, y in random.integers(30, 570, (60, 2)).tolist():
        cv2.circle(cells, (x, y), 18, (40, 40, 60), 2)
    large = Image.fromarray(cv2.GaussianBlur(cells, (0, 0), 3))
    small = large.resize((500, 375), Image.Resampling.LANCZOS)
    assert group(large=(large, "png"), s=(small, "jpg")) == ("large", {"s": ""})
