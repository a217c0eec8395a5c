"""A file is removable only if the file that is kept shows everything that it shows."""

import os
import tempfile
from pathlib import Path

import pytest
import skimage.data
from cat import cat, find, with_caption
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import dedup
from dedup.data.edits import EDITS, edited_file

pytestmark = pytest.mark.thorough

KEEP = ["best", "largest", "oldest", "shortest-path", lambda record: record.format]
# What each edit leaves of the picture: all of it, at the same detail; or less; or more.
ADDS = {"caption", "text-over", "sticker", "paste"}


@pytest.fixture
def photo():
    return cat()


@pytest.fixture
def pair(tmp_path, photo):
    """Saves the photo and a copy; returns what is kept, and why the other stays ("" if not)."""

    def look(copy, *, photo=photo, name="copy.jpg", original="original.jpg", **options):
        (tmp_path / original).parent.mkdir(exist_ok=True)
        photo.save(tmp_path / original, **({"quality": 90} if original.endswith("jpg") else {}))
        copy.save(tmp_path / name, **({"quality": 90} if name.endswith("jpg") else {}))
        found = find(tmp_path, **options)
        (group,) = found.groups
        (other,) = group.paths[1:]
        (planned,) = found.plan().files
        assert (planned.action == "leave") == (other in group.retain)
        assert planned.reason == group.retain.get(other, "")
        return os.path.basename(group.keep), planned.reason

    return look


def boxed(photo, box, change):
    copy = photo.copy()
    copy.paste(change(photo.crop(box)), box)
    return copy


def mosaic(part):
    return part.resize((8, 8), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)


def test_whole_photo_is_kept_and_not_a_crop(pair, photo):
    assert pair(photo.crop((60, 40, 400, 280)), name="crop.png") == ("original.jpg", "")


def test_crop_that_is_to_be_kept_leaves_the_whole_photo(pair, photo):
    kept, reason = pair(photo.crop((60, 40, 400, 280)), name="crop.png", keep="largest")
    assert kept == "crop.png"
    assert reason.endswith(" % of its picture is only here")


@pytest.mark.parametrize(
    "copy",
    [
        lambda photo: photo.filter(ImageFilter.GaussianBlur(2)),
        lambda photo: photo.resize((900, 600), Image.Resampling.BICUBIC),
        lambda photo: photo.convert("L"),
        lambda photo: photo.resize((225, 150)),
    ],
    ids=["blurred", "enlarged", "grey", "reduced"],
)
def test_original_is_kept_whatever_the_size_of_the_files(pair, photo, copy):
    assert pair(copy(photo), name="a.png") == ("original.jpg", "")


def sharpened(photo):
    return photo.filter(ImageFilter.UnsharpMask(radius=2, percent=200, threshold=0))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (sharpened, "not sharpened"),
        (lambda photo: sharpened(photo).resize((226, 150)), "not sharpened"),
        (lambda photo: ImageEnhance.Contrast(photo).enhance(0.5), "2 times the contrast"),
    ],
    ids=["sharpened", "sharpened and reduced", "pale"],
)
def test_original_stays_beside_a_copy_that_looks_as_detailed(pair, change, reason):
    soft = Image.fromarray(skimage.data.astronaut()).resize((451, 300))
    kept, why = pair(change(soft), photo=soft, name="a.png", keep="shortest-path")
    assert kept == "a.png"
    assert reason in why


def test_what_was_censored_is_not_kept(pair, photo):
    box = 120, 80, 280, 220
    for number, change in enumerate(
        [mosaic, lambda part: part.filter(ImageFilter.GaussianBlur(14))]
    ):
        assert pair(boxed(photo, box, change), name="copy.png")[0] == "original.jpg", number


@pytest.mark.parametrize("hide", ["mosaic", "blur", "bar"])
def test_what_only_hides_some_of_the_picture_may_go(pair, photo, hide):
    change = {
        "mosaic": mosaic,
        "blur": lambda part: part.filter(ImageFilter.GaussianBlur(14)),
        "bar": lambda part: Image.new("RGB", part.size),
    }[hide]
    assert pair(boxed(photo, (120, 80, 280, 220), change)) == ("original.jpg", "")


def test_fur_that_a_mosaic_hides_is_not_taken_for_letters(pair, photo):
    assert pair(boxed(photo, (232, 0, 336, 174), mosaic)) == ("original.jpg", "")


@pytest.fixture
def censored(tmp_path):
    """A group of a picture, and of copies in which a place is hidden in three ways."""

    def look(photo, box):
        photo.save(tmp_path / "plain.png")
        boxed(photo, box, mosaic).save(tmp_path / "mosaic.png")
        boxed(photo, box, lambda part: Image.new("RGB", part.size)).save(tmp_path / "bar.png")
        boxed(photo, box, lambda part: part.filter(ImageFilter.GaussianBlur(14))).save(
            tmp_path / "blur.png"
        )
        (group,) = find(tmp_path).groups
        return group

    return look


