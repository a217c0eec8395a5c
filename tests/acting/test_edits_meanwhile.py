"""What a person saves while `apply` or `undo` is at work stays where it was saved."""

import os
import shutil
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from meanwhile import happens_meanwhile
from trees import is_device_of_its_own

import dedup

pytestmark = pytest.mark.kill
SHM = "/dev/shm"
COPY = "z-coffee-copy.png"
EDIT = b"an hour of somebody's work"


@pytest.fixture
def folder(tmp_path, photos):
    folder = tmp_path / "photos"
    folder.mkdir()
    photos["coffee"].resize((60, 40)).save(folder / "coffee.png")
    shutil.copy(folder / "coffee.png", folder / COPY)
    return folder


@pytest.fixture(params=["quarantine", "other device", "hardlink", "delete"])
def plan(request, folder):
    options = {"action": request.param, "permanently": True}
    if request.param == "other device":
        if not is_device_of_its_own(SHM, folder):
            pytest.skip(f"{SHM} is no device of its own")
        options = {"quarantine": Path(SHM, f"dedup-edits-{os.getpid()}")}
    yield dedup.find_duplicates(folder, cache=False, method="phash").plan(**options)
    shutil.rmtree(Path(SHM, f"dedup-edits-{os.getpid()}"), ignore_errors=True)


def saves_as_editors_do(path):
    """Beside it, and then in its place."""
    path.with_suffix(".tmp").write_bytes(EDIT)
    path.with_suffix(".tmp").replace(path)


def writes_in_place(path):
    path.write_bytes(EDIT)


WAYS = pytest.mark.parametrize("edit", [saves_as_editors_do, writes_in_place])


def fresh(folder, copy):
    """As before, whatever an earlier try has left."""
    for path in folder.iterdir():
        if path.name.startswith((".dedup", COPY)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "coffee.png").write_bytes(copy)  # also if the edit was one of both names
    shutil.copy(folder / "coffee.png", folder / COPY)


@WAYS
def test_edit_between_any_two_steps_of_apply_stays(folder, plan, edit, tmp_path):
    copy, file = (folder / "coffee.png").read_bytes(), folder / COPY
    for at in count():
        fresh(folder, copy)
        journal = tmp_path / f"journal-{at}"
        apply = partial(plan.apply, journal=journal)
        if not happens_meanwhile(apply, partial(edit, file), at=at):
            break
        assert file.read_bytes() == EDIT
        if journal.exists():
            dedup.undo(journal)
        assert file.read_bytes() == EDIT
    assert at > 8


@WAYS
def test_edit_between_any_two_steps_of_undo_stays(folder, plan, edit, tmp_path):
    copy, file = (folder / "coffee.png").read_bytes(), folder / COPY
    for at in count():
        fresh(folder, copy)
        journal = tmp_path / f"journal-{at}"
        assert len(plan.apply(journal=journal)) == 1
        if not happens_meanwhile(partial(dedup.undo, journal), partial(edit, file), at=at):
            break
        assert file.read_bytes() == EDIT
    assert at > 4


def test_edit_through_an_open_file_stays_until_the_very_last_step(folder, plan, tmp_path):
    """Who holds the file open still writes on it after it was renamed."""
    copy, file, lost = (folder / "coffee.png").read_bytes(), folder / COPY, []
    for at in count():
        fresh(folder, copy)
        with file.open("r+b") as opened:

            def edit(opened=opened):
                opened.write(EDIT)
                opened.flush()

            apply = partial(plan.apply, journal=tmp_path / f"journal-{at}")
            if not happens_meanwhile(apply, edit, at=at):
                break
        places = [*folder.rglob("*coffee-copy*"), *Path(plan.quarantine).rglob("*coffee-copy*")]
        if not any(path.read_bytes().startswith(EDIT) for path in places):
            lost.append(at)
    assert set(lost) <= {at - 2, at - 1}  # the call that removes the file, and the one after it


def test_mode_of_a_file_that_came_after_a_deleted_one_is_its_own(folder):
    plan = dedup.find_duplicates(folder, cache=False, method="phash")
    applied = plan.plan(action="delete", permanently=True).apply()
    (folder / COPY).write_bytes(EDIT)
    (folder / COPY).chmod(0o600)
    undone = dedup.undo(applied.journal)
    assert len(undone) == 0
    assert "something else is in its place now" in undone.table["reason"][0]
    assert (folder / COPY).stat().st_mode & 0o777 == 0o600
