"""Two soft photos that words hold together: what their light and their colours say."""

from io import BytesIO

import numpy as np
import pytest
import skimage.data
from PIL import Image
from scipy.ndimage import gaussian_filter

from dedup._verification.align import compare
from dedup._verification.features import extract
from dedup.data.edits import apply_edit
from dedup.data.lookalikes import copy_of, make_lookalikes
from dedup.data.negatives import make_negatives

CAT = Image.fromarray(skimage.data.chelsea())
FUR, CUSHION = (
    CAT.crop((x, y, x + 50, y + 50)).resize((432, 432)) for x, y in ((400, 50), (400, 200))
)
ROCKET = Image.fromarray(skimage.data.rocket()).crop((142, 142, 213, 213)).resize((432, 432))


def under_one(family, *photos):
    """Photos in one frame, or under one text."""
    made = make_negatives(family, count=len(photos), seed=3, photos=iter(photos))
    return [image.convert("RGB") for image in made]


def relation(one, two):
    """How two images are related."""
    return compare(*(extract(np.asarray(image)) for image in (one, two))).relation


def sky(seed):
    """Soft light with grain."""
    rng = np.random.default_rng(seed)
    light = np.stack([gaussian_filter(rng.normal(size=(360, 480)), 45) for _ in range(3)], axis=-1)
    light = 128 + 12 * light / light.std() + rng.normal(0, 20, (360, 480, 1))
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


def test_a_part_that_is_laid_a_little_askew_is_no_photograph_of_a_page():
    whole, other = under_one("watermarked", FUR, CUSHION)
    assert relation(whole, apply_edit(other, edit="crop-50", seed=0)) == "different"


def test_a_page_that_was_photographed_is_told_in_spite_of_the_light_on_it():
    (page,) = make_lookalikes("map-tile", count=1, seed=7, template=2)
    photographed = Image.open(BytesIO(copy_of(page, kind="photographed", seed=20)))
    assert relation(page, photographed.convert("RGB")) == "near"


@pytest.mark.parametrize("family", ["map-tile", "receipt"])
def test_a_scan_on_yellowed_paper_is_a_copy(family):
    (page,) = make_lookalikes(family, count=1, seed=0)
    scan = Image.open(BytesIO(copy_of(page, kind="scanned", seed=0)))
    assert relation(page, scan.convert("RGB")) == "near"


def test_colours_decide_where_light_leaves_a_doubt():
    whole, other = under_one("watermarked", FUR, ROCKET)
    assert relation(whole, apply_edit(other, edit="crop-50", seed=0)) == "uncertain"


@pytest.mark.parametrize("edit", ["grey", "saturation-40", "jpeg-20"])
def test_paler_colours_of_a_soft_photo_are_an_edit(edit):
    (whole,) = under_one("watermarked", FUR)
    assert relation(whole, apply_edit(whole, edit=edit, seed=0)) == "near"


def test_words_alone_do_not_hold_two_skies_together():
    one, two = under_one("meme-text", *map(sky, range(6)))[2::3]
    assert relation(one, two) == "different"
