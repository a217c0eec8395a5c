"""A picture that is small inside another is found there, and only there."""

import numpy as np
import pytest
import skimage.data
from encoded import saved
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from dedup._verification.inside import Print, outer_features, seen_inside
from dedup._verification.pictures import features_of
from dedup.data import _drawings
from dedup.data.edits import apply_edit
from dedup.pipelines.images.decoding import decode

pytestmark = pytest.mark.thorough

PHOTO = Image.fromarray(skimage.data.coffee())
GROUND = Image.fromarray(skimage.data.astronaut()).resize((900, 900))


def decoded(image):
    return decode(saved(image, "PNG"), short_side=480)


def seen(a, b, ways):
    pictures = [decoded(image) for image in (a, b)]
    features = dict(enumerate(map(features_of, pictures)))
    outer = {end: outer_features(one, features[end]) for end, one in enumerate(pictures)}
    return seen_inside((0, 1), ways, features=features, outer=outer)


def pasted(photo, *, left, top, width):
    part = photo.resize((width, round(width * photo.height / photo.width)))
    left, top = (
        round(place * (900 - side)) for place, side in zip((left, top), part.size, strict=True)
    )
    page = GROUND.copy()
    page.paste(part, (left, top))
    return page, (left, top, left + part.width, top + part.height)


@settings(max_examples=12)
@given(left=st.floats(0, 1), top=st.floats(0, 1), width=st.integers(270, 540))
def test_photo_is_found_wherever_it_was_pasted(left, top, width):
    page, box = pasted(PHOTO, left=left, top=top, width=width)
    there = seen(PHOTO, page, 1)
    assert there.relation in ("near", "scene")
    assert there.score > 0.9
    assert np.allclose(np.multiply(there.box_b, 900), box, atol=12)


@pytest.mark.parametrize("edit", [ImageOps.mirror, ImageOps.grayscale])
def test_edited_photo_is_found(edit):
    page, _ = pasted(edit(PHOTO).convert("RGB"), left=0.5, top=0.3, width=360)
    assert seen(PHOTO, page, 1).relation == "near"


@pytest.mark.parametrize("edit", ["brightness-150", "hue-40", "gamma-200"])
def test_photo_with_other_light_and_colours_is_found_on_a_page(edit):
    page = _drawings.text_page(*map(np.random.default_rng, (1, 1))).resize((900, 1200))
    page = page.convert("RGB")
    page.paste(apply_edit(PHOTO, edit=edit, seed=0).resize((400, 267)), (250, 300))
    assert seen(PHOTO, page, 1).relation == "near"


def test_order_of_the_pair_does_not_matter():
    page, _ = pasted(PHOTO, left=0.2, top=0.8, width=360)
    there, back = seen(PHOTO, page, 1), seen(page, PHOTO, 2)
    assert (there.score, there.relation) == (back.score, back.relation)
    assert np.allclose(there.box_b, back.box_a)


@pytest.mark.parametrize("other", ["chelsea", "rocket", "coins"])
def test_another_photo_is_not_found(other):
    page, _ = pasted(PHOTO, left=0.5, top=0.5, width=360)
    image = Image.fromarray(getattr(skimage.data, other)()).convert("RGB")
    assert seen(image, page, 3).relation == "different"


def test_picture_that_was_seen_before_shows_what_it_showed_then():
    inner, whole = decoded(PHOTO), decoded(pasted(PHOTO, left=0.3, top=0.2, width=500)[0])
    features = {0: features_of(inner), 1: features_of(whole)}
    first = outer_features(whole, features[1])
    again = outer_features(whole, features[1], Print.of(first))
    scores = [seen_inside((0, 1), 1, features=features, outer={1: x}).score for x in (first, again)]
    assert scores[0] == scores[1] > 0.9
