"""Recall by edit and strength, as bars."""

from typing import TYPE_CHECKING, Final, NamedTuple

from dedup import metrics
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError
from dedup.plots._base import (
    DUPLICATE,
    OTHER,
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
_LONG: Final = 0.97  # a bar, of the place that it has


class _Cell(NamedTuple):
    edit: str
    pairs: int
    found: int


def recall_by_edit(pairs: ScoredPairs, *, threshold: Cut, ax: "Axes | None" = None) -> "Axes":
    """Share of the duplicates that a threshold finds, by edit, as bars.

    A row is a family of edits, the worst first; its bars go from the weakest edit to the
    strongest. A whole bar are all copies of an edit, and of fewer than five it says how many.

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
    for y, (family, row) in enumerate(rows.items()):
        for x, cell in enumerate(row):
            text = f"{label_of(cell.edit, family=family)}: {_share(cell)}"
            text = text.removeprefix(": ") + (f" (n={cell.pairs})" if cell.pairs < _FEW else "")
            _draw_bar(ax, x, y, cell, text, size=SMALL if columns < 5 else SMALL - 2)
    ax.set_yticks([y + 0.5 for y in range(len(rows))], list(rows))
    ax.set_xticks([])
    ax.set_xlim(0, columns)
    ax.set_ylim(len(rows), 0)
    ax.set_xlabel("weaker to stronger edits (strength: recall)")
    cells = [cell for row in rows.values() for cell in row]
    copies, found = sum(cell.pairs for cell in cells), sum(cell.found for cell in cells)
    about = f"■ {found:,} of {copies:,} edited copies are found"
    if left_out := int(pairs.truth.sum()) - copies:
        about += f"; not counted: {counted(left_out, 'duplicate')} without an edit"
    missed = f"■ {copies - found:,} {'is' if copies - found == 1 else 'are'} missed"
    title = f"Recall by edit at threshold {written(cut, pairs)}, worst family first"
    head(ax, title, [(about, DUPLICATE), (missed, OTHER)])
    # What a picture says in its bars.
    lowest = sorted(cells, key=lambda cell: cell.found / cell.pairs)[:_FEW]
    parts = [f"{cell.edit} {_share(cell)}" for cell in lowest]
    ax.set_label(f"{ax.get_label()}. The lowest: {', '.join(parts)}")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _share(cell: _Cell) -> str:
    return share(cell.found / cell.pairs, digits=2)


def _draw_bar(ax: "Axes", x: int, y: int, cell: _Cell, text: str, *, size: float) -> None:
    """All copies of an edit: its left part are those that are found."""
    part = _LONG * cell.found / cell.pairs
    for left, width, colour in ((0.0, part, DUPLICATE), (part, _LONG - part, OTHER)):
        ax.barh(y + 0.5, width, left=x + left, height=0.84, color=colour, alpha=0.4)
    middle = (x + _LONG / 2, y + 0.5)
    ax.text(*middle, text, ha="center", va="center", size=size, parse_math=False)


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
