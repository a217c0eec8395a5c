"""What goes of pictures with holes, of signs that are turned, and of pictures like icons."""

import os

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import dedup

pytestmark = pytest.mark.thorough


@pytest.fixture
def gone(tmp_path):
    """The names of the files that a plan removes."""

    def look():
        plan = dedup.find_duplicates(tmp_path, cache=False).plan()
        return {os.path.basename(x.path) for x in plan.files if x.action != "leave"}

    return look


def dark_made_transparent(photo):
    pixels = np.asarray(photo)
    alpha = np.where(pixels.max(axis=2) < 20, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([pixels, alpha]))


def test_photo_stays_beside_its_copy_with_holes(tmp_path, gone):
    photo = Image.fromarray(skimage.data.coffee())
    photo.thumbnail((480, 400))
    photo.save(tmp_path / "photo.png")
    dark_made_transparent(photo).save(tmp_path / "holes.png")
    assert gone() == set()


def test_cut_out_on_a_ground_goes_for_the_transparent_one(tmp_path, gone):
    cut_out = Image.fromarray(skimage.data.astronaut()).resize((400, 400))
    shape = Image.new("L", cut_out.size)
    ImageDraw.Draw(shape).ellipse((40, 20, 360, 380), fill=255)
    on_white = Image.new("RGB", cut_out.size, "white")
    on_white.paste(cut_out, mask=shape)
    on_white.save(tmp_path / "on-white.jpg", quality=60)
    cut_out.putalpha(shape)
    cut_out.save(tmp_path / "cut-out.png")
    assert gone() == {"on-white.jpg"}


def test_soft_six_is_no_nine(tmp_path, gone):
    six = Image.new("L", (300, 300), 245)
    font = ImageFont.load_default(240)
    ImageDraw.Draw(six).text((150, 150), "6", fill=20, font=font, anchor="mm")
    six = six.filter(ImageFilter.GaussianBlur(6))
    six.save(tmp_path / "six.png")
    six.rotate(180).save(tmp_path / "nine.png")
    assert gone() == set()


@pytest.mark.parametrize("side", [28, 32])
def test_patch_of_a_tiny_picture_is_seen(side, tmp_path, gone):
    photo = Image.fromarray(skimage.data.chelsea()).crop((100, 0, 400, 300))
    tiny = photo.resize((side, side))
    tiny.save(tmp_path / "cat.png")
    where = (side // 3, side // 3, side // 3 + side // 6, side // 3 + side // 6)
    tiny.paste((200, 40, 40), where)
    tiny.save(tmp_path / "patched.png")
    assert gone() == set()


def test_grey_copy_of_a_tiny_picture_goes(tmp_path, gone):
    tiny = Image.fromarray(skimage.data.coffee()).resize((48, 32))
    tiny.save(tmp_path / "coffee.png")
    tiny.convert("L").save(tmp_path / "grey.png")
    assert gone() == {"grey.png"}


def test_yellow_face_on_a_grey_ground_is_no_grey_copy_of_one_on_pink(tmp_path, gone):
    for name, ground in (("pink", (233, 150, 135)), ("grey", (178, 187, 185))):
        face = Image.new("RGB", (240, 240), ground)
        draw = ImageDraw.Draw(face)
        draw.ellipse((20, 20, 220, 220), fill=(250, 205, 60))
        for x in (80, 150):
            draw.ellipse((x - 15, 70, x + 15, 110), fill=(25, 15, 15))
        draw.rectangle((70, 150, 170, 162), fill=(80, 40, 20))
        face.resize((24, 24), Image.Resampling.BOX).save(tmp_path / f"{name}.png")
    assert gone() == set()
