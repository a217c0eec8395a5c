"""What a threshold is tuned for, and the choice of the one that does it best."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup import metrics
from dedup._tuning.scale import Gap
from dedup.errors import InputError

__all__ = ["Goal"]

Floats = npt.NDArray[np.float64]
_COSTS = ("wrongly_removed", "missed")


@dataclass(frozen=True, slots=True)
class Goal:
    """One of a precision, a recall, the best F1, or the least cost."""

    precision: float | None = None
    recall: float | None = None
    f1: bool = False
    cost: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        goals = (self.precision, self.recall, self.f1 or None, self.cost)
        if sum(goal is not None for goal in goals) != 1:
            raise InputError("tune for one of precision=, recall=, f1=True and cost=")
        for name in ("precision", "recall"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise InputError(f"{name}={value}: expected above 0, and at most 1")
        if self.cost is not None and (set(self.cost) != set(_COSTS) or min(self.cost.values()) < 0):
            raise InputError(
                f"cost={dict(self.cost)}: expected {' and '.join(_COSTS)}, each at least 0"
            )

    def __str__(self) -> str:
        if self.precision is not None:
            return f"precision >= {self.precision:g}"
        if self.recall is not None:
            return f"recall >= {self.recall:g}"
        if self.cost is not None:
            return "least cost, " + ", ".join(f"{what} {self.cost[what]:g}" for what in _COSTS)
        return "best F1"

    def choose(
        self,
        truth: npt.NDArray[np.bool_],
        rank: Floats,
        weight: Floats,
        *,
        image: npt.NDArray[np.intp],
        nearest: bool = False,
    ) -> Gap:
        """Between which ranks a threshold does best: the last accepted, and the next.

        Parameters
        ----------
        truth, rank, weight : ndarray, shape (pairs,)
            Whether it is a duplicate, how surely (higher is surer), how often it counts.
        image : ndarray of int, shape (pairs,)
            Which image of the pair would go.
        nearest : bool
            Take what comes nearest to the goal where nothing reaches it.

        Raises
        ------
        InputError
            If no threshold reaches the goal; says what can be had.
        """
        curve = metrics.precision_recall_curve(truth, rank, weight=weight)
        if not len(curve):
            raise InputError("no pair was proposed, so there is no threshold to choose")
        ranks = curve["threshold"].to_numpy(float)
        if self.cost is not None:
            row = int(np.argmin(self._costs(ranks, truth, rank, weight, image)))
        else:
            row = self._row(curve, nearest=nearest)
        return Gap(ranks[row], ranks[row + 1] if row + 1 < len(ranks) else np.nan)

    def _row(self, curve: pd.DataFrame, *, nearest: bool) -> int:
        """Of the thresholds that reach the goal, the first that gives the most of the rest."""
        if self.f1:
            return int(curve["f1"].to_numpy().argmax())
        if self.precision is not None:
            # Weights of a collection are fractions: a hair's breadth is no miss.
            reached = curve[curve["precision"] >= self.precision - 1e-12]
            if len(reached):
                return int(reached["recall"].idxmax())
            best = curve.loc[curve["precision"].idxmax()]
            message = (
                f"no threshold reaches a precision of {self.precision:g} on these labels; "
                f"the highest is {best.precision:.4f}, at a recall of {best.recall:.4f}"
            )
        else:
            assert self.recall is not None
            reached = curve[curve["recall"] >= self.recall - 1e-12]
            if len(reached):
                return int(reached.index[0])
            best = curve.loc[curve["recall"].idxmax()]
            message = (
                f"no threshold reaches a recall of {self.recall:g} on these labels; the highest "
                f"is {best.recall:.4f}, since other duplicates are not proposed "
                "(a lower candidates= proposes more)"
            )
        if nearest:
            return int(best.name)
        raise InputError(message)

    def _costs(
        self,
        thresholds: Floats,
        truth: npt.NDArray[np.bool_],
        rank: Floats,
        weight: Floats,
        image: npt.NDArray[np.intp],
    ) -> Floats:
        """The cost at each threshold, from images: how many go wrongly, how many stay."""
        assert self.cost is not None
        proposed = pd.Series(np.where(np.isnan(rank), -np.inf, rank))
        costs = np.zeros(len(thresholds))
        for kind, price in ((True, self.cost["missed"]), (False, self.cost["wrongly_removed"])):
            own = truth == kind
            if not own.any():
                continue
            best = np.sort(proposed[own].groupby(image[own]).max().to_numpy())
            below = np.searchsorted(best, thresholds, side="left")
            counted = below if kind else len(best) - below
            costs += price * float(weight[own].mean()) * counted
        return costs
