"""What the tests of pages and reviews share: photos with copies, and a browser."""

import browser
import pytest
import skimage.data
from PIL import Image
from report_page import PHOTOS

import dedup
from dedup.data.edits import apply_edit


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Six photos, each with a copy that was heavily edited."""
    folder = tmp_path_factory.mktemp("edited")
    for number, name in enumerate(PHOTOS):
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((400, 300))
        photo.save(folder / f"{name}.png")
        heavy = apply_edit(photo, edit="text-over-14", seed=number)
        apply_edit(heavy, edit="noise-25", seed=number).save(folder / f"{name} edited.jpg")
    return folder


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """One group whose pair is explained: a crop, and what it was cut out of."""
    folder = tmp_path_factory.mktemp("edited")
    cat = Image.fromarray(skimage.data.chelsea())
    cat.save(folder / "cat.png")
    cat.crop((50, 40, 350, 240)).save(folder / "crop.jpg")
    return dedup.find_duplicates(folder, cache=False)


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as running:
        yield running


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens the report of a result from the disk, offline, in a browser that knows nothing yet."""
    contexts = []
    problems = []

    def open_page(found, **options):
        path = tmp_path / "page.html"
        if not path.exists():
            found.report(path)
        context = chromium.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: said.type == "error" and problems.append(said.text))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
