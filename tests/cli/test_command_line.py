"""`dedup find` and `dedup demo`: results on standard output, the rest on standard error."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import dedup
from dedup import data

pytestmark = pytest.mark.thorough

EMPTY = '{\n "groups": [],\n "why": [],\n "retained": [],\n "scores": [],\n "skipped": []\n}\n'


@pytest.fixture
def copies(folder, photos):
    shutil.copy(folder / "coffee.png", folder / "coffee (1).png")
    photos["coffee"].resize((150, 100)).save(folder / "small.png")
    return folder


def test_json_is_all_that_is_printed(run, copies):
    (copies / "notes.txt").write_text("no image")
    code, out, _ = run("find", copies, "--json")
    assert code == 1
    result = json.loads(out)
    assert set(result) == {"groups", "why", "retained", "scores", "skipped"}
    assert [sorted(group) for group in result["groups"]] == [
        [str(copies / name) for name in ("coffee (1).png", "coffee.png", "small.png")]
    ]
    exact, near = result["scores"][0]
    assert (exact["relation"], exact["score"], near["relation"]) == ("exact", 1.0, "near")
    assert [exact["path"], near["path"]] == result["groups"][0][1:]
    assert 0.5 < near["score"] < 1
    assert result["skipped"] == [
        {"path": str(copies / "notes.txt"), "reason": "not an image that can be read"}
    ]


def test_groups_for_people(run, copies):
    (copies / "notes.txt").write_text("no image")
    code, out, err = run("find", copies)
    assert code == 1
    keep, *others = out.splitlines()
    assert keep.startswith(f"keep   {copies / 'coffee.png'} (")
    assert keep.endswith(" times the detail)")
    assert others[0] == f"  exact 1.000 {copies / 'coffee (1).png'}"
    assert others[1].startswith("  near  ")
    assert others[1].endswith(str(copies / "small.png"))
    assert f"skipped {copies / 'notes.txt'}: not an image" in err
    assert "8 images, 7 embedded in this run: 1 group of duplicates" in err


def test_plan_says_what_was_left_out(run, copies, tmp_path):
    (copies / "notes.txt").write_text("no image")
    for shade in (20, 21):
        Image.new("RGB", (90, 60), (shade, 90, 40)).save(copies / f"plain {shade}.png")
    code, _, err = run("plan", copies, "--out", tmp_path / "plan.json")
    assert code == 0
    assert f"skipped {copies / 'notes.txt'}: not an image" in err
    assert "1 file skipped; 2 images uncertain\n" in err


def test_no_duplicates_is_exit_code_0(run, folder):
    code, out, err = run("find", folder)
    assert (code, out) == (0, "")
    assert "0 groups of duplicates" in err
    assert run("find", folder, "--json")[:2] == (0, EMPTY)


def test_report_is_a_page(run, copies, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = run("report", copies, "--out", page, "--title", "Summer", "--thumbnails", 0)
    assert (code, out) == (1, "")
    assert "<title>Summer</title>" in page.read_text()
    assert "1 group of duplicates" in err
    code, _, err = run("report", copies, "--out", tmp_path / "no" / "page.html")
    assert code == 2
    assert str(tmp_path / "no" / "page.html") in err


def test_names_do_not_reach_the_terminal_as_they_are(run, copies):
    os.rename(copies / "small.png", copies / "\x1b[31m\nred.png")
    _, out, err = run("find", copies)
    assert r"\x1b[31m\nred.png" in out
    assert "\x1b" not in out + err


def test_verbose_says_where_the_time_went(run, folder):
    code, out, err = run("find", folder, "--verbose", "--method", "phash")
    assert (code, out) == (0, "")
    assert "discover 0." in err
    assert "(0%)" in err


def test_second_run_says_that_nothing_was_embedded(run, folder):
    assert "6 embedded in this run" in run("find", folder)[2]
    assert "0 embedded in this run" in run("find", folder)[2]
    assert "6 embedded in this run" in run("find", folder, "--no-cache")[2]


def test_several_paths_and_an_index_of_ones_own(run, copies, tmp_path, cache_folder):
    paths = [copies / "coffee.png", f"{copies}/s*.png"]
    code, out, _ = run("find", *paths, "--json", "--index", tmp_path / "my.db")
    assert code == 1
    assert len(json.loads(out)["groups"][0]) == 2
    assert (tmp_path / "my.db").exists()
    assert list(cache_folder.glob("*.db")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "no such file or folder: none"),
        (["*.none"], "nothing matches"),
        (["empty"], "no files in empty"),
        ([".", "--index", "photos.sqlite"], "must end in .db"),
        ([".", "--index", "http://127.0.0.1:9"], "is the server running"),
        ([".", "--method", "sift"], "sscd-fast"),
        ([".", "--threshold", "7"], "0 to 1"),
        ([".", "--threshold", "high"], "high"),
        ([], "PATH"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_error_is_one_message_and_exit_code_2(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    Image.new("RGB", (64, 64)).save("black.png")
    code, out, err = run("find", *arguments, "--json")
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_file_to_keep_is_chosen_by_a_rule_or_a_folder(run, copies, tmp_path):
    (copies / "old").mkdir()
    small = (copies / "small.png").rename(copies / "old" / "a long name.png")
    os.utime(copies / "coffee (1).png", (1, 1))
    for arguments, kept in (
        (["--keep", "oldest"], copies / "coffee (1).png"),
        (["--keep", "shortest-path"], copies / "coffee.png"),
        (["--prefer", copies / "old", "--keep", "oldest"], small),
    ):
        assert run("find", copies, *arguments)[1].startswith(f"keep   {kept} (")
    for command, out in (("plan", "plan.json"), ("report", "page.html")):
        assert run(command, copies, "--prefer", copies / "old", "--out", tmp_path / out)[0] < 2
        assert str(small) in (tmp_path / out).read_text()
    # The two large ones are equal: one of them stays beside it.
    rows = dedup.Plan.load(tmp_path / "plan.json").table.set_index("action")["keep"]
    assert rows.to_dict() == {"leave": str(small), "quarantine": str(copies / "coffee.png")}


def test_paths_are_read_from_standard_input(run, copies, tmp_path, monkeypatch):
    odd = copies / "a\nb.png"
    (copies / "small.png").rename(odd)
    uri = tmp_path / "a.db"

    def read(end, *arguments):
        names = "".join(f"{copies / name}{end}" for name in ("coffee.png", "coffee (1).png"))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(names.encode())))
        return run(*arguments)

    assert read("\n", "find", "-")[0] == read("\r\n", "find", "-")[0] == 1
    assert "3 images" in read("\0", "find", "-", "-0", odd)[2]
    assert "copy recognised" in read("\n", "index", "add", "-", "--index", uri)[1]
    command = [sys.executable, "-m", "dedup", "find", "-"]
    done = subprocess.run(command, input=b"\n", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"Error: no files were given\n")


def test_groups_are_written_as_a_table_that_says_which_files_stay(run, copies, tmp_path):
    uri, out = tmp_path / "a.db", tmp_path / "groups.csv"
    run("index", "add", copies, "--index", uri)
    names = [str(copies / name) for name in ("coffee (1).png", "coffee.png", "small.png")]
    for command in ("find", copies), ("index", "duplicates", "--index", uri):
        for options, kept, stay in ([], names[1], 0), (["--prefer", names[2]], names[2], 1):
            assert run(*command, *options, "--csv", out)[0] == 1
            table = pd.read_csv(out, keep_default_na=False)
            assert sorted(table["path"]) == names
            assert table["path"][table["keep"]].tolist() == [kept]
            assert sum(table["stays"] != "") == stay


def test_folder_is_compared_with_another_folder(run, copies, tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    shutil.copy(copies / "coffee.png", archive / "coffee.png")
    (copies / "coffee.png").rename(archive / "camera.png")
    shutil.copy(copies / "chelsea.jpg", copies / "chelsea too.jpg")
    arguments = [copies, "--between", archive, "--protect", archive]
    assert run("plan", *arguments, "--out", tmp_path / "plan.json")[0] == 0
    table = dedup.Plan.load(tmp_path / "plan.json").table
    gone = table[table["action"] == "quarantine"]["path"]
    assert sorted(gone) == [str(copies / name) for name in ("coffee (1).png", "small.png")]


@pytest.mark.slow
def test_demo_finds_the_copies_of_the_sample(run, tmp_path):
    code, out, err = run("demo", "--out", tmp_path / "sample")
    assert code == 0
    assert "labelled images" in err
    assert "WRONG" not in out
    assert "0 pairs wrong" in out
    found, _, true, *_ = out.split("against the labels: ")[1].split()
    assert int(found) == int(true)
    stays = int(out.split(" that stay as they show more")[0].split()[-1])
    assert stays == out.count("(stays: ") > 0
    assert err.count("skipped ") == int(out.split(" file skipped")[0].split()[-1]) == 1


def test_demo_says_what_was_found_and_what_is_wrong(run, copies, monkeypatch):
    """On a small sample: three copies, of which the labels take one for another picture."""
    (copies / "notes.png").write_text("no image")
    names = sorted(path.name for path in copies.iterdir())
    groups = [name.partition(".")[0].removesuffix(" (1)") for name in names]
    labels = pd.DataFrame({"path": names, "group": groups, "edit": "original"})
    monkeypatch.setattr(data, "build_sample", lambda _: labels)
    code, out, err = run("demo", "--out", copies)
    assert (code, err.count("9 labelled images"), err.count("skipped ")) == (0, 1, 1)
    group = ["keep coffee.png", "     coffee (1).png", "     small.png  WRONG: another picture"]
    assert out.strip().splitlines()[:3] == group
    assert out.endswith("against the labels: 1 of 1 duplicate pairs found, 2 pairs wrong\n")


def test_demo_leaves_the_files_of_others_alone(run, folder):
    before = sorted(folder.iterdir())
    code, out, err = run("demo", "--out", folder)
    assert (code, out) == (2, "")
    assert "other files" in err
    assert sorted(folder.iterdir()) == before


def test_help_and_version(run):
    assert "dedup find photos/" in run("find", "--help")[1]
    assert run("--version")[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux only")
def test_names_that_no_terminal_can_print(run, folder):
    odd = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")
    shutil.copy(folder / "coffee.png", odd)
    code, out, _ = run("find", folder)
    assert code == 1
    assert "caf\\udce9.png" in out
    assert odd in json.loads(run("find", folder, "--json")[1])["groups"][0]


def test_installed_command(folder):
    command = Path(sys.executable).with_name("dedup")
    done = subprocess.run(
        [command, "find", folder, "--method", "phash", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(EMPTY)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["find", "report", "plan"])
def test_device_of_the_network_can_be_chosen(run, folder, tmp_path, command):
    out = [] if command == "find" else ["--out", str(tmp_path / "out")]
    code, _, error = run(command, folder, "--device", "tpu", *out)
    assert code == 2
    assert "--device tpu: expected" in error


def test_calibrated_threshold_is_used(run, many_photos, tmp_path):
    out = tmp_path / "threshold.json"
    arguments = ["--out", out, "--precision", "0.95", "--sources", "2"]
    code, text, _ = run("calibrate", many_photos, "--method", "phash", *arguments)
    assert code == 0
    assert "weakest edits" in text
    code, _, err = run("find", many_photos, "--method", "phash", "--threshold", out)
    assert f"at threshold {json.loads(out.read_text())['value']:g}" in err
    assert code in (0, 1)


LABELS = """left;right;same
chelsea.png;chelsea-half.jpg;yes
chelsea.png;chelsea-40.jpg;yes
coffee.jpg;coffee-small.jpg;yes
chelsea.png;coffee.jpg;no
chelsea-half.jpg;coffee-small.jpg;no
coffee.jpg;gone.jpg;yes
"""


def test_threshold_is_tuned_on_a_table_of_labels(run, sample_folder, tmp_path):
    (tmp_path / "labels.csv").write_text(LABELS)
    arguments = ["tune", tmp_path / "labels.csv", "--folder", sample_folder, "--folds", "2"]
    code, out, err = run(*arguments, "--precision", "0.99")
    assert (code, out) == (2, "")
    assert "--columns left,right,same" in err
    arguments += ["--columns", "left,right,same", "--cost", "100", "1"]
    code, out, err = run(*arguments, "--out", tmp_path / "threshold.json", "--json")
    assert code == 0
    assert "1 of 6 rows left out" in err
    tuned = json.loads(out)
    assert tuned == json.loads((tmp_path / "threshold.json").read_text())
    assert tuned["goal"] == "least cost, wrongly_removed 100, missed 1"
    code, out, _ = run(*arguments)
    assert out.startswith(f"threshold       {tuned['value']}: score of")
    assert "cross-validated" in out
    assert "in sample" in out
    code, _, err = run("find", sample_folder, "--threshold", tmp_path / "threshold.json")
    assert f"at threshold {tuned['value']}" in err


def test_strict_labels_refuse_a_missing_file(run, sample_folder, tmp_path):
    (tmp_path / "labels.csv").write_text(LABELS)
    arguments = ["--folder", sample_folder, "--columns", "left,right,same", "--f1", "--strict"]
    code, _, err = run("tune", tmp_path / "labels.csv", *arguments)
    assert code == 2
    assert "row 6: there is no file gone.jpg" in err


def test_two_pictures_are_explained(run, sample_folder):
    a, b = sample_folder / "chelsea.png", sample_folder / "chelsea-half.jpg"
    code, out, _ = run("explain", a, b)
    assert (code, out.split()[0]) == (0, "near")
    code, out, _ = run("explain", a, b, "--json")
    seen = json.loads(out)
    assert (seen["a"], seen["relation"]) == (str(a), "near")
    assert seen["scale"] == pytest.approx(0.5, abs=0.01)


def test_explain_names_the_file_that_cannot_be_read(run, sample_folder):
    code, out, err = run("explain", sample_folder / "chelsea.png", "gone.jpg")
    assert (code, out) == (2, "")
    assert "gone.jpg: file not found" in err


def test_threshold_is_a_number_or_a_file(run, folder):
    code, out, err = run("find", folder, "--threshold", "strict")
    assert (code, out) == (2, "")
    assert "strict: no such file" in err
