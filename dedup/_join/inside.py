"""Pairs of which one picture may lie inside the other: a view of each against all.

A picture that was pasted into another is seen there small: embedded at that size, it resembles the
whole other one, while the two whole ones have little in common. Where it was pasted on a plain
ground, or its edges show, the panel there resembles the whole picture.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._base.views import View
from dedup._join.spill import Block, Merged, Spill
from dedup.pipelines.store.table import Keys
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["MARGINS", "MOST_AROUND", "inside_pairs", "searches_inner", "ways"]

MARGINS: Final[Mapping[View, float]] = {"small": 0.03, "panel": 0.25}
"""Cosine by which a view must be more similar than a whole picture: a small one is more often so
by chance; and a panel is all of the other picture, or nothing of it."""

MOST_AROUND: Final = 64
"""So many others a view is looked for in, the most similar ones."""

Near = Callable[[Vectors], list[tuple[Keys, Vectors]]]


def inside_pairs(
    views: ViewTable, spill: Spill, near: Near, *, threshold: float
) -> Iterator[Merged]:
    """Pairs (a < b), where `by_a` says that the view of a is near b, and `by_b` the reverse.

    Parameters
    ----------
    views : ViewTable
        One view of the pictures, by their ids.
    spill : Spill
        Where what was found is kept.
    near : callable
        The nearest whole pictures of some vectors.
    threshold : float
        Least similarity of whole pictures.
    """
    names, margin = [], MARGINS[views.view]
    for number, window in enumerate(views.windows()):
        names.append(f"{views.view}-{number:06}")
        if not spill.holds(names[-1]):
            ids, vectors = views.read_vectors(window)
            answers = near(vectors) if ids else []
            block = Block.of(views.keys(ids), answers, threshold=threshold + margin)
            spill.write(names[-1], block)
    yield from spill.merged(names)


def searches_inner(view: View) -> bool:
    """Whether what is near a view may lie around its picture; else it may lie inside it."""
    return view == "small"


def ways(found: Merged, *, view: View) -> npt.NDArray[np.uint8]:
    """Which may lie inside which: 1 for a in b, 2 for b in a, 3 for both."""
    by_a, by_b = (1, 2) if searches_inner(view) else (2, 1)
    return (found.by_a * by_a | found.by_b * by_b).astype(np.uint8)
