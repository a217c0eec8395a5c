"""A photo is kept beside the collage, the screen or the page that it was put into."""

import os

import pytest
import skimage.data
from PIL import Image, ImageDraw

import dedup


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.coffee()).resize((450, 300))


@pytest.fixture
def found(tmp_path, photo):
    """The one group of the photo and what it was put into."""

    def look(container):
        photo.save(tmp_path / "photo.jpg", quality=90)
        container.save(tmp_path / "container.png")
        return dedup.find_duplicates(tmp_path, cache=False)

    return look


def kept(found):
    """The file to keep, and why each other stays ("" if it may go)."""
    (group,) = found.groups
    reasons = {os.path.basename(file.path): file.reason for file in found.plan().files}
    return os.path.basename(group.keep), reasons


def larger(photo, zoom=1.6):
    return photo.resize((round(zoom * photo.width), round(zoom * photo.height)), 1)


def collage(photo, gutter=12):
    """Four photos, enlarged, so that this shows all of each at no less detail."""
    tiles = [photo, *(Image.fromarray(x) for x in (skimage.data.chelsea(), skimage.data.rocket()))]
    tiles = [larger(tile.resize(photo.size)) for tile in [*tiles, tiles[1].rotate(180)]]
    width, height = tiles[0].size
    whole = Image.new("RGB", (2 * width + 3 * gutter, 2 * height + 3 * gutter), "white")
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 2)
        whole.paste(tile, (gutter + column * (width + gutter), gutter + row * (height + gutter)))
    return whole


def screen(photo):
    shown = larger(photo, 2)
    whole = Image.new("RGB", (shown.width, 2 * shown.width), "black")
    whole.paste(shown, (0, 500))
    draw = ImageDraw.Draw(whole)
    draw.text((40, 40), "12:31", "white", font_size=50)
    for left in range(60, 900, 220):
        draw.ellipse((left, 1650, left + 70, 1720), outline="white", width=6)
    return whole


@pytest.mark.parametrize(
    "put_into",
    [
        collage,
        pytest.param(lambda photo: collage(photo, 0), id="no gutter", marks=pytest.mark.thorough),
        screen,
    ],
)
def test_photo_is_kept_and_what_it_was_put_into_stays(found, photo, put_into):
    keep, reasons = kept(found(put_into(photo)))
    assert keep == "photo.jpg"
    assert "is only here" in reasons["container.png"]


def test_photo_stays_beside_a_collage_that_somebody_chose_to_keep(found, tmp_path, photo):
    first = found(collage(photo))
    names = [str(tmp_path / name) for name in ("photo.jpg", "container.png")]
    keep, reasons = kept(first.with_choices(dedup.Choices(first.run, keep=dict([names]))))
    assert keep == "container.png"
    assert reasons == {"photo.jpg": "the picture itself, without the picture around it"}


def test_white_picture_in_a_white_screen_is_kept_among_its_copies(tmp_path):
    logo = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(logo)
    draw.ellipse((12, 12, 388, 388), "seagreen")
    draw.polygon([(60, 180), (200, 60), (330, 250), (180, 330)], "gold", "navy", 9)
    draw.arc((120, 120, 300, 300), 20, 290, "crimson", 22)
    page = Image.new("RGB", (400, 620), "white")
    page.paste(logo, (0, 90))
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 400, 40), "navy")
    for top in range(510, 600, 28):
        draw.text((20, top), "Nothing is dropped in silence", "black", font_size=20)
    page.save(tmp_path / "screen.png")
    logo.save(tmp_path / "logo.png")
    for quality in (30, 50, 70):
        logo.save(tmp_path / f"copy-{quality}.jpg", quality=quality)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert os.path.basename(group.keep) == "logo.png"
    assert os.path.join(tmp_path, "screen.png") in group.retain
