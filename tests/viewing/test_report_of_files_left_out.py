"""The report page says which files were left out and which stay, and why, and gives their paths."""

import os
import shutil
from pathlib import Path

import browser
import pytest
import skimage.data
from PIL import Image
from report_page import PHOTOS, states

import dedup
from dedup.data.edits import apply_edit

pytestmark = pytest.mark.skipif(bool(browser.why_not()), reason=browser.why_not())
expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """One group, files that are no images, and pictures that show nothing."""
    folder = tmp_path_factory.mktemp("partial") / "photos"
    folder.mkdir()
    cat = Image.fromarray(skimage.data.chelsea())
    cat.save(folder / "cat.png")
    shutil.copy(folder / "cat.png", folder / "copy.png")
    apply_edit(cat, edit="sticker-12", seed=1).save(folder / "sticker.jpg")
    shutil.copy(folder / "sticker.jpg", folder / "sticker copy.jpg")
    for grey in (200, 201):
        Image.new("RGB", (300, 200), (grey, grey, 210)).save(folder / f"blank {grey}.png")
    for name in (b"broken.png", b"<img src=x onerror=alert(1)>\n.png"):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"nothing")
    return dedup.find_duplicates(folder, cache=False)


def test_header_leads_to_what_was_skipped_and_why(open_page, partial):
    page = open_page(partial)
    page.get_by_role("link", name="2 files skipped: why").click()
    rows = page.locator("#skipped tbody tr").all_inner_texts()
    assert len(rows) == 2
    assert all(f"\t{why}" in row for row, why in zip(rows, partial.skipped["reason"], strict=True))
    assert "<img src=x onerror=alert(1)>\\n.png" in rows[0]
    page.get_by_role("link", name="2 pictures uncertain: why").click()
    page.get_by_text("blank 200.png").wait_for()
    assert "resembles 1 other" in page.locator("#uncertain").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_what_was_skipped_is_reached_below_groups_that_grow_as_they_are_drawn(
    open_page, tmp_path, width
):
    for name in PHOTOS:
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((60, 40))
        for copy in range(12):
            photo.save(tmp_path / f"{copy} of {'a name of many words ' * 6}{name}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = dedup.find_duplicates(tmp_path, method="phash", verify=False, cache=False)
    page = open_page(found)
    page.set_viewport_size({"width": width, "height": 800})
    page.get_by_role("link", name="1 file skipped: why").click()
    page.wait_for_timeout(1000)  # until all that is near has been drawn
    expect(page.get_by_role("cell", name="broken.png")).to_be_in_viewport()


def test_nothing_is_said_of_files_left_out_where_there_are_none(open_page, explained):
    page = open_page(explained)
    assert page.get_by_role("link").count() == 0
    assert not page.locator("#skipped").is_visible()


@pytest.mark.parametrize("clipboard", [True, False])
def test_full_path_is_copied_with_or_without_a_clipboard_interface(open_page, partial, clipboard):
    page = open_page(partial, permissions=["clipboard-read"])
    if not clipboard:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.get_by_role("button", name="Copy path of copy.png").click()
    page.get_by_text("Copied", exact=True).wait_for()
    page.get_by_label("Text in the path").press("Control+v")
    (path,) = (path for path in partial.groups[0].paths if path.endswith("copy.png"))
    assert page.get_by_label("Text in the path").input_value() == path


def test_path_is_copied_with_a_key(open_page, partial):
    page = open_page(partial)
    for key in ("j", "c"):
        page.keyboard.press(key)
    page.get_by_text("Copied", exact=True).wait_for()


def test_file_that_stays_is_not_called_surplus(open_page, partial):
    (group,) = partial.groups
    said = ["stays" if path in group.retain else "surplus" for path in group.paths[1:]]
    assert set(said) == {"stays", "surplus"}
    assert states(open_page(partial)) == ["keep", *said]


def test_page_calls_no_file_surplus_that_the_plan_leaves(open_page, partial, tmp_path):
    (group,) = partial.groups
    for chosen in group.paths[1:]:
        page = open_page(partial)
        page.get_by_role("button", name=f"Keep {Path(chosen).name}", exact=True).click()
        says = dict(zip(group.paths, states(page), strict=True))
        with page.expect_download() as download:
            page.get_by_role("button", name="Export choices").click()
        download.value.save_as(tmp_path / "choices.json")
        plan = partial.with_choices(tmp_path / "choices.json").plan()
        assert says[chosen] == "keep"
        for path, action in zip(plan.table["path"], plan.table["action"], strict=True):
            assert says[path] in ("plan decides", "surplus" if action != "leave" else "stays")
    assert "dedup plan will say what goes" in page.get_by_role("status").inner_text()
