"""`Plan.apply` checks each file before it touches it, and leaves what it can't be sure of."""

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from full_disk import files_of_at_most
from PIL import Image
from trees import is_device_of_its_own, tree

import dedup
from dedup._acting.journal import Journal

SHM = "/dev/shm"


@pytest.fixture
def folder(folder, photos):
    """Six photos; an identical and a smaller copy of one in a folder below."""
    (folder / "old").mkdir()
    shutil.copy(folder / "coffee.png", folder / "old" / "copy.png")
    photos["coffee"].resize((150, 100)).save(folder / "old" / "small.jpg", quality=90)
    os.chmod(folder / "old" / "copy.png", 0o640)
    os.utime(folder / "old" / "copy.png", ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    return folder


@pytest.fixture
def found(folder):
    return find(folder)


@pytest.fixture
def shm():
    """A folder on another device than the images."""
    folder = Path(SHM, f"dedup-test-{os.getpid()}")
    if not is_device_of_its_own(SHM, Path(__file__).parent):
        pytest.skip(f"{SHM} is no device of its own")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def find(*inputs):
    return dedup.find_duplicates(inputs, cache=False, method="phash")


def outcome(applied):
    """The reason why it was left, "" if it was not, by file name."""
    table = applied.table
    assert (table["done"] == (table["reason"] == "")).all()
    return {os.path.basename(row.path): row.reason for row in table.itertuples()}


ALL_DONE = {"copy.png": "", "small.jpg": ""}


def test_quarantined_files_keep_name_place_bytes_times_and_permissions(folder, found):
    before = tree(folder)
    plan = found.plan()
    applied = plan.apply()
    assert outcome(applied) == ALL_DONE
    assert (len(applied), applied.saved) == (2, plan.savings)
    assert repr(applied) == "2 files put into quarantine"
    kept = {
        name: what
        for name, what in before.items()
        if name not in (b"old/copy.png", b"old/small.jpg")
    }
    assert tree(folder) == kept
    there = tree(plan.quarantine, without="none")
    assert {name: there[name] for name in (b"old/copy.png", b"old/small.jpg")} == {
        name: before[name] for name in (b"old/copy.png", b"old/small.jpg")
    }
    assert applied.table["to"].tolist() == [
        os.path.join(plan.quarantine, "old", name) for name in ("copy.png", "small.jpg")
    ]


def test_quarantine_is_not_found_again(folder, found, tmp_path):
    found.plan(quarantine=folder / "aside").apply()
    for inputs in (folder, f"{folder}/**/*", f"{folder}/*"):
        assert len(find(inputs)) == 0, inputs
    with dedup.ImageIndex(tmp_path / "index.db", method="phash") as index:
        assert index.add(folder).copies == 0
    (aside,) = (folder / "aside").iterdir()
    assert len(find(aside)) == 1  # but if it is asked for


def test_file_that_changed_since_the_scan_is_left(folder, found):
    Image.new("RGB", (9, 9)).save(folder / "old" / "copy.png")
    plan = found.plan()
    applied = plan.apply()
    assert outcome(applied) == {"copy.png": "changed since it was indexed", "small.jpg": ""}
    assert applied.failed["path"].tolist() == [str(folder / "old" / "copy.png")]
    assert repr(applied).endswith("1 not done (see .failed)")
    assert applied.saved < plan.savings


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda file: file.unlink(), "gone since it was indexed"),
        (lambda file: file.write_bytes(b"no image"), "changed since it was indexed"),
        (lambda file: (file.rename(f"{file}.old"), file.symlink_to(f"{file}.old")), "regular file"),
    ],
    ids=["gone", "changed", "link"],
)
def test_nothing_is_touched_without_the_file_to_keep(folder, found, change, reason):
    plan = found.plan()
    change(folder / "coffee.png")
    before = tree(folder / "old")
    applied = plan.apply()
    assert len(applied) == 0
    assert all(reason in one and "coffee.png" in one for one in outcome(applied).values())
    assert tree(folder / "old") == before


def test_file_to_keep_must_decode(folder, found):
    """Its bytes are those that are expected, but no reader takes them."""
    plan = found.plan()
    broken = (folder / "coffee.png").read_bytes()[:5_000]
    (folder / "coffee.png").write_bytes(broken)
    digest = dedup._catalogue.digests.file_digest(broken)
    plan = replace(plan, files=[replace(file, keep_digest=digest) for file in plan.files])
    assert all("damaged" in reason for reason in outcome(plan.apply()).values())
    assert (folder / "old" / "copy.png").exists()


