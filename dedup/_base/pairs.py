"""Pairs of pictures, which a search numbers from what would rather be kept."""

from typing import TypeAlias

__all__ = ["Pair", "ordered"]

Pair: TypeAlias = tuple[int, int]


def ordered(a: int, b: int) -> Pair:
    """A pair as it is looked up: the smaller first.

    Examples
    --------
    >>> ordered(2, 1)
    (1, 2)
    """
    return (a, b) if a < b else (b, a)
