"""The pairs nearest to a threshold, as pictures."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError
from dedup.plots._base import DARK, OTHER, SMALL, Cut, check, cut_of, least, new_grid, written
from dedup.plots._pair_picture import draw_pair

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["borderline"]


def borderline(
    pairs: ScoredPairs, *, threshold: Cut, count: int = 4, axes: Any = None
) -> npt.NDArray[np.object_]:
    """Show the pairs whose scores are nearest to a threshold, side by side as pictures.

    Parameters
    ----------
    pairs : ScoredPairs
    threshold : float or Threshold
    count : int
        How many pairs that are accepted, and how many that are not.
    axes : array of Axes, optional
        `count` x 2 to draw into; a new figure if not given.

    Returns
    -------
    ndarray of Axes, shape (count, 2)
        In the first column pairs that are accepted, in the second pairs that are not, the
        nearest first. What is decided wrongly is marked.

    Raises
    ------
    InputError
        If no pair has a score, or `axes` are not as many as needed.

    Examples
    --------
    >>> folder = getfixture("sample_folder")
    >>> import pandas as pd
    >>> table = pd.DataFrame({"a": [f"{folder}/coffee.jpg"], "b": [f"{folder}/chelsea.bmp"]})
    >>> pairs = ScoredPairs(table.assign(label=[False], score=[0.7]))
    >>> borderline(pairs, threshold=0.5, count=1)[0, 0].get_title("left")
    '0.7: not duplicates, wrongly accepted'
    """
    check(pairs)
    cut = cut_of(threshold, pairs)
    if count < 1:
        raise InputError(f"count={count}: expected 1 or more")
    scored = np.flatnonzero(~np.isnan(pairs.rank))
    if not len(scored):
        raise InputError("no pair has a score: none is near the threshold")
    grid = new_grid(count, 2, height=1.55 * count + 0.4) if axes is None else np.asarray(axes)
    if grid.size != 2 * count:
        raise InputError(f"axes: expected {count} x 2, got {grid.size} in all")
    grid = grid.reshape(count, 2)
    distance = np.abs(pairs.rank - least(cut, pairs))
    for column, side in enumerate((True, False)):
        mine = scored[pairs.accepted(cut)[scored] == side]
        nearest = mine[np.argsort(distance[mine], kind="stable")][:count]
        for row, ax in enumerate(grid[:, column]):
            ax.set_axis_off()
            if row < len(nearest):
                _show_pair(ax, pairs, nearest[row], accepted=side)
            elif row == len(nearest):
                none = "no more pairs are " + ("accepted" if side else "rejected")
                ax.set_title(none, loc="left", size=SMALL, color=DARK)
    if axes is None:
        where = f"The pairs nearest to the threshold {written(cut, pairs)}"
        grid[0, 0].figure.suptitle(f"{where}: accepted left, rejected right", size=12)
    return grid


def _show_pair(ax: "Axes", pairs: ScoredPairs, row: int, *, accepted: bool) -> None:
    """Both pictures of a pair, its score and label; in colour and in words if decided wrongly."""
    a, b, score = (pairs.table[column].iloc[row] for column in ("a", "b", "score"))
    duplicates = bool(pairs.truth[row])
    draw_pair(ax, a, b)
    label = "duplicates" if duplicates else "not duplicates"
    wrong = duplicates != accepted
    verdict = "wrongly " * wrong + ("accepted" if accepted else "rejected")
    ax.set_title(
        f"{written(score, pairs)}: {label}, {verdict}",
        loc="left",
        size=SMALL,
        color=OTHER if wrong else DARK,
        weight="bold" if wrong else "normal",
    )
