"""Small drawings all resemble each other: that costs no more than a few comparisons each."""

import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import dedup

pytestmark = pytest.mark.thorough

SIZES = (16, 32, 48)
SET = 16


def icon(number):
    """A few shapes on the one ground of a set."""
    rng = random.Random(number)
    picture = Image.new("RGB", (192, 192), (245, 245, 245))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((6, 6, 186, 186), radius=40, fill=(30, 90, 200))
    for _ in range(3):
        left, top = rng.randrange(20, 90), rng.randrange(20, 90)
        box = (left, top, left + rng.randrange(40, 80), top + rng.randrange(40, 80))
        shape = rng.choice([draw.ellipse, draw.rectangle])
        shape(box, fill="white")
    return picture


def test_each_icon_is_compared_with_few_others(tmp_path):
    for number in range(SET):
        for size in SIZES:
            small = icon(number).resize((size, size), Image.Resampling.LANCZOS)
            small.save(tmp_path / f"{number}-{size}.png")
    found = dedup.find_duplicates(tmp_path, cache=False)
    assert all(len({name(path) for path in group.paths}) == 1 for group in found.groups)
    assert found.timings.compared < 8 * SET * len(SIZES)


def name(path):
    """Which drawing a file shows."""
    return Path(path).name.partition("-")[0]


def test_icon_on_another_ground_is_never_removed(tmp_path):
    for name, ground, size in (("a", (150, 120, 190), 64), ("b", (230, 200, 80), 48)):
        side = 8 * size
        picture = Image.new("RGB", (side, side), ground)
        draw = ImageDraw.Draw(picture)
        sheet = 0.2 * side, 0.15 * side, 0.8 * side, 0.85 * side
        draw.rounded_rectangle(sheet, 0.08 * side, fill=(240, 240, 240))
        for line in range(4):
            height = side * (0.3 + 0.14 * line)
            place = 0.3 * side, height, 0.7 * side, height
            draw.line(place, fill=(90, 90, 90), width=side // 24)
        small = picture.resize((size, size), Image.Resampling.LANCZOS)
        small.save(tmp_path / f"{name}.png")
    found = dedup.find_duplicates(tmp_path, cache=False)
    assert not any(group.remove for group in found.groups)
