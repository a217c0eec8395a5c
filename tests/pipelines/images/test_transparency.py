"""What is transparent is part of a picture, and so is how finely its colours are told."""

import os

import handmade
import numpy as np
import pytest
from encoded import saved
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

import dedup
from dedup.pipelines.images.decoding import pixel_digest

pytestmark = pytest.mark.thorough

CLEAR = (0, 0, 0, 0)
KEEP = ["best", "largest", "oldest", "shortest-path", lambda record: record.format]


def glyph(number, colour, side=256):
    """One of five glyphs, all different, on transparent ground."""
    image = Image.new("RGBA", (256, 256), (*colour, 0))
    draw = ImageDraw.Draw(image)
    match number:
        case 0:
            draw.polygon([(128, 20), (230, 220), (26, 220)], outline=colour, width=14)
        case 1:
            draw.ellipse((30, 30, 226, 226), outline=colour, width=14)
            draw.line((128, 128, 128, 60), fill=colour, width=12)
        case 2:
            draw.rectangle((40, 90, 216, 200), outline=colour, width=14)
            draw.polygon([(40, 90), (128, 150), (216, 90)], outline=colour, width=10)
        case 3:
            for line in range(5):
                draw.line((40, 50 + line * 38, 216, 50 + line * 38), fill=colour, width=12)
        case 4:
            draw.line((40, 40, 216, 216), fill=colour, width=18)
            draw.line((40, 216, 216, 40), fill=colour, width=18)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def cut_out(photo, ground=CLEAR):
    """The middle of a photo on transparent ground."""
    mask = Image.new("L", photo.size, 0)
    ImageDraw.Draw(mask).ellipse((40, 20, photo.width - 40, photo.height - 20), fill=255)
    image = Image.new("RGBA", photo.size, ground)
    image.paste(photo, (0, 0), mask)
    image.putalpha(mask)
    return image


def flattened(image, ground):
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


def find(folder, **options):
    return dedup.find_duplicates(folder, cache=False, progress=False, **options)


def names(found):
    return {frozenset(map(os.path.basename, group.paths)) for group in found.groups}


def removed(found):
    table = found.plan().table
    return {os.path.basename(path) for path in table["path"][table["action"] != "leave"]}


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (250, 250, 255)])
def test_glyphs_of_one_colour_on_transparent_ground_are_different_pictures(tmp_path, colour):
    for number in range(5):
        glyph(number, colour).save(tmp_path / f"{number}.png")
    found = find(tmp_path)
    assert (found.groups, len(found.plan())) == ([], 0)


def test_white_stars_and_a_white_logo_on_large_clear_canvases_are_different_pictures(tmp_path):
    for number in range(3):
        canvas = Image.new("RGBA", (960, 540), CLEAR)
        canvas.paste(glyph(number, (255, 255, 255), side=90), (400, 200))
        canvas.save(tmp_path / f"{number}.png")
    assert find(tmp_path).groups == []


def test_copies_of_a_white_glyph_are_found(tmp_path):
    for number in (1, 2):
        glyph(number, (255, 255, 255)).save(tmp_path / f"{number}.png")
        glyph(number, (255, 255, 255), side=200).save(tmp_path / f"{number}.webp", lossless=True)
    assert names(find(tmp_path)) == {frozenset({"1.png", "1.webp"}), frozenset({"2.png", "2.webp"})}


def test_what_is_black_and_white_must_agree_in_both(tmp_path):
    """Over white the white half of each would vanish, and over black the black one."""
    for number in (1, 2):
        image = Image.new("RGBA", (512, 256), CLEAR)
        image.paste(glyph(0, (0, 0, 0)), (0, 0))
        image.paste(glyph(number, (255, 255, 255)), (256, 0))
        image.save(tmp_path / f"{number}.png")
    assert find(tmp_path, candidates=-1.0).groups == []


