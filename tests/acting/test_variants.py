"""Variants of one picture, in which little but a colour or a direction differs, all stay."""

import os

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import dedup

pytestmark = pytest.mark.thorough


@pytest.fixture
def reasons(tmp_path):
    """Saves pictures by their names; returns why each but the kept one stays ("" if it may go)."""

    def look(**pictures):
        for name, picture in pictures.items():
            picture.save(tmp_path / f"{name}.png")
        found = dedup.find_duplicates(tmp_path, cache=False)
        (group,) = found.groups
        planned = {os.path.basename(file.path)[:-4]: file.reason for file in found.plan().files}
        return os.path.basename(group.keep)[:-4], planned

    return look


@pytest.fixture
def photo():
    return Image.fromarray(skimage.data.coffee()).resize((450, 300))


def mug(colour):
    picture = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.arc((240, 130, 340, 260), 270, 90, colour, 20)
    draw.rounded_rectangle((90, 100, 280, 310), 20, colour, "grey", 3)
    return picture


def logo(colour):
    picture = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 80, 300, 320), colour)
    draw.ellipse((120, 140, 240, 260), "white")
    draw.text((340, 130), "ACME", colour, font_size=130)
    return picture


def face(skin):
    picture = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((28, 28, 228, 228), skin)
    for left in (80, 150):
        draw.ellipse((left, 90, left + 25, 120), (40, 20, 10))
    draw.arc((80, 110, 176, 190), 20, 160, (40, 20, 10), 6)
    return picture


def hued(photo, degrees):
    hue, *others = photo.convert("HSV").split()
    turned = hue.point(lambda value: (value + round(degrees / 360 * 256)) % 256)
    return Image.merge("HSV", [turned, *others]).convert("RGB")


def test_product_in_another_colour_stays(reasons):
    _, others = reasons(red=mug((200, 40, 40)), blue=mug((50, 80, 220)), green=mug((20, 110, 40)))
    assert list(others.values()) == ["its colours are only here"] * 2


@pytest.mark.parametrize("dark", [(20, 30, 80), (80, 20, 30), (10, 60, 30)])
def test_black_mug_stays_beside_one_in_a_dark_colour(reasons, dark):
    black = round(float(np.dot(dark, (0.299, 0.587, 0.114)))) + 2
    _, others = reasons(coloured=mug(dark), black=mug((black, black, black + 3)))
    assert all(others.values())


def test_grey_copy_of_a_navy_mug_goes(reasons):
    navy = mug((20, 30, 80))
    assert reasons(navy=navy, copy=navy.convert("L")) == ("navy", {"copy": ""})


@pytest.mark.parametrize("light", [0, 120])
def test_grey_logo_stays_beside_the_green_one(reasons, light):
    _, others = reasons(green=logo((10, 140, 60)), grey=logo((light, light, light)))
    assert list(others.values()) == ["its colours are only here"]


def test_pale_logos_of_one_light_stay(reasons):
    _, others = reasons(mint=logo((150, 220, 190)), rose=logo((245, 170, 190)))
    assert list(others.values()) == ["its colours are only here"]


def test_grey_copy_of_a_logo_goes(reasons):
    green = logo((10, 140, 60))
    assert reasons(green=green, copy=green.convert("L")) == ("green", {"copy": ""})


def test_face_of_another_skin_stays(reasons):
    _, others = reasons(pale=face((255, 224, 189)), dark=face((224, 172, 105)))
    assert all(others.values())


def test_flat_sign_of_another_amber_stays(reasons):
    _, others = reasons(pale=logo((255, 204, 50)), dark=logo((141, 85, 36)))
    assert all(others.values())


def test_icon_in_a_blue_of_full_strength_stays_beside_a_darker_one(reasons):
    icons = {}
    for name, blue in {"full": (0, 120, 255), "dark": (0, 90, 200)}.items():
        icons[name] = Image.new("RGBA", (512, 512))
        draw = ImageDraw.Draw(icons[name])
        draw.rounded_rectangle((10, 10, 502, 502), 90, blue)
        draw.polygon([(180, 130), (400, 256), (180, 382)], "white")
    _, others = reasons(**icons)
    assert all(others.values())


