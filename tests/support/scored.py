"""Scored pairs to draw, and what a drawing says."""

import numpy as np
import pandas as pd

from dedup._tuning.scored_pairs import ScoredPairs

NAN = float("nan")


def scored(rows, *, quantity="score", **more):
    """Scored pairs from rows of (label, score) or (label, score, edit, family)."""
    columns = ["label", "score", "edit", "family"]
    table = pd.DataFrame([(*row, "", "")[:4] for row in rows], columns=columns)
    table["score"] = table["score"].astype(float)
    for end in ("a", "b"):
        table[end] = pd.Series([f"/gone/{end}{row}.jpg" for row in range(len(rows))], dtype=object)
    return ScoredPairs(table, quantity=quantity, **more)


def realistic(*, seed=0, duplicates=300, others=30_000):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"label": np.arange(duplicates + others) < duplicates})
    cosine = np.where(table["label"], rng.normal(0.85, 0.1, len(table)), NAN)
    cosine[duplicates:] = rng.normal(0.1, 0.1, others)
    table["score"] = np.where(cosine < 0.15, NAN, np.minimum(cosine, 1))
    edits = np.array(["crop-70", "crop-25", "mirror", "jpeg-40"])
    table["edit"] = np.where(table["label"], edits[np.arange(len(table)) % 4], "")
    table["family"] = table["edit"].str.partition("-")[0]
    table["a"] = table["b"] = "/gone.jpg"
    return ScoredPairs(table, quantity="cosine", negatives=others)


def texts(ax):
    return [text.get_text() for text in ax.texts]
