"""A pair says in words what happened between its two images."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from dedup._verification.align import compare
from dedup._verification.evidence import describe
from dedup._verification.features import extract
from dedup.data.edits import apply_edit

PHOTOS = [Image.fromarray(getattr(data, name)()) for name in ("astronaut", "coffee", "chelsea")]
NAMES = [
    ("format-png", "re-encoded"),
    ("jpeg-40", "re-encoded"),
    ("resize-50", "resized to 50 %"),
    ("aspect-80", "stretched 1.25 : 1"),
    ("crop-50", "cropped to 50 %"),
    ("rotate-90", "rotated by 90°"),
    ("rotate-10", "rotated by 10°"),
    ("mirror", "mirrored"),
    ("brightness-60", "darker"),
    ("brightness-150", "brighter"),
    ("contrast-50", "less contrast"),
    ("grey", "grey"),
    ("blur-6", "blurred"),
    ("salt-pepper-5", "noise"),
    ("logo-60", "text or overlay"),
    ("sticker-12", "text or overlay"),
    ("text-over-14", "text or overlay"),
    ("caption-30", "caption added"),
    ("border-6", "border added"),
    ("screenshot-window", "screenshot"),
    ("paste-60", "pasted into another image"),
    ("mirror-crop-jpeg", "mirrored, cropped to 70 %"),
]


def explanation(photo, other):
    pictures = [np.asarray(x.convert("RGB")) for x in (photo, other)]
    return describe(compare(*(extract(x) for x in pictures)))


@pytest.mark.parametrize(("edit", "words"), NAMES)
def test_an_edit_is_named(edit, words):
    background = Image.fromarray(data.immunohistochemistry())
    said = [
        explanation(photo, apply_edit(photo, edit=edit, seed=1, background=background))
        for photo in PHOTOS
    ]
    # One photo in three may be a special case: a grey one has no colours to lose.
    assert sum(words in x for x in said) >= 2, said


def test_brighter_one_way_is_darker_the_other_way():
    photo = PHOTOS[1]
    brighter = apply_edit(photo, edit="brightness-150", seed=0)
    assert "brighter" in explanation(photo, brighter)
    assert "darker" in explanation(brighter, photo)


def test_different_pictures_have_no_edits():
    assert explanation(PHOTOS[0], PHOTOS[1]) == "different pictures"


def test_the_size_of_a_reduced_image_can_be_given():
    small = np.asarray(PHOTOS[0].resize((256, 256)))
    full, reduced = extract(small, size=(2048, 2048)), extract(small, size=(1024, 1024))
    assert describe(compare(full, reduced)) == "resized to 50 %"
    assert compare(full, reduced).scale == pytest.approx(0.5)
