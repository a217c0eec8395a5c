"""What is kept, and what may go, if one is stretched, lies on its side, or lost its profile."""

import os

import handmade
import pytest
import skimage.data
from PIL import Image

import dedup
from dedup.pipelines.images.decoding import decode

pytestmark = pytest.mark.thorough

WIDE = handmade.rgb_profile(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)))


@pytest.fixture
def planned(tmp_path):
    """The file to keep, and why each other one stays ("" if it may go), by their names."""

    def look():
        found = dedup.find_duplicates(tmp_path, cache=False)
        (group,) = found.groups
        reasons = {os.path.basename(file.path): file.reason for file in found.plan().files}
        return os.path.basename(group.keep), reasons

    return look


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.coffee()).resize((450, 300))


def header(turn=1, *, camera="", size=()):
    exif = Image.Exif()
    exif[0x0112] = turn
    if camera:
        exif[0x0110] = camera
    if size:
        exif.get_ifd(0x8769).update({0xA002: size[0], 0xA003: size[1]})
    return exif


@pytest.mark.parametrize("size", [(520, 300), (450, 345), (540, 330)])
def test_of_two_shapes_both_stay_and_the_stretched_one_is_not_kept(planned, tmp_path, photo, size):
    photo.save(tmp_path / "a.jpg", quality=88)
    photo.resize(size, Image.Resampling.BICUBIC).save(tmp_path / "b.jpg", quality=95)
    kept, others = planned()
    assert kept == "a.jpg"
    assert all(others.values())


@pytest.mark.parametrize("sizes", [((900, 600), (720, 600)), ((900, 600), (900, 760))])
def test_of_two_shapes_that_resolve_as_much_a_cameras_is_kept_and_the_other_stays(
    planned, tmp_path, photo, sizes
):
    for name, size in zip("ab", sizes, strict=True):
        photo.resize(size).save(tmp_path / f"{name}.jpg", quality=92)
    kept, others = planned()
    assert kept == "a.jpg"
    assert others["b.jpg"]


def test_stretched_copy_goes_if_a_camera_names_the_other_one(planned, tmp_path, photo):
    photo.save(tmp_path / "a.jpg", quality=88, exif=header(camera="EOS"))
    photo.resize((360, 300)).save(tmp_path / "b.jpg", quality=90)
    assert planned() == ("a.jpg", {"b.jpg": ""})


def test_further_copies_do_not_tell_which_shape_is_right(planned, tmp_path, photo):
    for name, size in {"a": (450, 300), "b": (300, 200), "c": (225, 150), "d": (360, 300)}.items():
        photo.resize(size).save(tmp_path / f"{name}.jpg", quality=90)
    kept, others = planned()
    assert kept == "a.jpg"
    assert [bool(others[f"{name}.jpg"]) for name in "bcd"] == [False, False, True]


def test_photo_stays_beside_what_was_stretched_and_its_copies(planned, tmp_path, photo):
    photo.save(tmp_path / "a.jpg", quality=85)
    for name, size in {"b": (600, 300), "c": (560, 280), "d": (520, 260)}.items():
        photo.resize(size).save(tmp_path / f"{name}.jpg", quality=95)
    kept, others = planned()
    assert kept == "a.jpg" or others["a.jpg"]


def test_photo_that_its_header_turns_is_kept_before_one_that_lies_on_its_side(
    planned, tmp_path, photo
):
    lying = photo.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "a.jpg", quality=90, exif=header(6))
    lying.save(tmp_path / "b.jpg", quality=96)
    assert planned()[0] == "a.jpg"


def test_photo_that_was_turned_twice_is_not_kept(planned, tmp_path, photo):
    photo.save(tmp_path / "a.jpg", quality=96)
    photo.save(tmp_path / "b.jpg", quality=90, exif=header(6, size=photo.size[::-1]))
    assert planned()[0] == "a.jpg"


@pytest.mark.parametrize("quality", [90, 97])
def test_photo_with_its_profile_is_kept_before_one_without(planned, tmp_path, photo, quality):
    photo.save(tmp_path / "a.jpg", quality=90, icc_profile=WIDE)
    photo.save(tmp_path / "b.jpg", quality=quality)
    assert planned()[0] == "a.jpg"


@pytest.mark.parametrize("level", [0, 9])
def test_of_the_same_pixels_as_shown_those_with_a_profile_are_kept(planned, tmp_path, photo, level):
    photo.save(tmp_path / "a.png", icc_profile=WIDE)
    shown = Image.fromarray(decode((tmp_path / "a.png").read_bytes()).image)
    shown.save(tmp_path / "b.png", compress_level=level)
    assert planned() == ("a.png", {"b.png": ""})


def test_small_photo_with_a_profile_stays_beside_a_large_one_without(planned, tmp_path, photo):
    large = Image.fromarray(skimage.data.coffee())
    large.save(tmp_path / "a.jpg", quality=90)
    wide = photo.convert("HSV").point(
        [*range(256), *(min(255, x * 21 // 20) for x in range(256)), *range(256)]
    )
    wide.convert("RGB").save(tmp_path / "b.jpg", quality=90, icc_profile=WIDE)
    kept, others = planned()
    assert kept == "a.jpg"
    assert "its colours are only here" in others["b.jpg"]