def test_photo_with_other_hues_stays(reasons, photo):
    _, others = reasons(original=photo, turned=hued(photo, 120))
    assert all(reason.endswith("its colours are only here") for reason in others.values())


def test_one_thing_in_another_colour_stays(reasons, photo):
    lights = {}
    for name, colour in {"stop": (220, 60, 60), "go": (30, 140, 60)}.items():
        lights[name] = photo.copy()
        ImageDraw.Draw(lights[name]).ellipse((40, 40, 80, 80), colour, "black", 4)
    _, others = reasons(**lights)
    assert list(others.values()) == ["its colours are only here"]


@pytest.mark.parametrize("vivid", [0, 0.15])
def test_a_small_lamp_in_another_colour_stays_where_little_else_has_one(reasons, photo, vivid):
    lights = {}
    for name, colour in {"stop": (220, 45, 40), "go": (25, 150, 55)}.items():
        lights[name] = ImageEnhance.Color(photo).enhance(vivid)
        ImageDraw.Draw(lights[name]).ellipse((40, 40, 54, 54), colour)
    _, others = reasons(**lights)
    assert all(others.values())


def test_a_coarse_copy_of_a_photo_with_a_small_lamp_goes(tmp_path, photo):
    dull = ImageEnhance.Color(photo).enhance(0.15)
    ImageDraw.Draw(dull).ellipse((40, 40, 54, 54), (220, 45, 40))
    dull.save(tmp_path / "photo.png")
    dull.save(tmp_path / "coarse.jpg", quality=25)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert [os.path.basename(path) for path in group.remove] == ["coarse.jpg"]


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo.point(lambda value: round(0.6 * value)),
        lambda photo: photo.point([round(255 * (value / 255) ** 2) for value in range(256)] * 3),
        lambda photo: photo.filter(ImageFilter.GaussianBlur(2)),
        lambda photo: Image.fromarray(
            (np.asarray(photo.convert("L"))[..., None] * [1, 0.9, 0.7]).astype(np.uint8)
        ),
    ],
    ids=["darker", "gamma", "blurred", "sepia"],
)
def test_changed_light_is_no_variant(reasons, photo, change):
    assert reasons(original=photo, changed=change(photo)) == ("original", {"changed": ""})


@pytest.mark.parametrize("name", ["a", "z"])
@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo.point([round(255 * (value / 255) ** 0.6) for value in range(256)] * 3),
        lambda photo: Image.blend(photo.convert("L").convert("RGB"), photo, 0.5),
        lambda photo: hued(photo, 10),
        lambda photo: photo.point(lambda value: min(255, round(1.5 * value))),
    ],
    ids=["gamma", "paler", "tinted", "brighter"],
)
def test_photo_does_not_go_for_its_copy_in_another_light(tmp_path, photo, change, name):
    photo.save(tmp_path / "original.jpg", quality=90)
    change(photo).save(tmp_path / f"{name}.jpg", quality=92)
    plan = dedup.find_duplicates(tmp_path, cache=False).plan()
    gone = [os.path.basename(file.path) for file in plan.files if file.action != "leave"]
    assert gone in ([], [f"{name}.jpg"])


def test_a_third_copy_tells_which_of_them_was_made_brighter(reasons, photo):
    small = photo.resize((300, 200))
    gamma = photo.point([round(255 * (value / 255) ** 0.6) for value in range(256)] * 3)
    kept, others = reasons(original=photo, small=small, gamma=gamma)
    assert (kept, set(others.values())) == ("original", {""})


def test_of_several_each_in_another_light_nothing_tells_which_was_first(tmp_path, photo):
    for name, colour in {"original": 1, "pale": 0.75, "paler": 0.5}.items():
        ImageEnhance.Color(photo).enhance(colour).save(tmp_path / f"{name}.jpg", quality=92)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert group.remove == []


