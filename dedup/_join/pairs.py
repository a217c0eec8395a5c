"""What a self-join finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup.pipelines.store.table import Keys

__all__ = ["Pairs"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once.

    Attributes
    ----------
    a, b : ndarray, shape (n,)
        Ids, a < b.
    similarity : ndarray of float32, shape (n,)
        Cosine of their embeddings; of other metrics the inner product, or minus the distance.
    ways : ndarray of uint8, optional
        Of pairs of which one may lie inside the other: 1 for a in b, 2 for b in a, 3 for both.
    shallow : sequence
        Rows that were not searched to the end, as `deeper` said; with the last pairs only.
    unfinished : sequence
        Rows that may have more neighbours than the store answers; with the last pairs only.
    missed : float
        How many pairs the index is expected to have missed; with the last pairs only.
    """

    a: Keys
    b: Keys
    similarity: Vectors
    ways: npt.NDArray[np.uint8] | None = None
    shallow: Sequence[Any] = ()
    unfinished: Sequence[Any] = ()
    missed: float = 0.0
