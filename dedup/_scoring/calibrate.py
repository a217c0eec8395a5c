"""`calibrate`: the threshold for one's own photos, in one call."""

import os
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from dedup import metrics
from dedup._base.extras import require
from dedup._base.options import DEFAULT
from dedup._base.text import counted
from dedup._index.find import find_duplicates
from dedup._scoring.score_pairs import score_pairs
from dedup._search.measure import surety, written
from dedup._search.settings import Settings
from dedup._search.threshold import Threshold
from dedup._tuning.goal import Goal
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._tuning.shrinkage import EVEN, Shrinkage
from dedup._tuning.tail import FalsePairs, false_pairs
from dedup._tuning.tuned import threshold_for, value_for
from dedup.data.edits import EDITS
from dedup.errors import InputError
from dedup.labels import Labels, make_labelled
from dedup.pipelines.models.methods import model
from dedup.pipelines.models.own_models import Model

__all__ = ["Calibration", "calibrate"]

# Photos that are looked at, and how many of them are copied with every edit: about a minute.
_PHOTOS = 300
_SOURCES = 16
_FEWEST = 20
_FOLDS = 5
# Of so many photos one is copied; the others are backgrounds, hard negatives and distinct.
_EACH = 5


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
    tuned : float
        The threshold that the labelled pairs alone give. Where they are few, and it is looser
        than the default, `threshold` lies between the two: see `dedup.calibrate`.
    """

    threshold: Threshold
    pairs: ScoredPairs = field(repr=False)
    images: int
    tuned: float

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

    @property
    def _moved(self) -> str:
        """That the threshold is not the one that the pairs alone give, in words; else nothing."""
        if self.threshold.value == self.tuned:
            return ""
        alone = written(self.tuned, quantity=self.pairs.quantity)
        return f"{alone} by these pairs alone; moved towards the default, as photos are few"

    def __str__(self) -> str:
        by_edit = self.recall_by_edit
        hard = self.false_by_family
        lines = [
            f"threshold       {self.threshold.text}: {self.pairs.quantity} of "
            f"{self.threshold.method}, for {self.threshold.goal}",
            *([f"                {self._moved}"] if self._moved else []),
            *(f"{name:<15} {figures}" for name, figures in self.threshold.expected.items()),
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
    sources: int | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Calibration:
    """Tune the threshold on edited copies of one's own photos.

    Duplicates and second shots of a scene are set aside, a sample of what is left is copied with
    every edit and joined by hard negatives (see `make_labelled`), and the threshold is tuned on
    the result (see `tune`).

    A threshold that is looser than the default is believed as far as there are photos: n of them
    move it n / (n + 200) of the way, in log odds. Below 200 a warning says so.

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
    sources : int, optional
        How many photos are copied, which is the number of pairs of each edit; at most one in
        five, and 16 if not given. Time, and the photos that are looked at, grow with it.
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
    goal = Goal(precision=precision)
    chosen = model(method, device=device)
    # Of another's embedding no threshold may be known, which is why one calibrates.
    unknown = not verify and chosen.defaults is not None and chosen.defaults.threshold is None
    settings = Settings(0 if unknown else None, verify=verify, method=chosen)
    edits = None if edits is None else list(edits)
    _check(images=images, edits=edits, sources=sources, out=out)
    distinct = _distinct(photos, method=method, device=device, sources=sources, progress=progress)
    most = max(_PHOTOS, _PHOTOS * (sources or 0) // _SOURCES)
    sample = np.random.default_rng(seed).permutation(len(distinct))[:most]
    with _folder(out) as folder:
        labels: Labels = make_labelled(
            [distinct[i] for i in sorted(sample)],
            Path(folder) / "labelled" if out is None else folder,
            edits=edits,
            sources=sources or min(_SOURCES, len(sample) // _EACH),
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
    default = None if unknown else settings.value
    return _tuned(goal, pairs, size=size, photos=len(sample), default=default, seed=seed)


def _distinct(
    photos: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    method: str | Model,
    device: str,
    sources: int | None,
    progress: bool,
) -> list[str]:
    """One photo of each group; refused if they are too few.

    A second shot of one scene is no photo of its own here: an edited copy of the one may pass for
    a copy of the other.
    """
    found = find_duplicates(
        photos,
        method=method if isinstance(method, Model) else DEFAULT,
        device=device,
        relations=("exact", "near", "scene"),
        progress=progress,
    )
    needed = max(_FEWEST, _EACH * (sources or 0))
    if len(found.distinct) < needed:
        few = "" if sources is None else f" with sources={sources}"
        raise InputError(
            f"{counted(len(found.distinct), 'distinct photo')} can be read; "
            f"a calibration{few} needs {needed:,} or more"
        )
    return found.distinct


def _check(
    *,
    images: int | None,
    edits: list[str] | None,
    sources: int | None,
    out: str | os.PathLike[str] | None,
) -> None:
    """Refuse what the labelled set or the tuning would stumble over after an hour."""
    for module in ("scipy.stats", "sklearn.isotonic"):
        require(module, extra="tuning")
    if images is not None and images < 2:
        raise InputError(f"images={images}: expected the size of a collection, at least 2")
    if sources is not None and sources < 1:
        raise InputError(f"sources={sources}: expected a number of photos, at least 1")
    for edit in edits or ():
        if edit not in EDITS:
            raise InputError(f"there is no edit {edit!r}, only {', '.join(EDITS)}")
    if edits == []:
        raise InputError("edits=[]: expected one or more, or None for all")
    if out is not None and Path(out).exists() and (Path(out).is_file() or any(Path(out).iterdir())):
        raise InputError(f"{out} is not empty: give a new folder for the labelled set")


def _tuned(
    goal: Goal,
    pairs: ScoredPairs,
    *,
    size: int,
    photos: int,
    default: float | None,
    seed: int,
) -> Calibration:
    """The threshold of the pairs, moved towards the default as far as there are few photos."""
    shrinkage = None if default is None else Shrinkage(default, photos=photos)
    threshold = threshold_for(
        goal, pairs, collection=size, folds=_FOLDS, seed=seed, shrinkage=shrinkage
    )
    alone = value_for(goal, pairs, collection=size)
    if photos < EVEN and threshold.value != alone:
        near, far = (written(v, quantity=pairs.quantity) for v in (threshold.value, alone))
        warnings.warn(
            f"{photos} photos are few to tune on: they alone give the threshold {far}, since "
            f"hardly a false pair is among them. {near} is used, which lies nearer to the "
            f"default; {EVEN} photos or more say more",
            stacklevel=3,
        )
    return Calibration(threshold, pairs, size, alone)


def _folder(out: str | os.PathLike[str] | None) -> AbstractContextManager[str | os.PathLike[str]]:
    if out is not None:
        return nullcontext(out)
    return tempfile.TemporaryDirectory(prefix="dedup-")
