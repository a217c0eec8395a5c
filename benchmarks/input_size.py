"""Measure what the side of the square costs, and what it finds, that the ResNet-50 sees.

    python benchmarks/input_size.py PHOTOS [--seed 0]

On the labelled set of `groups.py`: images a second of the network alone, decoded pictures given,
against 224 x 224; the part of all true pairs, and how many wrong ones, at a cosine of 0.3 or more;
the average precision of all pairs by their cosine; and precision and recall over groups of the
whole run, verified.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from groups import build
from peers import quality
from sklearn.metrics import average_precision_score

import dedup
from dedup._base.arrays import SHORT_SIDE
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import MODELS, EmbeddingModel, engine

SIDES = (224, 208, 192, 160)
PROPOSED = 0.3


def measure(labels: pd.DataFrame, folder: Path) -> None:
    """Print a line for each side."""
    pictures = [decode(folder / path, short_side=SHORT_SIDE).image for path in labels["path"]]
    names = labels["group"].to_numpy()
    first, second = np.triu_indices(len(names), 1)
    true = names[first] == names[second]
    reference = 0.0
    for side in SIDES:
        model = MODELS["sscd"]
        assert isinstance(model, EmbeddingModel)
        model = replace(model, size=side)
        embed = engine(model)
        embed(pictures[:32])
        start = time.perf_counter()
        vectors = embed(pictures)
        speed = len(pictures) / (time.perf_counter() - start)
        reference = reference or speed
        cosine = np.einsum("ij,ij->i", vectors[first], vectors[second])
        proposed = cosine >= PROPOSED
        found = dedup.find_duplicates(folder, method=model, cache=False, progress=False)
        precision, recall = quality([group.paths for group in found.groups], labels, folder)
        print(
            f"{side} x {side}: {speed:.0f} images/s, {speed / reference:.2f} times; proposes "
            f"{proposed[true].mean():.4f} of {true.sum()} pairs and {proposed[~true].sum()} wrong "
            f"ones, average precision {average_precision_score(true, cosine):.4f}; verified: "
            f"precision {precision:.5f}, recall {recall:.4f}",
            flush=True,
        )


def main() -> None:
    """Build the set, measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("photos", type=Path)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "set")
        labels = build(chosen.photos, folder, sources=40, negatives=10, seed=chosen.seed)
        measure(labels, folder)


if __name__ == "__main__":
    main()