@pytest.mark.parametrize("keep", KEEP)
def test_copies_on_plain_ground_are_removed_for_the_cut_out_and_never_it_for_them(
    tmp_path, photos, keep
):
    image = cut_out(photos["coffee"])
    image.save(tmp_path / "cut-out.png")
    flattened(image, "black").save(tmp_path / "over-black.bmp")
    flattened(image, "white").save(tmp_path / "over-white.bmp")
    found = find(tmp_path, keep=keep)
    (group,) = found.groups
    assert "cut-out.png" in map(os.path.basename, group.paths)
    assert "cut-out.png" not in removed(found)
    if keep == "best":
        assert removed(found) == {"over-black.bmp", "over-white.bmp"}
        assert set(group.pairs["edit"]) == {"flattened"}


def test_small_cut_out_and_large_photo_on_plain_ground_are_both_left(tmp_path, photos):
    image = cut_out(photos["chelsea"].resize((1200, 800)))
    image.resize((300, 200)).save(tmp_path / "small.png")
    flattened(image, "white").save(tmp_path / "large.jpg")
    found = find(tmp_path)
    assert names(found) == {frozenset({"small.png", "large.jpg"})}
    assert found.plan().table["reason"].tolist() == ["1.8 times the detail"]


@pytest.mark.parametrize("keep", KEEP)
def test_16_bit_master_is_kept_and_no_8_bit_copy_in_its_place(tmp_path, photos, keep):
    pixels = np.asarray(photos["rocket"])
    (tmp_path / "master.png").write_bytes(handmade.png(pixels.astype(np.uint16) * 257))
    Image.fromarray(pixels).save(tmp_path / "copy.bmp")
    found = find(tmp_path, keep=keep)
    assert found.pairs["relation"].tolist() == ["near"]
    assert "master.png" not in removed(found)
    if keep == "best":
        assert removed(found) == {"copy.bmp"}


def test_pictures_that_show_nothing_are_told_by_their_bytes(tmp_path, photos):
    for name in ("coffee", "chelsea"):
        image = photos[name].resize((300, 200)).convert("RGBA")
        image.putalpha(0)
        image.save(tmp_path / f"{name}.png")
    found = find(tmp_path, candidates=-1.0)
    assert found.groups == []
    assert set(map(os.path.basename, found.uncertain["path"])) == {"coffee.png", "chelsea.png"}


def test_index_knows_a_white_glyph_from_another(index, tmp_path):
    for number in (1, 2):
        glyph(number, (255, 255, 255)).save(tmp_path / f"{number}.png")
    index.add(tmp_path / "1.png")
    assert index.check(tmp_path / "1.png").relation == "exact"
    assert index.check(glyph(1, (255, 255, 255))).relation == "exact"
    assert index.check(tmp_path / "2.png").relation == "new"


rgba = arrays(np.uint8, (3, 4, 4), elements=st.integers(0, 255))


@given(pixels=rgba, hidden=arrays(np.uint8, (3, 4, 3)))
def test_colours_hidden_under_alpha_0_do_not_count(pixels, hidden):
    pixels[0, 0, 3] = 255  # something is to be seen
    other = pixels.copy()
    other[pixels[..., 3] == 0, :3] = hidden[pixels[..., 3] == 0]
    assert pixel_digest(pixels) == pixel_digest(other)


@given(pixels=rgba, alpha=st.integers(0, 254))
def test_alpha_counts(pixels, alpha):
    pixels[1, 1] = 255  # white, which is the ground
    other = pixels.copy()
    other[1, 1, 3] = alpha
    assert pixel_digest(pixels) != pixel_digest(other)


@given(pixels=arrays(np.uint8, (3, 4)))
def test_opaque_grey_is_the_same_with_colours_and_with_alpha(pixels):
    grey = Image.fromarray(pixels)
    assert len({pixel_digest(grey.convert(mode)) for mode in ("L", "LA", "RGB", "RGBA")}) == 1


def test_pictures_of_16_bits_that_differ_in_the_lower_ones_are_not_the_same(photos):
    deep = np.asarray(photos["coffee"]).astype(np.uint16) << 8
    files = [handmade.png(deep), handmade.png(deep + 1), handmade.png(np.uint8(deep >> 8))]
    assert len({pixel_digest(file) for file in files}) == 3


def test_transparent_palette_is_the_same_as_with_full_colours(photos):
    image = cut_out(photos["coffee"]).quantize(64)
    assert pixel_digest(saved(image, "PNG")) == pixel_digest(image.convert("RGBA"))
