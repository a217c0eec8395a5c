"""How far the colours of one picture are from those of another that shows the same."""

from typing import Final

import numpy as np

from dedup._verification.registration import Floats

__all__ = ["tint_of"]

_STIFF: Final = 50.0
"""Variance, in grey values, of colours that say little about how they were changed."""


def tint_of(a: Floats, b: Floats) -> float:
    """Root mean square change of some colours, in grey values, shape (n, 3) each.

    By an affine map of colours, so that noise is no tint: least squares, drawn to no change where
    the colours do not say.

    Examples
    --------
    >>> grey = np.linspace(0, 255, 30)[:, None] * np.ones(3)
    >>> round(tint_of(grey, grey + 8))
    8
    """
    if len(a) == 0:
        return 0.0
    shift = (b - a).mean(axis=0)
    own, change = a - a.mean(axis=0), b - a - shift
    square = own.T @ own / len(a) + _STIFF * np.eye(3)
    matrix = np.linalg.solve(square, own.T @ change / len(a))
    return float(np.sqrt(((own @ matrix + shift) ** 2).mean()))
