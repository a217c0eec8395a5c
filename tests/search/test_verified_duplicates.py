"""By default a pair is accepted for what both pictures show, whatever their embeddings say."""

import os

import numpy as np
import pytest
from PIL import ExifTags, Image
from skimage import data

import dedup
from dedup.data.edits import edited_file
from dedup.data.negatives import make_negatives


@pytest.fixture
def save(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()

    def save(name, image):
        path = folder / name
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            Image.fromarray(np.asarray(image)).save(path)
        return str(path)

    save.folder = folder
    return save


def names(found):
    return [[os.path.basename(path) for path in group.paths] for group in found.groups]


def test_different_pages_are_proposed_and_not_accepted(save):
    for number, page in enumerate(make_negatives("text-pages", count=4, seed=3)):
        save(f"{number}.png", page)
    assert names(dedup.find_duplicates(save.folder)) == []
    assert names(dedup.find_duplicates(save.folder, verify=False)) != []


def test_copy_of_a_page_is_found_among_other_pages(save):
    for number, page in enumerate(make_negatives("text-pages", count=4, seed=3)):
        save(f"{number}.png", page)
        if number == 2:
            save("2 again.jpg", edited_file(page, edit="jpeg-40", seed=0))
    found = dedup.find_duplicates(save.folder, cache=False)
    assert [sorted(group) for group in names(found)] == [["2 again.jpg", "2.png"]]


def test_pairs_say_what_happened(save):
    photo = Image.fromarray(data.chelsea())
    save("a.png", photo)
    save("b.jpg", edited_file(photo, edit="crop-50", seed=0))
    save("c.jpg", edited_file(photo, edit="mirror", seed=0))
    found = dedup.find_duplicates(save.folder, cache=False)
    edits = dict(zip(found.pairs["b"].map(os.path.basename), found.pairs["edit"], strict=True))
    assert "cropped to" in edits["b.jpg"]
    assert "mirrored" in edits["c.jpg"]
    assert (found.pairs["score"] >= found.threshold).all()


def test_two_shots_of_one_scene_are_reported_and_grouped_only_if_asked_for(save):
    left, right, _ = data.stereo_motorcycle()
    save("left.png", left)
    save("right.png", right)
    found = dedup.find_duplicates(save.folder)
    assert names(found) == []
    assert found.pairs["relation"].tolist() == ["scene"]
    asked = dedup.find_duplicates(save.folder, relations=("exact", "near", "scene"))
    assert len(asked.groups) == 1


def test_too_little_texture_to_tell_is_listed(save):
    for number in range(3):
        canvas = np.full((300, 400, 3), 200 + 10 * number, np.uint8)
        canvas[100:200, 100 + 20 * number : 250] = 90
        save(f"{number}.png", canvas)
    found = dedup.find_duplicates(save.folder, cache=False, candidates=-1)
    assert names(found) == []
    assert len(found.uncertain) == 3


@pytest.mark.thorough
def test_another_threshold_needs_no_embedding_and_gives_what_a_new_search_gives(save):
    photo = Image.fromarray(data.coffee())
    for edit in ("jpeg-40", "crop-50", "tiled-30", "text-over-14", "noise-25"):
        save(f"{edit}.jpg", edited_file(photo, edit=edit, seed=0))
    index = save.folder.parent / "photos.db"
    found = dedup.find_duplicates(save.folder, index=index)
    for threshold in (0.0, 0.9, 0.999, 1.0):
        again = dedup.find_duplicates(save.folder, index=index, threshold=threshold)
        assert again.embedded == 0
        assert names(found.at(threshold)) == names(again)


def test_file_that_vanished_since_it_was_indexed_is_not_accepted(save):
    photo = Image.fromarray(data.coffee())
    save("a.png", photo)
    gone = save("b.jpg", edited_file(photo, edit="jpeg-40", seed=0))
    changed = save("c.jpg", edited_file(photo, edit="jpeg-20", seed=0))
    with dedup.ImageIndex(save.folder.parent / "photos.db") as index:
        index.add(save.folder)
        os.unlink(gone)
        save("c.jpg", data.rocket())
        found = index.duplicates()
    assert names(found) == []
    reasons = dict(zip(found.skipped["path"], found.skipped["reason"], strict=True))
    assert reasons == {gone: "gone since it was indexed", changed: "changed since it was indexed"}


def test_picture_is_compared_by_whichever_of_its_files_is_still_there(save):
    photo = Image.fromarray(data.coffee())
    first = save("a.png", photo)
    save("b.png", photo)
    save("c.jpg", edited_file(photo, edit="jpeg-40", seed=0))
    with dedup.ImageIndex(save.folder.parent / "photos.db") as index:
        index.add(save.folder)
        os.unlink(first)
        found = index.duplicates()
    assert names(found) == [["a.png", "b.png", "c.jpg"]]
    assert found.skipped.empty


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("best", "large.jpg"),
        ("largest", "large.jpg"),
        ("shortest-path", "s.jpg"),
        ("oldest", "old.jpg"),
        (lambda record: -len(record.path), "a long name.jpg"),
    ],
)
def test_keep_rules(save, keep, kept):
    photo = Image.fromarray(data.coffee())
    small = photo.resize((300, 200))
    for name, image in (("large.jpg", photo), ("s.jpg", small), ("a long name.jpg", small)):
        save(name, image)
    os.utime(save("old.jpg", small.crop((2, 2, 298, 198))), (1, 1))
    found = dedup.find_duplicates(save.folder, cache=False, keep=keep)
    assert os.path.basename(found.groups[0].keep) == kept
    assert len(found.groups[0]) == 4


