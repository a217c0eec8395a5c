"""Sidecars, films and RAW files go with their picture, by the same machinery, or all stay."""

import os
import shutil
from itertools import count
from pathlib import Path

import pytest
from meanwhile import cut_before_every_step, happens_meanwhile
from trees import tree

import dedup
from dedup._acting.companions import Companions
from dedup._cli.main import main

SIDECAR = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
FILM = b"a film of three seconds"


@pytest.fixture
def folder(tmp_path, photos):
    """A photo, and its copy in a folder below."""
    (tmp_path / "photos" / "old").mkdir(parents=True)
    photos["coffee"].resize((60, 40)).save(tmp_path / "photos" / "IMG_1.jpg")
    shutil.copy(tmp_path / "photos" / "IMG_1.jpg", tmp_path / "photos" / "old")
    return tmp_path / "photos"


def planned(folder, **options):
    return dedup.find_duplicates(folder, cache=False, method="phash").plan(**options)


def rows(plan):
    """Action and reason by path, from the folder on."""
    table = plan.table
    names = [path.split("/photos/")[1] for path in table["path"]]
    return dict(zip(names, zip(table["action"], table["reason"], strict=True), strict=True))


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("IMG.xmp", "IMG.jpg"),
        ("IMG.XMP", "IMG.jpg"),
        ("IMG.jpg.xmp", "IMG.JPG"),
        ("IMG.aae", "IMG.HEIC"),
        ("IMG.THM", "IMG.jpg"),
        ("IMG.MOV", "IMG.heic"),
        ("IMG.mp4", "IMG.jpg"),
        ("IMG.CR2", "IMG.JPG"),
        ("IMG.JPG", "IMG.CR2"),
        ("IMG.jpg.json", "IMG.jpg"),
        ("IMG.jpg.supplemental-metadata.json", "IMG.jpg"),
        ("IMG.jpg.supplemental-me.json", "IMG.jpg"),
        ("IMG.jpg(1).json", "IMG(1).jpg"),
        ("IMG.jpg.supplemental-metadata(1).json", "IMG(1).jpg"),
    ],
)
def test_names_that_belong_together(tmp_path, name, owner):
    for file in (name, owner, "IMG_2.xmp", "IMG.txt", "other.mov", "IMG.jpg.bak.xmp", ".xmp"):
        (tmp_path / file).write_bytes(b"")
    (tmp_path / "IMG.mov.xmp").mkdir()
    beside = Companions()
    assert beside.of(str(tmp_path / owner)) == [str(tmp_path / name)]
    assert beside.owners(str(tmp_path / name)) == [str(tmp_path / owner)]


@pytest.mark.parametrize("name", ["IMG(1).jpg.json", "IMG.txt", "IMG.png", "img.xmp", "IMG"])
def test_other_names_do_not(tmp_path, name):
    for file in (name, "IMG.jpg"):
        (tmp_path / file).write_bytes(b"")
    assert Companions().of(str(tmp_path / "IMG.jpg")) == []


@pytest.mark.parametrize("name", ["IMG_1.xmp", "IMG_1.jpg.XMP", "IMG_1.aae", "IMG_1.jpg.json"])
def test_sidecar_is_named_goes_and_comes_back(folder, name):
    (folder / "old" / name).write_bytes(SIDECAR)
    os.chmod(folder / "old" / name, 0o640)
    before = tree(folder)
    plan = planned(folder)
    assert rows(plan) == {"old/IMG_1.jpg": ("quarantine", ""), f"old/{name}": ("quarantine", "")}
    row = plan.table.iloc[1]
    assert (row["relation"], row["belongs_to"]) == ("companion", str(folder / "old" / "IMG_1.jpg"))
    assert row["keep"] == str(folder / "IMG_1.jpg")
    assert len(plan) == 2
    assert plan.savings == sum(path.stat().st_size for path in (folder / "old").iterdir())
    plan.save(folder.parent / "plan.json")
    applied = dedup.Plan.load(folder.parent / "plan.json").apply()
    assert len(applied) == 2
    assert list((folder / "old").iterdir()) == []
    assert (Path(plan.quarantine) / "old" / name).read_bytes() == SIDECAR
    assert len(dedup.undo(applied.journal)) == 2
    assert tree(folder) == before


