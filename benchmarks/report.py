"""Measure the report page: its size, and how fast a browser opens, sorts and scrolls it.

    python benchmarks/report.py [GROUPS]

Makes 2,100 pictures that all differ, each with a smaller copy, finds them with hashes, and opens
the page in headless Chromium, from the disk, with an empty profile. Needs Chromium and Playwright.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

import dedup

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")
SIDE = 320

# From the beginning of the navigation until the first pictures were painted.
OPENED = """async () => {
    while (!document.querySelector(".tile img")) await new Promise(requestAnimationFrame);
    await Promise.all([...document.images].map((image) => image.decode()));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now();
}"""

# Milliseconds between frames while the page is scrolled by 300 pixels a frame.
SCROLLED = """async () => {
    const times = [];
    for (let frame = 0; frame < 300; frame += 1) {
        times.push(await new Promise(requestAnimationFrame));
        scrollBy(0, 300);
    }
    return times.slice(1).map((time, place) => time - times[place]);
}"""

# Until the last group is drawn after a jump to the end.
JUMPED = """async () => {
    const begin = performance.now();
    scrollTo(0, document.documentElement.scrollHeight);
    const last = document.querySelector("article:last-of-type");
    while (!last.childElementCount) await new Promise(requestAnimationFrame);
    return performance.now() - begin;
}"""

SORTED = """async () => {
    const begin = performance.now();
    document.getElementById("order").value = "certainty";
    document.getElementById("order").dispatchEvent(new Event("change"));
    await new Promise(requestAnimationFrame);
    return performance.now() - begin;
}"""


def make_pictures(folder: Path, *, count: int) -> None:
    """Parts of photos under random shading, each with a copy of half the size."""
    random = np.random.default_rng(0)
    photos = [Image.fromarray(getattr(skimage.data, name)()).convert("RGB") for name in PHOTOS]
    for number in range(count):
        photo = photos[number % len(photos)].resize((2 * SIDE, 2 * SIDE))
        left, top = random.integers(0, SIDE, 2).tolist()
        part = photo.crop((left, top, left + SIDE, top + SIDE))
        shades = Image.fromarray(random.integers(0, 256, (5, 5, 3), np.uint8))
        picture = Image.blend(part, shades.resize((SIDE, SIDE), Image.Resampling.BICUBIC), 0.55)
        picture.save(folder / f"picture-{number:05}.jpg", quality=85)
        picture.resize((SIDE // 2, SIDE // 2)).save(folder / f"picture-{number:05} small.jpg")


def main(count: int = 2100) -> None:
    """Print sizes and times."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        folder, file = Path(work, "photos"), Path(work, "page.html")
        folder.mkdir()
        make_pictures(folder, count=count)
        found = dedup.find_duplicates(folder, method="phash", cache=False)
        files = sum(map(len, found.groups))
        begin = time.perf_counter()
        found.report(file)
        seconds = time.perf_counter() - begin
        size = file.stat().st_size
        print(f"{len(found)} groups, {files} files: written in {seconds:.1f} s")
        print(f"{size / 1e6:.1f} MB, {size / files / 1e3:.1f} kB a file")
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        opened = []
        for _ in range(5):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.goto(file.as_uri())
            opened.append(page.evaluate(OPENED) / 1000)
        print(f"opened in {np.median(opened):.2f} s, median of 5; at worst {max(opened):.2f} s")
        frames = np.array(page.evaluate(SCROLLED))
        print(
            f"scrolled by 300 pixels a frame: median {np.median(frames):.0f} ms, 99 of 100 within "
            f"{np.percentile(frames, 99):.0f} ms, at worst {frames.max():.0f} ms"
        )
        print(f"pictures in the document by then: {page.evaluate('document.images.length')}")
        print(f"jump to the end: drawn after {page.evaluate(JUMPED):.0f} ms")
        print(f"sorted in {page.evaluate(SORTED):.0f} ms")
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
