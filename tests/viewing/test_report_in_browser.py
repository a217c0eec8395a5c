"""The report page, driven in a real browser: it can be looked through, decided on, exported."""

import os
import re
import shutil
import time

import browser
import pytest
import skimage.data
from PIL import Image

import dedup
from dedup.data.edits import apply_edit

pytestmark = pytest.mark.skipif(bool(browser.why_not()), reason=browser.why_not())
expect = pytest.importorskip("playwright.sync_api").expect

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")
PARTS = 10


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Sixty groups: parts of photos, each with a smaller copy and some with an exact one."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    folder.mkdir()
    for name in PHOTOS:
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((1000, 800))
        for part in range(PARTS):
            left, top = part % 5 * 200, part // 5 * 400
            piece = photo.crop((left, top, left + 200, top + 400))
            path = folder / f"{name}-{part}.png"
            piece.save(path)
            piece.resize((100, 200)).save(folder / f"{name}-{part} small.jpg")
            if part == 0:
                shutil.copy(path, folder / f"{name}-{part} copy.png")
    odd = os.path.join(os.fsencode(folder), b"caf\xe9 <img src=x onerror=alert(1)>.png")
    shutil.copy(folder / "coffee-1.png", odd)
    return dedup.find_duplicates(folder, method="phash", verify=False, cache=False)


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
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


def cards(page):
    return page.get_by_role("article")


def names(page):
    """The files that are drawn now, in order."""
    return page.locator(".tile .name").all_inner_texts()


def hrefs(images):
    return [images.nth(place).get_attribute("href") for place in range(images.count())]


def until(condition):
    """Wait for a condition; the page allows no script of Playwright's to do so."""
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def states(page, card=0):
    return cards(page).nth(card).locator(".badge").all_inner_texts()


def test_groups_are_listed_and_only_those_near_the_window_are_drawn(open_page, found):
    page = open_page(found)
    assert cards(page).count() == len(found.groups) > 50
    page.locator(".tile img").first.wait_for()
    assert 0 < page.locator(".tile img").count() < 100
    assert f"{len(found.groups)} groups" in page.get_by_role("status").inner_text()
    page.keyboard.press("End")
    last = cards(page).last.locator(".tile")
    last.first.wait_for()
    assert last.count() >= 2
    until(lambda: cards(page).first.locator(".tile").count() == 0)


def test_filter_by_text_in_the_path(open_page, found):
    page = open_page(found)
    page.keyboard.press("/")
    page.keyboard.type("ROCKET small")
    few = [group for group in found.groups if "rocket" in group.keep]
    until(lambda: cards(page).count() == len(few))
    assert all(name.startswith("rocket") for name in names(page))
    page.get_by_label("Text in the path").fill("nothing like this")
    page.get_by_text("No group is like this.").wait_for()


def test_filter_by_relation_and_sort(open_page, found):
    page = open_page(found)
    page.get_by_label("Show").select_option("with exact copies")
    assert cards(page).count() == 7
    page.get_by_label("Show").select_option("all groups")
    page.get_by_label("Sort by").select_option("path")
    assert names(page)[0].startswith("astronaut-0")
    page.get_by_label("Sort by").select_option("most files")
    assert len(states(page)) == 3
    page.get_by_label("Sort by").select_option("least certain first")
    cards(page).first.locator(".tile").first.wait_for()
    assert f"{found.pairs['bits'].max():g} bits differ" in cards(page).first.inner_text()


def test_pair_is_explained(open_page, edited):
    page = open_page(edited)
    page.get_by_role("button", name="Explain crop.jpg").click()
    explanation = page.locator(".explanation")
    (share,) = re.findall(r"From A to B: cropped to (\d+) %", explanation.inner_text())
    assert abs(int(share) - 44.3) < 1
    assert explanation.get_by_role("img").count() == 3
    assert page.locator(".pair-common").count() == 2
    left, top, right, bottom = page.evaluate(
        """() => {
            const frame = document.querySelector(".pair-common").getBBox();
            return [frame.x, frame.y, frame.x + frame.width, frame.y + frame.height];
        }"""
    )
    assert (left, top, right, bottom) == pytest.approx((50, 40, 350, 240), abs=3)


def test_file_itself_takes_the_place_of_its_thumbnail(open_page, edited, tmp_path):
    page = open_page(edited)
    page.get_by_role("button", name="Explain crop.jpg").click()
    images = page.locator(".explanation image")
    until(lambda: {link[-4:] for link in hrefs(images)} == {".png", ".jpg"})


