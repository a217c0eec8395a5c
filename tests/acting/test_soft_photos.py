"""Two soft photos in one frame, or under one watermark, are two: neither goes for the other."""

from io import BytesIO

import numpy as np
import pytest
import skimage.data
from cat import find
from PIL import Image

from dedup._verification.align import best_registration, compare
from dedup._verification.features import extract
from dedup._verification.little_texture import LITTLE_TEXTURE
from dedup.data.edits import apply_edit, edited_file
from dedup.data.negatives import NEGATIVES, make_negatives

pytestmark = pytest.mark.thorough

SIDE = 144
PLACES = [(432, 576), (288, 864), (864, 1152), (1008, 1008), (576, 1152), (864, 864), (1008, 720)]


CAT = Image.fromarray(skimage.data.chelsea())
RETINA = Image.fromarray(skimage.data.retina())
PARTS = [RETINA.crop((x, y, x + SIDE, y + SIDE)).resize((432, 432)) for y, x in PLACES]


@pytest.mark.parametrize("family", ["app-window", "app-feed", "watermarked"])
def test_soft_photos_in_one_frame_stay(tmp_path, family):
    framed(tmp_path, family)
    found = find(tmp_path)
    assert [f.reason for f in found.plan().files if f.action != "leave"] == []


@pytest.mark.parametrize("family", ["app-feed", "watermarked"])
def test_soft_photos_in_one_frame_are_no_pair(tmp_path, family):
    framed(tmp_path, family)
    assert not find(tmp_path).groups


@pytest.mark.parametrize("family", ["app-window", "app-feed", "watermarked"])
def test_a_framed_soft_photo_and_its_copy_are_one(tmp_path, family):
    encoding = NEGATIVES[family].encoding
    (image,) = make_negatives(family, count=1, seed=3, photos=iter(PARTS[3:]))
    (tmp_path / f"one{encoding.suffix}").write_bytes(encoding.encode(image))
    smaller = image.convert("RGB").resize([round(0.7 * side) for side in image.size])
    smaller.save(tmp_path / "two.jpg", quality=50)
    assert len(find(tmp_path).groups) == 1


@pytest.mark.parametrize("edit", ["brightness-150", "contrast-160"])
def test_a_copy_in_which_light_parts_are_clipped_is_a_copy(edit):
    """Of a dark ground, and soft parts between fine vessels."""
    copy = Image.open(BytesIO(edited_file(RETINA, edit=edit, seed=0)))
    one, two = (extract(np.asarray(image.resize((512, 512)))) for image in (RETINA, copy))
    assert compare(one, two).relation == "near"


def test_a_part_of_a_soft_photo_is_told_by_the_shape_of_its_light():
    photo = RETINA.crop((300, 300, 1100, 1100))
    part = apply_edit(photo, edit="crop-50", seed=0)
    one, two = (extract(np.asarray(image)) for image in (photo, part))
    measured = best_registration(one, two)
    assert measured.blocks.weight.sum() < LITTLE_TEXTURE
    assert compare(one, two).relation == "near"


def test_a_part_is_told_by_little_texture_that_reaches_through_all_of_it():
    """Of a rocket and two towers before a sky."""
    photo = Image.fromarray(skimage.data.rocket())
    assert related(photo, photo.crop((110, 40, 530, 320))) == ("near", True)


def test_one_thing_before_two_nights_is_not_told_by_little_texture():
    """As a moon is: all is alike, and the texture in one place."""
    noise = np.random.default_rng(0).normal(20, 2, (2, 420, 560, 1)).clip(0, 255)
    nights = [Image.fromarray(np.repeat(night, 3, axis=2).astype(np.uint8)) for night in noise]
    for night in nights:
        night.paste(CAT.resize((135, 90)), (220, 170))
    assert related(nights[0], nights[1].crop((70, 60, 490, 360))) == ("uncertain", True)


def test_things_before_two_skies_are_told_apart_by_the_light_of_these():
    """Their little texture reaches through all of it, and most of it agrees."""
    photo = Image.fromarray(skimage.data.rocket())
    skies = [photo.crop((x, 0, x + 80, 60)).resize((560, 420)) for x in (240, 110)]
    for sky in skies:
        for place in (100, 270), (370, 90):
            sky.paste(CAT.resize((80, 54)), place)
    assert related(skies[0], skies[1].crop((70, 60, 490, 360))) == ("different", True)


def related(photo, part):
    """How two are related, and whether they have little texture in common."""
    one, two = (extract(np.asarray(image)) for image in (photo, part))
    texture = best_registration(one, two).blocks.weight.sum()
    return compare(one, two).relation, texture < LITTLE_TEXTURE


@pytest.mark.parametrize("family", ["app-window", "app-feed", "watermarked", "meme-frame"])
def test_a_part_of_another_soft_photo_in_one_frame_is_no_copy(family):
    made = [
        image.convert("RGB")
        for image in make_negatives(family, count=7, seed=3, photos=iter(PARTS))
    ]
    whole = [extract(np.asarray(image)) for image in made]
    parts = [extract(np.asarray(apply_edit(image, edit="zoom-150", seed=0))) for image in made]
    pairs = [(a, b) for m, a in enumerate(whole) for n, b in enumerate(parts) if m != n]
    assert {compare(a, b).relation for a, b in pairs} <= {"different", "uncertain"}


def framed(folder, family):
    """The parts in one frame each, which is the same."""
    encoding = NEGATIVES[family].encoding
    made = make_negatives(family, count=len(PARTS), seed=3, photos=iter(PARTS))
    for number, image in enumerate(made):
        (folder / f"{number}{encoding.suffix}").write_bytes(encoding.encode(image))
