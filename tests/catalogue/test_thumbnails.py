"""What a NAS or a file manager derived from photos is skipped, and never kept in their place."""

import os

import pytest

import dedup
from dedup._catalogue.discover import discover

pytestmark = pytest.mark.thorough

FOLDERS = ("@eaDir", ".@__thumb", ".thumbnails", ".AppleDouble", "__MACOSX")


def add_thumbnails(folder, photos, *, derived="@eaDir"):
    """Thumbnails of one photo: more of them than photos, in larger files, under shorter names."""
    (folder / derived).mkdir()
    for number, side in enumerate((290, 200, 150, 100)):
        thumbnail = photos["coffee"].resize((side, side * 2 // 3))
        thumbnail.save(folder / derived / f"{number}.bmp")
        os.utime(folder / derived / f"{number}.bmp", (1, 1))


@pytest.mark.parametrize("derived", FOLDERS)
def test_folder_of_thumbnails_is_one_row_with_a_reason(folder, photos, derived):
    add_thumbnails(folder, photos, derived=derived)
    found = discover(folder)
    assert len(found.files) == 6
    ((path, reason),) = [(skipped.path, skipped.reason) for skipped in found.skipped]
    assert path == str(folder / derived)
    assert "name the folder to read it" in reason
    assert {"thumbnails", "metadata"} & set(reason.split())


def test_what_people_put_there_is_walked(folder):
    for name in ("#recycle", "thumbnails", "eaDir", ".picasaoriginals", ".hidden"):
        (folder / name).mkdir()
        (folder / name / "photo.jpg").touch()
    assert len(discover(folder).files) == 6 + 5


def test_thumbnails_are_read_where_they_are_named(folder, photos):
    add_thumbnails(folder, photos)
    derived = folder / "@eaDir"
    for named in (derived, f"{folder}/**/*.bmp", [derived / f"{n}.bmp" for n in range(4)]):
        assert len(discover(named).files) == 4


@pytest.mark.parametrize("keep", ["best", "largest", "oldest", "shortest-path"])
@pytest.mark.parametrize("verify", [True, False])
def test_thumbnail_is_never_kept_in_place_of_the_photo(folder, photos, keep, verify):
    add_thumbnails(folder, photos)
    os.remove(folder / "coffee.png")
    bright = photos["coffee"].point(lambda value: min(255, value * 2))  # the thumbnails are alike
    bright.save(folder / "a long name, of the photo.png")
    found = dedup.find_duplicates(
        f"{folder}/**/*", keep=keep, verify=verify, method="sscd-fast", cache=False
    )
    (group,) = found.groups
    assert group.keep == str(folder / "a long name, of the photo.png")
    assert len(group) == 5  # of which some stay: they show what is too bright in the photo


def test_thumbnail_with_the_very_pixels_of_the_photo_is_not_kept_either(folder, photos):
    (folder / "@eaDir").mkdir()
    photos["coffee"].save(folder / "coffee.png")
    photos["coffee"].save(folder / "@eaDir" / "c.webp", lossless=True)  # before any lossless one
    (group,) = dedup.find_duplicates(
        [folder, folder / "@eaDir"], method="phash", cache=False
    ).groups
    assert group.keep == str(folder / "coffee.png")


def test_rule_of_the_callers_own_decides_alone(folder, photos):
    add_thumbnails(folder, photos)
    found = dedup.find_duplicates(
        f"{folder}/**/*", keep=lambda record: record.width, method="sscd-fast", cache=False
    )
    assert found.groups[0].keep == str(folder / "@eaDir" / "3.bmp")
