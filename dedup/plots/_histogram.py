"""Duplicates and non-duplicates by score, as histograms."""

from math import ceil, floor
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._tuning.scored_pairs import ScoredPairs
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
    written,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["similarity_histogram"]

Floats: TypeAlias = npt.NDArray[np.float64]

_BINS: Final = 40
_QUANTITIES: Final = {
    "score": "score of the verification",
    "cosine": "cosine of the embeddings",
    "bits": "differing bits of the hashes",
}


def similarity_histogram(
    pairs: ScoredPairs, *, threshold: Cut | None = None, ax: "Axes | None" = None
) -> "Axes":
    """Duplicates and non-duplicates by score, on a logarithmic scale.

    Pairs that no threshold accepts, since they were never proposed or show one scene twice, have
    bars of their own, "no score". What the threshold decides wrongly is darker.

    Parameters
    ----------
    pairs : ScoredPairs
    threshold : float or Threshold, optional
        Drawn as a line; how many pairs it decides wrongly is told.
    ax : Axes, optional
        Drawn into; a new figure if not given.

    Raises
    ------
    InputError
        If there are no pairs, or the threshold was tuned on another quantity.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"label": [True, True, False], "score": [0.9, None, 0.2]})
    >>> ax = similarity_histogram(ScoredPairs(table), threshold=0.5)
    >>> [text.get_text() for text in ax.texts[:2]]
    ['■ 1 non-duplicate: 0 accepted', '■ 2 duplicates: 1 missed (1 without a score)']
    """
    check(pairs)
    cut = None if threshold is None else cut_of(threshold, pairs)
    ax = new_axes() if ax is None else ax
    bits = pairs.quantity == "bits"
    edges = _edges(pairs.table["score"].to_numpy(float), cut=cut, bits=bits)
    span = edges[-1] - edges[0]
    unscored = edges[-1] + 0.09 * span if bits else edges[0] - 0.09 * span
    without = {duplicate: _without_score(pairs, duplicate=duplicate) for duplicate in (True, False)}
    ax.set_yscale("log")
    for duplicate in (False, True):  # the duplicates in front, since they are fewer
        _draw_counts(ax, pairs, edges, cut=cut, duplicate=duplicate)
        if without[duplicate]:
            place = unscored + (0.02 if duplicate else -0.02) * span
            colour = DUPLICATE if duplicate else OTHER
            ax.bar(place, without[duplicate], 0.035 * span, color=colour, alpha=0.6)
    tallest = max(10.0, ax.dataLim.ymax)
    ax.set_ylim(0.7, 1.5 * tallest * (tallest / 0.7) ** 0.13)  # with room for the threshold
    ax.yaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    ax.yaxis.set_minor_formatter(lambda *_: "")
    _score_axis(ax, edges, unscored=unscored if any(without.values()) else None, integer=bits)
    ax.set_xlabel(f"{_QUANTITIES[pairs.quantity]} ({pairs.method})")
    ax.set_ylabel("pairs (logarithmic scale)")
    head(
        ax,
        "Duplicates and non-duplicates",
        [
            (_legend(pairs, cut=cut, duplicate=True), DUPLICATE),
            (_legend(pairs, cut=cut, duplicate=False), OTHER),
        ],
    )
    if cut is not None:
        _threshold_line(ax, floor(cut) + 0.5 if bits else cut, written(cut, pairs), left=bits)
    return ax


def _edges(scores: Floats, *, cut: float | None, bits: bool) -> Floats:
    """Bins from 0 to 1 and as far as there are scores; a threshold lies between two of them."""
    known = np.append(scores[~np.isnan(scores)], [] if cut is None else [cut])
    if bits:
        return np.arange(floor(known.min(initial=0)), ceil(known.max(initial=32)) + 2) - 0.5
    low, high = known.min(initial=0), known.max(initial=1)
    width = (high - low) / _BINS
    anchor = low if cut is None else cut
    first, last = floor((low - anchor) / width + 1e-9), ceil((high - anchor) / width - 1e-9)
    edges: Floats = anchor + width * np.arange(first, last + 1)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    return edges


def _without_score(pairs: ScoredPairs, *, duplicate: bool) -> int:
    """How many pairs of a kind have no score, those that are not in the table among them."""
    mine = pairs.truth == duplicate
    unlisted = 0 if duplicate else max(0, pairs.negatives - int(mine.sum()))
    return unlisted + int(np.isnan(pairs.rank[mine]).sum())


def _draw_counts(
    ax: "Axes", pairs: ScoredPairs, edges: Floats, *, cut: float | None, duplicate: bool
) -> None:
    """The pairs of a kind in bins; those that are decided wrongly are darker, and in front."""
    colour = DUPLICATE if duplicate else OTHER
    scores = pairs.table["score"].to_numpy(float)[pairs.truth == duplicate]
    counts = np.histogram(scores, edges)[0]
    ax.stairs(counts, edges, fill=True, color=colour, alpha=0.3)
    ax.stairs(counts, edges, color=colour, linewidth=1.3, zorder=3)
    if cut is not None:
        accepted = edges[1:] <= cut + 0.5 if pairs.quantity == "bits" else edges[:-1] >= cut
        wrong = np.where(accepted != duplicate, counts, 0)
        ax.stairs(wrong, edges, fill=True, color=colour, alpha=0.6, zorder=2)


def _legend(pairs: ScoredPairs, *, cut: float | None, duplicate: bool) -> str:
    """What there is of a kind: "104 duplicates: 32 missed (29 without a score)"."""
    mine = pairs.truth == duplicate
    count = int(mine.sum()) if duplicate else max(int(mine.sum()), pairs.negatives)
    text = f"■ {counted(count, 'duplicate' if duplicate else 'non-duplicate')}"
    if cut is not None:
        wrong = int((mine & (pairs.accepted(cut) != duplicate)).sum())
        text += f": {wrong:,} " + ("missed" if duplicate else "accepted")
    without = _without_score(pairs, duplicate=duplicate)
    return text + (f" ({without:,} without a score)" if without else "")


def _score_axis(ax: "Axes", edges: Floats, *, unscored: float | None, integer: bool) -> None:
    low, high = edges[0], edges[-1]
    ticks = locator(8, integer=integer).tick_values(low, high)
    places = [float(tick) for tick in ticks if low - 1e-9 <= tick <= high + 1e-9]
    names = [f"{tick:g}" for tick in places]
    margin = 0.01 * (high - low)
    if unscored is not None:
        places, names = [*places, unscored], [*names, "no score"]
        low, high = min(low, 2 * unscored - low), max(high, 2 * unscored - high)
    ax.set_xticks(places, names)
    ax.set_xlim(low - margin, high + margin)


def _threshold_line(ax: "Axes", place: float, threshold: str, *, left: bool) -> None:
    """A line with its threshold; `left`: what it accepts lies on its left."""
    ax.axvline(place, color=DARK, linewidth=1.5, linestyle="--")
    low, high = ax.get_xlim()
    # On the accepted side if there is room.
    inside = (place - low) / (high - low)
    to_left = inside > 0.3 if left else inside > 0.7
    ax.annotate(
        f"threshold {threshold}\n" + ("← accepted" if left else "accepted →"),
        (place, 1),
        xytext=(-5 if to_left else 5, -3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if to_left else "left",
        va="top",
        color=DARK,
        size=SMALL,
    )
