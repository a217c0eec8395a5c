"""Choose a threshold on labelled duplicates, and say what to expect of it on other photos."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup import metrics
from dedup._base.extras import require
from dedup._search.measure import surety
from dedup._search.threshold import Estimate, Threshold
from dedup._tuning.goal import Goal
from dedup._tuning.scale import Gap
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._tuning.shrinkage import Shrinkage
from dedup.errors import InputError

__all__ = ["threshold_for", "value_for"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]

# Of the images of a collection, how many are copies of another: 5 in 100. Only used to say what
# precision to expect in a collection of another size than the labelled set.
_COPIES = 0.05


def threshold_for(
    goal: Goal,
    pairs: ScoredPairs,
    *,
    collection: int | None,
    folds: int,
    seed: int,
    shrinkage: Shrinkage | None = None,
) -> Threshold:
    """The threshold that does best for a goal, with what to expect of it; see `dedup.tune`.

    Parameters
    ----------
    goal : Goal
    pairs : ScoredPairs
    collection : int, optional
    folds, seed : int
    shrinkage : Shrinkage, optional
        What the threshold is moved by, and those of the folds too.

    Raises
    ------
    InputError
        If no threshold reaches the goal, or there are fewer sources than folds.
    """
    data = _Data.of(pairs, collection=collection)
    if not 2 <= folds <= data.sources:
        raise InputError(
            f"folds={folds}: expected 2 to the number of sources, which is {data.sources}"
        )

    def choose(part: _Data, *, nearest: bool) -> float:
        value = _chosen(part, goal, quantity=pairs.quantity, nearest=nearest)
        return value if shrinkage is None else shrinkage.of(value, quantity=pairs.quantity)

    def least(part: _Data) -> float:
        # What is out of reach without a fold is judged by what comes nearest to it.
        return surety(choose(part, nearest=True), quantity=pairs.quantity)

    value = choose(data, nearest=False)
    found = _cross_validated(data, least=least, folds=folds, seed=seed)
    accepted = pairs.accepted(value)
    return Threshold(
        value=value,
        quantity=pairs.quantity,
        method=pairs.method,
        properties=dict(pairs.properties),
        goal=str(goal),
        precision=_precision(data, found, negatives=pairs.negatives, seed=seed),
        recall=_recall(data, found, seed=seed),
        precision_in_sample=data.precision(accepted),
        recall_in_sample=float(accepted[data.truth].mean()),
        images=pairs.images,
        sources=data.sources,
        collection=collection or pairs.images,
        calibration=_calibration(data, bits=pairs.quantity == "bits"),
    )


def value_for(goal: Goal, pairs: ScoredPairs, *, collection: int | None) -> float:
    """The threshold alone, as the pairs give it."""
    data = _Data.of(pairs, collection=collection)
    return _chosen(data, goal, quantity=pairs.quantity, nearest=False)


@dataclass(frozen=True, eq=False)
class _Data:
    """Pairs as arrays; a source, and an image, is a number."""

    truth: npt.NDArray[np.bool_]
    hard: npt.NDArray[np.bool_]  # negatives of one family of hard ones
    rank: Floats
    weight: Floats
    source_a: Numbers
    source_b: Numbers
    image: Numbers  # the one that would go
    sources: int
    kind: Numbers  # of each source

    @classmethod
    def of(cls, pairs: ScoredPairs, *, collection: int | None) -> "_Data":
        truth = pairs.truth
        if not truth.any() or truth.all():
            which = "every pair that was proposed is" if truth.any() else "no pair is"
            raise InputError(
                f"{which} labelled as duplicates: a threshold is chosen between duplicates and "
                "others, so label some of both"
            )
        family = (
            pairs.table["family"] if "family" in pairs.table else pd.Series("", range(len(truth)))
        )
        hard = ~truth & (family != "").to_numpy()
        weight = np.ones(len(truth))
        if collection is not None:
            if collection < 2:
                raise InputError(f"collection={collection}: expected a number of images")
            weight[:] = _COPIES * collection / truth.sum()
            among = collection * (collection - 1) / 2
            weight[~truth & ~hard] = among / max(1, pairs.negatives)
        both = pd.concat([pairs.table["source_a"], pairs.table["source_b"]])
        codes, names = pd.factorize(both)
        a, b = np.split(codes, 2)
        ends = pairs.table["b"] if "b" in pairs.table else pairs.table["source_b"]
        image = pd.factorize(ends)[0]
        kind = _kinds(truth, pd.factorize(family.where(hard))[0], a, b, sources=len(names))
        return cls(truth, hard, pairs.rank, weight, a, b, image, len(names), kind)

    def precision(self, accepted: npt.NDArray[np.bool_]) -> float:
        """The part of the accepted pairs that are duplicates; NaN if there are none."""
        total = float(self.weight[accepted].sum())
        return float(self.weight[accepted & self.truth].sum()) / total if total else np.nan

    def part(self, chosen: npt.NDArray[np.bool_], *, false: float) -> "_Data":
        """Some of the pairs, with the false ones weighted."""
        weight = np.where(self.truth, self.weight, self.weight * false)[chosen]
        kept = {
            name: getattr(self, name)[chosen]
            for name in ("truth", "hard", "rank", "source_a", "source_b", "image")
        }
        return replace(self, weight=weight, **kept)


def _chosen(data: _Data, goal: Goal, *, quantity: str, nearest: bool) -> float:
    ranks = goal.choose(data.truth, data.rank, data.weight, image=data.image, nearest=nearest)
    return Gap(*(surety(rank, quantity=quantity) for rank in ranks)).middle(quantity=quantity)


def _kinds(
    truth: npt.NDArray[np.bool_],
    family: Numbers,
    *ends: Numbers,
    sources: int,
) -> Numbers:
    """Of each source a number: that it has copies, or of its family of hard negatives."""
    kind = np.full(sources, -1)
    for end in ends:
        kind[end[family >= 0]] = family[family >= 0]
    kind[ends[0][truth]] = -2
    return kind


def _cross_validated(
    data: _Data, *, least: Callable[[_Data], float], folds: int, seed: int
) -> Floats:
    """How much of each pair is accepted by thresholds that were chosen without its sources.

    `least` gives the rank from which a threshold accepts that was chosen on a part of the pairs.
    A false pair between two folds is judged by the threshold of each, and counts half.
    """
    fold = _folds(data, folds=folds, seed=seed)
    ends = fold[data.source_a], fold[data.source_b]
    accepted = np.zeros(len(data.truth))
    for number in range(folds):
        touched = (ends[0] == number) | (ends[1] == number)
        # Fewer sources have fewer false pairs for each true one: as many as are left of one
        # end of the pair. The weight makes up for it.
        part = data.part(~touched, false=folds / (folds - 1))
        if not part.truth.any() or np.isnan(part.rank).all():
            continue
        share = np.where(ends[0] == ends[1], 1.0, 0.5)
        accepted += np.where(touched & (data.rank >= least(part)), share, 0.0)
    return accepted


def _folds(data: _Data, *, folds: int, seed: int) -> Numbers:
    """The fold of each source: each fold has its share of those with copies, and of each family."""
    order = np.random.default_rng(seed).permutation(data.sources)
    order = order[np.argsort(data.kind[order], kind="stable")]
    fold = np.empty(data.sources, np.intp)
    fold[order] = np.arange(data.sources) % folds
    return fold


def _precision(data: _Data, accepted: Floats, *, negatives: int, seed: int) -> Estimate:
    counted = data.weight * accepted
    true, false = np.where(data.truth, counted, 0), np.where(data.truth, 0, counted)

    def precision(weight: Floats) -> float:
        right, wrong = float(weight @ true), float(weight @ false)
        return right / (right + wrong) if right + wrong else np.nan

    value = precision(np.ones(len(true)))
    if np.isnan(value):  # nothing was accepted: nothing is known
        return Estimate(value, 0.0, 1.0)
    low, high = metrics.bootstrap_interval(
        precision, sources=(data.source_a, data.source_b), seed=seed
    )
    # Where nothing false was seen the bootstrap sees nothing: how many there may be is told by
    # the number of pairs that were no duplicates.
    hard = int(data.hard.sum())
    may_be = 0.0
    for kind, looked_at in ((data.hard, hard), (~data.truth & ~data.hard, negatives - hard)):
        seen = int(np.ceil(accepted[kind].sum()))
        if kind.any() and looked_at >= seen:
            rate = metrics.proportion_interval(seen, looked_at)[1]
            may_be += rate * looked_at * float(data.weight[kind].mean())
    right = float(true.sum())
    least = right / (right + may_be) if right else 0.0
    return Estimate(value, float(np.nanmin([low, least])), float(np.nanmax([high, value])))


def _recall(data: _Data, accepted: Floats, *, seed: int) -> Estimate:
    true = data.truth.astype(float)

    def recall(weight: Floats) -> float:
        total = float(weight @ true)
        return float(weight @ (true * accepted)) / total if total else np.nan

    low, high = metrics.bootstrap_interval(
        recall, sources=(data.source_a, data.source_b), seed=seed
    )
    exact = metrics.proportion_interval(int((true * accepted).sum()), int(true.sum()))
    return Estimate(recall(np.ones(len(true))), min(low, exact[0]), max(high, exact[1]))


def _calibration(data: _Data, *, bits: bool) -> tuple[tuple[float, float], ...]:
    """The probability at some scores: isotonic regression, kept off 0 and 1 as Platt does."""
    isotonic = require("sklearn.isotonic", extra="tuning").IsotonicRegression()
    proposed = ~np.isnan(data.rank)
    truth = data.truth[proposed]
    isotonic.fit(data.rank[proposed], truth, sample_weight=data.weight[proposed])
    low, high = 1 / ((~truth).sum() + 2), (truth.sum() + 1) / (truth.sum() + 2)
    knots = zip(
        isotonic.X_thresholds_, isotonic.y_thresholds_.clip(low, high).round(6), strict=True
    )
    if bits:
        return tuple((-float(x), float(y)) for x, y in reversed(list(knots)))
    return tuple((float(x), float(y)) for x, y in knots)
