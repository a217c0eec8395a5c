"""A plan touches nothing, and names only files whose picture is surely kept."""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from trees import tree

import dedup
from dedup._acting.planning import make_plan
from dedup._catalogue.record import Record
from dedup._cli.main import main


@pytest.fixture
def folder(folder, photos):
    """Six photos; an identical and a smaller copy of one in a folder below."""
    (folder / "old").mkdir()
    shutil.copy(folder / "coffee.png", folder / "old" / "coffee (1).png")
    photos["coffee"].resize((150, 100)).save(folder / "old" / "coffee-small.jpg", quality=90)
    return folder


def find(*inputs, **options):
    return dedup.find_duplicates(inputs, cache=False, method="phash", **options)


def rows(plan):
    """Action and reason by file name."""
    table = plan.table
    names = [os.path.basename(path) for path in table["path"]]
    return dict(zip(names, zip(table["action"], table["reason"], strict=True), strict=True))


def test_plan_lists_all_but_the_file_to_keep_and_touches_nothing(folder):
    before = tree(folder, without="")
    plan = find(folder).plan()
    assert rows(plan) == {
        "coffee (1).png": ("quarantine", ""),
        "coffee-small.jpg": ("quarantine", ""),
    }
    assert list(plan.table.columns) == [
        "path", "action", "keep", "relation", "score", "size", "reason", "why",
        "belongs_to", "knows",
    ]  # fmt: skip
    assert set(plan.table["keep"]) == {str(folder / "coffee.png")}
    assert plan.table["relation"].tolist() == ["exact", "near"]
    assert plan.table["score"].between(0.5, 1).all()
    assert plan.savings == sum(os.path.getsize(path) for path in plan.table["path"])
    assert len(plan) == 2
    assert repr(plan).startswith("quarantine 2 files, ")
    assert "coffee-small.jpg" in plan._repr_html_()
    assert tree(folder, without="") == before


def test_default_quarantine_is_among_the_images(folder):
    found = find(folder)
    plan = found.plan()
    assert Path(plan.quarantine).parent == folder / ".dedup-quarantine"
    assert plan.journal.parent == Path(plan.quarantine)
    elsewhere = found.plan(quarantine=folder.parent / "aside")
    assert Path(elsewhere.quarantine).parent == folder.parent / "aside"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux only")