def test_everything_can_be_done_with_keys(open_page, found, tmp_path):
    page = open_page(found)
    page.get_by_label("Sort by").select_option("path")
    for key in ("j", "l", "Enter"):
        page.keyboard.press(key)
    assert states(page) == ["surplus", "surplus", "keep"]
    page.keyboard.press("1")
    assert states(page) == ["keep", "surplus", "surplus"]
    for key in ("j", "2", "j", "n"):
        page.keyboard.press(key)
    assert states(page, 1) == ["surplus", "keep"]
    assert states(page, 2) == ["keep", "not a duplicate"]
    focus = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focus == "solid"
    with page.expect_download() as download:
        page.keyboard.press("x")
    download.value.save_as(tmp_path / "choices.json")
    for key in ("u", "k", "u"):
        page.keyboard.press(key)
    assert "no choices yet" in page.get_by_role("status").inner_text()

    chosen = found.with_choices(tmp_path / "choices.json")
    assert chosen.unapplied.empty
    second, third = found.groups[1], found.groups[2]
    assert second.paths[1] in [group.keep for group in chosen.groups]
    assert third.keep not in [path for group in chosen.groups for path in group.paths]


def test_choices_survive_a_reload(open_page, found):
    page = open_page(found)
    page.get_by_role("button", name="Keep astronaut-0 copy.png").click()
    before = page.get_by_role("status").inner_text()
    page.reload()
    assert page.get_by_role("status").inner_text() == before
    assert "1 choice of yours" in before
    page.get_by_label("Show").select_option("with choices of mine")
    assert cards(page).count() == 1
    page.get_by_role("button", name="Undo choices").click()
    assert "no choices yet" in page.get_by_role("status").inner_text()


def test_names_are_shown_for_what_they_are(open_page, found):
    page = open_page(found)
    page.get_by_label("Text in the path").fill("onerror")
    until(lambda: cards(page).count() == 1)
    assert "caf\\xe9 <img src=x onerror=alert(1)>.png" in names(page)
    assert page.locator(".tile img[src='x']").count() == 0


def test_odd_names_come_back_from_the_choices(open_page, found, tmp_path):
    page = open_page(found)
    page.get_by_label("Text in the path").fill("onerror")
    until(lambda: cards(page).count() == 1)
    page.get_by_role("button", name="Keep caf").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export choices").click()
    download.value.save_as(tmp_path / "choices.json")
    chosen = found.with_choices(tmp_path / "choices.json")
    assert any(os.fsencode(group.keep).endswith(b"alert(1)>.png") for group in chosen.groups)
    assert chosen.unapplied.empty


def test_dark_and_light(open_page, found):
    page = open_page(found, color_scheme="dark")

    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = ground()
    page.get_by_role("button", name="Dark or light").click()
    light = ground()
    assert dark != light
    page.reload()
    assert ground() == light
    page.keyboard.press("t")
    assert ground() == dark


def test_it_fits_a_narrow_window(open_page, found):
    page = open_page(found, viewport={"width": 400, "height": 800})
    page.locator(".tile img").first.wait_for()
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.locator(".explanation").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_help_names_the_keys(open_page, found):
    page = open_page(found)
    page.keyboard.press("?")
    assert "next and previous group" in page.get_by_role("dialog").inner_text()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


def test_all_groups_are_printed(open_page, found):
    page = open_page(found)
    page.evaluate(
        "addEventListener('beforeprint', () => { window.drawn = document.images.length })"
    )
    page.pdf()
    assert page.evaluate("window.drawn") == sum(len(group) for group in found.groups)
    until(lambda: page.evaluate("document.images.length") < 100)


def test_everything_that_can_be_pressed_has_a_name(open_page, edited):
    page = open_page(edited)
    page.get_by_role("button", name="Explain crop.jpg").click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select")]
            .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()
                || one.labels?.[0]?.textContent.trim())).length"""
    )
    assert nameless == 0
    assert cards(page).first.get_attribute("aria-labelledby")


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


def test_nothing_is_said_of_files_left_out_where_there_are_none(open_page, edited):
    page = open_page(edited)
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


def test_card_says_that_a_click_explains(open_page, edited):
    page = open_page(edited)
    assert page.locator(".tile").nth(0).get_by_text("explain").count() == 0
    page.locator(".tile").nth(1).get_by_text("explain").click()
    page.locator(".explanation").wait_for()
    assert page.locator(".tile").nth(1).get_by_text("close").count() == 1


def test_file_that_stays_is_not_called_surplus(open_page, partial):
    (group,) = partial.groups
    said = ["stays" if path in group.retain else "surplus" for path in group.paths[1:]]
    assert set(said) == {"stays", "surplus"}
    assert states(open_page(partial)) == ["keep", *said]


@pytest.mark.parametrize("width", [390, 700, 1300])
def test_heading_of_the_group_that_keys_lead_to_is_clear_of_the_bar(open_page, found, width):
    page = open_page(found, viewport={"width": width, "height": 500})
    for key in ("j", "j", "je", "j", "k", "k", "kj"):
        for one in key:
            page.keyboard.press(one)
        if key.endswith("e"):
            continue  # leads to the explanation
        below = page.evaluate(
            """() => {
                const bar = document.querySelector("header").getBoundingClientRect();
                const heading = document.activeElement.closest(".card").querySelector("h2");
                return heading.getBoundingClientRect().top - Math.max(0, bar.bottom);
            }"""
        )
        assert 0 <= below < 500, key