def taken(date):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = date
    return exif


def test_first_by_the_date_in_its_header_is_kept_and_files_without_one_last(save):
    photo = Image.fromarray(data.coffee())
    save("large.jpg", photo)
    photo.resize((300, 200)).save(save.folder / "new.jpg", exif=taken("2020:01:02 03:04:05"))
    photo.resize((320, 213)).save(save.folder / "old.jpg", exif=taken("2009:01:02 03:04:05"))
    photo.resize((340, 227)).save(save.folder / "none.jpg", exif=taken("0000:00:00 00:00:00"))
    (group,) = dedup.find_duplicates(save.folder, cache=False, keep="exif-date").groups
    assert os.path.basename(group.keep) == "old.jpg"
    assert group.why.startswith("the first by the date it was taken")


def test_file_in_a_preferred_folder_is_kept_and_what_shows_more_stays(save):
    photo = Image.fromarray(data.coffee())
    for name in ("first", "second"):
        (save.folder / name).mkdir()
    large, small = save("large.jpg", photo), save("second/small.jpg", photo.resize((300, 200)))
    least = save("first/least.jpg", photo.resize((150, 100)))
    folders = [save.folder / "first", save.folder / "second"]

    def kept(*keep):
        (group,) = dedup.find_duplicates(save.folder, keep=keep).groups
        return group

    assert kept(*folders).keep == str(least)
    assert kept(*folders[::-1]).keep == str(small)
    assert kept(*folders[::-1]).remove == [str(least)]
    assert set(kept(*folders).retain) == {str(large), str(small)}
    assert kept(*folders).why == f"in the preferred {folders[0]}"
    save("second/large.png", photo)
    assert kept(folders[1]).keep == str(save.folder / "second" / "large.png")
    os.utime(small, (1, 1))
    assert kept(folders[1], "oldest").keep == str(small)
    with pytest.raises(dedup.InputError, match="no such folder: nowhere"):
        kept("nowhere", "oldest")


def test_any_two_images_can_be_explained(save):
    photo = Image.fromarray(data.chelsea())
    a = save("a.png", photo)
    b = save("b.jpg", edited_file(photo, edit="zoom-150", seed=1))
    shown = dedup.explain(a, b)
    assert shown.evidence.relation == "near"
    assert shown.evidence.scale == pytest.approx(1.5, abs=0.05)
    assert "cropped" in shown.text
    assert shown.picture().height > 100
    assert "data:image/jpeg" in shown._repr_html_()
    assert dedup.explain(a, data.rocket()).evidence.relation == "different"
