"""What is on a report page, as Playwright finds it."""

import time

# Of scikit-image, which pages are made of here.
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")


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
