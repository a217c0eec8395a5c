"""`dedup.undo` restores what was applied, and says plainly what it can't restore."""

import os
import shutil
from pathlib import Path

import pytest
from trees import tree

import dedup
from dedup._cli.main import main


@pytest.fixture
def folder(folder):
    """Six photos, and identical copies of three of them."""
    for name in ("chelsea.jpg", "coffee.png", "rocket.png"):
        shutil.copy(folder / name, folder / f"z-{name}")
        os.utime(folder / f"z-{name}", ns=(1, 1_400_000_000_987_654_321))
    return folder


@pytest.fixture
def plan(folder):
    return dedup.find_duplicates(folder, cache=False, method="phash").plan()


def outcome(applied):
    table = applied.table
    return {os.path.basename(row.path): row.reason for row in table.itertuples()}


ALL = {"z-chelsea.jpg": "", "z-coffee.png": "", "z-rocket.png": ""}


def test_undo_by_the_plan_or_the_journal(folder, plan, tmp_path):
    plan.save(tmp_path / "plan.json")
    before = tree(folder)
    with pytest.raises(dedup.JournalError, match="nothing was applied"):
        dedup.undo(tmp_path / "plan.json")
    for way in (tmp_path / "plan.json", plan.journal):
        plan.apply()
        assert tree(folder) != before
        undone = dedup.undo(way)
        assert outcome(undone) == ALL
        assert repr(undone) == "3 files restored"
        assert tree(folder) == before
    undone = dedup.undo(plan.journal)
    assert outcome(undone) == ALL
    assert repr(undone) == "3 files restored, all by an earlier run"
    assert tree(folder) == before


def test_what_appeared_meanwhile_is_not_overwritten(folder, plan):
    before = tree(folder)
    applied = plan.apply()
    (folder / "z-coffee.png").write_text("somebody's own")
    undone = dedup.undo(applied.journal)
    reasons = outcome(undone)
    assert reasons.pop("z-coffee.png").startswith("something else is there now; the file itself")
    assert set(reasons.values()) == {""}
    assert (folder / "z-coffee.png").read_text() == "somebody's own"
    (folder / "z-coffee.png").unlink()
    assert outcome(dedup.undo(applied.journal)) == ALL
    assert tree(folder) == before


def test_same_bytes_that_appeared_meanwhile_are_the_file(folder, plan):
    before = tree(folder)
    applied = plan.apply()
    shutil.copyfile(folder / "coffee.png", folder / "z-coffee.png")
    assert outcome(dedup.undo(applied.journal)) == ALL
    assert tree(folder) == before


def test_file_that_changed_or_went_in_quarantine(folder, plan):
    applied = plan.apply()
    where = dict(
        zip(map(os.path.basename, applied.table["path"]), applied.table["to"], strict=True)
    )
    Path(where["z-coffee.png"]).write_text("edited")
    Path(where["z-rocket.png"]).unlink()
    reasons = outcome(dedup.undo(applied.journal))
    assert reasons["z-coffee.png"].startswith("changed in the quarantine: ")
    assert reasons["z-rocket.png"].startswith("gone from the quarantine: ")
    assert reasons["z-chelsea.jpg"] == ""
    assert Path(where["z-coffee.png"]).read_text() == "edited"


def test_times_and_permissions_that_were_changed_in_quarantine(folder, plan):
    before = tree(folder)
    applied = plan.apply()
    for path in applied.table["to"]:
        os.chmod(path, 0o600)
        os.utime(path)
    dedup.undo(applied.journal)
    assert tree(folder) == before


def test_folder_that_is_gone_is_made_again(folder, tmp_path):
    (folder / "below").mkdir()
    shutil.move(folder / "z-coffee.png", folder / "below")
    before = tree(folder)
    applied = dedup.find_duplicates(folder, cache=False, method="phash").plan().apply()
    (folder / "below").rmdir()
    dedup.undo(applied.journal)
    assert tree(folder) == before


def test_linked_file_that_was_removed_or_edited(folder):
    plan = dedup.find_duplicates(folder, cache=False, method="phash").plan(action="hardlink")
    applied = plan.apply()
    (folder / "z-rocket.png").unlink()
    with (folder / "coffee.png").open("ab") as file:
        file.write(b"edited: one of the two names is as good as the other")
    reasons = outcome(dedup.undo(applied.journal))
    assert reasons.pop("z-coffee.png") == "changed since it was linked"
    assert set(reasons.values()) == {""}
    assert (folder / "z-rocket.png").read_bytes() == (folder / "rocket.png").read_bytes()


