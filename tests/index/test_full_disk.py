"""A full disk is told clearly, and what was there stays."""

import contextlib
import os
import subprocess

import pytest
from full_disk import files_of_at_most

import dedup
from dedup._acting.journal import Journal

pytestmark = pytest.mark.thorough
needs_posix = pytest.mark.skipif(os.name != "posix", reason="limits and owners are of POSIX")
SETTINGS = {"method": "phash", "progress": False}


@pytest.fixture(scope="module")
def found(sample_folder):
    return dedup.find_duplicates(sample_folder, cache=False, **SETTINGS)


def threshold():
    sure = dedup.Estimate(0.99, 0.98, 1.0)
    return dedup.Threshold(
        0.5, "score", "sscd", {}, "a test", sure, sure, 9, 9, 9, [(0.0, 1.0)] * 99
    )


SAVED = {
    "page.html": lambda found, path: found.report(path, overwrite=True, progress=False),
    "groups.csv": lambda found, path: found.save(path),
    "groups.json": lambda found, path: found.save(path),
    "pairs.parquet": lambda found, path: found.save(path, table="pairs"),
    "plan.json": lambda found, path: found.plan(quarantine=path.parent / "aside").save(path),
    "threshold.json": lambda _, path: threshold().save(path),
    "choices.json": lambda found, path: dedup.Choices("1", keep={"a" * 999: "b"}).save(path),
    "labels.csv": lambda found, path: dedup.Labels.of_pairs(
        found.pairs[["a", "b"]].assign(label=lambda pairs: [n % 2 for n in range(len(pairs))])
    ).write(path),
}


@needs_posix
@pytest.mark.parametrize("name", SAVED)
def test_file_that_does_not_fit_leaves_the_old_one_whole(found, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"the old one")
    path.chmod(0o640)
    with files_of_at_most(20), pytest.raises(dedup.InputError, match=f"{name}: .*file too large"):
        SAVED[name](found, path)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]
    SAVED[name](found, path)
    assert path.stat().st_size > 20
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@needs_posix
def test_file_behind_a_link_is_replaced_and_a_pipe_written_to(tmp_path):
    (tmp_path / "link.json").symlink_to("file.json")
    threshold().save(tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert dedup.Threshold.load(tmp_path / "file.json").value == 0.5
    with pytest.raises(dedup.InputError, match="/dev/full: no space left on device"):
        threshold().save("/dev/full")
    with pytest.raises(dedup.InputError, match="is a directory"):
        threshold().save(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "dedup-test", folder]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, *, but=0):
    """Leave so many bytes on a disk."""
    disk = os.statvfs(folder)
    # Milvus Lite may write in between: then there is no room at all.
    with contextlib.suppress(OSError):
        (folder / "full").write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - but)))


@pytest.mark.parametrize("room", [0, 8_192, 65_536])
def test_index_on_a_full_disk_keeps_what_it_had(small_disk, tmp_path, many_photos, room):
    some = sorted(many_photos.iterdir())[:10]
    with dedup.ImageIndex(small_disk / "a.db", **SETTINGS) as index:
        index.add(some)
        fill(small_disk, but=room)
        with contextlib.suppress(dedup.StoreError):
            for _ in range(20):
                index.add(many_photos)
                index.remove(sorted(many_photos.iterdir())[10:])
        (small_disk / "full").unlink()
        assert set(map(str, some)) <= index._catalogue.records.keys()
        index.add(many_photos)
        assert index.check(some[3]).relation == "exact"
    with dedup.ImageIndex(small_disk / "a.db", **SETTINGS) as index:
        assert len(index) == 30
        assert index.add(many_photos).unchanged == 30
        assert index.check(some[3]).relation == "exact"


def test_plan_on_a_full_disk_loses_no_file(small_disk, found, sample_folder):
    plan = found.plan(quarantine=small_disk / "aside")
    before = {path: path.read_bytes() for path in sample_folder.iterdir()}
    fill(small_disk, but=16_384)
    applied = None
    with contextlib.suppress(dedup.JournalError):
        applied = plan.apply(progress=False)
        assert set(applied.failed["reason"]) == {"no space left on device"}
    (small_disk / "full").unlink()
    assert Journal(plan.journal).damaged == []
    assert dedup.undo(plan.journal, progress=False).failed.empty
    assert {path: path.read_bytes() for path in sample_folder.iterdir()} == before