def test_plan_is_the_same_after_it_was_saved(folder, tmp_path):
    odd = os.fsdecode(os.fsencode(folder) + b'/caf\xe9\n"<b>.png')
    shutil.copy(folder / "chelsea.jpg", odd)
    plan = find(folder).plan(protect=[folder / "old"])
    plan.save(tmp_path / "plan.json")
    again = dedup.Plan.load(tmp_path / "plan.json")
    assert again == replace(plan, files=again.files, protect=again.protect)
    assert again.table.equals(plan.table)
    assert again.id == plan.id
    assert "<b>" not in plan._repr_html_().replace("&lt;b>", "")
    assert odd in [*plan.table["path"], *plan.table["keep"]]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "dedup plan 1"}', '{"format": "dedup choices 1"}']
)
def test_file_that_is_no_plan(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(dedup.InputError, match="no plan that dedup saved"):
        dedup.Plan.load(tmp_path / "plan.json")
    with pytest.raises(dedup.InputError, match="no such file"):
        dedup.Plan.load(tmp_path / "none.json")


def test_plan_that_was_tampered_with(folder, tmp_path):
    find(folder).plan().save(tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_text())
    content["files"][0]["action"] = "delete"
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(dedup.InputError, match="no plan"):
        dedup.Plan.load(tmp_path / "plan.json")


@pytest.mark.parametrize(
    "change",
    [
        {"quarantine": "aside"},
        {"quarantine": "/x/../aside"},
        {"root": "."},
        {"root": "/somewhere/else"},
        {"protect": ["archive"]},
        {"permanently": True},
    ],
    ids=str,
)
def test_plan_with_paths_that_depend_on_where_it_is_read(folder, tmp_path, change):
    find(folder).plan().save(tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_text()) | change
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(dedup.InputError, match="no plan"):
        dedup.Plan.load(tmp_path / "plan.json")


def test_plan_that_was_edited_to_delete_is_asked_about_again(folder, tmp_path, capsys):
    before = tree(folder)
    path = tmp_path / "plan.json"
    find(folder).plan().save(path)
    path.write_text(path.read_text().replace('"action": "quarantine"', '"action": "delete"'))
    with pytest.raises(dedup.InputError, match="permanently=True"):
        dedup.Plan.load(path).apply()
    with pytest.raises(SystemExit) as end:
        main(["apply", str(path)])
    assert end.value.code == 2
    assert "--permanently" in capsys.readouterr().err
    assert tree(folder) == before
    with pytest.raises(SystemExit) as end:
        main(["apply", str(path), "--permanently"])
    assert end.value.code == 0
    assert not (folder / "old" / "coffee (1).png").exists()


def test_protected_files_are_kept_instead_of_others(folder):
    found = find(folder)
    plan = found.plan(protect=[folder / "old"])
    assert rows(plan) == {
        "coffee.png": ("quarantine", ""),
        "coffee-small.jpg": ("leave", "in a protected folder"),
    }
    assert plan.table["keep"][0] == str(folder / "old" / "coffee (1).png")
    assert "leave 1 alone: in a protected folder (1)" in repr(plan)
    everything = found.plan(protect=folder)
    assert len(everything) == everything.savings == 0


def test_protected_folder_is_known_by_any_name(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder / "old")
    found = find(folder)
    assert rows(found.plan(protect=[tmp_path / "link"]))["coffee-small.jpg"][0] == "leave"
    assert rows(found.plan(protect=[f"{folder}/old/../old/"]))["coffee-small.jpg"][0] == "leave"


def test_folder_that_does_not_exist_is_not_silently_unprotected(folder):
    found = find(folder)
    with pytest.raises(dedup.InputError, match=r"protect: .*archvie"):
        found.plan(protect=[folder / "archvie"])
    with pytest.raises(dedup.InputError, match="in a protected folder"):
        found.plan(protect=[folder / "old"], quarantine=folder / "old")


def test_deleting_must_be_meant(folder):
    found = find(folder)
    with pytest.raises(dedup.InputError, match="permanently=True"):
        found.plan(action="delete")
    assert rows(found.plan(action="delete", permanently=True))["coffee (1).png"][0] == "delete"
    with pytest.raises(dedup.InputError, match="quarantine, hardlink, delete"):
        found.plan(action="move")


def test_hard_links_are_for_identical_bytes_only(folder):
    assert rows(find(folder).plan(action="hardlink")) == {
        "coffee (1).png": ("hardlink", ""),
        "coffee-small.jpg": ("leave", "no hard link: its bytes are others"),
    }


def test_another_name_of_the_file_to_keep_is_no_copy(folder):
    os.link(folder / "coffee.png", folder / "z-linked.png")
    assert rows(find(folder).plan())["z-linked.png"] == (
        "leave",
        "the same file as one that is kept",
    )


def test_file_of_several_names_frees_its_bytes_once_all_go(folder):
    copy = folder / "old" / "coffee (1).png"
    os.link(copy, folder / "old" / "coffee (2).png")
    found = find(folder)
    assert rows(found.plan())["coffee (2).png"][0] == "quarantine"
    sizes = copy.stat().st_size + (folder / "old" / "coffee-small.jpg").stat().st_size
    assert found.plan().savings == sizes
    os.link(copy, folder.parent / "elsewhere.png")
    assert found.plan().savings == sizes - copy.stat().st_size


def test_image_in_memory_is_no_copy_on_disk(folder, photos):
    large = Image.fromarray(skimage.data.rocket())
    found = find(photos["rocket"], large, folder / "rocket.png")
    (group,) = found.groups
    assert group.keep.startswith("<image")
    plan = found.plan()
    assert len(plan) == 0
    assert set(plan.table["reason"]) == {"an image in memory"}


def test_file_that_is_gone_is_neither_kept_nor_acted_on(folder):
    found = find(folder)
    (folder / "coffee.png").unlink()
    plan = found.plan()
    assert rows(plan)["coffee.png"] == ("leave", "gone since it was indexed")
    assert set(plan.table["keep"]) == {str(folder / "old" / "coffee (1).png")}


def test_member_that_was_not_compared_with_the_file_to_keep_is_left(folder, index, photos):
    small = folder / "old" / "coffee-small.jpg"
    index.add(folder)
    index.mark(small, folder / "rocket.png", duplicate=True)
    found = index.duplicates()
    (group,) = found.groups
    assert len(group) == 4
    reason = "not verified against the file to keep"
    left = {name for name, row in rows(found.plan()).items() if row == ("leave", reason)}
    assert len(left) == 1
    assert {action for action, _ in rows(found.plan(unverified=True)).values()} == {"quarantine"}


RELATIONS = st.sampled_from([None, ("exact", 1.0), ("near", 0.8), ("scene", 0.7)])


@settings(max_examples=60)
@given(data=st.data(), count=st.integers(2, 6))
def test_one_file_of_a_group_is_always_left_and_no_picture_is_lost(data, count):
    """The rules, whatever the relations, protections, choices and hard links are."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(os.path.realpath(folder), f"{number}.png") for number in range(count)]
        for number, path in enumerate(paths):
            twin = data.draw(st.sampled_from([None, *paths[:number]]))
            Image.new("L", (8, 8)).save(path) if twin is None else os.link(twin, path)
        relation = {path: data.draw(RELATIONS) for path in paths}
        lacking = {path: data.draw(st.sampled_from(["", "colour"])) for path in paths}
        chosen, protect = (
            set(data.draw(st.lists(st.sampled_from(paths), max_size=2))) for _ in "ab"
        )
        plan = make_plan(
            [[Record(path, 1, 1, "digest", "PNG", 8, 8, b"") for path in paths]],
            relate=lambda keep, other: relation[other.path],
            lacks=lambda keep, other: lacking[other.path],
            why=lambda keep, other: "the most pixels",
            action=data.draw(st.sampled_from(["quarantine", "hardlink"])),
            quarantine=None,
            protect=sorted(protect),
            unverified=False,
            permanently=False,
            among=[Record(paths[0], 1, 1, "", "", 8, 8, b"")],
            chosen=chosen,
            cannot_link=set(),
        )
        acted = {file.path for file in plan.files if file.action != "leave"}
        assert len(plan.files) == count - 1
        assert not acted & (chosen | protect)
        assert all(relation[path] in (("exact", 1.0), ("near", 0.8)) for path in acted)
        assert not any(lacking[path] for path in acted)
        for file in plan.files:
            assert file.keep not in acted
            if file.action != "leave":
                assert not os.path.samefile(file.path, file.keep)
