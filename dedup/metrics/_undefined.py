"""A metric that is undefined says so by name, instead of returning a plausible number."""

import warnings
from typing import Any, Final

__all__ = ["NO_TRUE_PAIR", "UndefinedMetricWarning", "ratio", "undefined"]

NO_TRUE_PAIR: Final = "there is no true pair"


class UndefinedMetricWarning(UserWarning):
    """A metric is undefined for what was given, and is NaN; the message names it and says why."""


def undefined(metric: str, why: str, *, stacklevel: int = 3) -> float:
    """NaN, with a warning that names the metric to the caller's caller."""
    warnings.warn(f"{metric} is undefined: {why}", UndefinedMetricWarning, stacklevel=stacklevel)
    return float("nan")


def ratio(part: Any, whole: float, *, metric: str, why: str) -> Any:
    """A number or an array as a part of the whole; NaN, with a warning, where that is zero.

    Examples
    --------
    >>> ratio(3, 4, metric="recall", why="no true pair")
    0.75
    """
    return part / (whole or undefined(metric, why, stacklevel=4))
