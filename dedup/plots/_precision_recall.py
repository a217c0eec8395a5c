"""The precision-recall curve, with lines of equal F1 and the chosen threshold."""

from typing import TYPE_CHECKING, Final

import numpy as np

from dedup import metrics
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError
from dedup.plots._base import (
    DARK,
    DUPLICATE,
    OTHER,
    SMALL,
    Cut,
    check,
    counted,
    cut_of,
    head,
    locator,
    new_axes,
    share,
    written,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["precision_recall"]

# Where an axis may begin that ends at 1.
_ZOOMS: Final = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5)


def precision_recall(
    pairs: ScoredPairs, *, threshold: Cut | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Precision and recall of every threshold, with lines of equal F1.

    The axes begin near the curve: mind their ticks.

    Parameters
    ----------
    pairs : ScoredPairs
    threshold : float or Threshold, optional
        Marked, with its precision and recall.
    ax : Axes, optional
        Drawn into; a new figure if not given.

    Raises
    ------
    InputError
        If the pairs are of one kind only, or none has a score.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"label": [True, True, False], "score": [0.9, 0.4, 0.2]})
    >>> ax = precision_recall(ScoredPairs(table), threshold=0.5)
    >>> print(ax.texts[-1].get_text())
    threshold 0.5
    precision 1.000, recall 0.500
    """
    check(pairs)
    duplicates = int(pairs.truth.sum())
    if duplicates in (0, len(pairs)):
        kind = "no pair" if not duplicates else "every pair"
        raise InputError(f"{kind} is labelled as duplicates: there is no precision and recall")
    if np.isnan(pairs.rank).all():
        raise InputError("no pair has a score: there is no precision and recall")
    curve = metrics.precision_recall_curve(pairs.truth, pairs.rank)
    recall, precision = curve["recall"].to_numpy(float), curve["precision"].to_numpy(float)
    cut = None if threshold is None else cut_of(threshold, pairs)
    chosen = None if cut is None else _chosen(pairs, cut)
    best = int(curve["f1"].to_numpy(float).argmax())
    corner = [(recall[best], precision[best]), *([chosen] if chosen else [])]
    left = _zoom(min(r for r, _ in corner))
    seen = precision[: best + 1][recall[: best + 1] >= left]
    bottom = _zoom(min(*seen, *(p for _, p in corner)))
    left = min(left, bottom)

    ax = new_axes() if ax is None else ax
    ax.set_xlim(left, 1 + 0.015 * (1 - left))
    ax.set_ylim(bottom, 1 + 0.03 * (1 - bottom))
    _iso_f1(ax, left=left, bottom=bottom)
    ax.step([0, *recall], [precision[0], *precision], where="pre", color=DUPLICATE, linewidth=2)
    ax.yaxis.set_major_locator(locator(8))
    ax.set_xlabel("recall" + (f" (from {left:g})" if left else ""))
    ax.set_ylabel("precision" + (f" (from {bottom:g})" if bottom else ""))
    others = max(pairs.negatives, len(pairs) - duplicates)
    about = f"{counted(duplicates, 'duplicate')}, {counted(others, 'non-duplicate')}"
    if recall[-1] < 1:
        about += f"; {1 - recall[-1]:.1%} of the duplicates have no score"
    head(ax, "Precision and recall of every threshold", [(about, DARK)], above=18)
    if cut is not None:
        _mark(ax, chosen, f"threshold {written(cut, pairs)}")
        ax.set_label(f"{ax.get_label()}. {ax.texts[-1].get_text()}".replace("\n", ": "))
    return ax


def _zoom(value: float) -> float:
    """Where an axis begins that ends at 1, so that a value is seen and not at its edge."""
    room = 1 - 2.5 * (1 - value) if value < 1 else 0.9
    return next((zoom for zoom in _ZOOMS if zoom <= room), 0.0)


def _chosen(pairs: ScoredPairs, cut: float) -> tuple[float, float] | None:
    """Recall and precision of a threshold; None if it accepts nothing."""
    accepted = pairs.accepted(cut)
    found = int((accepted & pairs.truth).sum())
    return (found / pairs.truth.sum(), found / accepted.sum()) if accepted.any() else None


def _iso_f1(ax: "Axes", *, left: float, bottom: float) -> None:
    """Lines of equal F1, labelled where they leave the axes, at the right or at the top."""
    least = 2 * left * bottom / (left + bottom) if left and bottom else 0.0
    for f1 in locator(6).tick_values(least, 1):
        end = f1 / (2 - f1)  # where the other of the two is 1
        if not least < f1 < 1 or end < min(left, bottom):
            continue
        recall = np.linspace(end, 1, 100)
        ax.plot(recall, f1 * recall / (2 * recall - f1), color="#aaaaaa", linewidth=0.9, ls=":")
        at_right = end >= bottom
        ax.annotate(
            f"F1 {f1:.3g}",
            (1, end) if at_right else (end, 1),
            xycoords=("axes fraction", "data") if at_right else ("data", "axes fraction"),
            xytext=(4, 0) if at_right else (0, 3),
            textcoords="offset points",
            ha="left" if at_right else "center",
            va="center" if at_right else "bottom",
            color="#808080",
            size=SMALL - 1,
            annotation_clip=False,
        )


def _mark(ax: "Axes", chosen: tuple[float, float] | None, threshold: str) -> None:
    """Mark the chosen point with its precision and recall, where the curve is not."""
    if chosen is None:
        ax.text(0.02, 0.03, f"{threshold} accepts no pair", transform=ax.transAxes, color=OTHER)
        return
    recall, precision = chosen
    ax.plot([recall], [precision], "o", color=OTHER, markersize=8, markeredgecolor="white")
    right, high = ax.transAxes.inverted().transform(ax.transData.transform(chosen)) > (0.4, 0.25)
    ax.annotate(
        f"{threshold}\nprecision {share(precision)}, recall {share(recall)}",
        chosen,
        xytext=(-10 if right else 12, (-8 if right else -50) if high else 8),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top" if high else "bottom",
        color=OTHER,
        size=SMALL,
        arrowprops=None if right else {"arrowstyle": "-", "color": OTHER, "linewidth": 0.8},
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
