"""What a person chose on the report page is followed; what does not fit is said, one by one."""

import json
import os
import shutil

import pytest

import dedup
from dedup._cli.main import main


@pytest.fixture
def folder(folder, photos):
    """Six photos; copies of two of them, identical and smaller."""
    for name in ("coffee.png", "rocket.png"):
        shutil.copy(folder / name, folder / f"z-{name}")
    photos["coffee"].resize((150, 100)).save(folder / "z-small.jpg", quality=90)
    return folder


@pytest.fixture
def found(folder):
    return find(folder)


def find(folder, **options):
    return dedup.find_duplicates(folder, cache=False, method="phash", **options)


def planned(found, **options):
    """Action and reason by file name."""
    return {os.path.basename(f.path): (f.action, f.reason) for f in found.plan(**options).files}


def test_format_is_that_of_the_page(folder, found, tmp_path):
    content = {
        "format": "dedup choices 1",
        "run": found.run,
        "keep": {str(folder / "coffee.png"): str(folder / "z-small.jpg")},
        "not_duplicates": [[str(folder / "rocket.png"), str(folder / "z-rocket.png")]],
    }
    (tmp_path / "choices.json").write_text(json.dumps(content))
    choices = dedup.Choices.load(tmp_path / "choices.json")
    choices.save(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == content
    del content["keep"], content["not_duplicates"]
    (tmp_path / "choices.json").write_text(json.dumps(content))
    assert dedup.Choices.load(tmp_path / "choices.json") == dedup.Choices(found.run)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "dedup choices 2", "run": ""}', '{"format": "dedup choices 1"}']
    + [
        json.dumps({"format": "dedup choices 1", "run": "", name: value})
        for name, value in [
            ("keep", ["a"]), ("keep", {"a": 1}), ("not_duplicates", [["a"]]),
            ("not_duplicates", ["abc"]), ("not_duplicates", [[1, 2]]), ("run", 7),
        ]
    ],
)  # fmt: skip
def test_file_that_holds_no_choices(tmp_path, text):
    (tmp_path / "choices.json").write_text(text)
    with pytest.raises(dedup.InputError, match="no file of choices"):
        dedup.Choices.load(tmp_path / "choices.json")


def test_chosen_file_is_kept(folder, found):
    small = str(folder / "z-small.jpg")
    chosen = found.with_choices(dedup.Choices(found.run, {str(folder / "coffee.png"): small}))
    assert chosen.unapplied.empty
    assert [group.keep for group in chosen.groups] == [str(folder / "rocket.png"), small]
    left, gone = ("leave", "1.4 times the detail"), ("quarantine", "")
    assert planned(chosen) == {"coffee.png": left, "z-coffee.png": gone, "z-rocket.png": gone}
    assert set(planned(chosen, lossy=True).values()) == {("quarantine", "")}
    assert chosen.run == found.run
    assert chosen.at(0.6).groups[1].keep == small


def test_chosen_copy_of_the_same_pixels_is_kept(folder, found):
    copy = str(folder / "z-coffee.png")
    chosen = found.with_choices(dedup.Choices(found.run, {str(folder / "coffee.png"): copy}))
    assert copy in [group.keep for group in chosen.groups]
    assert set(planned(chosen)) == {"coffee.png", "z-small.jpg", "z-rocket.png"}


def test_chosen_file_is_not_touched_for_a_protected_one(folder, found):
    small = str(folder / "z-small.jpg")
    chosen = found.with_choices(dedup.Choices(found.run, {str(folder / "coffee.png"): small}))
    plan = chosen.plan(protect=[folder / "coffee.png"])
    assert {os.path.basename(path) for path in plan.table["path"][plan.table["reason"] == ""]} == {
        "z-coffee.png", "z-rocket.png",
    }  # fmt: skip


def test_pair_that_is_no_duplicate_is_left_alone(folder, found):
    pair = str(folder / "coffee.png"), str(folder / "z-small.jpg")
    chosen = found.with_choices(dedup.Choices(found.run, not_duplicates=[pair]))
    assert "z-small.jpg" not in planned(chosen)
    assert planned(chosen)["z-coffee.png"] == ("quarantine", "")
    same = str(folder / "coffee.png"), str(folder / "z-coffee.png")
    chosen = found.with_choices(dedup.Choices(found.run, not_duplicates=[same]))
    assert planned(chosen)["z-coffee.png"] == ("leave", "marked as no duplicate")


def test_relative_and_absolute_paths_are_one(folder, found, monkeypatch):
    monkeypatch.chdir(folder.parent)
    choices = dedup.Choices(found.run, {"photos/coffee.png": "photos/z-small.jpg"})
    assert found.with_choices(choices).unapplied.empty
    named = find("photos")
    assert named.run == found.run
    choices = dedup.Choices(found.run, {str(folder / "coffee.png"): str(folder / "z-small.jpg")})
    assert named.with_choices(choices).groups[1].keep == "photos/z-small.jpg"


def test_choices_that_do_not_fit_are_said_and_the_others_followed(folder, found):
    coffee, small, rocket = (str(folder / f) for f in ("coffee.png", "z-small.jpg", "rocket.png"))
    choices = dedup.Choices(
        found.run,
        {coffee: small, rocket: coffee, "none.png": rocket, small: coffee, "nul\0.png": small},
        [(coffee, "gone.png"), (coffee, coffee), (rocket, str(folder / "z-rocket.png"))],
    )
    chosen = found.with_choices(choices)
    reasons = chosen.unapplied["reason"].tolist()
    assert chosen.unapplied.columns.tolist() == ["choice", "reason"]
    assert len(reasons) == 6
    assert f"it is not in the group of {rocket}" in reasons
    assert "no image of this search: none.png" in reasons
    assert "no image of this search: gone.png" in reasons
    assert f"no group begins with {small} any more" in reasons
    assert "one and the same file" in reasons
    assert chosen.groups[1].keep == small
    assert planned(chosen)["z-rocket.png"][0] == "leave"


def test_choices_of_another_run_are_said_to_be(folder, found):
    coffee, small = str(folder / "coffee.png"), str(folder / "z-small.jpg")
    choices = dedup.Choices(found.run, {coffee: small, str(folder / "rocket.png"): small})
    (folder / "z-rocket.png").unlink()
    later = find(folder).with_choices(choices)
    assert later.run != found.run
    assert "made from another search" in later.unapplied["reason"][0]
    assert len(later.unapplied) == 2
    assert later.groups[0].keep == small


def test_run_is_the_same_for_the_same_images_and_settings(folder, found):
    assert find(folder).run == found.run
    assert find(folder, threshold=0.6).run != found.run
    assert found.at(0.6).run == find(folder, threshold=0.6).run


def test_command_line(folder, found, tmp_path, capsys):
    coffee, small = str(folder / "coffee.png"), str(folder / "z-small.jpg")
    command = ["plan", str(folder), "--method", "phash", "--out", str(tmp_path / "plan.json")]
    command += ["--choices", str(tmp_path / "choices.json"), "--lossy"]
    for keep, code in (({coffee: small}, 0), ({coffee: small, "none.png": small}, 2)):
        dedup.Choices(found.run, keep).save(tmp_path / "choices.json")
        with pytest.raises(SystemExit) as end:
            main(command)
        out, err = capsys.readouterr()
        assert (end.value.code or 0) == code, err
        assert f"quarantine {coffee} (keeps {small}: chosen to be kept)" in out
        assert ("choices: keep " in err) == bool(code)
        assert len(dedup.Plan.load(tmp_path / "plan.json")) == 3
