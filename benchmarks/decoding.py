"""How fast large JPEGs are decoded, beside libjpeg-turbo's scaled decoding alone.

    python benchmarks/decoding.py PHOTOS [--megapixels 12 24 48] [--images 24]

The photos are laid beside each other to pictures of so many megapixels, 4:2:0, quality 90. Each is
read from memory on one core, once by `decode` with the short side that the default method asks
for, and once by simplejpeg at the same scale, which does nothing else: the two take turns. Images
a second, by processor time; `part` is how much of the decoder's own speed is left.
"""

import argparse
import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import simplejpeg
from PIL import Image

from dedup._base.options import DEFAULT
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import model


def large(paths: list[Path], *, megapixels: float) -> bytes:
    """Photos laid beside each other, 4:3, as a JPEG."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = round(width * 3 / 4)
    picture = Image.new("RGB", (width, height))
    across = 3
    for place in range(across**2):
        with Image.open(paths[place % len(paths)]) as photo:
            tile = photo.convert("RGB").resize((width // across + 1, height // across + 1))
        row, column = divmod(place, across)
        picture.paste(tile, (column * width // across, row * height // across))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[12, 24, 48])
    parser.add_argument("--images", type=int, default=24)
    asked = parser.parse_args()
    known = (".jpg", ".jpeg", ".png", ".webp")
    paths = [path for path in sorted(asked.photos.rglob("*")) if path.suffix.lower() in known]
    if not paths:
        parser.error(f"no photos in {asked.photos}")
    side = model(DEFAULT).short_side
    print(f"{'megapixels':>10} {'decode, images/s':>17} {'libjpeg-turbo':>14} {'part':>6}")
    for megapixels in asked.megapixels:
        ours = alone = 0.0
        for number in range(asked.images):
            data = large(paths[9 * number % len(paths) :] + paths, megapixels=megapixels)
            whole = partial(decode, data, short_side=side)
            height, width = whole().image.shape[:2]  # warms up, too
            scaled = partial(simplejpeg.decode_jpeg, data, min_height=height, min_width=width)
            ours += seconds(whole)
            alone += seconds(scaled)
        rate, most = asked.images / ours, asked.images / alone
        print(f"{megapixels:10g} {rate:17.1f} {most:14.1f} {alone / ours:6.2f}", flush=True)


if __name__ == "__main__":
    main()
