"""Wherever a group is shown, it is said in words why the file to keep is kept."""

import os
import shutil

import pytest
from cat import cat, find, with_caption
from PIL import Image, ImageFilter

import dedup
from dedup._cli.main import main


@pytest.fixture
def photo():
    return cat()


@pytest.fixture
def why(tmp_path, photo):
    """What is said of the photo that is kept, beside some other files."""

    def said(*copies, **options):
        photo.save(tmp_path / "photo.jpg", quality=92)
        for number, copy in enumerate(copies):
            copy.save(tmp_path / f"z-copy-{number}.jpg", quality=92)
        (group,) = find(tmp_path, **options).groups
        assert os.path.basename(group.keep) == "photo.jpg"
        return group.why

    return said


def blurred_in_a_place(photo):
    copy, box = photo.copy(), (150, 80, 270, 180)
    copy.paste(photo.crop(box).filter(ImageFilter.GaussianBlur(12)), box)
    return copy


def test_what_a_copy_lacks_is_why_the_other_is_kept(why, photo):
    assert why(photo.crop((60, 40, 400, 280))) == "whole picture"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda photo: photo.convert("L"), "all its colours"),
        (with_caption, "no caption"),
        (blurred_in_a_place, "nothing covered"),
    ],
    ids=["grey", "caption", "blurred"],
)
def test_each_edit_has_its_words(why, photo, edit, words):
    assert words in why(edit(photo)).split(", ")


def test_detail_is_told_as_a_number(why, photo):
    small = photo.resize((photo.width // 2, photo.height // 2))
    (words,) = (part for part in why(small).split(", ") if part.endswith(" times the detail"))
    assert 1.1 < float(words.split()[0]) <= 2


def test_several_copies_are_told_together(why, photo):
    words = why(photo.crop((60, 40, 400, 280)), with_caption(photo), photo.resize((225, 150)))
    assert words.startswith("whole picture, up to ")
    assert words.endswith(" times the detail, no caption")


def test_files_with_the_same_pixels_are_told_by_what_decides(tmp_path, photo):
    photo.save(tmp_path / "photo.jpg", quality=92)
    shutil.copy(tmp_path / "photo.jpg", tmp_path / "photo copy.jpg")
    assert find(tmp_path).groups[0].why == "the same pixels, the shortest path"
    Image.open(tmp_path / "photo.jpg").save(tmp_path / "a.png")
    made = "the same pixels, the JPEG file from which others were made"
    assert find(tmp_path).groups[0].why == made


def test_rule_and_choice_come_first(tmp_path, why, photo):
    small = photo.resize((225, 150))
    assert why(small, keep="largest").startswith("the largest file, ")
    assert why(small, keep=lambda r: r.path).startswith("first by your own rule, ")
    found = find(tmp_path)
    found.report(tmp_path / "page.html", thumbnails=0)
    kept = found.groups[0].keep
    (group,) = found.with_choices(dedup.Choices(found.run, keep={kept: kept})).groups
    assert group.why.startswith("chosen to be kept, ")


def test_it_is_shown_with_the_group(tmp_path, why, photo, capsys):
    words = why(photo.convert("L"))
    assert "all its colours" in words
    found = find(tmp_path)
    assert found.to_dict()["why"] == [words]
    assert f"photo.jpg: {words}" in str(found.show())
    assert f"keep: {words}" in found._repr_html_()
    assert found.plan().table["why"].tolist() == [words]
    found.report(tmp_path / "page.html", thumbnails=0)
    assert f'"why":"{words}"' in (tmp_path / "page.html").read_text()
    command = [str(tmp_path), "--method", "phash", "--no-cache"]
    with pytest.raises(SystemExit):
        main(["find", *command])
    assert f"photo.jpg ({words})" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["plan", *command, "--out", str(tmp_path / "plan.json")])
    assert f"(keeps {tmp_path / 'photo.jpg'}: {words})" in capsys.readouterr().out
