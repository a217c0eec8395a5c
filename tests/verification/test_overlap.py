"""What two registered pictures both show is cut out of each, upright and of one size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dedup._verification.overlap import overlap_of

SIZES = st.tuples(st.integers(60, 200), st.integers(60, 200))
CORNERS = st.tuples(st.floats(0.0, 0.4), st.floats(0.0, 0.4))
TURNED = {
    1: [[0, 1, 0], [-1, 0, 1]],
    2: [[-1, 0, 1], [0, -1, 1]],
    3: [[0, -1, 1], [1, 0, 0]],
}


def smooth(width, height):
    """A picture without detail, so that half a pixel changes little."""
    small = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def difference(a, b, transform):
    one, other = overlap_of(a, b, transform)
    assert one.shape == other.shape
    return np.abs(one.astype(float) - other).mean()


@given(SIZES, CORNERS, SIZES, st.booleans())
def test_crop_is_seen_as_what_it_was_cut_from(size, corner, cut_size, mirrored):
    picture, (width, height), (left, top) = smooth(*size), size, corner
    box = (left * width, top * height, (left + 0.5) * width, (top + 0.5) * height)
    crop = Image.fromarray(picture).resize(cut_size, Image.Resampling.BILINEAR, box=box)
    to_crop = np.array([[2.0, 0, -2 * left], [0, 2, -2 * top]])
    if mirrored:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        to_crop[0] = -2, 0, 1 + 2 * left
    assert difference(picture, np.asarray(crop), to_crop) < 6


@pytest.mark.parametrize("turns", TURNED)
def test_turned_picture_is_laid_upright(photos, turns):
    photo = np.asarray(photos["coffee"])
    transform = np.array(TURNED[turns], float)
    assert difference(photo, np.rot90(photo, turns), transform) < 1


def test_both_ways_show_the_same(photos):
    photo = photos["coffee"]
    crop = photo.crop((30, 20, 200, 150)).resize((220, 160))
    width, height = photo.size
    transform = np.array([[width / 170, 0, -30 / 170], [0, height / 130, -20 / 130]])
    inverse = np.linalg.inv(np.vstack([transform, [0, 0, 1]]))[:2]
    forth = overlap_of(np.asarray(photo), np.asarray(crop), transform)
    back = overlap_of(np.asarray(crop), np.asarray(photo), inverse)
    for one, other in zip(forth, back[::-1], strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def test_sliver_shows_nothing(photos):
    photo = np.asarray(photos["coffee"])
    beside = np.array([[1.0, 0, -0.99], [0, 1, 0]])
    assert overlap_of(photo, photo, beside) is None
