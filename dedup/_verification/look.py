"""What is seen of an image beside its grey picture, and how the colours of two compare."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._verification.evidence import BlockMatch
from dedup._verification.registration import Floats
from dedup._verification.tints import CHROMA

__all__ = ["Colours", "Look", "colours_of"]

_FEWEST: Final = 16
"""Places of a thumbnail in which colours are compared."""
_COLOURLESS: Final = 3.0
_FAINT: Final = 5.0
"""Chroma, in grey values, of a grey picture; and up to which two say nothing."""
_VIVID: Final = 30.0
"""The same that yellowed paper, and a lamp's light on a page, hardly have."""
_OTHER: Final = 0.9
_UNRELATED: Final = 0.6
"""Cosines of two pictures' colours, place by place, below which these are others; and are such as
hardly an edit makes."""

_Chroma: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of one image beside its grey picture.

    Attributes
    ----------
    size : tuple of int
        Width and height of the full-size image, in pixels.
    thumbnail : ndarray, shape (side, side, 3), uint8
        The whole picture in RGB, squeezed into a square.
    grain : float
        Mean change of a pixel under a median of 3 x 3, in grey values: noise raises it.
    detail : float
        Mean change under a small blur after that: sharpening raises it, blurring lowers it.
    specks : float
        Part of the pixels that stand out from all their neighbours: salt and pepper.
    """

    size: tuple[int, int]
    thumbnail: npt.NDArray[np.uint8]
    grain: float
    detail: float
    specks: float


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours of two pictures where both show the same.

    Attributes
    ----------
    strength_a, strength_b : float
        Root mean square of the chroma, in grey values.
    cosine : float
        Of the chroma, place by place, -1 to 1.
    """

    strength_a: float
    strength_b: float
    cosine: float

    @property
    def are_unrelated(self) -> bool:
        """Whether one is colourful in another way, or alone, as hardly an edit makes it."""
        return self.cosine < _UNRELATED and max(self.strength_a, self.strength_b) >= _VIVID

    def words(self, gain: float) -> Iterator[str]:
        """What happened from a to b, whose contrast rose by `gain`."""
        if max(self.strength_a, self.strength_b) < _FAINT:
            return
        ratio = (self.strength_b + 1) / (self.strength_a + 1)
        if self.strength_b < _COLOURLESS:
            yield "grey"
        elif self.strength_a < _COLOURLESS:
            yield "coloured"
        elif self.cosine < _OTHER:
            yield "other colours"
        elif not 0.7 < ratio / gain < 1.35:
            yield "stronger colours" if ratio > gain else "weaker colours"


def colours_of(measured: BlockMatch, looks: tuple[Look, Look]) -> Colours | None:
    """The colours of two pictures' overlap; None if that is too small to tell."""
    chroma_a, chroma_b = (look.thumbnail.astype(np.float32) @ CHROMA for look in looks)
    side = len(chroma_a)
    there = _centres(side) @ measured.transform[:2, :2].T + measured.transform[:2, 2]
    seen = ((there > 0.02) & (there < 0.98)).all(axis=1)
    if seen.sum() < _FEWEST:
        return None
    column, row = (there[seen] * side).astype(int).T
    a, b = chroma_a.reshape(-1, 2)[seen], chroma_b[row, column]
    length = max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-6)
    return Colours(_strength(a), _strength(b), float((a * b).sum()) / length)


def _strength(chroma: _Chroma) -> float:
    return float(np.sqrt((chroma**2).sum(axis=1).mean()))


@cache
def _centres(side: int) -> Floats:
    """Of the pixels of a square, in parts of it, shape (side * side, 2)."""
    centres: Floats = (np.indices((side, side))[::-1].reshape(2, -1).T + 0.5) / side
    return centres