def test_journal_that_was_cut_off_in_a_line(folder, plan):
    """The last line tells only what the files tell too; or what was never done."""
    before = tree(folder)
    applied = plan.apply()
    data = applied.journal.read_bytes()
    applied.journal.write_bytes(data[:-7])
    assert outcome(plan.apply()) == ALL
    assert applied.journal.read_bytes() == data
    applied.journal.write_bytes(data[:-7])
    assert outcome(dedup.undo(applied.journal)) == ALL
    assert tree(folder) == before
    applied.journal.write_bytes(data[:20])  # in its first line: nothing was done yet
    assert dedup.undo(applied.journal).table.empty
    assert outcome(plan.apply()) == ALL
    dedup.undo(applied.journal)
    assert tree(folder) == before


def test_journal_of_which_a_line_is_damaged(folder, plan):
    applied = plan.apply()
    lines = applied.journal.read_bytes().splitlines(keepends=True)
    lines[3] = b"\0" * 20 + b"\n"  # where the second step begins
    applied.journal.write_bytes(b"".join(lines))
    undone = dedup.undo(applied.journal)
    assert undone.failed["reason"].tolist() == ["line 4 can't be read", "line 5 can't be read"]
    assert len(undone) == 2


def test_file_that_is_no_journal_is_not_written_on(tmp_path, plan):
    for text in ("{}\n", "no journal\n", "[1]\n", "\n", "no journal"):
        (tmp_path / "journal").write_text(text)
        for act in (dedup.undo, dedup.purge, lambda path: plan.apply(journal=path)):
            with pytest.raises(dedup.JournalError, match="no journal that dedup wrote"):
                act(tmp_path / "journal")
        assert (tmp_path / "journal").read_text() == text


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code or 0


def test_command_line(folder, tmp_path, capsys):
    before = tree(folder)
    out = tmp_path / "plan.json"
    assert run("plan", folder, "--method", "phash", "--out", out) == 0
    text, err = capsys.readouterr()
    assert text.splitlines()[0].startswith(f"quarantine {folder}/z-chelsea.jpg (keeps {folder}/")
    assert "\nquarantine 3 files, " in err
    assert tree(folder) == before
    assert run("apply", out) == 0
    text, err = capsys.readouterr()
    assert len(text.splitlines()) == 3
    assert "3 files put into quarantine" in err
    (folder / "z-coffee.png").write_text("somebody's own")
    assert run("undo", out) == 2
    text, err = capsys.readouterr()
    assert len(text.splitlines()) == 2
    assert f"not done {folder}/z-coffee.png: something else is there now" in err
    (folder / "z-coffee.png").unlink()
    assert run("undo", out) == 0
    assert "3 files restored, 2 by an earlier run" in capsys.readouterr().err
    assert tree(folder) == before
    assert run("apply", out) == 0
    assert run("apply", out) == 0
    assert "3 files put into quarantine, all by an earlier run" in capsys.readouterr().err
    assert run("purge", out, "--yes") == 0
    assert run("purge", out, "--yes") == 0
    assert "3 files deleted from quarantine, all by an earlier run" in capsys.readouterr().err
    assert run("undo", out) == 2
    assert "can't be brought back" in capsys.readouterr().err


def test_command_line_errors(folder, tmp_path, capsys):
    out = tmp_path / "plan.json"
    assert run("plan", folder, "--out", out, "--method", "phash", "--action", "delete") == 2
    assert run("plan", folder, "--out", out, "--method", "phash", "--protect", "none") == 2
    assert run("plan", folder, "--out", tmp_path / "none" / "plan.json", "--method", "phash") == 2
    assert run("apply", out) == 2
    assert run("undo", out) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not out.exists()


def test_protected_folder_on_the_command_line(folder, tmp_path, capsys):
    out = tmp_path / "plan.json"
    assert run("plan", folder, "--method", "phash", "--out", out, "--protect", folder) == 0
    assert capsys.readouterr().out.count("(in a protected folder)") == 3
    assert run("apply", out) == 0
    assert "nothing to do" in capsys.readouterr().err
