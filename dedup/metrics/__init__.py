"""How good scores, or groups, are at finding known duplicates: `from dedup import metrics`.

Functions of (truth, score), one entry a pair of images, or of groups; none knows of files or
models. The law of all of them: a score is better, more surely a duplicate, when it is higher (of
a distance, give the negative), and a pair is accepted if score >= threshold. A pair whose score
is NaN was never proposed: no threshold accepts it, and if it is true it is missed. `weight` says
how often a pair counts: 2 is to repeat it, 0 is to leave it out.

Undefined cases are NaN, with an `UndefinedMetricWarning` that names them.
"""

from collections.abc import Hashable, Sequence

import numpy.typing as npt
import pandas as pd

from dedup._base.extras import require
from dedup.errors import InputError
from dedup.metrics._groups import GroupScores, group_scores, wrongly_removed
from dedup.metrics._intervals import bootstrap_interval, proportion_interval
from dedup.metrics._pair_table import pair_table
from dedup.metrics._undefined import NO_TRUE_PAIR, UndefinedMetricWarning, ratio

__all__ = [
    "GroupScores",
    "UndefinedMetricWarning",
    "bootstrap_interval",
    "false_pairs_by",
    "group_scores",
    "micro_average_precision",
    "precision_recall_curve",
    "proportion_interval",
    "recall_at_precision",
    "recall_by",
    "wrongly_removed",
]


def micro_average_precision(
    truth: npt.ArrayLike, score: npt.ArrayLike, *, weight: npt.ArrayLike | None = None
) -> float:
    """Micro average precision: one ranking over all pairs, as in the Image Similarity Challenge.

    AP = sum over the true pairs of the precision at their rank / number of true pairs, where a
    true pair that was never proposed adds nothing to the sum. Within equal scores the false
    pairs come first, the worst case, so that nothing is won by scores that do not distinguish.

    A ranking says nothing about a threshold, and the figure depends on how many false pairs were
    scored for each true one: compare it between methods, never between sets of pairs.

    Parameters
    ----------
    truth : array_like of bool, shape (pairs,)
        True, or 1, for a duplicate.
    score : array_like of float, shape (pairs,)
        Higher is more surely a duplicate; NaN for a pair that was not proposed.
    weight : array_like of float, shape (pairs,), optional
        How often each pair counts.

    Returns
    -------
    float
        0 to 1; NaN, with a warning, if there is no true pair.

    Raises
    ------
    InputError
        If the lengths differ, or an entry is not what it should be; says which.

    References
    ----------
    M. Douze et al., "The 2021 Image Similarity Dataset and Challenge", arXiv:2106.09672.

    Examples
    --------
    The true pairs have ranks 1 and 3: (1/1 + 2/3) / 2.

    >>> micro_average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    0.833...
    """
    ranked, total = _ranked(truth, score, weight)
    false = ranked["false"].to_numpy(dtype=float)
    before = ranked["true"].shift(fill_value=0).to_numpy(dtype=float)
    tied = ranked["true"].to_numpy(dtype=float) - before
    # The k-th of the true pairs tied at a score has rank before + false + k, so its precision is
    # 1 - false / rank. The reciprocals of consecutive ranks add up to a difference of digammas,
    # which weights that are not whole have too.
    digamma = require("scipy.special", extra="tuning").digamma
    first = before + false + 1
    precisions = tied - false * (digamma(first + tied) - digamma(first))
    return float(ratio(precisions.sum(), total, metric="micro average precision", why=NO_TRUE_PAIR))


