"""Animations and documents are one picture only if all their frames are, and the fuller is kept."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import dedup
from dedup.pipelines.images.decoding import decode

pytestmark = pytest.mark.thorough

KEEP = ["best", "largest", "oldest", "shortest-path", lambda record: record.frames]
FORMATS = ["gif", "png", "webp", "tif"]


@pytest.fixture(scope="module")
def scenes(photos):
    """Five photos of one size."""
    return [photos[name].resize((240, 160)) for name in sorted(photos) if name != "camera"]


def save(path, frames, **settings):
    if path.suffix == ".webp":
        settings = {"quality": 90, "duration": 300, **settings}
    frames[0].save(path, save_all=True, append_images=frames[1:], **settings)


def page(number, text=""):
    """A page full of text that no other has."""
    letters = np.random.default_rng(number).choice(list("aeioubcdlmnprst     "), (30, 60))
    image = Image.new("L", (600, 800), 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(18)
    for row, line in enumerate(letters):
        draw.text((30, 30 + 24 * row), text or "".join(line), font=font, fill=0)
    return image


def find(*inputs, **options):
    return dedup.find_duplicates(inputs, cache=False, progress=False, **options)


def names(found):
    return {frozenset(map(os.path.basename, group.paths)) for group in found.groups}


def removed(found):
    table = found.plan().table
    return {os.path.basename(path) for path in table["path"][table["action"] != "leave"]}


@pytest.mark.parametrize("suffix", FORMATS)
def test_animations_that_share_the_first_frame_are_no_duplicates(tmp_path, scenes, suffix):
    title, a, b, c, d = scenes
    save(tmp_path / f"one.{suffix}", [title, a, b])
    save(tmp_path / f"two.{suffix}", [title, c, d])
    found = find(tmp_path)
    assert found.groups == found.at(0.01).groups == []


@pytest.mark.parametrize(
    ("suffix", "keep"),
    [*((suffix, "best") for suffix in FORMATS), *(("gif", keep) for keep in KEEP[1:])],
)
def test_still_is_removed_for_an_animation_and_never_it_for_the_still(
    tmp_path, scenes, suffix, keep
):
    save(tmp_path / f"moving.{suffix}", scenes)
    with Image.open(tmp_path / f"moving.{suffix}") as moving:
        moving.convert("RGB").save(tmp_path / "still.bmp")
    found = find(tmp_path, keep=keep)
    assert found.pairs["relation"].tolist() == ["near"]
    assert "1 of 5 frames" in found.pairs["edit"][0]
    assert "1 of 5 frames" in dedup.explain(*found.groups[0].paths).text
    assert removed(found) <= {"still.bmp"}
    if keep == "best":
        assert removed(found) == {"still.bmp"}


def test_what_was_reduced_to_a_palette_does_not_remove_a_still_in_all_colours(tmp_path, scenes):
    save(tmp_path / "moving.gif", scenes)
    scenes[0].save(tmp_path / "still.png")
    (group,) = find(tmp_path).groups
    (reason,) = group.retain.values()
    assert "better quality" in reason


def test_still_does_not_bring_two_animations_together(tmp_path, scenes):
    title, a, b, c, d = scenes
    save(tmp_path / "one.png", [title, a, b])
    save(tmp_path / "two.png", [title, c, d])
    title.save(tmp_path / "still.png")
    assert not any({"one.png", "two.png"} <= group for group in names(find(tmp_path)))
    found = find(tmp_path, keep=lambda record: record.frames)
    assert removed(found) == set()
    assert set(found.plan().table["reason"]) == {"has 3 frames, the file to keep 1"}


def test_animation_is_the_same_in_another_lossless_container(tmp_path, scenes):
    save(tmp_path / "moving.png", scenes)
    save(tmp_path / "moving.tif", scenes)
    save(tmp_path / "shorter.tif", scenes[:-1])
    found = find(tmp_path)
    exact = found.pairs[found.pairs["relation"] == "exact"]
    assert {os.path.basename(path) for path in (*exact["a"], *exact["b"])} == {
        "moving.png",
        "moving.tif",
    }
    assert set(exact["edit"]) == {"identical pixels"}
    assert "shorter.tif" in removed(found)


def test_smaller_copy_of_an_animation_is_found(tmp_path, scenes):
    save(tmp_path / "moving.png", scenes)
    save(tmp_path / "small.webp", [frame.resize((180, 120)) for frame in scenes])
    found = find(tmp_path)
    assert names(found) == {frozenset({"moving.png", "small.webp"})}
    assert removed(found) == {"small.webp"}


@pytest.mark.parametrize("place", [1, 2, 4])
def test_one_other_frame_is_enough(tmp_path, scenes, photos, place):
    other = [*scenes]
    other[place] = photos["camera"].resize((240, 160))
    save(tmp_path / "one.png", scenes)
    save(tmp_path / "two.png", other)
    assert find(tmp_path).groups == []


def test_document_with_a_page_less_is_removed_and_one_with_a_page_of_its_own_is_not(tmp_path):
    cover, one, two, three, four = map(page, range(5))
    save(tmp_path / "whole.tif", [cover, one, two, three], compression="tiff_lzw")
    save(tmp_path / "less.tif", [cover, one, three], compression="tiff_lzw")
    save(tmp_path / "other.tif", [cover, one, four], compression="tiff_lzw")
    found = find(tmp_path)
    assert names(found) == {frozenset({"whole.tif", "less.tif"})}
    assert "3 of 4 frames" in found.pairs["edit"][0]
    assert removed(found) == {"less.tif"}


def test_blank_pages_are_the_same(tmp_path):
    pages = [page(0), Image.new("L", (600, 800), 255), page(1)]
    save(tmp_path / "scan.tif", pages, compression="tiff_lzw")
    save(tmp_path / "small.tif", [one.resize((450, 600)) for one in pages])
    assert removed(find(tmp_path)) == {"small.tif"}


def test_white_glyphs_that_move_are_seen(tmp_path, photos):
    ground = photos["coffee"].convert("RGBA").resize((200, 200))
    for number in (0, 1):
        frame = Image.new("RGBA", (200, 200), (255, 255, 255, 0))
        corners = [(20, 20), (180, 30), (100, 180)] if number else [(20, 180), (90, 10), (190, 190)]
        ImageDraw.Draw(frame).polygon(corners, outline="white", width=12)
        save(tmp_path / f"{number}.png", [ground, frame], blend=0, disposal=1)
    assert find(tmp_path).groups == []


def test_without_verification_animations_are_left(tmp_path, scenes):
    title, a, b, c, d = scenes
    save(tmp_path / "one.png", [title, a, b])
    save(tmp_path / "two.png", [title, c, d])
    found = find(tmp_path, verify=False)
    assert removed(found) == set()


def test_frames_beyond_the_limit_of_pixels_are_told_by_the_bytes(tmp_path, scenes, monkeypatch):
    monkeypatch.setenv("DEDUP_MAX_PIXELS", "40000")
    many = [frame.rotate(turn) for turn in range(3) for frame in scenes]  # 576,000 pixels
    save(tmp_path / "many.png", many)
    shutil.copy(tmp_path / "many.png", tmp_path / "copy.png")
    save(tmp_path / "many.tif", many)
    found = find(tmp_path)
    assert names(found) == {frozenset({"many.png", "copy.png"})}
    assert len(found.skipped) == 0
    assert "many.tif" in map(os.path.basename, found.uncertain["path"])


def test_animated_jpeg_xl_is_not_taken_for_its_first_frame():
    bits = 1 | 31 << 1 | 1 << 6  # 256 x 256
    bits |= 1 << 10 | 1 << 16  # more is told of it: that it is animated
    with pytest.raises(dedup.DecodeError, match="an animated JPEG XL"):
        decode(b"\xff\x0a" + bits.to_bytes(8, "little"))


def test_large_still_and_small_animation_are_both_left(tmp_path, scenes):
    width, height = scenes[0].size
    save(tmp_path / "moving.png", [scene.resize((width // 2, height // 2)) for scene in scenes])
    scenes[0].save(tmp_path / "large.png")
    found = find(tmp_path)
    assert names(found) == {frozenset({"moving.png", "large.png"})}
    assert removed(found) == set()


def test_index_asked_about_an_animation_compares_all_frames(index, tmp_path, scenes):
    title, a, b, c, d = scenes
    save(tmp_path / "one.png", [title, a, b])
    save(tmp_path / "two.png", [title, c, d])
    save(tmp_path / "one.tif", [title, a, b])
    index.add(tmp_path / "one.png")
    assert index.check(tmp_path / "one.tif").relation == "exact"
    assert index.check(tmp_path / "two.png").relation == "new"


def test_pages_of_one_form_are_read_on_every_filled(tmp_path):
    cover, form = filled("A report of 12 pages"), filled("Invoice 2041: 118.00 to pay by May 3")
    other = filled("Invoice 2041: 113.00 to pay by May 3")
    save(tmp_path / "one.tif", [cover, form])
    save(tmp_path / "two.tif", [cover.point(lambda value: value or 1), other])
    save(tmp_path / "copy.tif", [cover.point(lambda value: value or 2), form])
    assert names(find(tmp_path)) == {frozenset({"one.tif", "copy.tif"})}


def filled(title):
    """A page of text, in letters of about 20 pixels."""
    drawn = Image.new("L", (800, 1100), 255)
    font = ImageFont.load_default(size=24)
    for line in range(24):
        ImageDraw.Draw(drawn).text((60, 160 + 36 * line), f"{line + 1}. The same line", 0, font)
    ImageDraw.Draw(drawn).text((60, 60), title, 0, font)
    return drawn
