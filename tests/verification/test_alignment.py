"""Two pictures are aligned, compared block by block, and accepted for what both show."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from dedup._verification.align import compare
from dedup._verification.evidence import DEFAULT_THRESHOLD
from dedup._verification.features import extract
from dedup._verification.registration import registrations
from dedup.data.edits import EDITS, apply_edit
from dedup.data.negatives import NEGATIVES, make_negatives

PHOTOS = {
    name: Image.fromarray(getattr(data, name)()[..., :3])
    for name in ("astronaut", "chelsea", "coffee", "rocket", "retina", "hubble_deep_field")
}
PHOTOS["hubble_deep_field"].thumbnail((800, 800))
FEATURES = {name: extract(np.asarray(photo)) for name, photo in PHOTOS.items()}


def features(image):
    return extract(np.asarray(image.convert("RGB")))


def edited(name, edit, seed=0):
    copy = apply_edit(PHOTOS[name], edit=edit, seed=seed, background=PHOTOS["rocket"])
    return features(copy)


@pytest.mark.thorough
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("photo", ["chelsea", "coffee", "astronaut"])
def test_an_edited_copy_is_near_its_original(photo, edit):
    evidence = compare(FEATURES[photo], edited(photo, edit))
    assert evidence.relation == "near"
    assert evidence.score >= DEFAULT_THRESHOLD


def test_different_photos_are_different():
    names = sorted(FEATURES)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert compare(FEATURES[a], FEATURES[b]).relation in ("different", "uncertain"), (a, b)


@pytest.mark.parametrize("family", NEGATIVES)
def test_what_only_looks_alike_is_not_accepted(family):
    photos = [PHOTOS[name] for name in ("astronaut", "chelsea", "coffee", "rocket")]
    images = [features(x) for x in make_negatives(family, count=4, seed=3, photos=photos)]
    for i, a in enumerate(images):
        for b in images[i + 1 :]:
            assert compare(a, b).relation not in ("near", "scene")


def test_a_stereo_pair_is_one_scene_and_no_copy():
    left, right, _ = data.stereo_motorcycle()
    assert compare(extract(left), extract(right)).relation == "scene"


def test_a_flat_image_is_uncertain_or_different():
    flat = extract(np.full((300, 400, 3), 200, np.uint8))
    other = extract(np.full((300, 400, 3), 90, np.uint8))
    assert compare(flat, other).relation in ("uncertain", "different")
    assert compare(flat, FEATURES["coffee"]).relation in ("uncertain", "different")


edits = st.sampled_from(sorted(EDITS))
names = st.sampled_from(sorted(FEATURES))


@pytest.mark.thorough
@given(a=names, b=names, edit=edits, seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_order_of_a_pair_does_not_matter(a, b, edit, seed):
    one, other = FEATURES[a], edited(b, edit, seed)
    forth, back = compare(one, other), compare(other, one)
    assert (forth.score, forth.relation) == (back.score, back.relation)
    assert forth.overlap_a == back.overlap_b
    assert forth.mirrored == back.mirrored
    if forth.transform is not None:
        last = [[0, 0, 1]]
        product = np.vstack([forth.transform, last]) @ np.vstack([back.transform, last])
        np.testing.assert_allclose(product, np.eye(3), atol=1e-6)


@pytest.mark.thorough
@given(a=names, edit=edits, seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_comparison_repeats_exactly(a, edit, seed):
    first, second = (compare(features(PHOTOS[a]), edited(a, edit, seed)) for _ in range(2))
    assert (first.score, first.edits) == (second.score, second.edits)


@given(
    left=st.floats(0, 0.4), top=st.floats(0, 0.4), side=st.floats(0.5, 0.6), mirrored=st.booleans()
)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_box_of_a_crop_is_found(left, top, side, mirrored):
    photo = PHOTOS["astronaut"]
    box = tuple(round(512 * x) for x in (left, top, left + side, top + side))
    crop = photo.crop(box)
    if mirrored:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    evidence = compare(FEATURES["astronaut"], features(crop))
    assert evidence.relation == "near"
    assert evidence.mirrored == mirrored
    np.testing.assert_allclose(evidence.box_a, np.array(box) / 512, atol=0.015)
    assert evidence.overlap_a == pytest.approx(side**2, abs=0.02)
    assert evidence.overlap_b > 0.97


@pytest.mark.parametrize("degrees", [-170, -90, -25, 10, 90, 135])
def test_the_angle_of_a_rotation_is_found(degrees):
    turned = PHOTOS["coffee"].rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    evidence = compare(FEATURES["coffee"], features(turned))
    assert evidence.rotation == pytest.approx(degrees, abs=1)
    assert evidence.scale == pytest.approx(1, abs=0.02)


def test_a_sticker_costs_its_own_blocks_only():
    photo = PHOTOS["astronaut"].copy()
    photo.paste((250, 200, 0), (256, 256, 384, 384))
    evidence = compare(FEATURES["astronaut"], features(photo))
    assert evidence.relation == "near"
    corners = evidence.changed.reshape(-1, 2)
    assert corners.min() > 0.4
    assert corners.max() < 0.85
    assert evidence.changed_share == pytest.approx(1 / 16, abs=0.05)


def matched(*, agreeing, scattered, shift=(30, -20)):
    """Keypoints of two pictures, some of which moved together; the others match by chance."""
    rng = np.random.default_rng(0)
    count = agreeing + scattered
    a, b = (
        np.c_[rng.uniform(0, 260, (count, 2)), np.full(count, 31), 360 * rng.random(count)]
        for _ in range(2)
    )
    b[:agreeing] = a[:agreeing] + np.array([*shift, 0, 0])
    return a, b


@pytest.mark.parametrize(
    ("agreeing", "scattered", "found"),
    [(8, 0, 1), (8, 20, 1), (8, 192, 0), (40, 160, 1), (5, 0, 0)],
)
def test_of_many_matches_many_must_agree(agreeing, scattered, found):
    a, b = matched(agreeing=agreeing, scattered=scattered)
    registered = registrations(a, b, size=260, most=2)
    assert len(registered) == found
    for matrix in registered:
        assert matrix == pytest.approx(np.array([[1, 0, 30], [0, 1, -20]]), abs=2)


def test_tiny_and_narrow_images_are_compared_without_an_error():
    shapes = [(1, 1), (8, 8), (2, 900), (900, 3), (40, 30)]
    images = [extract(np.zeros((*shape, 3), np.uint8)) for shape in shapes]
    for a in images:
        for b in [*images, FEATURES["coffee"]]:
            assert compare(a, b).relation in ("different", "uncertain")


def test_features_survive_pickling():
    import pickle

    buffer = io.BytesIO()
    pickle.dump(FEATURES["coffee"], buffer)
    again = pickle.loads(buffer.getvalue())
    assert compare(again, FEATURES["coffee"]).relation == "near"
