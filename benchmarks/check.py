"""What `check` takes beyond embedding the image, against many that are indexed.

    python benchmarks/check.py 100000  # in Milvus Lite
    python benchmarks/check.py 100000 --uri http://localhost:19530 --token root:Milvus

The index holds vectors of chance, one of each picture, one of it at 96 pixels, and of 7 % one of a
panel; and a few photos. It is asked about a photo that it does not know, and about smaller copies
of those that it knows, which it verifies: one by one, and by sixteen threads at once.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

import dedup
from dedup._catalogue.record import Record
from dedup._search.settings import Settings

NAMES = ("astronaut", "coffee", "chelsea", "rocket")
SPARE = "retina"
BLOCK = 2_048
THREADS = 16


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=int)
    parser.add_argument("--uri")
    parser.add_argument("--token", default="")
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dedup-check-") as folder:
        uri = given.uri or f"{folder}/index.db"
        with dedup.ImageIndex(
            uri, method="sscd-fast", token=given.token, collection="checked", progress=False
        ) as index:
            fill(index, given.images, Path(folder))
            measure(index, given.times)


def photo(name: str) -> Image.Image:
    """A photo of scikit-image's, 500 pixels wide."""
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return image.resize((500, round(500 * image.height / image.width)))


def fill(index: dedup.ImageIndex, images: int, folder: Path) -> None:
    """Index the photos, and so many vectors of chance."""
    for name in NAMES:
        photo(name).save(folder / f"{name}.png")
    index.add([folder / f"{name}.png" for name in NAMES])
    catalogue = index._catalogue
    random = np.random.default_rng(0)
    for start in range(0, images, BLOCK):
        count = min(BLOCK, images - start)
        rows = [
            Record(f"/none/{n}.jpg", 1, 1, f"{n:032x}", "JPEG", 500, 400, bytes(64)).row()
            for n in range(start, start + count)
        ]
        vectors = []
        for part in (1.0, 1.0, 0.07):
            these = random.standard_normal((count, catalogue.model.dimension), np.float32)
            these /= np.linalg.norm(these, axis=1, keepdims=True)
            vectors.append(these * (random.random((count, 1)) < part))
        catalogue.write(rows, vectors[: 1 + len(catalogue.views)])
    catalogue.flush()
    catalogue.forget()


def measure(index: dedup.ImageIndex, times: int) -> None:
    """Ask one by one, and by threads."""
    checker, rows = index._opened.checker, len(index)
    settings = Settings(method=index._model)
    floor = settings.floor(images=rows)
    new = np.asarray(photo(SPARE))
    known = [np.asarray(photo(name).resize((300, 200))) for name in NAMES]
    print(f"{rows:,} rows, least cosine {floor}")
    for title, images in (("a new one", [new]), ("a copy", known)):
        wall, used = [], []
        for number in range(times + 2):
            asked = checker.read(images[number % len(images)])
            begun, before = time.perf_counter(), time.process_time()
            found = checker.check(asked, settings=settings, floor=floor)
            wall.append(time.perf_counter() - begun)
            used.append(time.process_time() - before)
            assert found.relation == ("new" if images[0] is new else "near"), found
        report(title, wall[2:], used[2:])  # the first ones load the index, and start processes

    def ask(number: int) -> float:
        asked = time.perf_counter()
        assert index.check(known[number % len(known)]).relation == "near"
        return time.perf_counter() - asked

    begun, before = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(THREADS) as threads:
        wall = list(threads.map(ask, range(THREADS * 4)))
    took, busy = time.perf_counter() - begun, time.process_time() - before
    print(f"{THREADS} threads, with embedding: {len(wall) / took:.0f} a second, "
          f"{1_000 * busy / len(wall):.1f} ms of the processor each")  # fmt: skip


def report(title: str, wall: list[float], used: list[float]) -> None:
    """Print the middle one, and the slowest."""
    print(
        f"{title}: {1_000 * np.median(wall):.1f} ms (the slowest {1_000 * max(wall):.1f}), "
        f"of the processor {1_000 * np.median(used):.1f} ms"
    )


if __name__ == "__main__":
    main()
