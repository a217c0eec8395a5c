"""Copies of a photo with a colour profile have the colours that a viewer shows of it."""

import format_files
import handmade
import numpy as np
import skimage.data
from encoded import saved
from PIL import Image

from dedup.data._photos import open_photo


def test_photo_is_opened_in_srgb(tmp_path):
    photo = Image.fromarray(skimage.data.chelsea())
    path = tmp_path / "wide.png"
    profile = handmade.rgb_profile(handmade.DISPLAY_P3)
    path.write_bytes(saved(format_files.wide(photo), "PNG", icc_profile=profile))
    opened = np.asarray(open_photo(path, max_side=1000), np.int16)
    assert np.abs(opened - np.asarray(photo, np.int16)).mean() < 2


def test_damaged_profile_is_ignored(tmp_path):
    photo = Image.fromarray(skimage.data.chelsea())
    path = tmp_path / "damaged.png"
    path.write_bytes(saved(photo, "PNG", icc_profile=b"damaged"))
    assert open_photo(path, max_side=1000).tobytes() == photo.tobytes()
