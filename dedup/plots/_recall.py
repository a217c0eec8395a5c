"""Recall by edit and strength, as a heat map."""

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from dedup import metrics
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError
from dedup.plots._base import (
    DARK,
    SMALL,
    Cut,
    check,
    counted,
    cut_of,
    head,
    least,
    new_axes,
    share,
    written,
)
from dedup.plots._edit_order import family_of, label_of, order_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["recall_by_edit"]

_FEW: Final = 5


class _Cell(NamedTuple):
    edit: str
    pairs: int
    found: int


def recall_by_edit(pairs: ScoredPairs, *, threshold: Cut, ax: "Axes | None" = None) -> "Axes":
    """Share of the duplicates that a threshold finds, by edit: a heat map.

    A row is a family of edits, the worst first; its cells go from the weakest edit to the
    strongest. Cells of fewer than five pairs say how many they are.

    Parameters
    ----------
    pairs : ScoredPairs
    threshold : float or Threshold
    ax : Axes, optional
        Drawn into; a new figure if not given, as high as it needs.

    Raises
    ------
    InputError
        If no pair of duplicates names its edit.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"label": [True] * 2, "score": [0.9, 0.4]})
    >>> table = table.assign(edit=["crop-70", "crop-25"], family="crop")
    >>> ax = recall_by_edit(ScoredPairs(table), threshold=0.5)
    >>> [text.get_text() for text in ax.texts[:2]]
    ['70: 1.00 (n=1)', '25: 0.00 (n=1)']
    """
    check(pairs)
    cut = cut_of(threshold, pairs)
    rows = _recall_rows(pairs, cut)
    columns = max(map(len, rows.values()))
    ax = new_axes(height=max(2.2, 0.27 * len(rows) + 1.3)) if ax is None else ax
    missed = np.full((len(rows), columns), np.nan)
    for y, (family, row) in enumerate(rows.items()):
        for x, cell in enumerate(row):
            recall = cell.found / cell.pairs
            missed[y, x] = 1 - recall
            text = f"{label_of(cell.edit, family=family)}: {share(recall, digits=2)}"
            ax.text(
                x + 0.5,
                y + 0.5,
                text.removeprefix(": ") + (f" (n={cell.pairs})" if cell.pairs < _FEW else ""),
                ha="center",
                va="center",
                color="white" if missed[y, x] > 0.75 else "black",
                size=SMALL if columns < 5 else SMALL - 2,
                parse_math=False,
            )
    ax.pcolormesh(np.ma.masked_invalid(missed), cmap="Oranges", vmin=0, vmax=1.15, ec="white")
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(rows))
    ax.set_xticks([])
    ax.set_ylim(len(rows), 0)
    ax.set_xlabel("weaker to stronger edits (strength: recall; the darker, the more are missed)")
    cells = [cell for row in rows.values() for cell in row]
    copies, found = sum(cell.pairs for cell in cells), sum(cell.found for cell in cells)
    about = f"{found:,} of {copies:,} edited copies are found"
    if left_out := int(pairs.truth.sum()) - copies:
        about += f"; not counted: {counted(left_out, 'duplicate')} without an edit"
    title = f"Recall by edit at threshold {written(cut, pairs)}, worst family first"
    head(ax, title, [(about, DARK)])
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _recall_rows(pairs: ScoredPairs, cut: float) -> dict[str, list[_Cell]]:
    """Cells by family, the worst first, each from weak to strong."""
    table = pairs.table.assign(rank=pairs.rank)[pairs.truth]
    table = table[table["edit"] != ""]
    if table.empty:
        raise InputError("no pair of duplicates names its edit: there is no recall by edit")
    labelled = dict(zip(table["edit"], table["family"], strict=True))
    found = metrics.recall_by(
        table["label"], table["rank"], by=list(table["edit"]), threshold=least(cut, pairs)
    )
    rows: dict[str, list[_Cell]] = {}
    for edit in sorted(found.index, key=order_of):
        cell = _Cell(edit, int(found["pairs"][edit]), int(found["found"][edit]))
        rows.setdefault(family_of(edit, labelled=labelled[edit]), []).append(cell)

    def recall(family: str) -> tuple[float, str]:
        row = rows[family]
        return sum(cell.found for cell in row) / sum(cell.pairs for cell in row), family

    return {family: rows[family] for family in sorted(rows, key=recall)}
