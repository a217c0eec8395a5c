"""What is waited for before the work, and where there is next to none.

    python benchmarks/start.py PHOTOS [--images 890] [--times 5]

Each row is a fresh process, in turns with one that only imports what it can't do without; median
seconds of wall clock, and of processor time. The second run is on a folder of copies of the photos,
three quarters of them edited copies, that did not change since the first. The icons are 24 drawings
on one ground, each in three sizes from 16 to 48 pixels, without a cache.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from PIL import Image, ImageDraw

_STORE = "import pymilvus, milvus_lite.db, milvus_lite.adapter.grpc.servicer"
_DEDUP = "from dedup.__main__ import main; main()"


def make_copies(photos: list[Path], folder: Path, *, images: int) -> None:
    """Photos, and three copies of each: smaller, recompressed, cropped."""
    for number in range(images):
        photo, copy = divmod(number, 4)
        with Image.open(photos[photo % len(photos)]) as image:
            picture = image.convert("RGB")
        width, height = picture.size
        if copy == 1:
            picture = picture.resize((width * 2 // 3, height * 2 // 3))
        elif copy == 3:
            picture = picture.crop((width // 20, height // 20, width, height))
        picture.save(folder / f"{photo}-{copy}.jpg", quality=(92, 85, 50, 80)[copy])


def make_icons(folder: Path) -> None:
    """Drawings of three shapes on one ground, in three sizes."""
    for number in range(24):
        rng = random.Random(number)
        icon = Image.new("RGB", (192, 192), (245, 245, 245))
        draw = ImageDraw.Draw(icon)
        draw.rounded_rectangle((6, 6, 186, 186), radius=40, fill=(30, 90, 40 * (number % 6)))
        for _ in range(3):
            left, top = rng.randrange(20, 90), rng.randrange(20, 90)
            box = (left, top, left + rng.randrange(40, 80), top + rng.randrange(40, 80))
            rng.choice([draw.ellipse, draw.rectangle])(box, fill="white")
        for size in (16, 32, 48):
            small = icon.resize((size, size), Image.Resampling.LANCZOS)
            small.save(folder / f"{number}-{size}.png")


def took(code: str, *arguments: str, cache: Path) -> tuple[float, float]:
    """Wall clock and processor time of a fresh process."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        check=False,  # exit code 1: there are duplicates
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def row(name: str, ours: list[str], floor: str, *, times: int, cache: Path) -> None:
    """Print one row: both take turns."""
    seen = [(took(*ours, cache=cache), took(floor, cache=cache)) for _ in range(times)]
    (wall, spent), (least, least_spent) = (
        (median(clock) for clock in zip(*side, strict=True)) for side in zip(*seen, strict=True)
    )
    print(f"{name:34} {wall:7.2f} {spent:7.2f} {least:9.2f} {least_spent:7.2f}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--images", type=int, default=890)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    photos = sorted(p for p in asked.photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    if not photos:
        parser.error(f"no photos in {asked.photos}")
    print(f"{'':34} {'seconds':>7} {'cpu':>7} {'libraries':>9} {'cpu':>7}")
    with tempfile.TemporaryDirectory() as work:
        folder, icons, cache = (Path(work, name) for name in ("photos", "icons", "cache"))
        for made in (folder, icons, cache):
            made.mkdir()
        make_copies(photos, folder, images=asked.images)
        make_icons(icons)
        find = [_DEDUP, "find", str(folder)]
        took(*find, cache=cache)
        for name, ours, floor in (
            ("dedup --help", [_DEDUP, "--help"], "import click"),
            ("import dedup, its first error", ["import dedup; dedup.InputError"], ""),
            ("dedup.find_duplicates", ["import dedup; dedup.find_duplicates"], _STORE),
            (f"second run, {asked.images:,} images", find, _STORE),
            ("72 icons", [_DEDUP, "find", str(icons), "--no-cache"], _STORE),
        ):
            row(name, ours, floor, times=asked.times, cache=cache)


if __name__ == "__main__":
    main()