def test_hard_link_leaves_what_is_beside_it(folder):
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    assert rows(planned(folder, action="hardlink")) == {"old/IMG_1.jpg": ("hardlink", "")}


@pytest.mark.parametrize("name", ["IMG_1.MOV", "IMG_1.CR2"])
def test_film_or_raw_file_goes_only_if_the_same_is_kept(folder, name):
    (folder / "old" / name).write_bytes(FILM)
    only = ("leave", f"{name} beside it is only here")
    assert rows(planned(folder)) == {"old/IMG_1.jpg": only}
    (folder / name).write_bytes(FILM[::-1])
    assert rows(planned(folder)) == {"old/IMG_1.jpg": only}
    (folder / name).write_bytes(FILM)
    before = tree(folder)
    plan = planned(folder)
    assert plan.table["keep"].tolist() == [str(folder / "IMG_1.jpg"), str(folder / name)]
    applied = plan.apply()
    assert len(applied) == 2
    assert dedup.undo(applied.journal).failed.empty
    assert tree(folder) == before
    applied = plan.apply(journal=folder.parent / "journal")
    assert dedup.purge(applied.journal).failed.empty
    assert [path.name for path in folder.rglob("*MOV")] == ["IMG_1.MOV"][: name.endswith("MOV")]


def test_film_whose_twin_is_gone_is_not_let_go(folder):
    for place in (folder, folder / "old"):
        (place / "IMG_1.mov").write_bytes(FILM)
    plan = planned(folder)
    applied = plan.apply()
    (folder / "IMG_1.mov").unlink()
    purged = dedup.purge(applied.journal)
    assert [os.path.basename(path) for path in purged.failed["path"]] == ["IMG_1.mov"]
    assert (Path(plan.quarantine) / "old" / "IMG_1.mov").read_bytes() == FILM


def test_companion_of_a_file_that_stays_stays_and_says_so(folder, photos):
    photos["rocket"].save(folder / "old" / "IMG_1.png")
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    (folder / "old" / "IMG_1.mov").write_bytes(FILM)
    reason = "belongs to IMG_1.png, too, which stays"
    plan = planned(folder)
    assert rows(plan) == {
        "old/IMG_1.jpg": ("quarantine", ""),
        "old/IMG_1.mov": ("leave", reason),
        "old/IMG_1.xmp": ("leave", reason),
    }
    assert len(plan.apply()) == 1
    assert sorted(os.listdir(folder / "old")) == ["IMG_1.mov", "IMG_1.png", "IMG_1.xmp"]


def test_shared_sidecar_goes_with_the_last_of_its_pictures(folder):
    shutil.copy(folder / "IMG_1.jpg", folder / "old" / "IMG_1.jpeg")
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    plan = planned(folder)
    assert {action for action, _ in rows(plan).values()} == {"quarantine"}
    assert len(plan.apply()) == 3
    assert os.listdir(folder / "old") == []


def test_jpeg_stays_while_its_raw_file_does(folder, photos):
    """A RAW file that was compared is a picture by itself: both go, or none."""
    photos["rocket"].save(folder / "old" / "IMG_1.DNG", "PNG")  # which is read as what it is
    assert rows(planned(folder)) == {
        "old/IMG_1.jpg": ("leave", "belongs to IMG_1.DNG, which stays")
    }
    shutil.copy(folder / "old" / "IMG_1.DNG", folder / "A_1.DNG")
    plan = planned(folder)
    assert rows(plan) == {
        "old/IMG_1.DNG": ("quarantine", ""),
        "old/IMG_1.jpg": ("quarantine", ""),
    }
    assert sorted(plan.table["belongs_to"]) == ["", str(folder / "old" / "IMG_1.DNG")]
    (folder / "A_1.DNG").unlink()
    assert len(plan.apply()) == 0
    assert len(os.listdir(folder / "old")) == 2


def test_companion_that_is_an_image_of_the_search_is_none_of_its_owner(folder, photos):
    photos["coffee"].resize((30, 20)).save(folder / "old" / "IMG_1.thm", "JPEG")
    plan = planned(folder)
    table = plan.table
    assert "companion" not in set(table["relation"])
    actions = set(table[table["path"].str.contains("/old/")]["action"])
    assert len(actions) == 1


