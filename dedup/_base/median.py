"""The median of few values: NumPy's takes some times as long, as it looks for three places."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["median"]


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
