"""What only one of two files shows sharply is not lost: a subject in focus, a sign, small print."""

import os

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import dedup

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")


@pytest.fixture
def removed(tmp_path):
    """The names of the files that a plan for some pictures removes; and why others stay."""

    def look(**files):
        for name, (image, quality) in files.items():
            image.save(tmp_path / f"{name}.jpg", quality=quality)
        found = dedup.find_duplicates(tmp_path, cache=False, method="phash", candidates=24)
        rows = found.plan().files
        stem = lambda row: os.path.basename(row.path).split(".")[0]  # noqa: E731
        gone = {stem(row) for row in rows if row.action == "quarantine"}
        return gone, " ".join(found.groups[0].retain.values())

    return look


def photo(name):
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


def blurred_where(image, mask, sigma=2.5):
    """A picture that is out of focus at a place: `mask` gives it, in parts of width and height."""
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    soft = mask(x / image.width, y / image.height).astype(np.uint8) * 255
    soft = Image.fromarray(soft).filter(ImageFilter.GaussianBlur(20))
    return Image.composite(image.filter(ImageFilter.GaussianBlur(sigma)), image, soft)


def noisy(image):
    noise = np.random.default_rng(0).normal(0, 25, (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def middle(x, y):
    return (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.06


@pytest.mark.parametrize("name", PHOTOS)
def test_neither_photo_of_a_focus_bracket_is_removed(removed, name):
    near = blurred_where(photo(name), lambda x, y: ~middle(x, y))
    far = blurred_where(photo(name), middle)
    gone, why = removed(near=(near, 90), far=(far, 90))
    assert gone == set()
    assert "is sharp only here" in why


def test_a_sign_that_only_one_file_shows_legibly_stays(removed):
    image = photo("rocket").resize((1600, 1068))
    draw = ImageDraw.Draw(image)
    draw.rectangle((200, 700, 420, 780), fill=(225, 225, 215))
    for line, text in enumerate(("Launch complex 39", "No entry on 14 July", "Dial 555 0134")):
        draw.text((210, 708 + 22 * line), text, fill=(40, 40, 50), font=ImageFont.load_default(12))
        here = lambda x, y: (abs(x - 0.19) < 0.09) & (abs(y - 0.69) < 0.06)  # noqa: E731
    gone, _ = removed(sharp=(image, 75), blurred=(blurred_where(image, here, 1.8), 93))
    assert "sharp" not in gone


@pytest.mark.parametrize("name", ["astronaut", "chelsea"])
def test_soft_coarse_noisy_and_small_copies_still_go(removed, name):
    image = photo(name)
    copies = {
        "soft": (image.filter(ImageFilter.GaussianBlur(1.5)), 90),
        "coarse": (image, 30),
        "noisy": (noisy(image), 90),
        "small": (image.resize((300, 300 * image.height // image.width)), 90),
    }
    assert removed(original=(image, 95), **copies)[0] == set(copies)


def test_a_word_of_a_long_strip_is_not_lost(removed):
    strips = []
    for word in ("run", "stay"):
        strip = Image.new("RGB", (700, 4900), "white")
        for number in range(7):
            picture = photo(PHOTOS[number % 4]).resize((640, 400))
            strip.paste(picture, (30, 200 + 690 * number))
            draw = ImageDraw.Draw(strip)
            said = f"Then {word}!" if number == 5 else "What is there?"
            place = 240, 620 + 690 * number
            draw.text(place, said, fill="black", font=ImageFont.load_default(24))
        strips.append(strip)
    assert removed(run=(strips[0], 90), stay=(strips[1], 92))[0] == set()
