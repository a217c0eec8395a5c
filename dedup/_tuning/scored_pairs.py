"""Labelled pairs with the quantity that decides about each: what tuning and plots work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.options import DEFAULT
from dedup._base.text import counted
from dedup._search.measure import surety

__all__ = ["ScoredPairs"]


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Labelled pairs with their scores: every threshold can be read off them.

    Attributes
    ----------
    table : DataFrame
        One row a pair: `a`, `b`, the paths; `label`, whether they are duplicates; `score`, the
        quantity that decides, empty where the pair is accepted at no threshold, since the
        embedding does not propose it or the pictures are two of one scene; `similarity`, the
        cosine of the embeddings; `edit`, `family`, `source_a`, `source_b` as labelled.
    quantity : {"score", "cosine", "bits"}
        What `score` is: of the verification (0 to 1), the cosine of two embeddings (-1 to 1),
        or the differing bits of two hashes (0 to 64, where lower is a surer duplicate).
    method : str
        What the pictures were embedded with.
    properties : mapping of str to str
        Model and preprocessing.
    images : int
        Images that were labelled and could be read.
    negatives : int
        All pairs that are labelled as no duplicates; those that are not in the table have a
        similarity below `floor`.
    distinct : int
        How many of the negatives are of two unedited photos of no one family of hard ones.
    floor : float
        Least similarity of the pairs that are listed though they are no duplicates.
    """

    table: pd.DataFrame
    quantity: str = "score"
    method: str = DEFAULT
    properties: Mapping[str, str] = field(default_factory=dict)
    images: int = 0
    negatives: int = 0
    distinct: int = 0
    floor: float = -1.0

    @property
    def truth(self) -> npt.NDArray[np.bool_]:
        """Which pairs are duplicates."""
        return np.asarray(self.table["label"], bool)

    @property
    def rank(self) -> npt.NDArray[np.float64]:
        """The scores, turned so that higher is a surer duplicate."""
        return surety(np.asarray(self.table["score"], float), quantity=self.quantity)

    def accepted(self, threshold: float) -> npt.NDArray[np.bool_]:
        """Which pairs a threshold accepts."""
        return np.asarray(self.rank >= surety(float(threshold), quantity=self.quantity))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        duplicates = int(self.truth.sum())
        return (
            f"<ScoredPairs, {self.quantity} of {self.method}: "
            f"{counted(duplicates, 'pair')} of duplicates, "
            f"{len(self) - duplicates:,} listed of {self.negatives:,} others>"
        )
