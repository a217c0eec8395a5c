"""What is mistyped is one message in the command line's words, before the search; exit code 2."""

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest

import dedup
from dedup._results.choices import Choices
from dedup._search.threshold import Estimate, Threshold
from dedup.pipelines.models.methods import model

DEDUP = [sys.executable, "-m", "dedup"]


def unread(path):
    return f"{path}: no image that can be read"


ADDRESS = "is no address of a server"
MISTAKES = {
    "find notes.txt": unread("notes.txt"),
    "find notes.txt deep.json": unread("notes.txt, deep.json"),
    "report notes.txt --out page.html": unread("notes.txt"),
    "plan notes.txt --out plan.json": unread("notes.txt"),
    "find empty": "no files in empty",
    "find p/*.gif": "nothing matches p/*.gif",
    "find p --threshold abc": "'--threshold': abc: no such file or directory; expected a number",
    "find p --threshold deep.json": "deep.json is no threshold that dedup saved",
    "find p --threshold 8": "--threshold 8.0: expected the score",
    "find p --method phash --threshold 8": "bits go with --no-verify",
    "find p --threshold nan": "--threshold nan: expected the score",
    "find p --\x1b[31m": "No such option",
    "find p --device tpu": "--device tpu: expected",
    "find p --index http://h:notaport": f"http://h:notaport {ADDRESS}",
    "find p --index http://u:secret@h:99999": f"http://…@h:99999 {ADDRESS}",
    "find p --index http://u:secret/@h": ADDRESS,
    "find p --index http://[::1": ADDRESS,
    "find p --index http://": ADDRESS,
    "index stats --index http://[::1": ADDRESS,
    "find p --index=": "give --index, or set MILVUS_URI",
    "find p --report none/page.html": "'--report': none/page.html: no such file or directory",
    "find p --report cat.png": "'--report': cat.png is there, and no page of dedup's",
    "find p --csv none/t.csv": "'--csv': none/t.csv: no such file or directory",
    "find p --csv t.xls": "'--csv': t.xls: expected a name that ends in .csv",
    "find p --csv other.csv": "'--csv': other.csv is there, and no table of dedup's",
    "find p -0": "-0 goes with -",
    "find p --between none": "no such file or folder: none",
    "find p --between p/*.png": "--between: 3 of the files are in both sets, ",
    "find p --between notes.txt": "--between: no image of one of the two sets can be read",
    "find notes.txt --between p": "no image of one of the two sets can be read; notes.txt: ",
    "report p --out notes.txt": "'--out': notes.txt is there, and no page of dedup's",
    "plan p --out cat.png": "'--out': cat.png is there, and no plan of dedup's",
    "plan p --out none/plan.json": "'--out': none/plan.json: no such file or directory",
    "plan p --out plan.json --action delete": "say so with --permanently",
    "plan p --out plan.json --protect none": "'--protect': Path 'none' does not exist",
    "plan p --out plan.json --choices none": "'--choices': none: no such file or directory",
    "plan p --out plan.json --choices deep.json": "deep.json is no file of choices",
    "calibrate p --out t.json --precision 2": "'--precision': 2.0 is not in the range",
    "calibrate p --out t.json --images 1": "'--images': 1 is not in the range",
    "calibrate p --out t.json --seed -1": "'--seed': -1 is not in the range",
    "calibrate p --out none/t.json": "'--out': none/t.json: no such file or directory",
    "calibrate p --out notes.txt": "'--out': notes.txt is there, and no threshold of dedup's",
    "calibrate p --out t.json --sources 0": "'--sources': 0 is not in the range",
    "tune none --f1": "Path 'none' does not exist",
    "tune notes.txt": "tune for one of --precision, --recall, --f1 and --cost",
    "tune notes.txt --f1": "the columns are notes; call them a, b and label",
    "tune p --f1": "p: expected labels.csv, or a sub-folder for each group of duplicates",
    "tune notes.txt --f1 --columns a": "--columns a: expected three names",
    "explain cat.png none": "none: file not found",
    "apply notes.txt": "notes.txt is no plan that dedup saved",
    "apply deep.json": "deep.json is no plan that dedup saved",
    "apply none": "none: no such file or directory",
    "undo notes.txt": "notes.txt is no journal that dedup wrote",
    "undo deep.json": "deep.json is no journal that dedup wrote",
    "purge none --yes": "there is no such journal",
    "index add notes.txt --index a.db": unread("notes.txt"),
    "index add p --index a.db --threshold 0.7": "--threshold goes with --unless-duplicate",
    "demo --out cat.png": "'cat.png' is a file",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_mistake_is_said_in_the_words_of_the_command_line(run, here, line):
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    *_, last = err.splitlines()
    assert last.startswith("Error: ")
    assert MISTAKES[line] in last
    for word in ("\x1b", "Traceback", "secret", "=True", "=False", "index=", "embedded"):
        assert word not in err
    assert {path: path.read_bytes() for path in before} == before


def test_plan_that_deletes_asks_for_the_option(run, here):
    arguments = ["--out", "plan.json", "--action", "delete", "--permanently"]
    assert run("plan", "p", *arguments)[0] == 0
    code, _, err = run("apply", "plan.json")
    assert code == 2
    assert err.endswith("which can't be undone: say so with --permanently\n")


def test_plan_that_was_purged_is_not_applied_again(run, here):
    run("plan", "p", "--out", "plan.json")
    assert run("apply", "plan.json")[0] == 0
    assert run("purge", "plan.json", "--yes")[0] == 0
    code, out, err = run("apply", "plan.json")
    assert (code, out) == (2, "")
    assert "150.png: deleted for good: it can't be brought back; what is left of it is" in err


def test_warning_is_said_in_the_words_of_the_command_line(run, here):
    Path("labels.csv").write_text("a,b,label\np/300.png,p/150.png,1\np/300.png,gone.png,0\n")
    err = run("tune", "labels.csv", "--f1")[2]
    assert "Warning: labels: 1 of 2 rows left out" in err
    assert "; --strict refuses such a table" in err
    run("index", "add", "p", "--index", "a.db", "--no-regions")
    err = run("index", "duplicates", "--index", "a.db")[2]
    assert "to have them: dedup index remove, then dedup index add" in err


def test_image_that_an_index_is_asked_about_is_named(run, here):
    assert run("index", "add", "p", "--index", "a.db")[0] == 0
    for name in ("notes.txt", "none.jpg"):
        code, _, err = run("index", "check", name, "--index", "a.db")
        assert (code, err.startswith(f"Error: {name}: ")) == (2, True)


def test_index_without_images_has_not_been_found_free_of_duplicates(run, here):
    run("index", "add", "p", "--index", "a.db")
    run("index", "remove", *Path("p").iterdir(), "--index", "a.db")
    code, out, err = run("index", "duplicates", "--index", "a.db", "--json")
    assert (code, out, err) == (2, "", "Error: a.db: the index holds no images\n")


def test_what_can_not_be_read_among_what_can_is_no_error(run, here):
    code, _, err = run("find", "cat.png", "notes.txt")
    assert code == 0
    assert "skipped notes.txt" in err
    assert err.endswith(
        "1 image, 1 embedded in this run: 0 groups of duplicates, 0 files more than needed, "
        "at threshold 0.5; 1 file skipped\n"
    )


def test_what_dedup_wrote_is_replaced(run, here):
    Path("plan.json").touch()  # as `mktemp` does
    for _ in range(2):
        assert run("plan", "p", "--out", "plan.json")[0] == 0
        assert run("report", "p", "--out", "page.html")[0] == 1


def test_journal_is_written_to_no_file_of_others(run, here):
    run("plan", "p", "--out", "plan.json")
    run("plan", "p", "cat.png", "--out", "other.json", "--quarantine", "q")
    assert run("apply", "plan.json", "--journal", "a.jsonl")[0] == 0
    run("undo", "a.jsonl")
    with Path("a.jsonl").open("a") as journal:
        journal.write('{"cut off')
    for name in ("notes.txt", "cat.png", "plan.json", "a.jsonl"):
        before = Path(name).read_bytes()
        code, _, err = run("apply", "other.json", "--journal", name)
        assert (code, Path(name).read_bytes()) == (2, before)
        assert name in err


def test_purge_that_is_refused_or_not_answered_deletes_nothing(here):
    for answer in ("n\n", ""):
        done = subprocess.run(
            [*DEDUP, "purge", "notes.txt"],
            input=answer,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "nothing was deleted" in done.stderr) == (2, True)
        assert "Traceback" not in done.stderr


WRONG = [None, 3, -1, "x", "", [], {}, [[]], {"a": 1}, True, float("nan"), "\0", [1, 2, 3], 10**30]


def places(value, place=()):
    """All places in a JSON value."""
    yield place
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value[:2]) if isinstance(value, list) else inside
    for key, one in inside:
        yield from places(one, (*place, key))