def test_picture_is_kept_though_most_copies_of_it_are_censored(censored, photo):
    group = censored(photo, (120, 80, 280, 220))
    assert os.path.basename(group.keep) == "plain.png"
    assert len(group.remove) == 3


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_picture_is_kept_though_what_hides_it_has_an_edge_of_its_own(censored, photos, name):
    group = censored(photos[name].resize((400, 300)), (150, 60, 330, 260))
    assert os.path.basename(group.keep) == "plain.png"
    assert "mosaic.png" in map(os.path.basename, group.remove)


def stamped(photo, text, *, size, opacity):
    mask = Image.new("L", photo.size)
    place = photo.width / 2, photo.height / 2
    ImageDraw.Draw(mask).text(place, text, round(255 * opacity), font_size=size, anchor="mm")
    copy = photo.copy()
    copy.paste("white", mask=mask)
    return copy


def test_watermark_may_go_and_text_stays(pair, photo):
    assert pair(stamped(photo, "© Jane", size=90, opacity=0.5)) == ("original.jpg", "")
    _, reason = pair(stamped(photo, "© Jane", size=90, opacity=1))
    assert reason.endswith(" % of its picture is only here")


@pytest.mark.parametrize(
    "draw",
    [
        lambda pen, ink: pen.ellipse((60, 40, 130, 110), ink),
        lambda pen, ink: pen.ellipse((200, 100, 290, 190), outline=ink, width=6),
        lambda pen, ink: pen.line((60, 200, 400, 260), ink, 7),
    ],
    ids=["disc", "ring", "line"],
)
def test_translucent_mark_is_no_watermark(pair, photo, draw):
    mask = Image.new("L", photo.size)
    draw(ImageDraw.Draw(mask), 120)
    copy = photo.copy()
    copy.paste("white", mask=mask)
    assert pair(copy)[1]


@pytest.mark.parametrize("size", [14, 20, 30])
def test_little_letters_are_no_watermark(pair, photo, size):
    _, reason = pair(stamped(photo, "Happy birthday, 12 May", size=size, opacity=1))
    assert reason.endswith(" % of its picture is only here")


@pytest.mark.parametrize("keep", ["best", "oldest", lambda record: -record.size])
@pytest.mark.parametrize("grey", [60, 210])
@pytest.mark.parametrize("size", [10, 14, 20])
def test_a_line_of_little_grey_letters_is_not_lost(pair, photo, size, grey, keep):
    copy = photo.copy()
    ImageDraw.Draw(copy).text((130, 160), "Sale ends 12 May", (grey,) * 3, font_size=size)
    _, reason = pair(copy, keep=keep)
    assert reason


@pytest.mark.parametrize("top", [30, 90, 150, 210, 270])
@pytest.mark.parametrize("size", [10, 13])
def test_what_a_line_of_outlined_letters_hides_is_not_lost(pair, photo, size, top):
    copy = photo.copy()
    text, ink = "Taken in June 2019, page 14", {"stroke_width": 1, "stroke_fill": (20, 20, 20)}
    ImageDraw.Draw(copy).text((80, top), text, (235, 235, 235), font_size=size, **ink)
    assert pair(copy)[1]


@pytest.mark.parametrize(
    "copy",
    [
        lambda photo: photo.point(lambda value: min(255, round(1.5 * value))),
        lambda photo: photo.crop((30, 20, 420, 280)),
        lambda photo: photo.resize((338, 225)),
        lambda photo: stamped(photo, "© Jane", size=60, opacity=0.4),
    ],
    ids=["brighter", "cropped", "reduced", "stamped"],
)
def test_what_shows_no_letters_of_its_own_may_go(pair, photo, copy):
    assert pair(copy(photo), original="original.png") == ("original.png", "")


def test_little_letters_may_go_if_edited_copies_may(tmp_path, photo):
    copy = photo.copy()
    ImageDraw.Draw(copy).text((130, 160), "Sale ends 12 May", (60,) * 3, font_size=10)
    photo.save(tmp_path / "original.png")
    copy.save(tmp_path / "copy.jpg", quality=90)
    found = find(tmp_path, keep=lambda record: record.format != "PNG")
    (left,), (gone,) = found.plan().files, found.plan(edited="remove").files
    assert (left.action, left.reason) == ("leave", "small letters or marks are only here")
    assert gone.action != "leave"


