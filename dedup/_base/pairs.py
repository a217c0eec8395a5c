"""Pairs of pictures, which a search numbers from what would rather be kept."""

from typing import Final, TypeAlias

__all__ = ["EXCHANGED", "Pair", "ordered"]

Pair: TypeAlias = tuple[int, int]

EXCHANGED: Final = (0, 2, 1, 3)
"""Which of a pair may lie inside which (1: the first in the second, 2: the reverse, 3: both, as far
as is known), of the exchanged pair."""


def ordered(a: int, b: int) -> Pair:
    """A pair as it is looked up: the smaller first.

    Examples
    --------
    >>> ordered(2, 1)
    (1, 2)
    """
    return (a, b) if a < b else (b, a)
