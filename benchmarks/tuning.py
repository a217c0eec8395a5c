"""Whether a threshold tuned on half of the photos keeps its promise on the other half.

    python benchmarks/tuning.py PHOTOS

Makes a labelled set from a folder of distinct photos, and scores its pairs once for each way to
decide. Then, five times: splits it by source, tunes on one half, and looks at the other.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

import dedup

WAYS: dict[str, dict[str, Any]] = {
    "verified": {},
    "cosine": {"verify": False},
    "bits": {"method": "phash", "verify": False},
}
GOAL = 0.99
SEEDS = range(5)


def part_of(pairs: dedup.ScoredPairs, labels: dedup.Labels) -> dedup.ScoredPairs:
    """The scored pairs of a part of the labels."""
    paths = set(labels.paths)
    own = pairs.table["a"].isin(paths) & pairs.table["b"].isin(paths)
    table = pairs.table[own].reset_index(drop=True)
    return replace(pairs, table=table, negatives=labels.counts[1], images=len(paths))


def held_out(
    pairs: dedup.ScoredPairs, labels: dedup.Labels, *, goal: float, seed: int
) -> dict[str, Any]:
    """What was promised on one half, and what came true on the other."""
    one, other = labels.split(seed=seed)
    threshold = dedup.tune(part_of(pairs, one), precision=goal, seed=seed)
    rest = part_of(pairs, other)
    accepted = rest.accepted(float(threshold))
    precision = rest.truth[accepted].mean()
    recall = accepted[rest.truth].mean()
    return {
        "seed": seed,
        "threshold": round(threshold.value, 4),
        "promised precision": str(threshold.precision),
        "precision": round(precision, 4),
        "kept": bool(precision >= threshold.precision.low),
        "promised recall": str(threshold.recall),
        "recall": round(recall, 4),
        "within": bool(threshold.recall.low <= recall <= threshold.recall.high),
    }


def main(photos: str) -> None:
    """Print a table for each way to decide."""
    with tempfile.TemporaryDirectory() as folder:
        labels = dedup.make_labelled(photos, Path(folder) / "set", sources=40, seed=1)
        print(labels)
        for way, settings in WAYS.items():
            pairs = dedup.score_pairs(labels, cache=False, **settings)
            rows = [held_out(pairs, labels, goal=GOAL, seed=seed) for seed in SEEDS]
            print(f"\n{way}, tuned for a precision of {GOAL}")
            print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1])