def test_file_or_folder_that_became_a_link_is_not_followed(folder, found, tmp_path):
    plan = found.plan()
    (folder / "old").rename(tmp_path / "moved")
    (folder / "old").symlink_to(tmp_path / "moved")
    assert set(outcome(plan.apply()).values()) == {"its folder is a link to another by now"}
    (folder / "old").unlink()
    (folder / "old").mkdir()
    (folder / "old" / "copy.png").symlink_to(folder / "coffee.png")
    reasons = outcome(plan.apply())
    assert reasons["copy.png"] == "no regular file any more"
    assert len(list((tmp_path / "moved").iterdir())) == 2


def test_protected_folder_holds_whatever_the_plan_says(folder, found):
    plan = replace(found.plan(), protect=[str(folder / "old")])
    assert set(outcome(plan.apply()).values()) == {"in a protected folder"}


def test_of_two_files_that_are_each_others_copy_one_stays(folder, found):
    """As no plan of ours says: the last copy of a picture is safe from any."""
    plan = found.plan()
    (file,) = (file for file in plan.files if file.relation == "exact")
    back = replace(file, path=file.keep, keep=file.path)
    applied = replace(plan, files=[file, back]).apply()
    assert applied.table["done"].tolist() == [True, False]
    assert "gone since it was indexed" in applied.table["reason"][1]
    both = replace(plan, files=[replace(file, keep=file.path)])
    dedup.undo(applied.journal)
    assert set(outcome(both.apply(journal=folder / "j")).values()) == {
        "the same file as the one to keep"
    }


def test_nothing_in_quarantine_is_overwritten(folder, found):
    plan = found.plan()
    place = Path(plan.quarantine, "old")
    place.mkdir(parents=True)
    (place / "copy.png").write_text("mine")
    (place / "copy (2).png").write_text("mine too")
    applied = plan.apply()
    assert outcome(applied) == ALL_DONE
    assert applied.table["to"][0] == str(place / "copy (3).png")
    assert (place / "copy.png").read_text() == "mine"


def test_quarantine_on_another_device(folder, found, shm):
    before = tree(folder)
    plan = found.plan(quarantine=shm)
    applied = plan.apply()
    assert outcome(applied) == ALL_DONE
    there = tree(plan.quarantine, without="none")
    assert there[b"old/copy.png"] == before[b"old/copy.png"]
    assert not list(Path(plan.quarantine).rglob("*.part"))
    dedup.undo(applied.journal)
    assert tree(folder) == before


def test_hard_link_is_not_cut_by_another_device(folder, shm):
    os.link(folder / "old" / "copy.png", folder.parent / "other name.png")
    applied = find(folder).plan(quarantine=shm).apply()
    assert outcome(applied) == {
        "copy.png": "it has other hard links, which another device would cut",
        "small.jpg": "",
    }


def test_folder_that_can_not_be_written(folder, found):
    old = folder / "old"
    shutil.move(old / "small.jpg", folder / "small.jpg")
    plan = find(folder).plan()
    before = tree(folder)
    if os.geteuid():
        unlock = [["chmod", "755", old]]
        os.chmod(old, 0o500)
    elif subprocess.run(["chattr", "+i", old], check=False, capture_output=True).returncode:
        pytest.skip("root may write anywhere, and there is no chattr on this file system")
    else:
        unlock = [["chattr", "-i", old]]
    try:
        applied = plan.apply()
    finally:
        for command in unlock:
            subprocess.run(command, check=True)
    assert outcome(applied)["small.jpg"] == ""
    assert "permitted" in outcome(applied)["copy.png"] or "denied" in outcome(applied)["copy.png"]
    assert Journal(applied.journal).latest()[str(old / "copy.png")].state == "failed"
    dedup.undo(applied.journal)
    assert {name: what[-1] for name, what in tree(folder).items()} == {
        name: what[-1] for name, what in before.items()
    }


def test_quarantine_that_can_not_be_made(folder, found):
    (folder.parent / "file").write_text("in the way")
    before = tree(folder)
    with pytest.raises(dedup.JournalError, match="choose another folder"):
        found.plan(quarantine=folder.parent / "file").apply()
    with pytest.raises(dedup.JournalError, match="no such file"):
        found.plan().apply(journal=folder / "none" / "journal")
    assert tree(folder) == before


def test_full_disk_ends_the_run_before_anything_is_done_without_a_journal(folder, found):
    pytest.importorskip("resource")
    before = tree(folder)
    plan = found.plan()
    room = files_of_at_most(1_000)  # for one step and a half
    with room, pytest.raises(dedup.JournalError, match="too large"):
        plan.apply()
    assert not (folder / "old" / "copy.png").exists()
    assert (folder / "old" / "small.jpg").exists()
    assert outcome(plan.apply()) == ALL_DONE
    dedup.undo(plan.journal)
    assert tree(folder) == before


