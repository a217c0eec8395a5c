"""The review works in JupyterLab, and a notebook that is reopened shows what it last showed."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import browser
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where JupyterLab finds its notebooks, and keeps what is its own."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def jupyter(place):
    """The address of JupyterLab."""
    if reason := browser.why_not():
        pytest.skip(reason)
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed (uv sync)")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    folders = {name: str(place / "jupyter") for name in names}
    folders["XDG_CACHE_HOME"] = str(place / "cache")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--port=0", "--IdentityProvider.token=test", "--LabApp.news_url=None"]
    command += [f"--ServerApp.root_dir={place}"]
    running = subprocess.Popen(
        command, env=os.environ | folders, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield _address(place / "jupyter")
    running.terminate()
    with suppress(subprocess.TimeoutExpired):  # it waits for its kernels
        running.wait(timeout=60)
    running.kill()


@pytest.fixture
def path(place, edited, request):
    """A new notebook, whose first cell ends with a review."""
    import nbformat  # here, as it takes seconds, which all processes would spend

    cells = [
        "import dedup\n"
        f"found = dedup.find_duplicates({str(edited)!r}, method='phash', cache=False)\n"
        "review = found.review()\n"
        "review",
        "print('ANSWERS', review.answers['label'].tolist(), review.found.threshold)",
        "whole = review.answer\n"
        "def broken(*args, **how):\n"
        "    review.answer = whole\n"
        "    raise RuntimeError('no luck')\n"
        "review.answer = broken",
        "import os; os._exit(1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    path = place / f"{request.node.name}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def lab(jupyter, path):
    """The address at which JupyterLab opens the notebook, in a workspace of its own."""
    return f"{jupyter}lab/workspaces/{path.stem}/tree/{path.name}?token=test"


def _address(folder):
    """Where the server is, once it answers."""
    for _ in range(300):
        time.sleep(0.1)
        for file in folder.glob("jpserver-*.json"):
            try:
                url = pd.read_json(file, typ="series")["url"]
                urllib.request.urlopen(f"{url}api", timeout=5).close()
            except (ValueError, urllib.error.URLError):
                continue
            return url
    raise AssertionError("JupyterLab did not start")


def run_cell(page, number):
    page.locator(".jp-Cell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def test_review_in_jupyterlab(lab):
    with browser.chromium() as chromium:
        page = chromium.new_page(viewport={"width": 1300, "height": 1000})
        page.goto(lab)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".jp-Cell").first.click()
        page.keyboard.press("Control+Enter")
        review = page.get_by_role("group", name="Review of duplicates")
        review.wait_for(timeout=60_000)
        review.focus()
        for key, count in (("d", "1 answered"), ("n", "2 answered"), ("d", "3 answered")):
            page.wait_for_selector(
                ".dedup-review:not([aria-busy=true])"
            )  # keys wait for the pictures
            page.keyboard.press(key)
            review.get_by_text(count).wait_for()
        assert page.locator(".jp-Cell").count() == 4  # "d d" would have deleted one
        assert not page.get_by_text("Run this cell again").is_visible()
        review.get_by_label("Threshold", exact=True).fill("0.9")
        review.get_by_text("score 0.9 or more").wait_for()
        page.wait_for_selector(".dedup-review[aria-busy=false]")
        slider = review.get_by_label("Threshold", exact=True)
        for key, value in (("ArrowLeft", "0.89"), ("ArrowUp", "0.9"), ("ArrowDown", "0.89")):
            slider.press(key)
            review.get_by_text(f"score {value} or more").wait_for()
            page.wait_for_selector(".dedup-review[aria-busy=false]")
        fade = review.get_by_label("Fade between A and B")
        fade.press("ArrowLeft")
        assert fade.input_value() == "0.95"
        slider.press("ArrowRight")
        page.wait_for_selector(".dedup-review[aria-busy=false]")
        run_cell(page, 1)
        page.get_by_text("ANSWERS [True, False, True] 0.9").wait_for()
        run_cell(page, 2)
        review.get_by_role("button", name="Duplicate", exact=False).first.click()
        review.get_by_text("RuntimeError: no luck").wait_for()
        review.get_by_role("button", name="Duplicate", exact=False).first.click()
        review.get_by_text("4 answered").wait_for()
        run_cell(page, 3)
        page.get_by_role("button", name="Ok").click()
        review.get_by_role("button", name="Skip").click()
        review.get_by_text("The kernel does not answer").wait_for()


def test_notebook_that_is_reopened_shows_the_groups_of_its_last_run(lab, path, place):
    import nbformat
    from nbclient import NotebookClient
    from nbformat.sign import NotebookNotary

    notebook = nbformat.read(path, as_version=4)
    del notebook.cells[1:]
    NotebookClient(notebook, store_widget_state=False).execute()  # JupyterLab stores none either
    nbformat.write(notebook, path)
    NotebookNotary(data_dir=str(place / "jupyter")).sign(notebook)  # as what one ran oneself is
    with browser.chromium() as chromium:
        page = chromium.new_page(viewport={"width": 1300, "height": 1000})
        page.goto(lab)
        page.get_by_text("Run this cell again to judge pairs.").wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.get_by_text("model not found").last.wait_for(state="attached")  # JupyterLab's words
        assert page.get_by_alt_text("chelsea.png").is_visible()
        assert not any(one.is_visible() for one in page.get_by_text("model not found").all())
