"""What was encoded coarsely, and sharpened then, seems to be finer than its original."""

import io
import os

import pytest
import skimage.data
from PIL import Image, ImageFilter

import dedup

LANCZOS = Image.Resampling.LANCZOS


@pytest.fixture(params=["astronaut", "chelsea", "coffee"])
def photo(request):
    photo = Image.fromarray(getattr(skimage.data, request.param)())
    return photo.resize((photo.width * 3 // 4, photo.height * 3 // 4), LANCZOS)


@pytest.fixture
def found(tmp_path):
    """What is kept, and what may go, of files of known qualities."""

    def look(**files):
        for name, (image, quality) in files.items():
            image.save(tmp_path / f"{name}.jpg", quality=quality)
        (group,) = dedup.find_duplicates(tmp_path, cache=False, method="phash").groups
        keeper, *others = (os.path.basename(path)[:-4] for path in (group.keep, *group.remove))
        return keeper, others

    return look


def encoded(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def sharpened(image):
    return image.filter(ImageFilter.UnsharpMask(2, 200, 0))


@pytest.mark.parametrize("quality", [20, 50])
def test_a_photo_is_kept_and_not_its_coarse_copy_that_was_sharpened(found, photo, quality):
    copy = sharpened(encoded(photo, quality))
    assert found(photo=(photo, 95), copy=(copy, 90))[0] == "photo"


@pytest.mark.parametrize(("name", "radius"), [("moon", 1), ("retina", 12)])
def test_a_photo_stays_beside_its_copy_that_was_sharpened_a_little(found, name, radius):
    photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    photo.thumbnail((700, 700))
    copy = photo.filter(ImageFilter.UnsharpMask(radius, 80, 0))
    keeper, others = found(photo=(photo, 95), copy=(copy, 92))
    assert keeper == "photo" or "photo" not in others


@pytest.mark.parametrize("growth", [1.3, 2])
def test_a_photo_stays_beside_its_coarse_copy_that_was_enlarged_and_sharpened(found, photo, growth):
    size = round(photo.width * growth), round(photo.height * growth)
    copy = sharpened(encoded(photo, 40).resize(size, LANCZOS))
    keeper, others = found(photo=(photo, 95), copy=(copy, 90))
    assert keeper == "photo" or "photo" not in others


@pytest.mark.parametrize("quality", [20, 90])
def test_a_smaller_coarse_copy_may_go_for_the_photo(found, photo, quality):
    size = round(photo.width * 0.7), round(photo.height * 0.7)
    copy = photo.resize(size, LANCZOS)
    assert found(photo=(photo, 95), copy=(copy, quality)) == ("photo", ["copy"])
