"""A film, a depth map, the source of a drawing: no file goes with what is only there."""

import os

import pytest
import skimage.data
from encoded import jpeg, saved
from PIL import Image, ImageDraw, PngImagePlugin

import dedup

FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 200
SOURCE = "<mxfile><diagram>7Vxbc9o4FP41zLQPyfgCGB4Tkm52p93pTC7d1</diagram></mxfile>"
PROMPT = "a cat\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 12345"


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.chelsea())


@pytest.fixture
def drawing():
    image = Image.new("RGB", (600, 400), "white")
    draw = ImageDraw.Draw(image)
    for number in range(6):
        x, y = 40 + number % 3 * 190, 60 + number // 3 * 170
        draw.rectangle([x, y, x + 130, y + 80], (218, 232, 252), (60, 90, 160), 2)
        draw.text((x + 20, y + 25), f"step {number}", "black", font_size=24)
    return image


def png(image, **texts):
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    return saved(image, "PNG", pnginfo=info, optimize=True)


def unpacked(image):
    return saved(image, "PNG", compress_level=0)


@pytest.fixture
def planned(tmp_path):
    """Of files for what each goes, or why it stays; and why the others are kept."""

    def plan(**files):
        for name, data in files.items():
            suffix = "png" if data.startswith(b"\x89PNG") else "jpg"
            (tmp_path / f"{name}.{suffix}").write_bytes(data)
        found = dedup.find_duplicates(tmp_path, cache=False)
        rows = found.plan().files
        stem = [os.path.basename(row.path)[:-4] for row in rows]
        goes = [row.reason or os.path.basename(row.keep)[:-4] for row in rows]
        return dict(zip(stem, goes, strict=True)), [group.why for group in found.groups]

    return plan


def padded(data):
    """A JPEG with so long a comment that it is larger than one with a film."""
    return data[:2] + b"\xff\xfe\xff\xff" + b"x" * 65_533 + data[2:]


def test_of_the_same_pixels_the_one_with_a_film_is_kept(photo, planned):
    files = {"film": jpeg(photo) + FILM, "larger": padded(jpeg(photo))}
    assert planned(**files) == ({"larger": "film"}, ["a film"])


def test_a_film_is_not_lost_for_a_finer_copy(photo, planned):
    files = {"film": jpeg(photo, quality=80) + FILM, "lossless": saved(photo, "PNG")}
    assert planned(**files)[0] == {"film": "a film is only here"}


def test_of_two_that_show_the_same_the_one_with_a_film_is_kept(photo, planned):
    larger = padded(jpeg(photo, quality=90, subsampling=0))
    files = {"film": jpeg(photo, quality=90) + FILM, "larger": larger}
    assert planned(**files)[0] == {"larger": "film"}


def test_two_films_stay_and_one_film_is_kept_once(photo, planned):
    data = jpeg(photo)
    marked = data[:2] + b"\xff\xfe\0\x06mark" + data[2:]
    assert planned(one=data + FILM, other=marked + FILM[:-9])[0] == {"other": "a film is only here"}
    assert planned(one=data + FILM, other=marked + FILM)[0] == {"one": "other"}


def test_a_film_stays_where_a_rule_keeps_another_file(photo, tmp_path):
    (tmp_path / "film.jpg").write_bytes(jpeg(photo, quality=85) + FILM)
    (tmp_path / "a.png").write_bytes(unpacked(photo))
    for verify in (True, False):
        found = dedup.find_duplicates(tmp_path, cache=False, keep="largest", verify=verify)
        assert list(found.groups[0].retain.values()) == ["a film is only here"]


@pytest.mark.parametrize("garbage", [b"\0" * 99, b"garbage" * 999, "picture"])
def test_what_else_is_behind_a_picture_keeps_no_file(photo, planned, garbage):
    behind = jpeg(photo.resize((80, 60))) if garbage == "picture" else garbage
    files = {"photo": saved(photo, "PNG"), "copy": jpeg(photo, quality=90) + behind}
    assert planned(**files)[0] == {"copy": "photo"}


def test_of_the_same_pixels_the_one_with_its_source_is_kept(drawing, planned):
    said = planned(source=png(drawing, mxfile=SOURCE), larger=unpacked(drawing))
    assert said == ({"larger": "source"}, ["the source it was drawn from"])


def test_source_is_not_lost_for_a_larger_picture(drawing, planned):
    small = drawing.resize((300, 200), Image.Resampling.LANCZOS)
    files = {"small": png(small, mxfile=SOURCE), "large": saved(drawing, "PNG")}
    assert planned(**files)[0] == {"small": "the source it was drawn from is only here"}


def test_prompt_in_a_jpeg_is_not_lost(photo, planned):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + PROMPT.encode("utf-16-be")
    files = {"prompt": jpeg(photo, quality=85, exif=exif), "lossless": saved(photo, "PNG")}
    assert planned(**files)[0] == {"prompt": "the prompt it was made from is only here"}
    files = {"lossless": png(photo, parameters=PROMPT)}
    assert planned(**files)[0] == {"prompt": "lossless"}


def test_of_the_same_pixels_bytes_count_after_what_is_known(photo, planned):
    exif = Image.Exif()
    exif[0x4746] = 4
    said = planned(rated=saved(photo, "PNG", exif=exif), larger=unpacked(photo))
    assert said == ({"larger": "rated"}, ["the same pixels, knows more of the picture"])


def test_program_and_title_of_a_picture_do_not_decide(photo, planned):
    titled = png(photo, Software="a program", Title="a cat that looks at you " * 9)
    assert planned(titled=titled, larger=unpacked(photo))[0] == {"titled": "larger"}
