"""What was smoothed, cut to few tones, made pale or warm, noisy or encoded again is not kept."""

import os

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance, ImageFilter

import dedup

LANCZOS = Image.Resampling.LANCZOS


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.chelsea())


@pytest.fixture
def kept(tmp_path):
    """What is kept of some files, and why the others stay ("" if they go)."""

    def look(**files):
        for name, (image, suffix, quality) in files.items():
            image.save(tmp_path / f"{name}.{suffix}", quality=quality)
        found = dedup.find_duplicates(tmp_path, cache=False, method="phash", candidates=24)
        stem = lambda path: os.path.basename(path).split(".")[0]  # noqa: E731
        (group,) = found.groups
        others = {stem(path): group.retain.get(path, "") for path in group.paths[1:]}
        return stem(group.keep), others

    return look


@pytest.mark.parametrize("factor", [2, 3])
def test_a_photo_stays_beside_its_smoothed_and_sharpened_upscale(kept, photo, factor):
    photo = photo.resize((338, 225), LANCZOS)
    large = photo.resize((round(338 * factor), round(225 * factor)), LANCZOS)
    upscale = large.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.UnsharpMask(2, 150, 0))
    keeper, others = kept(photo=(photo, "jpg", 92), upscale=(upscale, "jpg", 92))
    assert keeper == "photo" or others["photo"]


@pytest.mark.parametrize("levels", [8, 16])
@pytest.mark.parametrize("factor", [1, 1.5])
def test_a_photo_is_kept_and_not_its_posterised_copy(kept, photo, levels, factor):
    size = round(photo.width * factor), round(photo.height * factor)
    step = 256 // levels
    tones = np.asarray(photo.resize(size, LANCZOS)) // step * step + step // 2
    posterised = Image.fromarray(tones.astype(np.uint8))
    assert kept(photo=(photo, "jpg", 92), a=(posterised, "png", None))[0] == "photo"


def cells(channels):
    """Blue cells on black, with a camera's noise, as a microscope sees them in one channel."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:300, 0:400]
    picture = random.normal(8, 4, (300, 400))
    for left, top, radius in random.integers((20, 20, 6), (380, 280, 14), (40, 3)).tolist():
        far = ((x - left) ** 2 + (y - top) ** 2) / (2 * radius**2)
        picture += random.uniform(40, 180) * np.exp(-(far**2))
    picture = picture.clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([picture * (n in channels) for n in range(3)]))


def test_a_photo_of_hardly_any_colours_stays_beside_its_warmer_copy(kept):
    pale = ImageEnhance.Color(Image.fromarray(skimage.data.astronaut())).enhance(0.1)
    warm = Image.fromarray((np.asarray(pale) * (1.08, 1.0, 0.9)).clip(0, 255).astype(np.uint8))
    keeper, others = kept(photo=(pale, "jpg", 93), warm=(warm, "jpg", 92))
    assert keeper == "photo" or others["photo"]


def test_what_is_blue_on_black_is_kept_and_not_its_jpeg(kept):
    blue = cells([2])
    assert kept(z=(blue, "png", None), a=(blue, "jpg", 85)) == ("z", {"a": ""})


def test_a_soft_lossless_master_is_kept_and_not_its_jpeg(kept, photo):
    small = np.asarray(photo.resize((400, 300)))
    soft = Image.fromarray(cv2.GaussianBlur(small, (0, 0), 1.5))
    assert kept(z=(soft, "png", None), a=(soft, "jpg", 75)) == ("z", {"a": ""})


def test_a_webp_photo_is_kept_and_not_its_noisy_copy(kept, tmp_path):
    photo = Image.fromarray(skimage.data.astronaut()).resize((360, 360))
    photo.save(tmp_path / "z.webp", quality=85)
    with Image.open(tmp_path / "z.webp") as image:
        pixels = np.asarray(image.convert("RGB"), np.float32)
    noise = np.random.default_rng(0).normal(0, 10, pixels.shape)
    noisy = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
    assert kept(z=(photo, "webp", 85), noisy=(noisy, "jpg", 90)) == ("z", {"noisy": ""})


def test_photo_of_few_colours_does_not_go_for_its_paler_copy(tmp_path):
    rocket = Image.fromarray(skimage.data.rocket()).resize((600, 400))
    photo = ImageEnhance.Color(rocket).enhance(0.4)
    photo.save(tmp_path / "photo.jpg", quality=85)
    ImageEnhance.Color(photo).enhance(0.4).save(tmp_path / "paler.jpg", quality=92)
    assert not dedup.find_duplicates(tmp_path, cache=False).groups[0].remove
