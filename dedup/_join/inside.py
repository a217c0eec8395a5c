"""Pairs of which one picture may lie inside the other: the small one of each against all.

A picture that was pasted into another is seen there as small as `Method.small` sees it: embedded at
that size, it resembles the whole other one, while the two whole ones have little in common.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._join.spill import Block, Merged, Spill
from dedup.pipelines.store.table import Keys, Table

__all__ = ["MARGIN", "MOST_AROUND", "inside_pairs", "ways"]

MARGIN: Final = 0.03
"""Cosine by which a small picture must be more similar than a whole one: it is more often so by
chance."""

MOST_AROUND: Final = 64
"""So many others a picture is looked for in, the most similar ones."""

Near = Callable[[Vectors], list[tuple[Keys, Vectors]]]


def inside_pairs(small: Table, spill: Spill, near: Near, *, threshold: float) -> Iterator[Merged]:
    """Pairs (a < b), where `by_a` says that a may lie inside b, and `by_b` the reverse.

    Parameters
    ----------
    small : Table
        The small pictures, by the ids of the whole ones.
    spill : Spill
        Where what was found is kept.
    near : callable
        The nearest whole pictures of some vectors.
    threshold : float
        Least similarity of whole pictures.
    """
    names = []
    for number, window in enumerate(small.windows()):
        names.append(f"inside-{number:06}")
        if not spill.holds(names[-1]):
            ids, vectors = small.read_vectors(window)
            answers = near(vectors) if ids else []
            block = Block.of(small.keys(ids), answers, threshold=threshold + MARGIN)
            spill.write(names[-1], block)
    yield from spill.merged(names)


def ways(found: Merged) -> npt.NDArray[np.uint8]:
    """Which may lie inside which: 1 for a in b, 2 for b in a, 3 for both."""
    return (found.by_a * 1 | found.by_b * 2).astype(np.uint8)
