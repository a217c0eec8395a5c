"""A large network is asked about photos under overlays; never where it would be wrong."""

from itertools import combinations

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw

import dedup
from dedup._base.arrays import SHORT_SIDE
from dedup._verification.align import compare
from dedup._verification.features import extract
from dedup._verification.frames import seen_in_all
from dedup._verification.pictures import features_of
from dedup.data.lookalikes import REPORTING, copy_of, make_lookalikes
from dedup.pipelines.images.decoding import decode


def covered(photo):
    """The photo under four discs."""
    photo = photo.copy()
    random = np.random.default_rng(1)
    for _ in range(4):
        left, top = random.uniform(0, 0.7, 2) * photo.size
        box = [left, top, left + 0.3 * photo.width, top + 0.3 * photo.height]
        ImageDraw.Draw(photo).ellipse(box, fill=tuple(random.integers(0, 256, 3).tolist()))
    return photo


def seen(a, b):
    return compare(*(features_of(decode(image)) for image in (a, b)))


def test_it_is_asked_of_a_photo_under_overlays(photos):
    evidence = seen(photos["camera"], covered(photos["camera"]))
    assert evidence.is_doubtful
    assert evidence.score < 0.5


def test_it_is_not_asked_of_other_photos(photos):
    features = [extract(np.asarray(photo)) for photo in photos.values()]
    assert not any(compare(a, b).is_doubtful for a, b in combinations(features, 2))


def test_it_is_not_asked_of_two_shots_of_one_scene():
    left, right, _ = skimage.data.stereo_motorcycle()
    one, other = (Image.fromarray(shot).resize((370, 250)) for shot in (left, right))
    random = np.random.default_rng(0)
    for _ in range(25):
        width, height = (random.uniform(0.5, 0.95, 2) * one.size).astype(int).tolist()
        x, y = (random.uniform(0, 1, 2) * (one.width - width, one.height - height)).tolist()
        part = other.crop((int(x), int(y), int(x) + width, int(y) + height))
        assert not seen(one, part).is_doubtful


@pytest.mark.parametrize("family", REPORTING)
def test_it_is_not_asked_of_two_pages_of_one_layout(family):
    pages = list(make_lookalikes(family, count=4, seed=0))
    bordered = [copy_of(page, kind="border-6", seed=number) for number, page in enumerate(pages)]
    for copies in (pages, bordered):
        features = [features_of(decode(copy, short_side=SHORT_SIDE)) for copy in copies]
        assert not any(compare(a, b).is_doubtful for a, b in combinations(features, 2))


def test_it_is_not_asked_of_transparent_pictures(photos):
    hole = Image.new("L", photos["camera"].size, 255)
    ImageDraw.Draw(hole).rectangle([0, 0, 40, 40], fill=0)
    a, b = photos["camera"].copy(), covered(photos["camera"])
    a.putalpha(hole)
    assert not seen(a, b).is_doubtful
    b.putalpha(hole)
    assert not seen(a, b).is_doubtful


@pytest.mark.parametrize("counts", [(1, 3), (3, 1), (3, 3)])
def test_it_is_not_asked_of_animations(photos, counts):
    first = seen(photos["camera"], covered(photos["camera"]))
    assert not seen_in_all(first, iter(()), iter(()), counts=counts).is_doubtful


@pytest.mark.thorough
@pytest.mark.parametrize("gone", [True, False])
def test_picture_that_is_gone_is_named_and_not_paired(photos, tmp_path, gone):
    photos["camera"].save(tmp_path / "camera.png")
    covered(photos["camera"]).save(tmp_path / "covered.png")
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add([tmp_path / "camera.png", tmp_path / "covered.png"])
        if gone:
            (tmp_path / "covered.png").unlink()
        found = index.duplicates()
    assert len(found.groups) == (not gone)
    assert found.skipped["path"].tolist() == [str(tmp_path / "covered.png")] * gone
