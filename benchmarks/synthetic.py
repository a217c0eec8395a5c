"""Pictures for the benchmarks of growth and memory, made as fast as they can be written.

Each is a random field of colours under a finer one, with shapes on it, as a JPEG of 96 to 200
pixels: hashes see them differ as photos do, networks less. Some are smaller, recompressed copies of
the one before.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["make_copies", "make_pictures", "picture"]

_FOLDER_FILES = 1_000


def picture(number: int) -> Image.Image:
    """A picture that differs from those of all other numbers."""
    random = np.random.default_rng([7, number])
    width, height = random.integers(96, 201, 2).tolist()
    coarse, fine = (
        Image.fromarray(random.integers(0, 256, (side, side, 3), np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        for side in (6, 24)
    )
    image = Image.blend(coarse, fine, 0.35)
    for _ in range(random.integers(6, 16)):
        _draw(image, random)
    return image


def _draw(image: Image.Image, random: np.random.Generator) -> None:
    """A polygon, an ellipse or a line, somewhere, of some colour."""
    draw = ImageDraw.Draw(image)
    colour = tuple(random.integers(0, 256, 3).tolist())
    points = (random.random((random.integers(3, 7), 2)) * image.size).astype(int)
    kind = random.integers(3)
    if kind == 0:
        draw.polygon(points.ravel().tolist(), fill=colour)
    elif kind == 1:
        draw.ellipse(np.sort(points[:2], axis=0).ravel().tolist(), fill=colour)
    else:
        draw.line(points.ravel().tolist(), fill=colour, width=int(random.integers(1, 8)))


def make_pictures(folder: Path, *, count: int, copies: float = 0.05) -> int:
    """Write `count` pictures, of which a part are copies; returns how many copies there are.

    Of two numbers the larger folder holds all that the smaller one does.
    """
    every = round(1 / copies) if copies else count + 1

    def write(number: int) -> None:
        target = folder / f"{number // _FOLDER_FILES:04}" / f"{number:07}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_copy(number, every):
            image = picture(number - 1)
            image = image.resize((image.width * 4 // 5, image.height * 4 // 5))
            image.save(target, quality=70)
        else:
            picture(number).save(target, quality=90)

    with ThreadPoolExecutor(2) as threads:
        for _ in threads.map(write, range(count)):
            pass
    return sum(_is_copy(number, every) for number in range(count))


def _is_copy(number: int, every: int) -> bool:
    return number % every == every - 1


def make_copies(folder: Path, *, count: int) -> None:
    """Write `count` files of one picture, no two alike to the byte or the pixel."""
    folder.mkdir(parents=True, exist_ok=True)
    source = picture(0).resize((192, 160))
    for number, (side, quality) in zip(range(count), _edits(), strict=False):
        image = source.resize((side, side * 160 // 192), Image.Resampling.BICUBIC)
        image.save(folder / f"copy-{number:06}.jpg", quality=quality)


def _edits() -> Iterator[tuple[int, int]]:
    for side in range(192, 95, -1):
        for quality in range(95, 0, -1):
            yield side, quality