def test_hard_links_take_the_place_of_identical_files(folder, found):
    before = tree(folder)
    plan = found.plan(action="hardlink")
    applied = plan.apply()
    assert outcome(applied) == {"copy.png": ""}
    assert os.path.samefile(folder / "coffee.png", folder / "old" / "copy.png")
    assert applied.saved == os.path.getsize(folder / "coffee.png")
    assert set(find(folder).plan().table["reason"]) == {"", "the same file as one that is kept"}
    dedup.undo(applied.journal)
    assert tree(folder) == before


def test_deleted_for_good(folder, found):
    applied = found.plan(action="delete", permanently=True).apply()
    assert outcome(applied) == ALL_DONE
    assert not list((folder / "old").iterdir())
    undone = dedup.undo(applied.journal)
    assert len(undone) == 0
    assert all("can't be brought back" in reason for reason in outcome(undone).values())
    assert all(str(folder / "coffee.png") in reason for reason in outcome(undone).values())


def test_quarantine_is_purged_as_long_as_the_file_that_was_kept_is_there(folder, found):
    applied = found.plan().apply()
    kept = (folder / "coffee.png").rename(folder / "aside.png")
    assert all("gone since" in reason for reason in outcome(dedup.purge(applied.journal)).values())
    kept.rename(folder / "coffee.png")
    purged = dedup.purge(applied.journal)
    assert outcome(purged) == ALL_DONE
    assert not Path(applied.table["to"][0]).exists()
    assert outcome(dedup.purge(applied.journal)) == ALL_DONE
    assert all("can't be" in reason for reason in outcome(dedup.undo(applied.journal)).values())


def test_plan_that_was_purged_says_so_when_it_is_applied_again(folder, found):
    plan = found.plan()
    dedup.purge(plan.apply().journal)
    before = tree(folder, without="none")
    again = plan.apply()
    assert (len(again), again.saved) == (0, 0)
    assert all("deleted for good" in reason for reason in outcome(again).values())
    assert outcome(dedup.purge(again.journal)) == ALL_DONE
    assert tree(folder, without="none").keys() == before.keys()


def test_applied_twice_is_applied_once(folder, found):
    plan = found.plan()
    first = plan.apply()
    after = tree(folder, without="none")
    again = plan.apply()
    assert again.table.equals(first.table)
    assert tree(folder, without="none").keys() == after.keys()
    dedup.undo(again.journal)
    assert outcome(plan.apply()) == ALL_DONE
    assert tree(plan.quarantine, without="none").keys() == {
        b".dedup-quarantine", b"dedup-journal.jsonl", b"old", b"old/copy.png", b"old/small.jpg"
    }  # fmt: skip


def test_journal_belongs_to_one_plan_and_one_process(folder, found):
    plan = found.plan()
    other = found.plan(action="hardlink")
    journal = Journal(folder / "journal")
    with (
        journal.writing(header=plan.header),
        pytest.raises(dedup.JournalError, match="another process"),
    ):
        plan.apply(journal=folder / "journal")
    with pytest.raises(dedup.JournalError, match="of another plan"):
        other.apply(journal=folder / "journal")
    assert outcome(plan.apply(journal=folder / "journal")) == ALL_DONE


def test_plan_without_files_does_nothing(folder):
    before = tree(folder, without="none")
    applied = find(folder).plan(protect=[folder]).apply()
    assert repr(applied) == "nothing to do"
    assert tree(folder, without="none") == before


def test_private_photos_stay_private(folder, found):
    plan = found.plan()
    plan.apply()
    assert stat.S_IMODE(os.stat(plan.quarantine).st_mode) == 0o700


def test_pixels_are_compared_again_before_others_of_other_bytes_go(folder, photos):
    """What an index, or a plan, says of them may be wrong."""
    photos["coffee"].save(folder / "old" / "copy-9.png", compress_level=9)
    plan = find(folder).plan()
    files = {os.path.basename(file.path): file for file in plan.files}
    assert files["copy-9.png"].relation == "exact"
    assert files["copy-9.png"].digest != files["copy-9.png"].keep_digest
    said = replace(plan, files=[replace(file, relation="exact") for file in plan.files])
    reasons = outcome(said.apply())
    assert reasons.pop("small.jpg").startswith("its pixels are not those of the file to keep, ")
    assert reasons == {"copy.png": "", "copy-9.png": ""}
    assert (folder / "old" / "small.jpg").exists()
