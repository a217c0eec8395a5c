"""`dedup index ...`: what is asked for on standard output, the rest on standard error."""

import json
import shutil

import pytest

from dedup._cli.main import main


@pytest.fixture
def run(run, tmp_path):
    """Runs `dedup index ... --index <a new file>`; gives exit code, output and errors."""

    def run_on_index(*arguments, uri=tmp_path / "photos.db"):
        return run("index", *arguments, "--index", uri)

    return run_on_index


@pytest.fixture
def copies(folder, photos):
    shutil.copy(folder / "coffee.png", folder / "coffee (1).png")
    photos["coffee"].resize((150, 100)).save(folder / "small.png")
    return folder


def test_add_then_check_then_duplicates(run, copies, photos, tmp_path):
    (copies / "notes.txt").write_text("no image")
    code, out, err = run("add", copies)
    assert (code, out) == (0, "7 embedded, 1 copy recognised, 0 unchanged, 1 skipped\n")
    assert f"skipped {copies / 'notes.txt'}: not an image" in err
    photos["rocket"].resize((200, 133)).save(tmp_path / "upload.png")
    code, out, _ = run("check", tmp_path / "upload.png")
    assert code == 1
    relation, match = out.splitlines()
    assert relation == "near"
    assert match.endswith(str(copies / "rocket.png"))
    code, out, err = run("duplicates")
    assert code == 1
    assert out.splitlines()[0].startswith(f"keep   {copies / 'coffee.png'} (")
    assert "1 group of duplicates" in err


def test_json_is_all_that_is_printed(run, copies, spare_photo, tmp_path):
    run("add", copies)
    spare_photo.save(tmp_path / "new.png")
    code, out, _ = run("check", tmp_path / "new.png", "--json")
    assert (code, json.loads(out)) == (
        0,
        {"relation": "new", "matches": [], "lookalikes": [], "unread": {}},
    )
    code, out, _ = run("check", copies / "rocket.png", "--json")
    assert (code, json.loads(out)["matches"][0]["path"]) == (1, str(copies / "rocket.png"))
    code, out, _ = run("duplicates", "--json")
    (group,) = json.loads(out)["groups"]
    assert (code, len(group)) == (1, 3)
    code, out, _ = run("stats", "--json")
    assert (code, json.loads(out)["files"]) == (0, 8)


def test_sets_on_the_command_line(run, copies, tmp_path):
    (tmp_path / "test").mkdir()
    shutil.move(copies / "small.png", tmp_path / "test" / "small.png")
    run("add", copies, "--tag", "train")
    run("add", tmp_path / "test", "--tag", "test")
    code, out, _ = run("duplicates", "--between", "train", "test", "--json")
    assert code == 1
    assert sorted(json.loads(out)["groups"][0])[-1] == str(tmp_path / "test" / "small.png")
    code, _, err = run("duplicates", "--between", "train", "dev")
    assert code == 2
    assert "'dev' is no tag of the index (it has: test, train)" in err


def test_only_new_images_are_added(run, copies, tmp_path):
    run("add", copies / "coffee.png")
    code, out, err = run("add", copies, "--unless-duplicate")
    assert (code, out) == (
        0,
        "5 embedded, 0 copies recognised, 1 unchanged, 0 skipped, 2 duplicates refused\n",
    )
    assert f"duplicate {copies / 'small.png'}: near of {copies / 'coffee.png'}" in err


def test_remove_and_prune(run, copies):
    run("add", copies)
    assert run("remove", copies / "coffee.png") == (0, "1 removed\n", "")
    (copies / "rocket.png").unlink()
    assert run("prune")[:2] == (0, "1 removed\n")
    _, out, _ = run("stats")
    assert out.startswith("6 files")


def test_pair_is_marked_as_different_and_as_the_same(run, copies, tmp_path):
    run("add", copies)
    kept, small, rocket = (copies / f"{name}.png" for name in ("coffee", "small", "rocket"))
    for option, a, b in ("--different", kept, small), ("--same", rocket, small):
        code, out, _ = run("mark", a, b, option)
        assert (code, str(a) in out, str(b) in out) == (0, True, True)
    groups = json.loads(run("duplicates", "--json")[1])["groups"]
    assert sorted(map(sorted, groups)) == [
        [str(copies / "coffee (1).png"), str(kept)],
        [str(rocket), str(small)],
    ]
    (tmp_path / "notes.txt").write_text("no image")
    for arguments, message in (
        ([kept, small], "say --different or --same"),
        ([kept, tmp_path / "notes.txt", "--same"], "notes.txt: not an image"),
        ([kept, tmp_path / "none.png", "--same"], "none.png: file not found"),
        ([kept, copies / "coffee (1).png", "--different"], "are one file"),
    ):
        code, out, err = run("mark", *arguments)
        assert (code, out, message in err) == (2, "", True)


def test_removing_a_file_that_the_index_does_not_hold_names_it_and_fails(run, copies):
    run("add", copies)
    code, out, err = run("remove", copies / "coffee.png", copies / "nobody.png")
    assert (code, out) == (1, "1 removed\n")
    assert err == f"{copies / 'nobody.png'}: not in the index\n"


def test_index_is_named_by_the_environment(run, copies, tmp_path, monkeypatch, capsys):
    run("add", copies)
    monkeypatch.setenv("MILVUS_URI", str(tmp_path / "photos.db"))
    with pytest.raises(SystemExit):
        main(["index", "stats"])
    assert capsys.readouterr().out.startswith("8 files")


@pytest.mark.parametrize("command", ["duplicates", "prune", "stats", "check", "remove"])
def test_mistyped_index_is_an_error_and_none_is_made(run, copies, tmp_path, command):
    images = [copies / "coffee.png"] if command in ("check", "remove") else []
    code, _, err = run(command, *images, uri=tmp_path / "fotos.db")
    assert code == 2
    assert "fotos.db: there is no such index" in err
    assert not (tmp_path / "fotos.db").exists()


@pytest.mark.parametrize(
    "command", ["add", "check", "duplicates", "mark", "prune", "remove", "stats"]
)
def test_help_has_an_example(capsys, command):
    with pytest.raises(SystemExit):
        main(["index", command, "--help"])
    assert f"\n    dedup index {command}" in capsys.readouterr().out
