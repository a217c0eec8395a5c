"""How well groups agree with the true ones, and which images a removal would lose."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.extras import require
from dedup.errors import InputError
from dedup.metrics._undefined import NO_TRUE_PAIR, ratio

__all__ = ["GroupScores", "group_scores", "wrongly_removed"]


@dataclass(frozen=True, slots=True)
class GroupScores:
    """How well predicted groups agree with the true ones, counted in pairs of images.

    Attributes
    ----------
    precision, recall, f1 : float
        0 to 1, or NaN where undefined.
    true_pairs, false_pairs : int
        Pairs within a predicted group that are, or are not, within a true group.
    missed_pairs : int
        Pairs within a true group that are not within a predicted one.
    """

    precision: float
    recall: float
    f1: float
    true_pairs: int
    false_pairs: int
    missed_pairs: int


def group_scores(truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> GroupScores:
    """Precision, recall and F1 of groups, over all pairs of images that share a group.

    precision = true / (true + false), recall = true / (true + missed), f1 = 2 true / (2 true +
    false + missed). A group of n images has n (n - 1) / 2 pairs, so that large groups weigh
    more than their images.

    Parameters
    ----------
    truth, predicted : sequence, shape (images,)
        A label for each image: those with equal labels are one group. An image without
        duplicates has a label of its own.

    Returns
    -------
    GroupScores
        Without any pair to divide by, a score is NaN, with a warning.

    Raises
    ------
    InputError
        If the lengths differ or a label is missing.

    References
    ----------
    `sklearn.metrics.pair_confusion_matrix`, which counts each pair in both orders.

    Examples
    --------
    >>> scores = group_scores(["cat", "cat", "cat", "cup"], [1, 1, 2, 2])
    >>> scores.true_pairs, scores.false_pairs, scores.missed_pairs
    (1, 1, 2)
    >>> scores.precision, scores.f1
    (0.5, 0.4)
    """
    if len(truth) != len(predicted):
        raise InputError(f"{len(truth)} true and {len(predicted)} predicted labels")
    ordered = require("sklearn.metrics", extra="tuning").pair_confusion_matrix(
        _numbered(truth, "truth"), _numbered(predicted, "predicted")
    )
    (_, false), (missed, true) = (ordered // 2).tolist()
    found, total = true + false, true + missed
    return GroupScores(
        precision=ratio(
            true, found, metric="precision", why="no two images are predicted to match"
        ),
        recall=ratio(true, total, metric="recall", why=NO_TRUE_PAIR),
        f1=ratio(2 * true, found + total, metric="f1", why="no pair is true or predicted"),
        true_pairs=true,
        false_pairs=false,
        missed_pairs=missed,
    )


def wrongly_removed(
    truth: Mapping[str, Hashable], *, keep: Iterable[str], remove: Iterable[str]
) -> list[str]:
    """Removed images of which no kept image shows the same picture: what a user would lose.

    Two removed duplicates of each other count twice if neither is kept. Which one of a group is
    kept makes no difference here, be it the smallest.

    Parameters
    ----------
    truth : mapping of str to hashable
        The true group of each image.
    keep : iterable of str
        All images that stay, those without duplicates too.
    remove : iterable of str
        The images that would be removed.

    Returns
    -------
    list of str
        Sorted.

    Raises
    ------
    InputError
        If an image has no true group, or is in both.

    Examples
    --------
    >>> truth = {"cat.jpg": 1, "cat-small.jpg": 1, "cup.jpg": 2, "car.jpg": 3}
    >>> wrongly_removed(truth, keep=["cat.jpg", "car.jpg"], remove=["cat-small.jpg", "cup.jpg"])
    ['cup.jpg']
    """
    kept, removed = set(keep), set(remove)
    if unknown := sorted((kept | removed) - truth.keys()):
        raise InputError(f"no true group for {unknown[0]!r} ({len(unknown)} such images)")
    if both := sorted(kept & removed):
        raise InputError(f"both kept and removed: {both[0]!r} ({len(both)} such images)")
    safe = {truth[image] for image in kept}
    return sorted(image for image in removed if truth[image] not in safe)


def _numbered(labels: Sequence[Hashable], name: str) -> npt.NDArray[np.intp]:
    """Labels as numbers from 0, whatever their types."""
    numbers, _ = pd.factorize(pd.Series(list(labels), dtype=object))
    if (numbers < 0).any():
        raise InputError(f"{name}[{int(numbers.argmin())}] has no label")
    return np.asarray(numbers)
