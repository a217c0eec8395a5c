"""Whatever Pillow reads comes out upright, 8-bit RGB; whatever it can't read says why."""

import struct
import zlib

import numpy as np
import PIL
import pytest
from encoded import STORED, saved
from PIL import Image

from dedup import DecodeError
from dedup.pipelines.images.decoding import check_header, decode, pixel_digest


@pytest.fixture
def photo(photos):
    return photos["coffee"]


@pytest.fixture
def grey(photo):
    return np.asarray(photo.convert("L"))


def with_orientation(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"image": STORED[orientation](image), "exif": exif}


def difference(image, other):
    """Mean difference of two pictures of one size, in grey levels."""
    return np.abs(np.asarray(image, float) - np.asarray(other, float)).mean()


def test_size_and_format_are_those_of_the_file(photo):
    decoded = decode(saved(photo, "PNG"), short_side=50)
    assert (decoded.width, decoded.height, decoded.format) == (300, 200, "PNG")
    assert decoded.image.shape == (50, 75, 3)


@pytest.mark.parametrize(
    "mode",
    [
        *("1", "L", "P", "RGB", "CMYK"),
        pytest.param(
            "YCbCr",
            marks=pytest.mark.xfail(
                int(PIL.__version__.split(".")[0]) < 13,
                reason="Pillow reads such a TIFF since version 13; before, it is skipped",
            ),
        ),
    ],
)
def test_any_colour_mode_becomes_rgb(photo, mode, tmp_path):
    photo.convert(mode).save(tmp_path / "photo.tif")
    decoded = decode(tmp_path / "photo.tif")
    assert decoded.image.dtype == np.uint8
    assert difference(decoded.image, photo.convert(mode).convert("RGB")) < 1


def test_cmyk_jpeg_is_not_inverted(photo):
    assert difference(decode(saved(photo.convert("CMYK"), "JPEG")).image, photo) < 5


def test_transparency_is_laid_over_white(photo):
    image = photo.convert("RGBA")
    image.putalpha(0)
    assert (decode(saved(image, "PNG")).image == 255).all()
    assert (decode(saved(image.convert("LA"), "PNG")).image == 255).all()


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_transparent_colour_becomes_white(mode):
    image = Image.new(mode, (40, 30), 0)
    image.paste(Image.new("L", (10, 30), 90).convert(mode), (0, 0))
    transparent = (0, 0, 0) if mode == "RGB" else 0
    decoded = decode(saved(image, "PNG", transparency=transparent)).image
    assert (decoded[:, 10:] == 255).all()
    assert (decoded[:, :10] != 255).all()


def test_hidden_colours_do_not_bleed_into_a_reduced_picture():
    hidden = np.zeros((64, 64, 4), np.uint8)
    hidden[::2, :, :] = (200, 200, 200, 255)
    hidden[1::2, :, :3] = (255, 0, 0)
    reduced = decode(hidden, short_side=16).image
    assert np.ptp(reduced.astype(int), axis=2).max() <= 2


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_brightness(grey, file_format):
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert difference(decode(saved(deep, file_format)).image[:, :, 0], grey) < 1


@pytest.mark.parametrize("top", [1, 255])
def test_float_picture_keeps_its_brightness(grey, top):
    deep = Image.fromarray((grey / 255 * top).astype(np.float32))
    assert difference(decode(saved(deep, "TIFF")).image[:, :, 0], grey) <= 1


def test_float_picture_with_holes_is_read(grey):
    holes = grey.astype(np.float32)
    holes[:10] = np.nan
    holes[10:20] = np.inf
    assert difference(decode(saved(Image.fromarray(holes), "TIFF")).image[20:, :, 0], grey[20:]) < 1


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation_is_taken(photos, file_format):
    first, *rest = (photos[name].resize((90, 60)) for name in ("coffee", "rocket", "chelsea"))
    settings = {"lossless": True} if file_format == "WEBP" else {}
    moving = saved(first, file_format, save_all=True, append_images=rest, **settings)
    assert difference(decode(moving).image, first) < 10


@pytest.mark.parametrize("short_side", [None, 50])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_picture_is_upright_whatever_its_exif_orientation(
    photo, orientation, file_format, short_side
):
    decoded = decode(
        saved(**{"file_format": file_format, **with_orientation(photo, orientation)}),
        short_side=short_side,
    )
    assert (decoded.width, decoded.height) == photo.size
    wanted = photo if short_side is None else photo.resize((75, 50), reducing_gap=3)
    assert decoded.image.shape[:2] == wanted.size[::-1]
    assert difference(decoded.image, wanted) < 6