def test_colours_that_both_have_small_copies_stay(tmp_path, photo):
    warm = photo.convert("HSV").point(
        list(range(256)) * 2 + [value * 3 // 5 for value in range(256)]
    )
    for name, picture in {"a": photo, "b": warm.convert("RGB")}.items():
        picture.save(tmp_path / f"{name}.jpg", quality=92)
        picture.resize((225, 150)).save(tmp_path / f"{name}_small.jpg")
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    kept = {os.path.basename(path) for path in [group.keep, *group.retain]}
    assert {"a.jpg", "b.jpg"} <= kept


def test_mirrored_or_turned_drawing_stays_and_a_photo_does_not(reasons, tmp_path, photo):
    arrow = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(arrow).polygon([(40, 150), (200, 40), (200, 260)], "black")
    ImageDraw.Draw(arrow).rectangle((200, 110, 360, 190), "black")
    mirrored, turned = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_90
    _, others = reasons(left=arrow, right=arrow.transpose(mirrored), down=arrow.transpose(turned))
    assert list(others.values()) == ["mirrored or turned, as another sign would be"] * 2
    for file in tmp_path.iterdir():
        file.unlink()
    small = photo.resize((300, 200))
    _, others = reasons(original=photo, small=small, mirrored=photo.transpose(mirrored))
    assert set(others.values()) == {""}


def test_of_two_alone_nothing_tells_which_is_mirrored(reasons, photo):
    _, others = reasons(a=photo, b=photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert list(others.values()) == ["nothing tells which of the two is mirrored"]


def test_shots_of_a_bracket_stay_and_an_edited_copy_of_one_goes(tmp_path, photo):
    def exposed(seconds, day="2019:07:14 12:41:10"):
        header = Image.Exif()
        header[0x0110] = "EOS"
        header.get_ifd(0x8769).update({0x9003: day, 0x829A: seconds})
        return header

    photo.save(tmp_path / "a.jpg", quality=90, exif=exposed(1 / 60))
    photo.resize((225, 150)).save(tmp_path / "small.jpg", exif=exposed(1 / 60))
    lighter = photo.point(lambda value: min(255, round(1.1 * value)))
    lighter.save(tmp_path / "b.jpg", quality=90, exif=exposed(1 / 30))
    later = photo.point(lambda value: min(255, value + 2))
    later.save(tmp_path / "c.jpg", quality=90, exif=exposed(1 / 60, "2019:07:14 12:41:12"))
    plan = dedup.find_duplicates(tmp_path, cache=False).plan()
    gone = [os.path.basename(file.path) for file in plan.files if file.action != "leave"]
    assert gone == ["small.jpg"]


def test_plain_ground_below_a_sticker_stays(reasons, photo):
    wall = Image.new("RGB", (450, 300), (150, 170, 190))
    wall.paste(photo.crop((0, 150, 450, 300)), (0, 150))
    stuck = wall.copy()
    stuck.paste(photo.crop((120, 60, 220, 140)), (170, 35))
    kept, others = reasons(plain=wall, with_sticker=stuck)
    assert kept == "plain"
    assert others["with_sticker"].endswith("of its picture is only here")


def test_photo_beside_one_with_a_soft_spot_stays(reasons):
    rocket = Image.fromarray(skimage.data.rocket())
    y, x = np.mgrid[: rocket.height, : rocket.width]
    spot = -55 * np.exp(-(((x - 500) / 14) ** 2 + ((y - 150) / 14) ** 2))[..., None]
    spotted = Image.fromarray((np.asarray(rocket) + spot).clip(0, 255).astype(np.uint8))
    _, others = reasons(plain=rocket, spotted=spotted)
    assert all(others.values())


def test_grey_dots_stay_beside_blue_ones_on_one_pale_ground(reasons):
    def dots(colour):
        cloth = Image.new("RGB", (600, 600), (240, 230, 210))
        draw = ImageDraw.Draw(cloth)
        random = np.random.default_rng(0)
        for left, top in random.integers(0, 550, (80, 2)):
            side = random.integers(15, 50)
            draw.ellipse((left, top, left + side, top + side), colour)
        return cloth

    _, others = reasons(blue=dots((40, 60, 160)), grey=dots((88, 88, 88)))
    assert others == {"grey": "its colours are only here"}


def test_other_digits_and_another_level_of_a_gauge_stay(reasons, photo):
    screens = {}
    for time, level in {"12:41": 200, "12:47": 130}.items():
        screens[f"at {level}"] = photo.copy()
        draw = ImageDraw.Draw(screens[f"at {level}"])
        draw.rectangle((130, 110, 320, 180), (20, 20, 20))
        draw.text((140, 120), time, (230, 40, 30), font_size=54)
        draw.rectangle((20, 20, 220, 44), "black")
        draw.rectangle((20, 20, 20 + level, 44), (200, 30, 30))
    _, others = reasons(**screens)
    assert all(reason.endswith("of its picture is only here") for reason in others.values())


def test_page_without_loss_is_kept_and_not_its_larger_jpeg(tmp_path):
    page = Image.new("RGB", (500, 400), "white")
    for top in range(20, 360, 40):
        ImageDraw.Draw(page).text((30, top), "Nothing is dropped in silence", "navy", font_size=26)
    page.save(tmp_path / "page.png")
    page.save(tmp_path / "a.jpg", quality=95)
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert os.path.getsize(tmp_path / "page.png") < os.path.getsize(tmp_path / "a.jpg")
    assert (os.path.basename(group.keep), group.why) == ("page.png", "encoded without loss")


def test_clouds_that_another_exposure_burnt_out_stay(reasons, photo):
    grey = np.asarray(photo.convert("L"), np.float32) / 2
    y, x = np.mgrid[:120, :450]
    grey[:120] = 210 + 15 * np.sin(x / 30) * np.sin(y / 25)
    dark, light = (
        Image.fromarray(np.clip(gain * grey, 0, 255).astype(np.uint8)) for gain in (1, 2)
    )
    kept, others = reasons(dark=dark, light=light)
    assert kept == "dark" or others["dark"].endswith("of its picture is only here")


def test_what_a_thing_hides_of_soft_ground_stays(reasons, photo):
    """Of two shots from one place, a cushion lies below a cup in one of them."""
    noise = np.random.default_rng(0).normal(0, 2, (2, 600, 902, 1))
    room = Image.fromarray(skimage.data.chelsea()).resize((902, 600))
    with_cup, cup = room.copy(), photo.resize((40, 40))
    mask = Image.new("L", cup.size)
    ImageDraw.Draw(mask).ellipse((1, 1, 38, 38), 255)
    with_cup.paste(cup, (780, 120), mask)
    shots = (np.asarray(one) + its for one, its in zip((room, with_cup), noise, strict=True))
    bare, full = (Image.fromarray(shot.clip(0, 255).astype(np.uint8)) for shot in shots)
    _, others = reasons(bare=bare, full=full)
    assert all(others.values())


def test_what_only_a_later_frame_shows_stays(tmp_path, photo):
    cat = Image.fromarray(skimage.data.chelsea()).resize((450, 300))
    lettered = cat.copy()
    ImageDraw.Draw(lettered).text((60, 120), "SALE ENDS 12 MAY", "white", font_size=36)
    photo.save(tmp_path / "plain.gif", save_all=True, append_images=[cat, photo])
    photo.save(tmp_path / "lettered.gif", save_all=True, append_images=[lettered, photo])
    photo.resize((225, 150)).save(
        tmp_path / "small.gif",
        save_all=True,
        append_images=[cat.resize((225, 150)), photo.resize((225, 150))],
    )
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert [os.path.basename(path) for path in group.remove] == ["small.gif"]
