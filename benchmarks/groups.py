"""Measure `find_duplicates` as users call it: precision and recall over groups, and time.

    python benchmarks/groups.py PHOTOS [--method sscd-fast] [--sources 40] [--negatives 10]
        [--pages 4]

PHOTOS is a folder of at least 300 different photos. Only those are used on which nothing was
fitted (`verification.py` says which). 40 of them are copied with every edit, 60 are put into
hard negatives of one kind each, and 40 drawings or pages of each kind are added; with `--pages`
also so many pages of each reported family of lookalikes, and seven copies of each. A pair counts
if both images are in one group. The last table says what each threshold would find, and how many
wrong pairs, among photos and drawings, and among lookalikes.
"""

import argparse
import tempfile
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

import dedup
from dedup._base.options import DEFAULT
from dedup.data.labelled import make_labelled
from dedup.data.lookalikes import COPIES, REPORTING, copy_of, make_lookalikes
from dedup.data.negatives import NEGATIVES, make_negatives

DRAWN = 40
LOOKALIKES = "lookalikes"
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def held_out(photos: Path) -> list[Path]:
    """The photos that `fit_verification.py` has not seen."""
    paths = sorted(p for p in photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    order = np.random.default_rng(7).permutation(len(paths)).tolist()
    return [paths[i] for i in order[100:200] + order[250:300]]


def build(
    photos: Path, out: Path, *, sources: int, negatives: int, pages: int = 0, seed: int
) -> pd.DataFrame:
    """A labelled set, with more of what needs no photos."""
    labels = make_labelled(held_out(photos), out, sources=sources, per_family=negatives, seed=seed)
    rows = []
    for family, negative in NEGATIVES.items():
        if negative.needs_photos:
            continue
        for number, image in enumerate(make_negatives(family, count=DRAWN, seed=seed + 1)):
            path = f"negatives/{family}/more-{number:02}{negative.encoding.suffix}"
            (out / path).write_bytes(negative.encoding.encode(image))
            rows.append((path, path, "", family, path))
    for family in REPORTING if pages else ():
        (out / LOOKALIKES / family).mkdir(parents=True)
        for number, page in enumerate(make_lookalikes(family, count=pages, seed=seed)):
            name = f"{LOOKALIKES}/{family}/{number:02}"
            for kind in ("original", *COPIES):
                path = f"{name}-{kind}.{'png' if kind == 'original' else 'jpg'}"
                if kind == "original":
                    page.save(out / path)
                else:
                    (out / path).write_bytes(copy_of(page, kind=kind, seed=number))
                edit = kind if kind == "original" else f"page {kind}"
                rows.append((path, name, edit, family, name))
    return pd.concat([labels, pd.DataFrame(rows, columns=labels.columns)], ignore_index=True)


def print_thresholds(found: dedup.Duplicates, labels: pd.DataFrame, folder: Path) -> None:
    """Recall, and wrong pairs, at each threshold."""
    of = {str(folder / row.path): row for row in labels.itertuples()}
    true: Counter[bool] = Counter()
    for _, rows in labels.groupby("group"):
        true[rows["path"].iloc[0].startswith(LOOKALIKES)] += len(rows) * (len(rows) - 1) // 2
    print(f"\n{'threshold':>9}{'recall':>9}{'wrong':>7}{'of lookalikes: recall':>24}{'wrong':>7}")
    for threshold in THRESHOLDS:
        right, wrong = Counter[bool](), Counter[bool]()
        for group in found.at(threshold).groups:
            for a, b in combinations(map(of.__getitem__, group.paths), 2):
                page = LOOKALIKES in {str(x.path).split("/")[0] for x in (a, b)}
                (right if a.group == b.group else wrong)[page] += 1
        recall, of_pages = (right[page] / max(true[page], 1) for page in (False, True))
        print(f"{threshold:9.2f}{recall:9.4f}{wrong[False]:7}{of_pages:24.4f}{wrong[True]:7}")


def report(found: dedup.Duplicates, labels: pd.DataFrame, folder: Path) -> None:
    """Print precision and recall, what was missed by edit, and what was wrong by kind."""
    index = {str(folder / row.path): row for row in labels.itertuples()}
    true = sum(n * (n - 1) // 2 for n in labels.groupby("group").size())
    right, wrong = 0, Counter[str]()
    home = {}
    for number, group in enumerate(found.groups):
        for path in group.paths:
            home[path] = number
        for a, b in combinations((index[path] for path in group.paths), 2):
            if a.group == b.group:
                right += 1
            else:
                wrong[" / ".join(sorted((a.edit or a.family, b.edit or b.family)))] += 1
    reported = right + wrong.total()
    print(f"pairs over groups: precision {right / max(reported, 1):.5f}, recall {right / true:.4f}")
    print(f"  {true} true pairs, {right} found, {wrong.total()} wrong")
    for kinds, count in wrong.most_common():
        print(f"  wrong: {kinds} ({count})")
    originals = {row.group: path for path, row in index.items() if row.edit == "original"}
    copies = Counter(row.edit for row in index.values() if row.edit not in ("", "original"))
    apart = Counter(
        row.edit
        for path, row in index.items()
        if row.edit in copies and home.get(path, -1) != home.get(originals[row.group], -2)
    )
    print(f"copies apart from their original: {apart.total()} of {copies.total()}")
    for edit, count in apart.most_common():
        print(f"  {edit}: {count} of {copies[edit]}")
    kept = Counter(index[group.keep].edit for group in found.groups)
    print(f"kept: {kept['original']} originals in {len(found.groups)} groups")
    for edit, count in kept.most_common():
        if edit != "original":
            print(f"  {edit}: {count}")
    print(f"uncertain: {len(found.uncertain)}, skipped: {len(found.skipped)}")


def main() -> None:
    """Build, run, report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("photos", type=Path)
    arguments.add_argument("--method", default=DEFAULT)
    arguments.add_argument("--sources", type=int, default=40)
    arguments.add_argument("--negatives", type=int, default=10)
    arguments.add_argument("--pages", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "set")
        labels = build(
            chosen.photos,
            folder,
            sources=chosen.sources,
            negatives=chosen.negatives,
            pages=chosen.pages,
            seed=chosen.seed,
        )
        start = time.perf_counter()
        path = Path(work, "index.db")
        with dedup.ImageIndex(path, method=chosen.method, cache=False) as index:
            added = index.add([folder / path for path in labels["path"]])
            middle = time.perf_counter()
            found = index.duplicates()
        end = time.perf_counter()
        embedding, rest = middle - start, end - middle
        print(f"{len(labels)} images ({added}), method {chosen.method}")
        print(
            f"embedding {embedding:.1f} s, search, verification and grouping {rest:.1f} s: "
            f"whole run {(embedding + rest) / embedding:.2f} times the embedding alone"
        )
        report(found, labels, folder)
        print_thresholds(found, labels, folder)


if __name__ == "__main__":
    main()
