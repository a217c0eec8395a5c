"""`calibrate`: the threshold for one's own photos, in one call."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from dedup import metrics
from dedup._base.extras import require
from dedup._index.find import find_duplicates
from dedup._scoring.score_pairs import score_pairs
from dedup._scoring.tune import tune
from dedup._search.measure import surety
from dedup._search.threshold import Threshold
from dedup._tuning.goal import Goal
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._tuning.tail import FalsePairs, false_pairs
from dedup.errors import InputError
from dedup.labels import Labels, make_labelled
from dedup.pipelines.models.methods import DEFAULT
from dedup.pipelines.models.own_models import Model

__all__ = ["Calibration", "calibrate"]

# Photos that are looked at, and how many of them are copied with every edit: about a minute.
_PHOTOS = 300
_SOURCES = 16
_FEWEST = 20


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was learnt from one's own photos.

    Attributes
    ----------
    threshold : Threshold
        For `find_duplicates(threshold=...)`; `threshold.save("threshold.json")` keeps it.
    pairs : ScoredPairs
        The labelled pairs, which `dedup.plots` shows.
    images : int
        Size of the collection that it was made for.
    """

    threshold: Threshold
    pairs: ScoredPairs = field(repr=False)
    images: int

    @property
    def recall_by_edit(self) -> pd.DataFrame:
        """Of each edit: `pairs`, how many were `found` at the threshold, and the `recall`."""
        return metrics.recall_by(
            self.pairs.truth,
            self.pairs.rank,
            by=self.pairs.table["edit"],
            threshold=self._least,
        ).sort_values("recall", kind="stable")

    @property
    def false_by_family(self) -> pd.DataFrame:
        """Of each family of hard negatives: proposed `pairs`, how many were `accepted`, `rate`."""
        return metrics.false_pairs_by(
            self.pairs.truth,
            self.pairs.rank,
            by=self.pairs.table["family"].replace("", "others"),
            threshold=self._least,
        )

    def false_pairs(self, *, images: int | None = None) -> FalsePairs:
        """False pairs to expect between distinct photos of a collection, see `FalsePairs`.

        Parameters
        ----------
        images : int, optional
            Its size; that of the calibrated collection if not given.
        """
        return false_pairs(self.pairs, threshold=self.threshold.value, images=images or self.images)

    @property
    def _least(self) -> float:
        return surety(self.threshold.value, quantity=self.pairs.quantity)

    def __str__(self) -> str:
        by_edit = self.recall_by_edit
        hard = self.false_by_family
        lines = [
            f"threshold       {self.threshold.value:.4g} ({self.pairs.quantity} of "
            f"{self.threshold.method}, for {self.threshold.goal})",
            f"precision       {self.threshold.precision}",
            f"recall          {self.threshold.recall}",
            f"false pairs     {self.false_pairs()}",
            f"labelled pairs  {hard['accepted'].sum():,} false of {hard['pairs'].sum():,} proposed",
            "weakest edits   "
            + ", ".join(f"{edit} {recall:.2f}" for edit, recall in by_edit["recall"][:6].items()),
        ]
        return "\n".join(lines)

    __repr__ = __str__


def calibrate(
    photos: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    precision: float = 0.99,
    images: int | None = None,
    method: str | Model = DEFAULT,
    device: str = "cpu",
    verify: bool = True,
    edits: Iterable[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Calibration:
    """Tune the threshold on edited copies of one's own photos.

    Duplicates and second shots of a scene are set aside, a sample of what is left is copied with
    every edit and joined by hard negatives (see `make_labelled`), and the threshold is tuned on
    the result (see `tune`).

    Parameters
    ----------
    photos : path, or iterable of paths
        Folders, files or patterns, as for `find_duplicates`; at least 20 distinct photos.
    precision : float
        The part of accepted pairs that are to be duplicates, in a collection of `images`.
    images : int, optional
        Size of the collection that the threshold is for; of the photos given if not given.
    method, device, verify
        As in `find_duplicates`.
    edits : iterable of str, optional
        Names of edits to find again, as in `make_labelled`; all if not given.
    out : path, optional
        A new folder that keeps the labelled set; otherwise it is deleted.
    seed : int
        Of the sample, the edits and the intervals.
    progress : bool
        Show progress bars where a person can see them.

    Raises
    ------
    InputError
        If there are too few distinct photos, or no threshold reaches the precision.

    Examples
    --------
    >>> calibration = calibrate(getfixture("many_photos"), edits=["crop-50", "grey"])
    >>> calibration.threshold.quantity
    'score'
    >>> calibration.recall_by_edit.columns.tolist()
    ['pairs', 'found', 'recall']
    """
    # What can be refused is refused before the work.
    Goal(precision=precision)
    if images is not None and images < 2:
        raise InputError(f"images={images}: expected the size of a collection, at least 2")
    require("scipy.stats", extra="tuning")
    # A second shot of one scene is no photo of its own here: an edited copy of the one may
    # pass for a copy of the other.
    found = find_duplicates(
        photos,
        method=method if isinstance(method, Model) else DEFAULT,
        device=device,
        relations=("exact", "near", "scene"),
        progress=progress,
    )
    distinct = found.distinct
    if len(distinct) < _FEWEST:
        raise InputError(
            f"{len(distinct)} distinct photos can be read; a calibration needs {_FEWEST} or more"
        )
    chosen = np.random.default_rng(seed).permutation(len(distinct))[:_PHOTOS]
    with _folder(out) as folder:
        labels: Labels = make_labelled(
            [distinct[i] for i in sorted(chosen)],
            Path(folder) / "labelled" if out is None else folder,
            edits=edits,
            sources=min(_SOURCES, len(chosen) // 5),
            seed=seed,
        )
        pairs = score_pairs(
            labels,
            method=method,
            device=device,
            verify=verify,
            cache=out is not None,
            progress=progress,
        )
    size = len(distinct) if images is None else images
    return Calibration(tune(pairs, precision=precision, collection=size, seed=seed), pairs, size)


def _folder(out: str | os.PathLike[str] | None) -> AbstractContextManager[str | os.PathLike[str]]:
    if out is not None:
        return nullcontext(out)
    return tempfile.TemporaryDirectory(prefix="dedup-")
