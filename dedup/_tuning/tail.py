"""How many false pairs to expect in a collection: the tail of scores between distinct photos.

A labelled set has few enough pairs that most thresholds pass none by chance; a collection of a
million images has half a million million. What lies between is extrapolated, and said to be.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dedup import metrics
from dedup._base.extras import require
from dedup._tuning.scale import on_scale
from dedup._tuning.scored_pairs import ScoredPairs

__all__ = ["FalsePairs", "false_pairs"]

Floats = npt.NDArray[np.float64]

# So many scores above the threshold can be counted; fewer are estimated with the tail's help.
_COUNTED = 10
# A tail is fitted to at least, and at most, so many of the highest scores.
_FEWEST, _MOST = 50, 250
# A tail is not believed where it says less than one in so many of the pairs that were seen.
_BEYOND = 1_000
_REPLICATES = 200
# Logarithms of one more than shape over scale, in units of the largest excess.
_CURVES = (-7.0, 14.0)


@dataclass(frozen=True, slots=True)
class FalsePairs:
    """False pairs to expect between distinct photos of a collection.

    Attributes
    ----------
    images : int
        Size of the collection.
    expected : float
        How many; NaN if the data can't tell.
    low, high : float
        A 95 % interval; `high` holds even where `expected` can't be told.
    basis : {"counted", "extrapolated", "unsupported"}
        From scores above the threshold that were seen; from the shape of the highest scores;
        or not at all: then only `high` is known, from how many pairs were looked at.
    """

    images: int
    expected: float
    low: float
    high: float
    basis: Literal["counted", "extrapolated", "unsupported"]

    def __str__(self) -> str:
        if self.basis == "unsupported":
            return (
                f"in {self.images:,} images: the labelled photos are too few to tell; "
                f"at most {_about(self.high, digits=3)} false pairs"
            )
        low, high = (_about(limit, digits=2) for limit in (self.low, self.high))
        return (
            f"in {self.images:,} images: {_about(self.expected, digits=2)} false pairs "
            f"({low} to {high}), {self.basis}"
        )


def false_pairs(pairs: ScoredPairs, *, threshold: float, images: int, seed: int = 0) -> FalsePairs:
    """False pairs to expect among so many photos, all of them distinct.

    Only pairs of unedited photos of no family of hard negatives count. Where fewer than ten of
    them reach the threshold, a generalised Pareto distribution is fitted to the highest scores
    (of the verification: to their log odds), and its tail above the threshold is taken.

    A larger collection proposes fewer of its pairs, since `candidates` rises with its size:
    here they are taken to be proposed as in the labelled set, which errs on the safe side.

    Parameters
    ----------
    pairs : ScoredPairs
    threshold : float
    images : int
    seed : int
        Of the interval.

    References
    ----------
    J. Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 3,
    1975: the excesses over a high level follow this distribution, whatever that of the scores.
    """
    scores = on_scale(_unmatched(pairs), quantity=pairs.quantity)
    least = float(on_scale(threshold, quantity=pairs.quantity))
    if pairs.quantity == "bits":  # a distance of 10 bits stands for all from 9.5 to 10.5
        scores = scores + np.random.default_rng(seed).uniform(-0.5, 0.5, len(scores))
        least -= 0.5
    looked_at = max(1, pairs.distinct)
    among = images * (images - 1) / 2
    above = int((scores >= least).sum())
    low, high = metrics.proportion_interval(above, looked_at)
    if above >= _COUNTED:
        rate = above / looked_at
        return FalsePairs(images, rate * among, low * among, high * among, "counted")
    tail = np.sort(scores)[::-1][: _MOST + 1]
    if len(tail) > _FEWEST:
        rate, low, far = _extrapolated(tail, least=least, seed=seed) * (len(tail) - 1) / looked_at
        if rate * looked_at * _BEYOND >= 1:
            high = max(rate, min(far, high))
            return FalsePairs(images, rate * among, low * among, high * among, "extrapolated")
    return FalsePairs(images, np.nan, 0.0, high * among, "unsupported")


def _about(number: float, *, digits: int) -> str:
    """A number with so many digits that matter, as people write it.

    Examples
    --------
    >>> _about(9944321.0, digits=3), _about(0.0123, digits=2), _about(2.62, digits=2)
    ('9,940,000', '0.012', '2.6')
    """
    rounded = float(f"{number:.{digits}g}")
    return f"{rounded:,.0f}" if rounded >= 10**digits else f"{rounded:g}"


def _unmatched(pairs: ScoredPairs) -> Floats:
    """Scores of pairs of unedited photos that are no duplicates, nor of one hard family."""
    table = pairs.table
    plain = ~pairs.truth & (table["edit"] == "") & (table["family"] == "") & table["score"].notna()
    return np.asarray(table.loc[plain, "score"], float)


def _extrapolated(tail: Floats, *, least: float, seed: int) -> Floats:
    """Share of the tail above a level, and its 95 % interval; `tail` is in descending order."""
    pareto = require("scipy.stats", extra="tuning").genpareto
    start, excesses = tail[-1], tail[:-1] - tail[-1]

    def share(sample: Floats) -> float:
        if not sample.any():  # all of the tail is one score
            return float(least <= start)
        shape, scale = _fitted(sample)
        return float(pareto.sf(least - start, shape, scale=scale))

    random = np.random.default_rng(seed)
    resampled = [share(random.choice(excesses, len(excesses))) for _ in range(_REPLICATES)]
    return np.array([share(excesses), *np.percentile(resampled, [2.5, 97.5])])


def _fitted(excesses: Floats) -> tuple[float, float]:
    """Shape and scale of the generalised Pareto distribution that is likeliest, at 0 and above.

    For each ratio of the two the likeliest pair is known, so that one number is sought: 35 times as
    fast as SciPy's own fit, which seeks two, and as likely.

    References
    ----------
    S. D. Grimshaw, "Computing maximum likelihood estimates for the generalized Pareto
    distribution", Technometrics 35, 1993.

    Examples
    --------
    >>> from scipy.stats import genpareto
    >>> sample = genpareto.ppf((np.arange(200) + 0.5) / 200, 0.3, scale=2)
    >>> [round(number, 1) for number in _fitted(sample)]
    [0.3, 2.0]
    """
    minimize = require("scipy.optimize", extra="tuning").minimize_scalar
    most = float(excesses.max())

    def of(curve: float) -> tuple[float, float]:
        ratio = np.expm1(curve) / most
        shape = float(np.log1p(ratio * excesses).mean())
        return shape, float(shape / ratio)

    def cost(curve: float) -> float:
        shape, scale = of(curve)
        return shape + float(np.log(scale))

    return of(minimize(cost, bounds=_CURVES, method="bounded").x)
