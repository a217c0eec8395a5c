"""The largest photo on a plain ground, or in a photo, is found; text and photos alone are none."""

from functools import cache

import numpy as np
import pytest
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dedup.data.negatives import make_negatives
from dedup.pipelines.images.panels import largest_panel

PHOTO = Image.fromarray(skimage.data.coffee()).resize((300, 200))


def panel_of(image):
    return largest_panel(np.asarray(image.convert("RGB")))


@cache
def text_page():
    (page,) = make_negatives("text-pages", count=1, seed=3)
    return page.convert("RGB")


def page():
    return text_page().copy()


@settings(max_examples=25, deadline=None, database=None)
# Lines of text go on where a side of the photo ends.
@example(width=20, left=0.05, top=1 / 3)
@example(width=30, left=0.96, top=0.95)
@example(width=40, left=1 / 3, top=0.03)
@example(width=45, left=0.95, top=1 / 3)
@example(width=70, left=0.02, top=1 / 3)
@given(width=st.integers(20, 70), left=st.floats(0, 1), top=st.floats(0, 1))
def test_photo_is_found_wherever_it_is_on_a_page(width, left, top):
    sheet = page()
    side = sheet.width * width // 100
    photo = PHOTO.resize((side, side * 2 // 3))
    x, y = round((sheet.width - photo.width) * left), round((sheet.height - photo.height) * top)
    sheet.paste(photo, (x, y))
    box = panel_of(sheet)
    assert box is not None
    wanted = (x, y, x + photo.width, y + photo.height)
    assert np.abs(np.subtract(box, wanted)).max() <= 0.05 * sheet.width


def test_the_larger_of_two_photos_is_found():
    sheet = page()
    sheet.paste(PHOTO.resize((150, 100)), (40, 40))
    sheet.paste(PHOTO, (200, 400))
    box = panel_of(sheet)
    assert np.allclose(box, (200, 400, 500, 600), atol=20)


@pytest.mark.parametrize("host", ["chelsea", "astronaut", "rocket"])
@pytest.mark.parametrize("width", [25, 35, 50])
def test_photo_is_found_in_another_photo_by_its_edges(host, width):
    sheet = Image.fromarray(getattr(skimage.data, host)())
    side = sheet.width * width // 100
    photo = PHOTO.resize((side, side * 2 // 3))
    x, y = sheet.width // 9, sheet.height // 3
    sheet.paste(photo, (x, y))
    wanted = (x, y, x + photo.width, y + photo.height)
    assert np.abs(np.subtract(panel_of(sheet), wanted)).max() <= 4


def test_line_that_goes_on_beyond_a_corner_is_no_edge_of_a_photo():
    sheet = Image.fromarray(skimage.data.chelsea())
    box = 60, 50, 200, 150
    sheet.paste(Image.fromarray(skimage.data.coffee()).resize((140, 100)), box[:2])
    assert np.abs(np.subtract(panel_of(sheet), box)).max() <= 4
    draw = ImageDraw.Draw(sheet)
    for x in box[::2]:
        draw.line((x, 0, x, sheet.height), "white", 3)
    for y in box[1::2]:
        draw.line((0, y, sheet.width, y), "white", 3)
    assert panel_of(sheet) is None


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_photo_itself_is_none(name):
    assert panel_of(Image.fromarray(getattr(skimage.data, name)())) is None


def test_text_buttons_and_bars_are_none():
    sheet = page()
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((50, 100, 400, 220), "teal")
    draw.rectangle((100, 500, 200, 900), "crimson")
    assert panel_of(sheet) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (16, 16), (3, 5)])
def test_whatever_is_too_small_is_none(size):
    assert panel_of(Image.new("RGB", size, "white")) is None
