"""Edits keep the picture, hard negatives share everything but the picture."""

import io
from itertools import combinations

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from dedup.data.edits import EDITS, apply_edit, edited_file
from dedup.data.negatives import NEGATIVES, make_negatives

PHOTO = Image.fromarray(skimage.data.astronaut()).resize((240, 180))
BACKGROUND = Image.fromarray(skimage.data.brick())
PHOTOS = [
    Image.fromarray(make()).convert("RGB")
    for make in (skimage.data.chelsea, skimage.data.coffee, skimage.data.rocket, skimage.data.moon)
]

# How to bring a copy back to where its source can be looked up in it.
UNDO = {
    "rotate-10": lambda copy: copy.rotate(-10),
    "rotate-90": lambda copy: copy.rotate(-90, expand=True),
    "rotate-180": lambda copy: copy.rotate(180),
    "mirror": ImageOps.mirror,
    "mirror-crop-jpeg": ImageOps.mirror,
    "resize-50": lambda copy: copy.resize(PHOTO.size),
    "resize-25": lambda copy: copy.resize(PHOTO.size),
    "aspect-80": lambda copy: copy.resize(PHOTO.size),
    "zoom-150": lambda copy: copy.resize((160, 120)),
    "paste-60": lambda copy: copy.resize((400, 300)),
}


def copy_of(photo, edit, seed=0):
    return apply_edit(photo, edit=edit, seed=seed, background=BACKGROUND)


def similarity(a, b):
    """Best correlation of the smaller picture anywhere in the other, both grey."""
    small, large = (
        np.asarray(image.convert("L"), dtype=float)
        for image in sorted((a, b), key=lambda image: image.width * image.height)
    )
    if small.shape[0] > large.shape[0] or small.shape[1] > large.shape[1]:
        pad = [(0, max(0, a - b)) for a, b in zip(small.shape, large.shape, strict=True)]
        large = np.pad(large, pad)
    from skimage.feature import match_template  # brings SciPy's signal processing

    return match_template(large, small).max()


@pytest.mark.thorough
@pytest.mark.parametrize("edit", EDITS)
def test_copy_shows_the_picture_and_no_other(edit):
    copy = UNDO.get(edit, lambda image: image)(copy_of(PHOTO, edit))
    assert similarity(PHOTO, copy) > 0.8
    assert all(similarity(other.resize(PHOTO.size), copy) < 0.6 for other in PHOTOS)


@pytest.mark.parametrize("edit", EDITS)
def test_copy_is_not_the_same_picture_unless_only_the_format_changes(edit):
    same = np.array_equal(np.asarray(copy_of(PHOTO, edit)), np.asarray(PHOTO))
    assert same == (edit == "format-png")


@pytest.mark.parametrize("edit", EDITS)
def test_same_seed_gives_the_same_file(edit):
    first, again = (
        edited_file(PHOTO, edit=edit, seed=(7, 1), background=BACKGROUND) for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize("edit", ["crop-50", "noise-10", "caption-20", "paste-60", "sticker-12"])
def test_another_seed_gives_another_copy(edit):
    assert copy_of(PHOTO, edit, seed=1).tobytes() != copy_of(PHOTO, edit, seed=2).tobytes()


@pytest.mark.parametrize("edit", EDITS)
def test_file_is_what_its_suffix_says(edit):
    content = edited_file(PHOTO, edit=edit, seed=0, background=BACKGROUND)
    assert (
        Image.open(io.BytesIO(content)).format
        == Image.registered_extensions()[EDITS[edit].encoding.suffix]
    )


@pytest.mark.parametrize(
    ("edit", "share"), [("crop-70", 0.7), ("crop-50", 0.5), ("crop-25", 0.25), ("resize-50", 0.25)]
)
def test_copy_has_the_promised_share_of_pixels(edit, share):
    copy = copy_of(PHOTO, edit)
    assert copy.width * copy.height == pytest.approx(share * PHOTO.width * PHOTO.height, rel=0.02)


def test_sticker_covers_about_its_share():
    changed = np.abs(np.asarray(copy_of(PHOTO, "sticker-12"), int) - np.asarray(PHOTO, int)).max(2)
    assert 0.07 < (changed > 40).mean() < 0.17


def test_edit_leaves_the_picture_it_was_given():
    before = PHOTO.tobytes()
    for edit in EDITS:
        copy_of(PHOTO, edit)
    assert PHOTO.tobytes() == before


@pytest.mark.thorough
@given(
    edit=st.sampled_from(list(EDITS)),
    width=st.integers(1, 80),
    height=st.integers(1, 80),
    seed=st.integers(0, 1000),
)
@settings(max_examples=200, deadline=None)
def test_any_edit_works_on_any_size(edit, width, height, seed):
    copy = copy_of(PHOTO.resize((width, height)), edit, seed)
    assert copy.mode == "RGB"
    assert min(copy.size) >= 1


def test_pasting_needs_a_second_photo():
    with pytest.raises(ValueError, match="second photo"):
        apply_edit(PHOTO, edit="paste-60", seed=0)


@pytest.mark.parametrize("family", NEGATIVES)
def test_negatives_look_alike_and_differ(family):
    images = list(make_negatives(family, count=4, seed=3, photos=PHOTOS))
    grey = [np.asarray(image.convert("L").resize((240, 180)), dtype=float) for image in images]
    for a, b in combinations(grey, 2):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] < 0.95
        assert (np.abs(a - b) > 2).mean() > 0.05


@pytest.mark.parametrize("family", ["app-window", "app-feed"])
def test_screenshots_of_one_app_share_their_frame(family):
    one, other = (
        np.asarray(image, dtype=int)
        for image in make_negatives(family, count=2, seed=3, photos=PHOTOS)
    )
    different = np.abs(one - other).max(axis=2) > 40
    assert not different[:50].any()
    assert different.mean() > 0.2


def test_names_of_families_are_those_of_edits_or_of_negatives():
    assert not set(NEGATIVES) & {edit.family for edit in EDITS.values()}


@pytest.mark.parametrize("family", NEGATIVES)
def test_same_seed_gives_the_same_negatives(family):
    first, again = (
        [image.tobytes() for image in make_negatives(family, count=2, seed=5, photos=PHOTOS)]
        for _ in range(2)
    )
    assert first == again


def test_too_few_photos_for_negatives_is_an_error():
    with pytest.raises(ValueError, match="needs 5 photos, and has 4"):
        list(make_negatives("dark", count=5, seed=0, photos=PHOTOS))
