"""One photo in any format is one picture; what is not read says why. `docs/formats.md` is true."""

import importlib.util
import io
import sys
import warnings

import format_files
import format_table
import handmade
import numpy as np
import PIL
import pytest
from encoded import jpeg, saved
from PIL import Image, ImageCms, features

import dedup
from dedup.pipelines.images.decoding import check_header, decode, pixel_digest

pytestmark = pytest.mark.thorough

MODULES = {"heif": "pillow_heif", "jxl": "pillow_jxl", "raw": "rawpy"}


def can_be_made(kind):
    if kind.format == "AVIF":
        return features.check("avif")  # Pillow 11.3 and newer
    return kind.extra == "" or importlib.util.find_spec(MODULES[kind.extra]) is not None


READ = [kind for kind in format_files.READ if can_be_made(kind)]
NOT_READ = [kind for kind in format_files.NOT_READ if can_be_made(kind)]
ALL = len(READ) + len(NOT_READ) == len(format_files.READ) + len(format_files.NOT_READ)


@pytest.fixture(scope="module")
def photo():
    return format_table.photos()[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the photo in each format."""
    return format_table.build(READ, tmp_path_factory.mktemp("formats"))


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory):
    """A folder with a file of each kind that is not read."""
    return format_table.build(NOT_READ, tmp_path_factory.mktemp("unreadable"))


def difference(image, other):
    """Mean difference of two pictures, in grey levels, at the size of the second."""
    image = Image.fromarray(image).resize(other.size, Image.Resampling.BILINEAR)
    return np.abs(np.asarray(image, float) - np.asarray(other, float)).mean()


@pytest.mark.parametrize("short_side", [None, 100])
@pytest.mark.parametrize("kind", READ, ids=lambda kind: kind.name)
def test_it_shows_the_photo(kind, short_side, files, photo):
    check_header(files / kind.name)
    decoded = decode(files / kind.name, short_side=short_side)
    wanted = photo.convert("L").convert("RGB") if kind.grey else photo
    if short_side:
        wanted = wanted.reduce(2)
        assert 100 <= min(decoded.image.shape[:2]) < 200
    assert difference(decoded.image, wanted) < kind.far
    # A difference that small is not one of another photo, or of the same upside down.
    assert difference(decoded.image[::-1], wanted) > 2 * kind.far


def test_all_are_found_as_one_picture_and_none_that_holds_more_is_removed(files, spare_photo):
    found = dedup.find_duplicates([files, spare_photo], cache=False)
    (group,) = found.groups
    assert {path.rpartition("/")[2] for path in group.paths} == {kind.name for kind in READ}
    assert len(found.skipped) == 0
    assert decode(group.keep).frames == 2
    table = found.plan().table
    gone = table[table["action"] != "leave"]
    assert not any(path.endswith(".dng") for path in gone["path"])
    for path, keep in zip(gone["path"], gone["keep"], strict=True):
        assert decode(keep).depth >= decode(path).depth


def test_what_is_not_read_has_a_reason_and_stops_nothing(unreadable, photo):
    found = dedup.find_duplicates([unreadable, photo], method="phash", cache=False)
    assert found.embedded == 1
    assert len(found.skipped) == len(NOT_READ)
    assert found.skipped["reason"].str.len().between(5, 250).all()
    assert found.skipped["reason"].map(str.isprintable).all()


@pytest.mark.skipif(not ALL, reason="needs the extras heif, jxl and raw, and AVIF")
@pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="reasons in Pillow 13's words")
def test_the_page_says_what_is_read(files, unreadable):
    """If it does not: uv run python tests/support/format_table.py."""
    assert format_table.PAGE.read_text(encoding="utf-8") == format_table.page(files, unreadable)


@pytest.mark.parametrize("name", ["lossy.heic", "lossy.jxl", "preview.dng", "sensor.dng"])
def test_missing_extra_is_named(name, files, monkeypatch):
    kind = next(kind for kind in format_files.READ if kind.name == name)
    if kind not in READ:
        pytest.skip(f"needs the extra {kind.extra}")
    monkeypatch.setitem(sys.modules, MODULES[kind.extra], None)
    for read in (check_header, decode):
        with pytest.raises(dedup.DecodeError, match=rf'pip install "dedup-vision\[{kind.extra}\]"'):
            read(files / name)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_wide_gamut_is_shown_in_its_colours(photo, mode, file_format):
    profile = handmade.rgb_profile(handmade.DISPLAY_P3)
    wide = format_files.converted(photo, profile).convert(mode)
    settings = {"lossless": True} if file_format == "WEBP" else {}
    managed = decode(saved(wide, file_format, icc_profile=profile, **settings))
    plain = decode(np.asarray(wide))
    assert difference(managed.image, photo) < 0.5
    assert difference(plain.image, photo) > 3


def test_image_in_memory_is_shown_in_its_colours_too(photo):
    profile = handmade.rgb_profile(handmade.DISPLAY_P3)
    data = saved(format_files.wide(photo), "PNG", icc_profile=profile)
    with Image.open(io.BytesIO(data)) as image:
        assert pixel_digest(image) == pixel_digest(data)


def test_profile_of_greys(photo):
    grey = np.asarray(photo.convert("L"))
    linear = Image.fromarray(np.rint((grey / 255) ** 2.2 * 255).astype(np.uint8))
    data = saved(linear, "PNG", icc_profile=handmade.grey_profile(gamma=1.0))
    assert difference(decode(data).image, photo.convert("L").convert("RGB")) < 5


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        handmade.grey_profile(gamma=1.0),
        handmade.cmyk_profile(),
        handmade.rgb_profile(handmade.DISPLAY_P3)[:300],
        b"no profile at all",
        b"",
    ],
    ids=["sRGB", "of greys", "of inks", "cut off", "text", "empty"],
)
def test_profile_that_says_nothing_of_the_picture_leaves_its_pixels(photo, profile):
    data = saved(photo, "PNG", icc_profile=profile)
    assert pixel_digest(data) == pixel_digest(photo)


@pytest.mark.skipif(importlib.util.find_spec("rawpy") is None, reason="needs the extra raw")
@pytest.mark.parametrize(
    ("sensor", "preview", "shown"),
    [
        ((1920, 1280), (960, 640), (640, 960, 3)),  # the camera's JPEG
        ((960, 640), (150, 100), (640, 960, 3)),  # too small a JPEG
        ((960, 640), None, (640, 960, 3)),
        ((1920, 1280), None, (640, 960, 3)),  # large: developed at half size
    ],
)
def test_raw_file_has_the_size_of_its_sensor(photo, sensor, preview, shown):
    data = handmade.dng(photo.resize(sensor), preview=preview and photo.resize(preview))
    decoded = decode(data)
    assert (decoded.width, decoded.height, decoded.format) == (*sensor, "RAW")
    assert decoded.image.shape == shown


@pytest.mark.filterwarnings("always")
def test_readers_warn_no_one_and_the_filters_stay_as_they_were(photo):
    before = list(warnings.filters)
    exif = format_files.orientation(1)
    damaged = exif[:16] + b"\xff\xff\xff\xff" + exif[20:]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        decode(jpeg(photo, exif=damaged))
        decode(Image.new("P", (9, 9)))
        inside = list(warnings.filters)
        with pytest.raises(dedup.DecodeError):
            decode(b"II*\0\xff\xff\xff\xff")
        assert list(warnings.filters) == inside
    assert seen == []
    assert list(warnings.filters) == before
