"""Frames of one camera all stay: a thing comes and goes, or only the time in a corner differs."""

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw

import dedup

pytestmark = pytest.mark.thorough


@pytest.fixture
def removed(tmp_path):
    """Saves pictures, and returns how many of them may go."""

    def look(*pictures):
        for number, picture in enumerate(pictures):
            picture.save(tmp_path / f"{number}.png")
        (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
        return len(group.remove)

    return look


@pytest.fixture
def room():
    return Image.fromarray(skimage.data.coffee()).resize((450, 300))


@pytest.mark.parametrize("place", [(20, 60), (140, 60), (220, 60), (300, 140)])
def test_ground_beneath_a_thing_of_its_tone_stays(removed, room, place):
    cat = Image.fromarray(skimage.data.chelsea()).crop((110, 60, 300, 250)).resize((44, 44))
    ground = room.crop((*place, place[0] + 44, place[1] + 44))
    thing = np.asarray(cat, np.float32)
    thing += np.asarray(ground, np.float32).mean((0, 1)) - thing.mean((0, 1))
    mask = Image.new("L", cat.size)
    ImageDraw.Draw(mask).ellipse((1, 1, 42, 42), 255)
    entered = room.copy()
    entered.paste(Image.fromarray(thing.clip(0, 255).astype(np.uint8)), place, mask)
    assert removed(room, entered) == 0


@pytest.mark.parametrize(("size", "ground"), [(13, 205), (13, 215), (14, 215), (15, 222)])
def test_another_time_on_pale_ground_stays(removed, room, size, ground):
    noise = np.random.default_rng(1).normal(0, 3, (2, 300, 450, 3))
    ImageDraw.Draw(room).rectangle((290, 12, 440, 44), (ground,) * 3)
    frames = []
    for time, its in zip(["02:11:05 CAM1", "05:45:51 CAM1"], noise, strict=True):
        frame = Image.fromarray((np.asarray(room) + its).clip(0, 255).astype(np.uint8))
        ImageDraw.Draw(frame).text((300, 20), time, "white", font_size=size)
        frames.append(frame)
    assert removed(*frames) == 0


def test_smaller_copy_of_what_has_a_time_goes(removed, room):
    ImageDraw.Draw(room).rectangle((290, 12, 440, 44), (215,) * 3)
    ImageDraw.Draw(room).text((300, 20), "02:11:05 CAM1", "white", font_size=14)
    assert removed(room, room.resize((338, 225))) == 1
