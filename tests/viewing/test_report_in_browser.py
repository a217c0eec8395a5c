"""The report page, driven in a real browser: it can be looked through, decided on, exported."""

import os
import re
import shutil

import browser
import pytest
import skimage.data
from PIL import Image
from report_page import PHOTOS, cards, hrefs, names, states, until

import dedup

pytestmark = pytest.mark.skipif(bool(browser.why_not()), reason=browser.why_not())
expect = pytest.importorskip("playwright.sync_api").expect

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


def test_pair_is_explained(open_page, explained):
    page = open_page(explained)
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


def test_file_itself_takes_the_place_of_its_thumbnail(open_page, explained, tmp_path):
    page = open_page(explained)
    page.get_by_role("button", name="Explain crop.jpg").click()
    images = page.locator(".explanation image")
    until(lambda: {link[-4:] for link in hrefs(images)} == {".png", ".jpg"})


def test_everything_can_be_done_with_keys(open_page, found, tmp_path):
    page = open_page(found)
    page.get_by_label("Sort by").select_option("path")
    for key in ("j", "l", "Enter"):
        page.keyboard.press(key)
    assert states(page) == ["plan decides", "plan decides", "keep"]
    page.keyboard.press("1")
    assert states(page) == ["keep", "surplus", "surplus"]
    for key in ("j", "2", "j", "n"):
        page.keyboard.press(key)
    assert states(page, 1) == ["plan decides", "keep"]
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


def test_everything_that_can_be_pressed_has_a_name(open_page, explained):
    page = open_page(explained)
    page.get_by_role("button", name="Explain crop.jpg").click()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select")]
            .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()
                || one.labels?.[0]?.textContent.trim())).length"""
    )
    assert nameless == 0
    assert cards(page).first.get_attribute("aria-labelledby")


def test_card_says_that_a_click_explains(open_page, explained):
    page = open_page(explained)
    assert page.locator(".tile").nth(0).get_by_text("explain").count() == 0
    page.locator(".tile").nth(1).get_by_text("explain").click()
    page.locator(".explanation").wait_for()
    assert page.locator(".tile").nth(1).get_by_text("close").count() == 1


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
