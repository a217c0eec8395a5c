"""A plain border is nothing that anyone misses, whatever its colour."""

import os

import pytest
import skimage.data
from PIL import Image

import dedup


@pytest.mark.parametrize("colour", ["crimson", "gold", "black"])
def test_copy_with_a_coloured_border_may_go(tmp_path, colour):
    photo = Image.fromarray(skimage.data.rocket()).resize((480, 320))
    framed = Image.new("RGB", (480 + 47, 320 + 39), colour)
    framed.paste(photo, (23, 19))
    photo.save(tmp_path / "photo.webp", quality=85)
    framed.save(tmp_path / "framed.jpg", quality=85)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert os.path.basename(group.keep) == "photo.webp"
    assert group.retain == {}
