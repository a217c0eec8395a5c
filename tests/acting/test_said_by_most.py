"""The file is kept that most of a group speak for, whatever two of them alone seem to say."""

import io
import os

import pytest
import skimage.data
from cat import cat
from PIL import Image, ImageFilter

import dedup
from dedup._catalogue.record import Record
from dedup._grouping.champion import points_of
from dedup._grouping.most import finer, is_put
from dedup._grouping.two import is_encoded_better
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.coverage.detail import Detail
from dedup.data.edits import edited_file


def save_copies(folder, photo, *copies):
    photo.save(folder / "original.jpg", quality=85)
    with Image.open(folder / "original.jpg") as saved:
        photo = saved.convert("RGB")
    other = Image.fromarray(skimage.data.coffee())
    for number, edits in enumerate(copies):
        copy = photo
        for edit in edits:
            content = edited_file(copy, edit=edit, seed=number, background=other)
            copy = Image.open(io.BytesIO(content)).convert("RGB")
        (folder / f"{number}.jpg").write_bytes(content)


def kept(folder):
    (group,) = dedup.find_duplicates(folder, cache=False).groups
    return os.path.basename(group.keep)


def test_photo_of_fine_texture_is_kept_and_not_its_blurred_copy(tmp_path):
    photo = Image.fromarray(skimage.data.grass()).convert("RGB").resize((360, 360))
    save_copies(tmp_path, photo, ["blur-3"], ["border-6"], ["mirror"], ["crop-70"])
    assert kept(tmp_path) == "original.jpg"


def test_noisy_and_lighter_copies_do_not_say_that_a_photo_is_blurred():
    noisy = Coverage(detail=Detail(1.2, noise_b=9.0, is_exact=True, added_b=True))
    lighter = Coverage(tint=30.0, detail=Detail(1.2, is_exact=True))
    sharp = Coverage(detail=Detail(1.2, is_exact=True))
    assert finer({1: noisy, 2: lighter, 3: noisy}) == []
    assert finer({1: noisy, 2: sharp, 3: sharp}) == [2, 3]


def test_copies_that_differ_in_detail_do_not_say_that_a_photo_is_blurred():
    unlike = [Coverage(detail=Detail(ratio, is_exact=True)) for ratio in (1.2, 1.7, 2.4)]
    assert finer(dict(enumerate(unlike))) == []


def test_photo_that_was_put_on_a_page_is_told_by_those_that_reach_its_edges():
    put, crop, page = (Coverage(a=Only(around=x, is_put=x == 0.25)) for x in (0.25, 0.8, 0.0))
    middle = (0.5, 0.5)
    seen = dict(enumerate([put, put, crop, crop, crop, crop]))
    assert is_put(seen, dict.fromkeys(seen, middle))
    seen = dict(enumerate([put, put, page, page, page]))
    assert not is_put(seen, dict.fromkeys(seen, middle))


def test_crops_of_one_size_at_different_places_say_of_no_picture_that_it_is_put():
    crop = Coverage(a=Only(around=0.3, is_plain=True))
    assert not is_put({1: crop, 2: crop}, {1: (0.45, 0.5), 2: (0.58, 0.5)})
    assert is_put({1: crop, 2: crop}, {1: (0.45, 0.5), 2: (0.455, 0.5)})


@pytest.mark.parametrize("copy", [["paste-60", "rotate-10"], ["rotate-10", "paste-60"]])
def test_photo_that_was_pasted_at_a_tilt_is_not_kept_for_it(tmp_path, copy):
    photo = cat()
    photo.thumbnail((400, 400))
    save_copies(tmp_path, photo, copy)
    assert kept(tmp_path) == "original.jpg"


def test_soft_photo_never_goes_for_a_squeezed_copy_with_specks(tmp_path):
    photo = cat()
    photo.thumbnail((400, 400))
    save_copies(tmp_path, photo.filter(ImageFilter.GaussianBlur(1)), ["salt-pepper-5", "aspect-80"])
    assert kept(tmp_path) == "original.jpg"


def record(name):
    return Record(name, 1, 1, "", name.rsplit(".")[-1].upper(), 400, 300, b"")


def test_noise_on_an_even_ground_is_not_kept_for_its_tones():
    detail = Detail(1.03, noise_b=12.0, is_exact=True, added_b=True)
    assert not is_encoded_better(
        record("b.png"), record("a.png"), Coverage(detail=detail, steps=-2)
    )
    plain = Coverage(detail=Detail(is_exact=True), steps=-2)
    assert is_encoded_better(record("b.png"), record("a.png"), plain)


def test_how_files_were_encoded_does_not_tell_which_of_two_hues_was_first():
    files = record("b.jpeg"), record("a.webp")
    same, other = (Only(colours=colours) for colours in (False, True))
    exact = Detail(is_exact=True)
    assert points_of(*files, Coverage(same, same, exact)) > 0
    assert points_of(*files, Coverage(other, other, exact)) == 0