@pytest.mark.parametrize("orientation", STORED)
def test_nearly_square_picture_has_its_upright_size(photo, orientation):
    upright = photo.resize((301, 300))
    data = saved(**{"file_format": "PNG", **with_orientation(upright, orientation)})
    decoded = decode(data, short_side=20)
    assert (decoded.width, decoded.height) == (301, 300)


def test_damaged_exif_does_not_hide_the_picture(photo):
    data = saved(photo, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert decode(data).image.shape == (200, 300, 3)


def test_jpeg_decoded_at_reduced_size_is_the_same_picture(photo):
    large = photo.resize((2400, 1600))
    data = saved(large, "JPEG", quality=95)
    decoded = decode(data, short_side=100)
    assert (decoded.width, decoded.height) == (2400, 1600)
    assert decoded.image.shape == (100, 150, 3)
    assert difference(decoded.image, large.resize((150, 100))) < 3


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (5_000, 10)])
def test_extreme_strip_stays_small_and_is_not_empty(size):
    decoded = decode(Image.new("L", size, 7), short_side=224)
    assert (decoded.width, decoded.height) == size
    assert max(decoded.image.shape) < 8 * 224
    assert min(decoded.image.shape[:2]) >= 1


def test_small_picture_is_not_enlarged():
    assert decode(Image.new("RGB", (9, 7)), short_side=224).image.shape == (7, 9, 3)


def test_path_bytes_image_and_array_give_the_same_picture(photo, tmp_path):
    photo.save(tmp_path / "photo.png")
    sources = [
        tmp_path / "photo.png",
        str(tmp_path / "photo.png"),
        (tmp_path / "photo.png").read_bytes(),
        photo,
        np.asarray(photo),
        np.asfortranarray(photo),
    ]
    assert len({pixel_digest(source) for source in sources}) == 1


def test_callers_image_stays_untouched(photo, tmp_path):
    Image.Image.save(
        **{
            "self": STORED[6](photo),
            "fp": tmp_path / "a.jpg",
            "exif": with_orientation(photo, 6)["exif"],
        }
    )
    with Image.open(tmp_path / "a.jpg") as image:
        before = (image.size, image.mode, image.getexif()[0x0112])
        assert decode(image, short_side=50).image.shape == (50, 75, 3)
        assert (image.size, image.mode, image.getexif()[0x0112]) == before
        assert image.resize((5, 5)).size == (5, 5)  # still open


def test_callers_array_stays_untouched(photo):
    pixels = np.array(photo)
    before = pixels.copy()
    decoded = decode(pixels).image
    decoded[:] = 0
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float64),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4,), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_array_that_is_no_picture_is_refused_by_its_shape_and_type(array):
    with pytest.raises(DecodeError, match="expected uint8"):
        decode(array)


def test_file_that_is_no_image():
    with pytest.raises(DecodeError, match="not an image that can be read"):
        decode(b"just some text, no picture at all")
    with pytest.raises(DecodeError, match=r"^no image, but a NoneType$"):
        decode(None)


def test_file_of_zero_bytes(tmp_path):
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(DecodeError, match="not an image"):
        decode(tmp_path / "empty.jpg")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP"])
def test_truncated_file(photo, file_format, tmp_path):
    data = saved(photo, file_format)
    (tmp_path / "half").write_bytes(data[: len(data) // 2])
    with pytest.raises(DecodeError, match=r"^(damaged image: \S+|not an image)"):
        decode(tmp_path / "half")


def png_header(width, height):
    """A PNG of a few bytes that claims a size."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_decompression_bomb_is_refused_by_its_header(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_header(60_000, 60_000))
    for read in (check_header, decode, pixel_digest):
        with pytest.raises(DecodeError, match=r"more pixels than the limit .*DEDUP_MAX_PIXELS"):
            read(tmp_path / "bomb.png")


def test_picture_of_zero_size():
    with pytest.raises(DecodeError):
        decode(png_header(0, 10))
    with pytest.raises(DecodeError, match="size 0 x 10"):
        decode(Image.new("RGB", (0, 10)))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DecodeError, match="file not found"):
        decode(tmp_path / "none.jpg")
    with pytest.raises(DecodeError, match=r"^is a directory$"):
        decode(tmp_path)