@pytest.mark.parametrize(
    ("meddle", "reason"),
    [
        (lambda file: file.write_bytes(b"rated anew"), "changed since it was indexed"),
        (lambda file: file.unlink(), "gone since it was indexed"),
        (lambda file: (file.unlink(), file.symlink_to("IMG_1.jpg")), "no regular file any more"),
        (
            lambda file: (file.parent / "IMG_1.aae").write_bytes(b"new"),
            "IMG_1.aae is beside it, of which the plan says nothing",
        ),
    ],
    ids=["changed", "gone", "link", "another"],
)
@pytest.mark.parametrize("action", ["quarantine", "delete"])
def test_picture_stays_if_what_is_beside_it_is_no_longer_as_planned(folder, action, meddle, reason):
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    plan = planned(folder, action=action, permanently=True)
    meddle(folder / "old" / "IMG_1.xmp")
    before = tree(folder)
    applied = plan.apply()
    assert len(applied) == 0
    assert reason in " ".join(applied.table["reason"])
    assert tree(folder) == before


def test_link_beside_a_picture_keeps_it(folder):
    (folder / "old" / "IMG_1.xmp").symlink_to(folder / "elsewhere.xmp")
    why = ("leave", "IMG_1.xmp beside it is no regular file")
    assert rows(planned(folder)) == {"old/IMG_1.jpg": why}


def test_protected_sidecar_keeps_its_picture(folder):
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    plan = planned(folder, protect=[folder / "old" / "IMG_1.xmp"])
    assert rows(plan)["old/IMG_1.jpg"] == ("leave", "IMG_1.xmp beside it is in a protected folder")


def test_hidden_picture_has_its_hidden_sidecar(folder):
    (folder / "old" / "IMG_1.jpg").rename(folder / "old" / ".IMG_1.jpg")
    (folder / "old" / ".IMG_1.xmp").write_bytes(SIDECAR)
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    assert len(planned(folder).apply()) == 2
    assert os.listdir(folder / "old") == ["IMG_1.xmp"]


def test_the_command_names_them(folder, capsys):
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    command = [str(folder), "--method", "phash", "--no-cache"]
    with pytest.raises(SystemExit):
        main(["plan", *command, "--out", str(folder.parent / "plan.json")])
    old = folder / "old"
    says = f"quarantine {old / 'IMG_1.xmp'} (belongs to {old / 'IMG_1.jpg'})"
    assert says in capsys.readouterr().out.splitlines()


@pytest.mark.kill
@pytest.mark.parametrize("name", ["apply", "undo"])
def test_cut_before_every_single_step(folder, tmp_path, name):
    (folder / "old" / "IMG_1.xmp").write_bytes(SIDECAR)
    for place in (folder, folder / "old"):
        (place / "IMG_1.mov").write_bytes(FILM)

    def applied(result):
        assert len(result) == 3

    plan = planned(folder)
    cuts = cut_before_every_step(plan, name, folder=folder, journals=tmp_path, applied=applied)
    assert cuts > 20


@pytest.mark.kill
def test_change_of_the_sidecar_between_any_two_steps_is_not_lost(folder, tmp_path):
    """Whenever it is edited, picture and sidecar are at one place in the end, and the edit is."""
    sidecar = folder / "old" / "IMG_1.xmp"
    sidecar.write_bytes(SIDECAR)
    as_planned = shutil.copytree(folder / "old", tmp_path / "as planned")  # times too
    plan = planned(folder)
    edits = 0
    for at in count():
        shutil.rmtree(folder / "old")
        shutil.rmtree(plan.quarantine, ignore_errors=True)
        shutil.copytree(as_planned, folder / "old")
        if not happens_meanwhile(plan.apply, lambda: sidecar.write_bytes(b"edited"), at=at):
            break
        assert sidecar.read_bytes() == b"edited"
        gone = not (folder / "old" / "IMG_1.jpg").exists()
        assert gone == (Path(plan.quarantine) / "old" / "IMG_1.xmp").exists()
        edits += not gone
    assert edits > 5
