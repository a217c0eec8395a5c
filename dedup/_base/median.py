"""Quantiles of few values: NumPy's take some times as long, as they look for several places."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["median", "quantile"]


def median(values: npt.NDArray[np.floating[Any]]) -> float:
    """The middle one of some values, shape (n,), or what lies between the two in the middle.

    To the bit what NumPy's is, where no value is NaN.

    Examples
    --------
    >>> median(np.array([4.0, 1.0, 2.0])), median(np.array([4.0, 1.0, 2.0, 3.0]))
    (2.0, 2.5)
    """
    half = len(values) // 2
    ranked = np.partition(values, half)
    low = ranked[half] if len(values) % 2 else ranked[:half].max()
    return float((low + ranked[half]) / 2)


def quantile(values: npt.NDArray[np.floating[Any]], part: float) -> float:
    """What so much of some values, shape (n,), is less than; between two of them, what lies there.

    To the bit what NumPy's is, where no value is NaN.

    Examples
    --------
    >>> quantile(np.array([4.0, 1.0, 2.0]), 0.5), quantile(np.array([4.0, 1.0, 2.0, 3.0]), 0.25)
    (2.0, 1.75)
    """
    place = (len(values) - 1) * part
    before = int(place)
    ranked = np.partition(values, before)
    low = ranked[before]
    high = ranked[before + 1 :].min() if before + 1 < len(values) else low
    beyond = place - before
    if beyond >= 0.5:
        return float(high - (high - low) * (1 - beyond))
    return float(low + (high - low) * beyond)
