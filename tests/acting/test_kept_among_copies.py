"""Of an original and its copies the original is kept, whatever was done to these."""

import os

import numpy as np
import pytest
import skimage.data
from cat import cat
from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageOps

import dedup
from dedup.data.edits import edited_file


@pytest.fixture
def kept(tmp_path):
    """The name of the file that is kept of a photo and its edited copies."""

    def look(photo, *edits):
        photo.save(tmp_path / "original.jpg", quality=85)
        photo = Image.open(tmp_path / "original.jpg")
        for edit in edits:
            (tmp_path / f"{edit}.jpg").write_bytes(edited_file(photo, edit=edit, seed=1))
        (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
        return os.path.basename(group.keep)

    return look


def test_picture_with_black_ground_is_kept_and_not_its_noisy_copy(kept):
    eye = Image.fromarray(skimage.data.retina()).resize((640, 640))
    assert kept(eye, "noise-10", "jpeg-20", "resize-50") == "original.jpg"


def test_picture_that_lies_as_most_do_is_kept(kept):
    photo = Image.fromarray(skimage.data.rocket())
    assert kept(photo, "mirror", "resize-50", "jpeg-20") == "original.jpg"


def test_finest_file_is_kept_of_all_turns_and_mirrors(tmp_path):
    photo = Image.fromarray(skimage.data.astronaut()).resize((450, 450))
    photo.save(tmp_path / "photo.jpg", quality=92)
    for turn in Image.Transpose:
        photo.transpose(turn).save(tmp_path / f"{turn.name}.jpg", quality=80)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("photo.jpg")


def test_sharpened_copy_of_a_little_photo_is_not_kept_for_it(kept):
    photo = Image.fromarray(skimage.data.astronaut()).resize((75, 75))
    assert kept(photo, "sharpen-200", "brightness-60", "jpeg-40") == "original.jpg"


def test_copy_that_was_blurred_a_little_is_not_kept_nor_a_noisy_one(kept):
    photo = Image.fromarray(skimage.data.astronaut()).resize((75, 75))
    same = "original.jpg", "format-webp.jpg"  # which loses nothing there that can be told
    assert kept(photo, "blur-6", "noise-10", "format-webp", "jpeg-40") in same


def test_slightly_sharpened_lossless_copy_is_not_kept_for_the_photo(tmp_path):
    photo = Image.fromarray(skimage.data.astronaut())
    photo.save(tmp_path / "photo.jpg", quality=90)
    photo = Image.open(tmp_path / "photo.jpg")
    photo.filter(ImageFilter.UnsharpMask(2, 50, 3)).save(tmp_path / "a_sharpened.png")
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("photo.jpg")


@pytest.mark.parametrize(
    ("name", "kind", "quality"),
    [
        # Seemed to be less noisy, as AVIF takes fine texture for noise.
        pytest.param("grass", "avif", 60, marks=pytest.mark.thorough),
        pytest.param("grass", "avif", 85, marks=pytest.mark.thorough),
        ("hubble_deep_field", "webp", 60),  # as fine by what its encoder adds
        # Moves coefficients off the steps of the JPEG file.
        pytest.param("immunohistochemistry", "avif", 85, marks=pytest.mark.thorough),
    ],
)
def test_jpeg_photo_is_kept_and_not_what_the_web_was_given(tmp_path, name, kind, quality):
    photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    photo.thumbnail((500, 500))
    photo.save(tmp_path / "photo.jpg", quality=92)
    with Image.open(tmp_path / "photo.jpg") as photo:
        photo.save(tmp_path / f"same.{kind}", quality=quality)
        small = photo.resize(
            (photo.width * 2 // 3, photo.height * 2 // 3), Image.Resampling.BICUBIC
        )
        small.save(tmp_path / f"small.{kind}", quality=75)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert os.path.basename(group.keep) == "photo.jpg"


def test_soft_photo_is_kept_and_not_its_noisy_copy(kept):
    photo = Image.fromarray(skimage.data.astronaut()).filter(ImageFilter.GaussianBlur(1.8))
    assert kept(photo, "noise-25", "blur-6", "jpeg-40") == "original.jpg"


def test_photo_is_kept_and_not_its_blurred_and_squeezed_copy(tmp_path):
    photo = Image.fromarray(skimage.data.coffee())
    photo.save(tmp_path / "photo.jpg", quality=85)
    blurred = Image.open(tmp_path / "photo.jpg").filter(ImageFilter.GaussianBlur(3))
    blurred.resize((480, 400)).save(tmp_path / "copy.jpg", quality=90)
    blurred.rotate(180).save(tmp_path / "turned.jpg", quality=40)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("photo.jpg")


@pytest.mark.parametrize("kind", ["avif", "heic", "webp"])
def test_master_is_kept_and_not_the_jpeg_that_was_exported(tmp_path, kind):
    if kind == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    cat().save(tmp_path / f"master.{kind}", quality=85)
    with Image.open(tmp_path / f"master.{kind}") as master:
        master.convert("RGB").save(tmp_path / "export.jpg", quality=70)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert (group.keep, group.remove) == (
        str(tmp_path / f"master.{kind}"),
        [str(tmp_path / "export.jpg")],
    )


@pytest.mark.parametrize("named", [True, False])
def test_photo_of_a_phone_is_kept_and_not_the_jpeg_that_an_app_made_of_it(tmp_path, named):
    pytest.importorskip("pillow_heif").register_heif_opener()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Apple"
    cat().save(tmp_path / "z.heic", quality=80, exif=exif)
    with Image.open(tmp_path / "z.heic") as photo:
        photo.save(tmp_path / "a.jpg", quality=95, exif=exif if named else Image.Exif())
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert (group.keep, group.remove) == (str(tmp_path / "z.heic"), [str(tmp_path / "a.jpg")])


def test_source_is_kept_and_not_what_was_converted_from_it(tmp_path):
    cat().save(tmp_path / "b.jpg", quality=90)
    with Image.open(tmp_path / "b.jpg") as image:
        image.save(tmp_path / "a.png")
        image.save(tmp_path / "a.webp", lossless=True)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.keep.endswith("b.jpg")
    assert len(group.remove) == 2


@pytest.mark.parametrize("name", ["hubble_deep_field", "retina"])
def test_noise_in_a_smaller_copy_is_no_detail(tmp_path, name):
    original = Image.fromarray(getattr(skimage.data, name)())
    original.save(tmp_path / "original.jpg", quality=95)
    small = original.resize((640, 640 * original.height // original.width))
    noise = np.random.default_rng(0).normal(0, 10, (small.height, small.width, 3))
    noisy = (np.asarray(small) + noise).clip(0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(tmp_path / "a-noisy.jpg", quality=90)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert not any(path.endswith("original.jpg") for path in group.remove)


def test_bare_picture_never_goes_for_one_between_blurred_bars(tmp_path):
    bare = cat().resize((400, 266))
    story = ImageOps.fit(bare, (720, 1280)).filter(ImageFilter.GaussianBlur(28))
    story.paste(bare.resize((720, 479), Image.Resampling.LANCZOS), (0, 400))
    lettered = story.copy()
    ImageDraw.Draw(lettered).text((200, 1100), "so much fun", "white", font_size=40)
    for name, picture in {"bare": bare, "story": story, "lettered": lettered}.items():
        picture.save(tmp_path / f"{name}.jpg", quality=92)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert str(tmp_path / "bare.jpg") not in group.remove
