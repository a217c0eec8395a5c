"""In a folder where others may write too, acting leads nobody out of it, nor to their files."""

import json
import os
import shutil
import stat
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from meanwhile import happens_meanwhile
from trees import tree

import dedup
from dedup._cli.main import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners are of POSIX")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
SOMEBODY = 65_534


@pytest.fixture
def folder(tmp_path, photos):
    """Where others may write; with a copy in a folder below."""
    folder = tmp_path / "photos"
    (folder / "old").mkdir(parents=True)
    photos["coffee"].resize((60, 40)).save(folder / "a.png")
    shutil.copy(folder / "a.png", folder / "old" / "b.png")
    for path in (folder, folder / "old"):
        path.chmod(0o777)
    return folder


@pytest.fixture
def plan(folder):
    plan = dedup.find_duplicates(folder, cache=False, method="phash").plan()
    assert [file.path for file in plan.files] == [str(folder / "old" / "b.png")]
    return plan


def give_away(*paths):
    for path in paths:
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)


def refuse(act, match):
    with pytest.raises(dedup.JournalError, match=match):
        act()


def test_quarantine_and_journal_are_closed_to_others(folder, plan):
    before = os.umask(0)
    try:
        plan.apply()
    finally:
        os.umask(before)
    for path in (Path(plan.quarantine).parent, Path(plan.quarantine)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(plan.journal.stat().st_mode) == 0o600


@needs_root
def test_quarantine_that_somebody_else_prepared_is_refused(folder, plan):
    before = tree(folder)
    quarantine = Path(plan.quarantine)
    quarantine.mkdir(parents=True)
    give_away(quarantine)
    refuse(plan.apply, "belongs to another user; choose another folder with quarantine=")
    give_away(quarantine.parent)
    os.chown(quarantine, 0, 0)
    refuse(plan.apply, "belongs to another user; choose another folder with quarantine=")
    assert tree(folder) == before


def test_quarantine_that_others_can_write_is_refused(folder, plan):
    Path(plan.quarantine).mkdir(parents=True)
    os.chmod(plan.quarantine, 0o770)
    refuse(plan.apply, "can be written by other users; choose another folder with quarantine=")


@pytest.mark.parametrize("which", ["the plan's folder", "the one it is in", "the journal"])
def test_links_that_somebody_prepared_are_not_followed(folder, plan, tmp_path, which):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "notes").write_text("")
    quarantine = Path(plan.quarantine)
    if which == "the one it is in":
        quarantine.parent.symlink_to(elsewhere)
    else:
        quarantine.parent.mkdir(0o700)
        if which == "the journal":
            quarantine.mkdir(0o700)
            plan.journal.symlink_to(elsewhere / "notes")
        else:
            quarantine.symlink_to(elsewhere)
    before = tree(folder)
    refuse(plan.apply, "link")
    assert tree(folder) == before
    assert {path.name: path.read_text() for path in elsewhere.iterdir()} == {"notes": ""}


@pytest.mark.parametrize("act", [dedup.undo, dedup.purge])
def test_plan_folder_that_was_exchanged_for_a_link_is_not_followed(folder, plan, tmp_path, act):
    applied = plan.apply(journal=tmp_path / "journal")
    there = tree(plan.quarantine, without="none")
    Path(plan.quarantine).rename(tmp_path / "moved")
    Path(plan.quarantine).symlink_to(tmp_path / "moved")
    refuse(partial(act, applied.journal), "link")
    assert tree(tmp_path / "moved", without="none") == there
    assert not (folder / "old" / "b.png").exists()


@needs_root
@pytest.mark.parametrize("act", [dedup.undo, dedup.purge])
@pytest.mark.parametrize("exchanged", ["journal", "quarantine"])
def test_journal_and_files_of_somebody_else_are_not_acted_on(plan, tmp_path, act, exchanged):
    applied = plan.apply(journal=tmp_path / "journal")
    give_away({"journal": applied.journal, "quarantine": plan.quarantine}[exchanged])
    refuse(partial(act, applied.journal), "belongs to another user")


def test_journal_that_others_can_write_is_not_carried_out(plan):
    applied = plan.apply()
    applied.journal.chmod(0o622)
    refuse(partial(dedup.undo, applied.journal), "can be written by other users")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("path", "{outside}/new.png"),
        ("path", "{root}/../outside/new.png"),
        ("path", "new.png"),
        ("to", "{outside}/loot.png"),
        ("to", "{quarantine}/../../old/loot.png"),
        ("token", "/../../outside/x"),
        ("action", "chmod"),
    ],
)
@pytest.mark.parametrize("act", [dedup.undo, dedup.purge])
def test_line_of_a_journal_that_leads_out_of_its_plan_is_none(plan, tmp_path, name, value, act):
    applied = plan.apply()
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(applied.table["to"][0], outside / "loot.png")
    lines = [json.loads(line) for line in applied.journal.read_text().splitlines()]
    places = {"outside": outside, "root": plan.root, "quarantine": plan.quarantine}
    lines[1][name] = value.format(**places)
    applied.journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = act(applied.journal)
    assert len(done) == 0
    assert done.table["reason"].tolist() == ["line 2 can't be read", "line 3 can't be read"]
    assert [path.name for path in outside.iterdir()] == ["loot.png"]


def test_journal_of_another_plan_is_not_undone_for_a_plan(folder, plan, tmp_path):
    other = replace(plan, files=[replace(file, keep_digest="0") for file in plan.files])
    other.save(tmp_path / "plan.json")
    plan.apply()
    refuse(partial(dedup.undo, tmp_path / "plan.json"), "is the journal of another plan")


@pytest.mark.kill
@pytest.mark.parametrize("name", ["apply", "undo"])
def test_folder_that_becomes_a_link_between_any_two_steps(folder, plan, tmp_path, name):
    """Where it then leads to, nothing is written, removed, or given other permissions."""
    victim = tmp_path / "victim"
    victim.mkdir()
    for at in count():
        shutil.rmtree(folder / "old")
        (folder / "old").mkdir()
        shutil.copy(folder / "a.png", folder / "old" / "b.png")
        shutil.copy(folder / "a.png", victim / "b.png")
        (victim / "b.png").chmod(0o600)
        journal = tmp_path / f"journal-{at}"
        (folder / "old" / "b.png").chmod(0o644)
        if name == "undo":
            plan.apply(journal=journal)
        before = tree(victim)

        def exchange(at=at):
            (folder / "old").rename(tmp_path / f"old-{at}")
            (folder / "old").symlink_to(victim)

        act = {"apply": partial(plan.apply, journal=journal), "undo": partial(dedup.undo, journal)}
        happened = happens_meanwhile(act[name], exchange, at=at)
        assert tree(victim) == before, at
        if not happened:
            break
        (folder / "old").unlink()
        (folder / "old").mkdir()
    assert at > 8


@needs_root
def test_plan_of_somebody_else_is_not_carried_out(folder, plan, tmp_path, capsys):
    before = tree(folder)
    path = tmp_path / "plan.json"
    plan.save(path)
    for spoil in (partial(give_away, path), partial(os.chmod, path, 0o666)):
        spoil()
        with pytest.raises(dedup.InputError, match="written by another user"):
            dedup.Plan.load(path)
        with pytest.raises(SystemExit) as end:
            main(["apply", str(path)])
        assert end.value.code == 2
        os.chown(path, 0, 0)
    assert "copy it, and take the copy" in capsys.readouterr().err
    assert tree(folder) == before
