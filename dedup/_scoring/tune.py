"""`sweep` and `tune`: what thresholds do on labelled duplicates."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dedup import metrics
from dedup._scoring.score_pairs import score_pairs
from dedup._search.measure import surety
from dedup._search.threshold import Threshold
from dedup._tuning.goal import Goal
from dedup._tuning.scale import on_scale
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._tuning.tuned import threshold_for
from dedup.errors import InputError
from dedup.labels import Labels, read_labels
from dedup.labels._forms import Given

__all__ = ["sweep", "tune"]


def sweep(labelled: Labels | ScoredPairs, **scoring: Any) -> pd.DataFrame:
    """What every threshold would accept, from the strictest down.

    Parameters
    ----------
    labelled : ScoredPairs, or labels
        What `score_pairs` gave is used as it is; labels are scored, in any form that
        `dedup.labels.read_labels` takes.
    **scoring
        How labels are read and scored: `columns`, `method`, `verify`, and what else
        `score_pairs` takes.

    Returns
    -------
    DataFrame
        One row a threshold that makes a difference: `threshold`, `true_pairs`, `false_pairs`,
        `precision`, `recall`, `f1`; of scores also `log_odds`, which tells apart those near 1.

    Examples
    --------
    >>> table = pd.DataFrame({"label": [True, True, False], "score": [0.9, 0.4, 0.2]})
    >>> sweep(ScoredPairs(table))[["threshold", "false_pairs", "recall"]]
       threshold  false_pairs  recall
    0        0.9            0     0.5
    1        0.4            0     1.0
    2        0.2            1     1.0
    """
    pairs = _scored(labelled, scoring, both_kinds=False)
    curve = metrics.precision_recall_curve(pairs.truth, pairs.rank)
    thresholds = surety(curve["threshold"].to_numpy(float), quantity=pairs.quantity)
    table = curve.assign(threshold=thresholds)
    if pairs.quantity == "score":
        table.insert(1, "log_odds", on_scale(thresholds, quantity="score"))
    return table


def tune(
    labelled: Labels | ScoredPairs | Given,
    *,
    precision: float | None = None,
    recall: float | None = None,
    f1: bool = False,
    cost: Mapping[str, float] | None = None,
    collection: int | None = None,
    folds: int = 5,
    seed: int = 0,
    **scoring: Any,
) -> Threshold:
    """Tune a threshold on labelled duplicates, for one goal.

    The threshold is chosen on all labels. It lies between the last pair that it accepts and the
    next, half-way in log odds, where the shortest number in decimals is. What to expect of it is
    measured by cross-validation: each source is judged by a threshold that was chosen without it.

    Parameters
    ----------
    labelled : ScoredPairs, or labels
        As for `sweep`; pairs of both kinds.
    precision : float, optional
        At least this part of the accepted pairs are to be duplicates: of the thresholds that
        reach it, that of the highest recall, and of those with the same recall the strictest.
    recall : float, optional
        The highest threshold that finds this part of the duplicates.
    f1 : bool
        The threshold of the highest F1.
    cost : mapping, optional
        `{"wrongly_removed": 100, "missed": 1}`: the threshold of least cost, where the first is
        paid for an image that has a false pair, the second for a copy without a true one.
    collection : int, optional
        Images of the collection that the threshold is for, of which 5 in 100 are copies: pairs
        of unrelated images grow with the square of its size. Hard negatives (pairs with a
        `family`) are taken to be as many for each copy as in the labelled set. The mixture of
        the labelled set itself, if not given.
    folds : int
        Parts that the sources are divided into, at least 2.
    seed : int
        Of the division and of the intervals.
    **scoring
        How labels are read and scored: `columns`, `method`, `verify`, and what else
        `score_pairs` takes.

    Raises
    ------
    InputError
        If there is not one goal, no threshold reaches it (says what can be had), or there are
        fewer sources than folds.

    References
    ----------
    B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate
    multiclass probability estimates", KDD 2002 (isotonic calibration).

    Examples
    --------
    >>> table = pd.DataFrame({"label": [True] * 8 + [False] * 2, "source_a": [*"abcdefghij"]})
    >>> table["source_b"] = [*"abcdefghji"]
    >>> table["score"] = [0.9, 0.8, 0.9, 0.7, 0.6, 0.8, 0.9, 0.7, 0.2, 0.1]
    >>> tune(ScoredPairs(table, negatives=2), precision=1.0, folds=2).value
    0.4
    """
    goal = Goal(precision=precision, recall=recall, f1=f1, cost=cost)
    pairs = _scored(labelled, scoring, both_kinds=True)
    return threshold_for(goal, pairs, collection=collection, folds=folds, seed=seed)


def _scored(
    labelled: Labels | ScoredPairs | Given, scoring: dict[str, Any], *, both_kinds: bool
) -> ScoredPairs:
    if isinstance(labelled, ScoredPairs):
        if scoring:
            raise InputError(f"these pairs are scored already: {', '.join(scoring)} can't change")
        return labelled
    how = {name: scoring.pop(name) for name in ("columns", "folder", "strict") if name in scoring}
    labels = read_labels(labelled, **how)
    # Refused before the work.
    return score_pairs(labels.checked() if both_kinds else labels, **scoring)
