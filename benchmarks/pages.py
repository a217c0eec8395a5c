"""Measure how verification grows where every image proposes every other: pages of text.

    python benchmarks/pages.py [FEW] [MANY]

50 and 1,000 different pages of one layout: about a thousand candidate pairs, and half a million.
Prints the ratio of the times, which should stay near the ratio of the numbers of pages. What
earlier runs saw is put aside, as Linux has it (XDG_CACHE_HOME).
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import dedup
from dedup.data.negatives import make_negatives


def seconds(pages: int, *, seed: int) -> tuple[float, float, int]:
    """Seconds to embed some pages, and to find that they are all different; groups found."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "pages")
        folder.mkdir()
        for number, page in enumerate(make_negatives("text-pages", count=pages, seed=seed)):
            page.save(folder / f"{number:05}.png")
        with dedup.ImageIndex(Path(work, "index.db")) as index:
            start = time.perf_counter()
            index.add(folder)
            middle = time.perf_counter()
            found = index.duplicates()
            end = time.perf_counter()
    return middle - start, end - middle, len(found)


def main(few: int = 50, many: int = 1000) -> None:
    """Print both and their ratio."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        seconds(few, seed=0)  # the first run compiles the model
        rows = [(pages, *seconds(pages, seed=pages)) for pages in (few, many)]
    for pages, embedding, rest, groups in rows:
        print(
            f"{pages:5} pages: embedding {embedding:.2f} s, the rest {rest:.2f} s, {groups} groups"
        )
    print(
        f"{many / few:.0f} times the pages: {rows[1][2] / rows[0][2]:.1f} times the time after it"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