def with_wrong(text):
    """A JSON text with each wrong value in each place."""
    for place in places(json.loads(text)):
        for wrong in WRONG:
            holder = [json.loads(text)]
            where = holder
            for key in (0, *place)[:-1]:
                where = where[key]
            where[(0, *place)[-1]] = wrong
            yield json.dumps(holder[0])


@pytest.mark.thorough
def test_files_of_dedup_that_were_edited_never_crash_it(run, here):
    estimate = Estimate(0.9, 0.8, 1.0)
    known = dict(model("phash").properties)
    figures = ("any", estimate, estimate, 10, 5, 100, ((0.1, 0.2), (0.9, 0.9)))
    Threshold(0.5, "score", "phash", known, *figures).save("threshold.json")
    Choices("x", {"p/300.png": "p/150.png"}, (("p/300.png", "p/rocket.png"),)).save("choices.json")
    run("plan", "p", "--out", "plan.json", "--quarantine", here / "q", "--method", "phash")
    run("apply", "plan.json", "--journal", "journal.jsonl")
    header, step, *rest = Path("journal.jsonl").read_text().splitlines()
    shutil.copytree("q", "q before")
    find = ["find", "p", "--method", "phash", "--threshold"]
    broken = chain(
        ((find, text) for text in with_wrong(Path("threshold.json").read_text())),
        ((["undo"], "\n".join([text, step, *rest])) for text in with_wrong(header)),
        ((["undo"], "\n".join([header, text, *rest])) for text in with_wrong(step)),
    )
    for command, text in broken:
        Path("edited.json").write_text(text + "\n")
        code, _, err = run(*command, "edited.json")
        assert code in (0, 1, 2)
        assert "Traceback" not in err, (command, text, err[-1500:])
    for load, name in ((dedup.Plan.load, "plan.json"), (Choices.load, "choices.json")):
        for text in with_wrong(Path(name).read_text()):
            Path("edited.json").write_text(text)
            with suppress(dedup.InputError):
                load("edited.json")
