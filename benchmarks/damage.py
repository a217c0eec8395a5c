"""What is noticed of damage: files of every format are cut and overwritten at random places.

    python benchmarks/damage.py [--tries 40] [--seed 1]

A damaged file is *noticed* if it is left out with a reason, *harmless* if the picture is the
same as without the damage, and *silent* if it is read as another picture. The table, in which each
cell holds these three counts, is that of `docs/formats.md`.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import decode

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import format_files

_SECTOR = 512
# One of each coding; colours and metadata change nothing.
_KINDS = (
    *("baseline.jpg", "progressive.jpg", "cmyk.jpg", "stereo.mpo", "rgb.png", "interlaced.png"),
    *("animated.png", "still.gif", "animated.gif", "lossy.webp", "alpha.webp", "lossy.avif"),
    *("lossy.heic", "lossy.jxl", "alpha.jxl", "plain.jp2", "plain.tif", "lzw.tif", "jpeg.tif"),
    *("tiles.tif", "plain.bmp", "sizes.ico", "plain.ppm", "merged.psd", "plain.pcx", "plain.tga"),
    *("plain.qoi", "plain.sgi", "plain.dds", "preview.dng", "sensor.dng"),
)
_Damage = Callable[[bytes, np.random.Generator], bytes]


def cut(data: bytes, random: np.random.Generator) -> bytes:
    """A copy that broke off."""
    return data[: random.integers(16, len(data) - 1)]


def zeros(data: bytes, random: np.random.Generator) -> bytes:
    """A download that reserved its length, and ended early."""
    place = random.integers(16, len(data) - 16)
    return data[:place] + bytes(len(data) - place)


def overwritten(data: bytes, random: np.random.Generator) -> bytes:
    """Foreign bytes somewhere in the last nine tenths, where the picture is."""
    place = random.integers(len(data) // 10, len(data) - 16)
    foreign = random.bytes(min(_SECTOR, len(data) // 20))
    return (data[:place] + foreign + data[place + len(foreign) :])[: len(data)]


def outcome(damaged: bytes, sound: np.ndarray) -> str:
    """What became of a damaged file."""
    try:
        seen = decode(damaged).image
    except DecodeError:
        return "noticed"
    return "harmless" if np.array_equal(seen, sound) else "silent"


def row(kind: format_files.Kind, tries: int, seed: int) -> str:
    """A line of the table."""
    photos = [
        Image.fromarray(getattr(skimage.data, name)()).resize((240, 160))
        for name in ("coffee", "rocket")
    ]
    data = kind.build(*photos)
    sound = decode(data).image
    cells = []
    for damage in (cut, zeros, overwritten):
        random = np.random.default_rng([seed, len(data)])
        seen = Counter(outcome(damage(data, random), sound) for _ in range(tries))
        cells.append(" / ".join(f"{seen[name]}" for name in ("noticed", "harmless", "silent")))
    what = kind.what.split(",")[0]
    return f"| {kind.format} | {what} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print("| Format | Kind | Cut | Zeros to the end | Overwritten |\n|---|---|---|---|---|")
    for kind in format_files.READ:
        if kind.name in _KINDS:
            print(row(kind, chosen.tries, chosen.seed), flush=True)


if __name__ == "__main__":
    main()
