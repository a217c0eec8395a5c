"""Tiles of a picture that lies over another one."""

import numpy as np

from dedup._verification.toned import Toned


def shifted_by(x, y):
    """What moves by whole pixels."""
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


PICTURE = np.random.default_rng(0).integers(0, 256, (80, 90), np.uint8)


def test_a_tile_where_pixel_lies_on_pixel_is_a_part_of_the_picture_in_other_tones():
    darker = np.arange(256, dtype=np.float32) / 2
    tile = Toned(PICTURE, darker, shifted_by(3, -5)).tile((10, 20, 32, 48))
    assert np.array_equal(tile, PICTURE[15:63, 13:45] / np.float32(2))


def test_a_tile_beyond_the_edge_shows_the_same_and_its_mirror_image():
    tile = Toned(PICTURE, np.arange(256, dtype=np.float32), shifted_by(-4, 0)).tile((0, 0, 32, 48))
    assert np.array_equal(tile[:, 4:], PICTURE[:48, :28])
    assert np.array_equal(tile[:, :4], PICTURE[:48, 3::-1])
