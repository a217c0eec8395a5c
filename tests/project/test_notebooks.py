"""Every notebook runs from start to end, and holds the outputs of such a run for its readers."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """A notebook as nbformat has it."""
    import nbformat  # here, as it takes seconds, which all processes would spend

    return nbformat.read(path, as_version=4)


def cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    """What a cell puts out, but for pictures and numbers: its kinds, and what heads its tables."""
    return [
        (
            output.output_type,
            sorted({kind.split("/")[0] for kind in output.get("data", {})}),
            sorted(re.findall(r"<th[^>]*>([^<>]*[a-z][^<>]*)</th>", html(output))),
        )
        for output in cell.outputs
    ]


def html(output):
    return output.get("data", {}).get("text/html", "")


def test_notebooks_are_those_that_the_readme_names():
    linked = re.findall(r"notebooks/[\w-]+\.ipynb", (ROOT / "README.md").read_text())
    assert {path.relative_to(ROOT).as_posix() for path in NOTEBOOKS} == set(linked) != set()


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.timeout(1200)
@each_notebook
def test_notebook_runs_and_puts_out_what_it_holds(path):
    """The remedy: `uv run python .ci/notebooks.py`."""
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / ".ci/notebooks.py")
    notebooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebooks)
    executed, held = notebooks.executed(path), read(path)
    assert list(map(shown, cells(executed))) == list(map(shown, cells(held)))


@each_notebook
def test_notebook_holds_the_outputs_of_one_run_without_errors(path):
    notebook = read(path)
    counts = [cell.execution_count for cell in cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in cells(notebook) for output in cell.outputs]
    assert {output.get("name", "") for output in outputs} <= {"", "stdout"}
    assert {output.output_type for output in outputs} <= {
        "display_data",
        "execute_result",
        "stream",
    }


@each_notebook
def test_notebook_is_small_and_of_no_machine(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 400_000
    pictures = re.compile(r'(data:image/\w+;base64,|"image/\w+": ")[A-Za-z0-9+/=]+')
    text = pictures.sub("", text)
    assert not re.search(r"/tmp|/home|/root|/Users|[A-Z]:\\\\|\d\d:\d\d:\d\d", text)
    assert '"iopub' not in text


@each_notebook
def test_every_picture_has_a_text_in_its_place(path):
    outputs = [out for cell in cells(read(path)) for out in cell.outputs]
    pictures = re.findall("<img[^>]*>", "".join(map(html, outputs)))
    assert len(pictures) >= 6
    assert not [picture[:80] for picture in pictures if "alt=" not in picture]
    # The alternative of what is not in HTML is left out by most that shows notebooks.
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert kinds == {"text/plain", "text/html"}
