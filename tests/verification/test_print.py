"""Pages whose print is small, pale or crowded, and so resembles a photo: they are read as pages."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from dedup._verification.align import compare
from dedup._verification.features import extract
from dedup._verification.reading.gate import PHOTOGRAPHIC, is_paper, is_photo, photographic
from dedup._verification.reading.reading import read
from dedup._verification.sheet import sheet_of
from dedup.data.lookalikes import copy_of


def grey(image):
    return np.asarray(image.convert("L"))


def copied(page, kind, *, seed=0):
    return Image.open(io.BytesIO(copy_of(page, kind=kind, seed=seed)))


def reduced(image):
    """A picture as it is asked whether it is a photo: denoised, in 67,000 pixels."""
    pixels = grey(image)
    zoom = (67_200 / pixels.size) ** 0.5
    small = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(small, 3)


def listing(number="4711", *, size=11):
    """Two columns of small print, crowded."""
    page = Image.new("RGB", (640, 640), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    rng = np.random.default_rng(5)
    words = ["amber", "harbour", "pillow", "tunnel", "winter", "market", "garden", "sailor"]
    for row in range(int(600 / size / 1.4)):
        for column in range(2):
            text = " ".join(words[k] for k in rng.integers(0, 8, 4))
            shown = number if (row, column) == (12, 1) else str(rng.integers(1000, 10_000))
            draw.text((20 + 310 * column, 20 + 1.4 * size * row), f"{text} {shown}", "black", font)
    return page


def terminal(word="table"):
    """Coloured print on a dark ground."""
    page = Image.new("RGB", (900, 620), (18, 18, 24))
    draw = ImageDraw.Draw(page)
    rng = np.random.default_rng(2)
    words = ["amber", "harbour", "pillow", "tunnel", "winter", "market", "garden", "sailor"]
    for row in range(31):
        text = " ".join(words[k] for k in rng.integers(0, 8, 6))
        shown = f"--{word} {text}" if row == 12 else f"{rng.integers(10_000)} {text}"
        colour = ("#88ff88", "#cccccc", "#ffcc66", "#99ccff")[row % 4]
        draw.text((12, 10 + 19 * row), shown, colour, ImageFont.load_default(15))
    return page


def seats(changed=None):
    """A plan of seats, blue or taken."""
    page = Image.new("RGB", (760, 900), "#f2f4f7")
    draw = ImageDraw.Draw(page)
    rng = np.random.default_rng(1)
    font = ImageFont.load_default(13)
    for row in range(20):
        for column in range(6):
            taken = (rng.random() < 0.33) != ((row, column) == changed)
            x, y = 110 + 80 * column + 60 * (column > 2), 40 + 42 * row
            draw.rounded_rectangle((x, y, x + 50, y + 32), 7, "#9aa4b0" if taken else "#4c8bf5")
            if taken:
                draw.line((x + 12, y + 6, x + 38, y + 26), "white", 3)
                draw.line((x + 38, y + 6, x + 12, y + 26), "white", 3)
            else:
                draw.text((x + 25, y + 16), f"{row}{'ABCDEF'[column]}", "white", font, "mm")
    return page


def table(value="83"):
    """Light print on bars of a dark green."""
    page = Image.new("RGB", (960, 540), (10, 40, 20))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 960, 60), "black")
    for row in range(8):
        y = 95 + 54 * row
        draw.rectangle((20, y - 22, 940, y + 22), (15, 60, 30) if row % 2 else (12, 50, 26))
        draw.text((50, y), f"Team of {37 * row} hills", "white", ImageFont.load_default(24), "lm")
        draw.text((560, y), f"{row} - {7 - row}", "#ffec80", ImageFont.load_default(28), "mm")
        shown = value if row == 3 else str(11 + 9 * row)
        draw.text((910, y), shown, "#99cc99", ImageFont.load_default(18), "rm")
    return page


def test_noisy_small_print_is_paper_and_no_photo():
    for size in (8, 11):
        assert is_paper(reduced(copied(listing(size=size), "scanned")))
    small = copied(listing(size=8).resize((320, 320), Image.Resampling.LANCZOS), "jpeg-40")
    assert photographic(reduced(small)) >= PHOTOGRAPHIC
    assert not is_photo(reduced(small))


@pytest.mark.parametrize(("size", "zoom"), [(8, 0.5), (9, 0.5), (10, 0.5), (9, 0.6)])
def test_another_digit_in_small_print_that_was_reduced_is_no_copy(size, zoom):
    page, other = listing(size=size), listing("4771", size=size)
    small = other.resize((round(640 * zoom),) * 2, Image.Resampling.LANCZOS)
    assert read(grey(page), grey(small), np.eye(3)).kind != "copy"


def test_small_print_that_was_reduced_a_little_is_a_copy():
    for size in (9, 11, 13):
        page = listing(size=size)
        small = page.resize((384, 384), Image.Resampling.LANCZOS)
        assert read(grey(page), grey(small), np.eye(3)).kind == "copy"


def test_no_photo_is_paper(photos):
    for photo in photos.values():
        for light in (0.4, 1.0):
            assert not is_paper(reduced(photo.point(lambda tone, light=light: tone * light)))


def test_another_word_on_two_noisy_scans_of_small_print_is_no_copy():
    page, other = (
        copied(listing(text), "scanned", seed=k) for k, text in enumerate(("4711", "ash"))
    )
    same = copied(listing("4711"), "scanned", seed=2)
    for scan, kinds in ((other, {"lookalike", "unreadable"}), (same, {"copy"})):
        laid = compare(extract(np.asarray(page)), extract(np.asarray(scan))).transform
        assert read(grey(page), grey(scan), laid).kind in kinds


@pytest.mark.parametrize("swapped", [False, True])
def test_a_noisy_scan_of_a_page_in_colour_is_no_photo(swapped):
    page, other = seats(), copied(seats((2, 1)), "scanned", seed=0)
    one, two = (other, page) if swapped else (page, other)
    laid = compare(extract(np.asarray(one)), extract(np.asarray(two))).transform
    assert read(grey(one), grey(two), laid).kind == "lookalike"


def test_a_place_that_stands_out_of_dark_bars_is_no_copy():
    small = copied(table("83"), "resize-60")
    for value, kinds in (("89", {"lookalike", "unreadable"}), ("83", {"copy"})):
        scan = copied(table(value), "scanned", seed=1)
        laid = compare(extract(np.asarray(small)), extract(np.asarray(scan))).transform
        assert read(grey(small), grey(scan), laid).kind in kinds


def test_another_word_on_noisy_scans_of_a_dark_page_is_no_copy():
    page = copied(terminal("table"), "scanned", seed=0)
    for word, kinds in (("nearly", {"lookalike", "unreadable"}), ("table", {"copy"})):
        scan = copied(terminal(word), "scanned", seed=5)
        laid = compare(extract(np.asarray(page)), extract(np.asarray(scan))).transform
        assert read(grey(page), grey(scan), laid).kind in kinds


def test_a_ground_of_which_half_is_drawn_is_no_desk():
    page = np.full((300, 400), 60, np.uint8)
    page[:, 300:] = 255
    page[120:180, 300:] = 150
    page[30:270, 40:300] = 120
    assert sheet_of(page) is None
