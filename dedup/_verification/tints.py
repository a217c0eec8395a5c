"""How the colours of one picture became those of another that shows the same."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dedup._verification.registration import Floats

__all__ = ["Tint", "tint_of"]

_PALETTE: Final = 24
"""Colours that stand for a picture."""
_STIFF: Final = 50.0
"""Variance, in grey values, of colours that say little about how they were changed."""


@dataclass(frozen=True)
class Tint:
    """An affine map of colours, from a to b.

    Attributes
    ----------
    palette : ndarray, shape (n, 3)
        Colours of a.
    matrix : ndarray, shape (3, 3)
    shift : ndarray, shape (3,)
    """

    palette: Floats
    matrix: Floats
    shift: Floats

    def __call__(self, colours: Floats) -> Floats:
        """What becomes of some colours."""
        changed: Floats = colours @ self.matrix + self.shift
        return changed

    @property
    def strength(self) -> float:
        """Root mean square change of the palette, in grey values."""
        return float(np.sqrt(((self(self.palette) - self.palette) ** 2).mean()))


def tint_of(a: Floats, b: Floats) -> Tint:
    """The tint from some colours to what became of them, shape (n, 3) each.

    Least squares, drawn to no change where the colours do not say.

    Examples
    --------
    >>> grey = np.linspace(0, 255, 30)[:, None] * np.ones(3)
    >>> round(tint_of(grey, grey + 8).strength)
    8
    """
    if len(a) == 0:
        return Tint(np.zeros((0, 3)), np.eye(3), np.zeros(3))
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    own, change = a - mean_a, (b - mean_b) - (a - mean_a)
    square = own.T @ own / len(a) + _STIFF * np.eye(3)
    matrix = np.eye(3) + np.linalg.solve(square, own.T @ change / len(a))
    palette = a[np.linspace(0, len(a) - 1, _PALETTE).astype(int)]
    return Tint(palette, matrix, mean_b - mean_a @ matrix)
