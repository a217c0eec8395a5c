"""Small drawings all resemble each other: that costs no more than a few comparisons each."""

import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import dedup

pytestmark = pytest.mark.thorough

SIZES = (16, 32, 48)


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
    for number in range(24):
        for size in SIZES:
            small = icon(number).resize((size, size), Image.Resampling.LANCZOS)
            small.save(tmp_path / f"{number}-{size}.png")
    found = dedup.find_duplicates(tmp_path, cache=False)
    assert all(len({name(path) for path in group.paths}) == 1 for group in found.groups)
    assert found.timings.compared < 8 * 24 * len(SIZES)


def name(path):
    """Which drawing a file shows."""
    return Path(path).name.partition("-")[0]
