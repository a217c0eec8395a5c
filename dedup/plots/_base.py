"""What all plots share: axes, colours, headings, thresholds, and how numbers are written."""

from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.extras import require
from dedup._search import measure
from dedup._search.threshold import Threshold
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "DARK",
    "DUPLICATE",
    "OTHER",
    "SMALL",
    "Cut",
    "Lines",
    "check",
    "counted",
    "cut_of",
    "head",
    "least",
    "locator",
    "new_axes",
    "new_grid",
    "share",
    "written",
]

Cut: TypeAlias = float | Threshold
Lines: TypeAlias = list[tuple[str, str]]

# The colour-blind tell these two apart (Okabe and Ito, "Color Universal Design", 2008).
DUPLICATE: Final = "#0072B2"
OTHER: Final = "#D55E00"
DARK: Final = "#404040"
SMALL: Final = 9
_PALE: Final = "#e6e6e6"
_SIZE: Final = (7.0, 4.5)
_LINE_HEIGHT: Final = 13  # points


def new_axes(*, height: float = _SIZE[1]) -> "Axes":
    """The axes of a new figure, `height` inches high."""
    axes: Axes = _new_figure(height).subplots()
    return axes


def new_grid(rows: int, columns: int, *, height: float) -> npt.NDArray[np.object_]:
    """The axes of a new figure, shape (rows, columns)."""
    axes: npt.NDArray[np.object_] = _new_figure(height).subplots(rows, columns, squeeze=False)
    return axes


def head(ax: "Axes", title: str, lines: Lines, *, above: float = 4) -> None:
    """Set a title, with lines of text and their colours below it, `above` points over the axes.

    They are what the axes are described with where the figure can't be seen, too.
    """
    for place, (text, colour) in enumerate(reversed(lines)):
        ax.annotate(
            text,
            (0, 1),
            xytext=(0, above + place * _LINE_HEIGHT),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colour,
            size=SMALL,
        )
    ax.set_title(title, loc="left", size=12, pad=above + 4 + len(lines) * _LINE_HEIGHT)
    ax.grid(color=_PALE, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)
    ax.set_label(". ".join([title, *(text.removeprefix("■ ") for text, _ in lines)]))


def locator(most: int, *, integer: bool = False) -> Any:
    """Round numbers as ticks."""
    ticker = require("matplotlib.ticker", extra="tuning")
    return ticker.MaxNLocator(most, steps=[1, 2, 5, 10], integer=integer)


def share(value: float, *, digits: int = 3) -> str:
    """A share, 0 to 1, that is written as nought or one only if it is.

    Examples
    --------
    >>> share(0.5), share(1.0), share(0.99999), share(0.9876, digits=2)
    ('0.500', '1.000', '>0.999', '0.99')
    """
    smallest = 10.0**-digits
    if 0 < value < smallest / 2:
        return f"<{smallest:.{digits}f}"
    if 1 - smallest / 2 < value < 1:
        return f">{1 - smallest:.{digits}f}"
    return f"{value:.{digits}f}"


def counted(count: int, noun: str) -> str:
    """A number of things, in words.

    Examples
    --------
    >>> counted(1, "pair"), counted(1200, "pair")
    ('1 pair', '1,200 pairs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def check(pairs: ScoredPairs) -> None:
    """Refuse an empty table."""
    if not len(pairs):
        raise InputError("there are no pairs to plot")


def cut_of(threshold: Cut, pairs: ScoredPairs) -> float:
    """Value of a threshold; refuses one that was tuned on another quantity."""
    if isinstance(threshold, Threshold):
        tuned, scored = (f"{x.quantity} of {x.method}" for x in (threshold, pairs))
        if tuned != scored:
            raise InputError(f"the threshold is for the {tuned}, the pairs have the {scored}")
    cut = float(getattr(threshold, "value", threshold))
    if not isfinite(cut):
        raise InputError(f"threshold={cut}: expected a number")
    return cut


def least(cut: float, pairs: ScoredPairs) -> float:
    """A threshold in terms of `pairs.rank`."""
    return measure.surety(cut, quantity=pairs.quantity)


def written(cut: float, pairs: ScoredPairs) -> str:
    """A threshold, or a score, with its unit."""
    return measure.written(cut, quantity=pairs.quantity)


def _new_figure(height: float) -> Any:
    pyplot = require("matplotlib.pyplot", extra="tuning")
    figure = pyplot.figure(figsize=(_SIZE[0], height), dpi=100, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    figure._repr_mimebundle_ = partial(_alternative, figure)
    return figure


def _alternative(figure: Any, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What IPython is to know of a figure beside the picture that it makes: a text in its place."""
    del asked
    parts = [figure.get_suptitle(), *(ax.get_label() or ax.get_title("left") for ax in figure.axes)]
    alt = {"alt": ". ".join(filter(None, parts))}
    return {}, {"image/png": alt, "image/jpeg": alt}
