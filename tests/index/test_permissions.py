"""Files and folders without permission: said clearly, all else is done, nothing is lost."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from PIL import Image

import dedup

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(os.name != "posix", reason="permissions are of POSIX"),
]
SETTINGS = {"method": "phash", "progress": False}
NOBODY = 65_534


@pytest.fixture
def shared(folder, monkeypatch):
    """A folder of photos with a copy, that all may reach, and where root has no more rights.

    Modules that are only imported when they are needed are imported before: nobody may be
    barred from where they are installed.
    """
    place = Path(tempfile.mkdtemp(prefix="dedup-permissions-"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    photos = shutil.copytree(folder, place / "photos")
    shutil.copy(photos / "coffee.png", photos / "coffee (1).png")
    found = dedup.find_duplicates(photos, cache=False, **SETTINGS)
    found.report(place / "before.html", progress=False)
    with dedup.ImageIndex(place / "before.db", **SETTINGS) as index:
        index.add(photos)
    dedup.undo(found.plan(quarantine=place / "aside").apply(progress=False).journal)
    for path in (place, photos):
        path.chmod(0o777)
    yield photos
    shutil.rmtree(place)


@contextlib.contextmanager
def without_rights():
    """What the user may not do, root may not do here either."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def barred(path, mode):
    """Take rights on a file or folder away from all."""
    path.chmod(mode)
    return path


def test_files_and_folders_that_can_not_be_read_are_skipped(shared):
    barred(shared / "coffee.png", 0)
    (shared / "secret").mkdir()
    barred(shared / "secret", 0)
    with without_rights():
        found = dedup.find_duplicates(shared, cache=False, **SETTINGS)
    (shared / "secret").chmod(0o755)
    assert dict(found.skipped.itertuples(index=False)) == {
        str(shared / "coffee.png"): "permission denied",
        str(shared / "secret"): "folder that can't be read",
    }
    assert len(found.distinct) == 6  # the other five, and the copy


def test_file_that_may_no_longer_be_read_stands_no_longer_for_its_picture(shared):
    half = shared / "half.jpg"
    with Image.open(shared / "coffee.png") as photo:
        photo.resize((150, 100)).save(half)
    # What was seen of unchanged files before would be remembered.
    with dedup.ImageIndex(shared.parent / "a.db", cache=False, **SETTINGS) as index:
        index.add(shared)
        barred(shared / "coffee.png", 0)
        with without_rights():
            (group,) = index.duplicates().groups
        assert {Path(path).name for path in group.paths} == {
            "coffee.png", "coffee (1).png", "half.jpg",
        }  # fmt: skip
        barred(shared / "coffee (1).png", 0)
        with without_rights():
            found = index.duplicates()
    assert "denied" in " ".join(found.skipped["reason"])
    (group,) = found.groups  # the two are still the same to the pixel, as was seen before
    assert str(half) not in group.paths


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda found, to: found.report(to / "page.html", progress=False), dedup.InputError),
        (lambda found, to: found.save(to / "groups.csv"), dedup.InputError),
        (lambda found, to: found.plan().save(to / "plan.json"), dedup.InputError),
        (lambda _, to: dedup.ImageIndex(to / "a.db", **SETTINGS), dedup.DedupError),
    ],
    ids=["report", "table", "plan", "index"],
)
def test_folder_that_can_not_be_written_is_named(shared, write, error):
    found = dedup.find_duplicates(shared, cache=False, **SETTINGS)
    closed = shared.parent / "closed"
    closed.mkdir()
    barred(closed, 0o555)
    with without_rights(), pytest.raises(error, match=r"closed.*([Pp]ermission denied|writ)"):
        write(found, closed)
    assert list(closed.iterdir()) == []


def test_what_may_not_be_moved_stays_and_the_rest_is_done(shared):
    shutil.copy(shared / "rocket.png", shared / "rocket (1).png")
    inner = shared / "inner"
    inner.mkdir()
    shutil.move(shared / "coffee (1).png", inner / "coffee (1).png")
    found = dedup.find_duplicates(shared, cache=False, **SETTINGS)
    barred(inner, 0o555)
    with without_rights():
        applied = found.plan(quarantine=shared.parent / "put aside").apply(progress=False)
    assert [Path(path).name for path in applied.failed["path"]] == ["coffee (1).png"]
    assert "denied" in applied.failed["reason"].iloc[0]
    assert (inner / "coffee (1).png").exists()
    assert not (shared / "rocket (1).png").exists()
    inner.chmod(0o755)
    with without_rights():
        assert dedup.undo(applied.journal, progress=False).failed.empty
    assert (shared / "rocket (1).png").exists()
