"""Headless Chromium of this machine, driven by Playwright."""

import importlib.util
import shutil
from contextlib import contextmanager

# Tests are run as root in a container, and reach no network.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def why_not():
    """Why no browser can be driven here; "" if one can."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed (uv sync)"
    return "" if _path() else "there is no Chromium (apt-get install chromium)"


@contextmanager
def chromium():
    """A browser. Not to be kept open while other tests run: an event loop runs as long."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_path(), args=_ARGUMENTS)
        yield browser
        browser.close()


def _path():
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)