def test_original_is_kept_among_copies_that_each_show_something_else(tmp_path, photo):
    photo.save(tmp_path / "original.jpg", quality=80)
    copies = {
        "brighter": photo.point(lambda value: min(255, round(1.5 * value))),
        "sharper": photo.filter(ImageFilter.UnsharpMask(2, 200)),
        "written": stamped(photo, "Happy birthday", size=60, opacity=1),
        "caption": with_caption(photo),
        "crop": photo.crop((30, 20, 420, 280)),
    }
    for name, copy in copies.items():
        copy.save(tmp_path / f"{name}.png")
    (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
    assert os.path.basename(group.keep) == "original.jpg"
    stays = {os.path.basename(path) for path in group.retain}
    assert stays >= {"written.png", "caption.png"}
    assert os.path.basename(group.remove[0]) in {"brighter.png", "crop.png"}


def test_caption_is_left_unless_edited_copies_may_go(tmp_path, photo):
    photo.save(tmp_path / "plain.png")
    with_caption(photo).save(tmp_path / "caption.jpg", quality=95)
    found = find(tmp_path)
    (group,) = found.groups
    assert (os.path.basename(group.keep), group.remove) == ("plain.png", [])
    assert group.retain == {str(tmp_path / "caption.jpg"): "its caption is only here"}
    assert [row["reason"] for row in found.to_dict()["retained"][0]] == [*group.retain.values()]
    assert "1 that stays as it shows more" in repr(found)
    assert len(found.plan()) == 0
    assert len(found.plan(edited="remove")) == len(found.plan(lossy=True)) == 1
    with pytest.raises(dedup.InputError, match="edited="):
        found.plan(edited="keep")


def test_border_is_nothing_that_anyone_misses(pair, photo):
    copy = Image.new("RGB", (photo.width + 60, photo.height + 60))
    copy.paste(photo, (30, 30))
    assert pair(copy, name="a.png") == ("original.jpg", "")


def test_photos_of_one_collage_share_no_group_and_are_kept(tmp_path):
    photos = [skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]
    collage = Image.new("RGB", (1000, 720), "white")
    for number, pixels in enumerate(photos):
        photo = Image.fromarray(pixels).resize((480, 340))
        photo.save(tmp_path / f"{number}.jpg", quality=92)
        collage.paste(photo, (10 + number % 2 * 490, 10 + number // 2 * 350))
    collage.save(tmp_path / "collage.png")
    found, columns = dedup.find_duplicates(tmp_path, cache=False), ["a", "b", "relation"]
    for group in found.groups:
        assert not group.remove
        assert group.keep != str(tmp_path / "collage.png")
        assert set(group.retain) == {str(tmp_path / "collage.png")}
    related = {os.path.basename(min(pair)): how for *pair, how in found.pairs[columns].to_numpy()}
    assert related == dict.fromkeys(["0.jpg", "1.jpg", "2.jpg"], "contains")
    assert found.explain(tmp_path / "0.jpg", tmp_path / "collage.png").to_dict()["relation"] == (
        "contains"
    )


def test_pairs_say_what_only_each_shows(tmp_path, photo):
    photo.save(tmp_path / "whole.png")
    photo.crop((0, 0, 300, 300)).resize((150, 150)).save(tmp_path / "crop.png")
    found = dedup.find_duplicates(tmp_path, cache=False)
    (row,) = found.pairs.to_dict("records")
    assert os.path.basename(row["a"]) == "whole.png"
    assert row["only_a"] == pytest.approx(1 / 3, abs=0.03)
    assert row["only_b"] == 0
    assert 0.4 < row["detail"] < 0.9


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_no_plan_removes_what_the_kept_file_does_not_show(data):
    """Whatever the rule is: what shows more than the original stays, and so does the original."""
    photo = Image.fromarray(
        data.draw(st.sampled_from([skimage.data.coffee, skimage.data.rocket]))()
    )
    photo = photo.resize((data.draw(st.sampled_from([300, 420])), 280))
    edits = data.draw(st.lists(st.sampled_from(TOLD), min_size=1, max_size=5, unique=True))
    with tempfile.TemporaryDirectory() as folder:
        photo.save(Path(folder, "original.png"))
        for edit in edits:
            content = edited_file(photo, edit=edit, seed=data.draw(st.integers(0, 9)))
            Path(folder, edit + EDITS[edit].encoding.suffix).write_bytes(content)
        found = find(folder, keep=data.draw(st.sampled_from(KEEP)))
        removed = {
            Path(file.path).stem: Path(file.keep).stem
            for file in found.plan().files
            if file.action != "leave"
        }
    for gone, kept in removed.items():
        if gone == "original":
            assert EDITS[kept].family in SAME
        else:
            assert EDITS[gone].family not in ADDS or kept == gone


SAME = {"format", "mirror", "rotate", "border", "letterbox", "caption", "jpeg"}
TOLD = sorted(
    name
    for name, edit in EDITS.items()
    if edit.family
    in {"format", "crop", "resize", "blur", "grey", "caption", "text-over", "sticker", "zoom"}
)