def precision_recall_curve(
    truth: npt.ArrayLike, score: npt.ArrayLike, *, weight: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Precision and recall at every threshold that makes a difference.

    precision = true / (true + false), recall = true / all true pairs, f1 = 2 true / (true + false
    + all true pairs), of the pairs accepted. scikit-learn's function of this name has no missing
    scores and no counts.

    Precision is that of the pairs given: in a set with fewer false pairs for each true one than
    a real collection has, it promises too much.

    Parameters
    ----------
    truth, score, weight
        As for `micro_average_precision`.

    Returns
    -------
    DataFrame
        One row a distinct score, highest first; columns `threshold`, `true_pairs` and
        `false_pairs` accepted at it, `precision`, `recall` and `f1`. Without a true pair the
        recall is NaN, with a warning.

    Examples
    --------
    >>> print(precision_recall_curve([1, 0, 1, 0], [0.9, 0.8, 0.8, 0.1]).round(2))
       threshold  true_pairs  false_pairs  precision  recall    f1
    0        0.9           1            0       1.00     0.5  0.67
    1        0.8           2            1       0.67     1.0  0.80
    2        0.1           2            2       0.50     1.0  0.67
    """
    ranked, total = _ranked(truth, score, weight)
    true, false = ranked["true"], ranked["false"]
    return pd.DataFrame(
        {
            "threshold": ranked.index,
            "true_pairs": true.to_numpy(),
            "false_pairs": false.to_numpy(),
            "precision": (true / (true + false)).to_numpy(),
            "recall": ratio(true.to_numpy(), total, metric="recall", why=NO_TRUE_PAIR),
            "f1": (2 * true / (true + false + total)).to_numpy(),
        }
    )


def recall_at_precision(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    precision: float,
    weight: npt.ArrayLike | None = None,
) -> tuple[float, float]:
    """The highest recall at which the pairs accepted are as precise as asked, and its threshold.

    max recall(t) over the scores t with precision(t) >= precision; the highest t that has it.
    Chosen on the very pairs it is measured on, it is optimistic: measure again on other sources.

    Parameters
    ----------
    truth, score, weight
        As for `micro_average_precision`.
    precision : float
        In (0, 1].

    Returns
    -------
    (float, float)
        Recall and threshold; (0.0, nan) if the precision is not reached anywhere, and NaN, with
        a warning, if there is no true pair.

    Examples
    --------
    >>> recall_at_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1], precision=0.6)
    (1.0, 0.7)
    """
    if not 0 < precision <= 1:
        raise InputError(f"precision={precision}: expected more than 0, and 1 at most")
    ranked, total = _ranked(truth, score, weight)
    reached = ranked["true"][ranked["true"] / (ranked["true"] + ranked["false"]) >= precision]
    best = reached.max() if len(reached) else 0
    recall = ratio(best, total, metric="recall", why=NO_TRUE_PAIR)
    return float(recall), float(reached.idxmax()) if len(reached) else float("nan")


def recall_by(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    by: Sequence[Hashable],
    threshold: float,
    weight: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Recall at a threshold for each kind of true pair, such as the edit that made the copy.

    recall = found / pairs, of the true pairs of a kind. Kinds of a few pairs say little: see
    `proportion_interval`.

    Parameters
    ----------
    truth, score, weight
        As for `micro_average_precision`.
    by : sequence, shape (pairs,)
        The kind of each pair. What false pairs have there is not looked at.
    threshold : float
        A pair is found if its score is at least this; NaN finds none.

    Returns
    -------
    DataFrame
        One row a kind; columns `pairs`, `found` and `recall`.

    Examples
    --------
    >>> recall_by([1, 1, 1, 0], [0.9, 0.2, 0.8, 0.7], by=["crop", "crop", "blur", ""],
    ...           threshold=0.5)
          pairs  found  recall
    by
    blur      1      1     1.0
    crop      2      1     0.5
    """
    pairs = pair_table(truth, score, weight, by=by)
    return _parts(pairs[pairs["truth"]], threshold, ["found", "recall"])


def false_pairs_by(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    by: Sequence[Hashable],
    threshold: float,
    weight: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """False pairs that are accepted at a threshold, for each family of negatives.

    rate = accepted / pairs, of the false pairs of a family. Hard negatives are chosen to be hard:
    their rate is not that of any two photos.

    Parameters
    ----------
    truth, score, weight
        As for `micro_average_precision`.
    by : sequence, shape (pairs,)
        The family of each pair. What true pairs have there is not looked at.
    threshold : float
        A pair is accepted if its score is at least this; NaN accepts none.

    Returns
    -------
    DataFrame
        One row a family; columns `pairs`, `accepted` and `rate`.

    Examples
    --------
    >>> false_pairs_by([0, 0, 0, 1], [0.6, 0.1, 0.3, 0.9], by=["text", "text", "flat", ""],
    ...                threshold=0.5)
          pairs  accepted  rate
    by
    flat      1         0   0.0
    text      2         1   0.5
    """
    pairs = pair_table(truth, score, weight, by=by)
    return _parts(pairs[~pairs["truth"]], threshold, ["accepted", "rate"])


def _ranked(
    truth: npt.ArrayLike, score: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[pd.DataFrame, float]:
    """`true` and `false` pairs at or above each score, highest first; how many are true in all."""
    pairs = pair_table(truth, score, weight)
    true = pairs["weight"].where(pairs["truth"], 0)
    counts = pd.DataFrame({"true": true, "false": pairs["weight"] - true})
    by_score = counts.groupby(pairs["score"]).sum()  # without those of score NaN
    ranked = by_score.iloc[::-1].cumsum()
    # Added up in the same order, so that rounding makes no part larger than the whole.
    found = ranked["true"].iloc[-1] if len(ranked) else 0
    return ranked, found + true[pairs["score"].isna()].sum()


def _parts(pairs: pd.DataFrame, threshold: float, columns: list[str]) -> pd.DataFrame:
    """For each value of `by`: pairs, those accepted, and their part."""
    accepted = pairs["weight"].where(pairs["score"] >= threshold, 0)
    counts = pd.DataFrame({"pairs": pairs["weight"], columns[0]: accepted})
    table = counts.groupby(pairs["by"], dropna=False).sum()
    return table.assign(**{columns[1]: table[columns[0]] / table["pairs"]})
