"""Measure what regions bring: recall per edit, and per photo that was pasted into something.

    python benchmarks/regions.py PHOTOS [--method sscd-fast] [--sources 12] [--seed 0]

PHOTOS is a folder of different photos. Some are copied with every edit of `data/edits.py`, and put
into photos, pages, collages and chats, at 25, 35, 45 and 60 % of the side. No picture is seen in
two groups. Printed for a run with and without regions: precision and recall over groups, the copies
that stay apart from their original by edit, those that no candidate leads to, candidates a copy,
and processor time.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from groups import held_out
from PIL import Image, ImageOps

import dedup
from dedup._base.options import DEFAULT
from dedup._search.outcome import Outcome
from dedup.data import _apps, _drawings
from dedup.data._content import Content
from dedup.data._photos import open_photo
from dedup.data.edits import JPEG
from dedup.data.labelled import make_labelled, read_labels

WIDTHS = (25, 35, 45, 60)
PLACES = ("photo", "page", "collage", "chat")
_TILES = 4


def pasted(
    photo: Image.Image, backgrounds: Iterator[Image.Image], rng: np.random.Generator
) -> Iterator[tuple[str, Image.Image]]:
    """A photo inside other pictures, with the name of each edit; takes 8 backgrounds."""
    quarters = [list(_quarters(next(backgrounds))) for _ in range(_TILES)]
    for number, width in enumerate(WIDTHS):
        hosts = {
            "photo": ImageOps.fit(next(backgrounds), photo.size),
            "page": _drawings.text_page(rng, rng),
            "collage": _collage([tiles[number] for tiles in quarters], size=photo.size),
            "chat": _apps.chat(Content(rng.integers(2**31, size=4).tolist()), rng),
        }
        for place in PLACES:
            host = hosts[place].convert("RGB")
            across, down = host.size
            part = ImageOps.contain(photo, (round(across * width / 100), round(down * width / 100)))
            left, top = (
                int(rng.integers(a - b + 1)) for a, b in zip(host.size, part.size, strict=True)
            )
            host.paste(part, (left, top))
            yield f"in-{place}-{width}", host


def _quarters(image: Image.Image) -> Iterator[Image.Image]:
    width, height = (side // 2 for side in image.size)
    for left in (0, width):
        for top in (0, height):
            yield image.crop((left, top, left + width, top + height))


def _collage(tiles: list[Image.Image], *, size: tuple[int, int]) -> Image.Image:
    """Four pictures, two by two, with a white line between."""
    page = Image.new("RGB", size, "white")
    width, height = (side // 2 for side in size)
    for number, tile in enumerate(tiles):
        place = number % 2 * width, number // 2 * height
        page.paste(ImageOps.fit(tile, (width - 4, height - 4)), place)
    return page


def build(photos: list[Path], out: Path, *, sources: int, seed: int) -> pd.DataFrame:
    """The labelled set: edits and negatives as usual, and the pasted copies."""
    kept = len(photos) - 8 * sources
    make_labelled(photos[:kept], out, sources=sources, per_family=4, seed=seed)
    labels = read_labels(out)
    supply = (open_photo(path, max_side=1024) for path in photos[kept:])
    rows = []
    for number, original in enumerate(labels[labels["edit"] == "original"].itertuples()):
        if not original.path.startswith("copies/"):
            continue
        rng = np.random.default_rng([seed, number])
        image = open_photo(out / original.path, max_side=1024)
        for edit, picture in pasted(image, supply, rng):
            path = f"{Path(original.path).parent}/{edit}.jpg"
            (out / path).write_bytes(JPEG.encode(picture))
            rows.append((path, original.group, edit, "pasted", original.source))
    return pd.concat([labels, pd.DataFrame(rows, columns=labels.columns)], ignore_index=True)


def report(found: dedup.Duplicates, labels: pd.DataFrame, folder: Path) -> dict[str, float]:
    """Print precision, recall and candidates; return the part of each edit that is found."""
    outcome = found._outcome
    group = {str(folder / row.path): row.group for row in labels.itertuples()}
    home = {path: number for number, one in enumerate(found.groups) for path in one.paths}
    true = sum(n * (n - 1) // 2 for n in labels.groupby("group").size())
    right = wrong = 0
    for one in found.groups:
        sizes = Counter(group[path] for path in one.paths)
        inside = sum(n * (n - 1) // 2 for n in sizes.values())
        right += inside
        wrong += len(one.paths) * (len(one.paths) - 1) // 2 - inside
    copies = [row for row in labels.itertuples() if row.path.startswith("copies/")]
    originals = {row.group: str(folder / row.path) for row in copies if row.edit == "original"}
    copies = [row for row in copies if row.edit != "original"]
    proposed = {picture for pair in _of_one(outcome, group) for picture in pair}
    alone = sum(outcome.pictures[str(folder / row.path)] not in proposed for row in copies)
    print(
        f"precision {right / max(right + wrong, 1):.5f}, recall {right / true:.4f}, "
        f"{len(outcome.candidates.similarity) / len(copies):.2f} candidates a copy, "
        f"{alone} of {len(copies)} copies without one"
    )
    together = {
        row.path: home.get(str(folder / row.path), -1) == home.get(originals[row.group], -2)
        for row in copies
    }
    rows = pd.DataFrame(
        [(row.edit, together[row.path]) for row in copies], columns=["edit", "found"]
    )
    return dict(rows.groupby("edit")["found"].mean())


def _of_one(outcome: Outcome, group: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The proposed pairs of one group, by their pictures."""
    of = {picture: group[records[0].path] for picture, records in outcome.files.items()}
    return (pair for pair in outcome.candidates.similarity if of[pair[0]] == of[pair[1]])


def main() -> None:
    """Build, run without and with regions, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("photos", type=Path)
    arguments.add_argument("--method", default=DEFAULT)
    arguments.add_argument("--sources", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "set")
        labels = build(held_out(chosen.photos), folder, sources=chosen.sources, seed=chosen.seed)
        print(f"{len(labels)} images, method {chosen.method}")
        table = {}
        for regions in (False, True):
            start = time.process_time()
            found = dedup.find_duplicates(
                folder, method=chosen.method, regions=regions, cache=False, progress=False
            )
            print(
                f"regions={regions}: {time.process_time() - start:.0f} s of this process; ", end=""
            )
            table[f"regions={regions}"] = report(found, labels, folder)
        print(pd.DataFrame(table).round(3).to_string())


if __name__ == "__main__":
    main()
