"""Two pictures laid over each other: what overlaps, how well blocks agree, how far they moved."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dedup._verification.block_matching import match_blocks
from dedup._verification.features import extract

UNMOVED = np.eye(3)[:2]


def features(picture):
    return extract(np.asarray(picture))


def shifted(x, y):
    return np.array([[1.0, 0, x], [0, 1, y]])


@pytest.fixture(scope="module")
def photo(photos):
    """Small enough that nothing is reduced: places are in its own pixels."""
    return photos["coffee"].resize((240, 160))


def test_a_picture_agrees_with_itself_everywhere(photo):
    measured = match_blocks(features(photo), features(photo), UNMOVED)
    assert measured.overlap_a == measured.overlap_b == pytest.approx(1)
    assert measured.in_place["agreement"] > 0.99
    assert measured.in_place["tone"] > 0.95
    assert (measured.in_place["changed_area"], measured.in_place["unrest"]) == (0, 0)
    np.testing.assert_allclose(measured.transform, np.eye(3), atol=1e-6)
    assert not measured.blocks.may_move  # nothing else was tried


def test_other_photos_do_not_agree(photo, photos):
    other = photos["chelsea"].resize(photo.size)
    measured = match_blocks(features(photo), features(other), UNMOVED)
    assert measured.in_place["agreement"] < 0.2
    assert measured.in_place["changed_area"] > 0.5


def test_overlap_is_a_share_of_each_picture(photo):
    cut = photo.crop((60, 0, 240, 160))
    measured = match_blocks(features(photo), features(cut), shifted(-60, 0))
    assert measured.overlap_a == pytest.approx(0.75, abs=0.01)
    assert measured.overlap_b == pytest.approx(1, abs=0.01)
    assert measured.in_place["agreement"] > 0.95


def test_pictures_that_hardly_overlap_are_not_compared(photo):
    assert match_blocks(features(photo), features(photo), shifted(-130, 0)) is None
    assert match_blocks(features(photo), features(photo), shifted(-110, 0)) is not None


@pytest.mark.parametrize("off", [(2.5, 0), (0, -2.5), (2, -2), (5, 0)])
def test_blocks_correct_a_placement_that_is_a_little_off(photo, off):
    measured = match_blocks(features(photo), features(photo), shifted(*off))
    x, y = measured.transform[:2, 2] * photo.size
    assert (x, y) == (pytest.approx(0, abs=0.6), pytest.approx(0, abs=0.6))
    assert measured.in_place["agreement"] > 0.9


def test_changed_area_is_that_of_the_sticker(photo):
    changed = photo.copy()
    sticker = Image.effect_noise((80, 80), 90).convert("RGB")
    changed.paste(sticker, (80, 40))
    measured = match_blocks(features(photo), features(changed), UNMOVED)
    part = 80 * 80 / (photo.width * photo.height)
    assert measured.in_place["changed_area"] == pytest.approx(part, abs=0.6 * part)
    assert 1 - 2.5 * part < measured.in_place["agreement"] < 1 - part / 3


def test_light_and_dark_exchanged_is_no_agreement(photo):
    negative = Image.fromarray(255 - np.asarray(photo))
    measured = match_blocks(features(photo), features(negative), UNMOVED)
    assert measured.in_place["agreement"] < 0.05


def test_flat_ground_has_no_say():
    """A dot on white agrees with the same dot: nearly all blocks weigh nothing."""
    card = Image.new("RGB", (240, 160), "white")
    ImageDraw.Draw(card).ellipse((90, 50, 150, 110), fill="black")
    measured = match_blocks(features(card), features(card), UNMOVED)
    weight = measured.blocks.weight
    assert weight.min() == 0
    assert (weight < 0.1).mean() > 0.5
    empty = match_blocks(*[features(Image.new("RGB", (240, 160), "white"))] * 2, UNMOVED)
    assert empty.in_place["agreement"] == 0


def test_swapped_is_as_if_measured_the_other_way_round(photo):
    bright = Image.fromarray(np.clip(np.asarray(photo) * 0.5 + 60, 0, 255).astype(np.uint8))
    cut = features(bright.crop((60, 0, 240, 160)))
    measured = match_blocks(features(photo), cut, shifted(-60, 0))
    swapped, other = measured.swapped(), match_blocks(cut, features(photo), shifted(60, 0))
    np.testing.assert_allclose(swapped.transform, other.transform, atol=0.01)
    assert (swapped.overlap_a, swapped.overlap_b) == (measured.overlap_b, measured.overlap_a)
    assert swapped.in_place["agreement"] == pytest.approx(other.in_place["agreement"], abs=0.02)
    np.testing.assert_array_equal(swapped.blocks.mean_a, measured.blocks.mean_b)
