"""The best of several files, though which of two is the better one is no order among them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.encoding import is_surely_coarser
from dedup._grouping.finer import is_slightly_filtered
from dedup._grouping.toned import is_paler, is_tinted
from dedup._grouping.two import is_encoded_better
from dedup._verification.coverage.coverage import Coverage

__all__ = ["champion", "points_of", "won"]

_TRUSTED: Final = 0.25
_FEW: Final = 4
"""Points for each rival, after a few, that are needed against what most of a group say is the least
altered."""


def champion(
    leader: int,
    rivals: Sequence[int],
    points: Callable[[int, int], float],
    *,
    compare: Callable[[Iterable[tuple[int, int]]], object] = lambda _: None,
) -> int:
    """The leader, or of those that are better the one that has most points against all.

    Comparisons are no order: a blurred copy may pass for what a sharp photo was before it was
    sharpened, and a noisy one is better than that, and a WebP file of the photo than the noisy one.

    Parameters
    ----------
    leader : int
    rivals : sequence of int
        The likeliest first.
    points : callable
        What the first one has against the second one: most if it is better.
    compare : callable, optional
        Is told of pairs before their points are asked for, many at once.

    Examples
    --------
    >>> better = {("photo", "noisy"), ("blurred", "photo"), ("noisy", "blurred")}
    >>> names = "photo", "blurred", "noisy"
    >>> def points(one, other):
    ...     one, other = names[one], names[other]
    ...     return int((one, other) in better) - int((other, one) in better)
    >>> champion(0, [1, 2], points), champion(0, [1], points)
    (0, 1)
    >>> champion(0, range(1, 9), lambda one, other: int((one, other) == (1, 0)))  # of many
    0
    """
    compare((leader, rival) for rival in rivals)
    better = [rival for rival in rivals if points(rival, leader) > points(leader, rival)]
    if not better:
        return leader
    everyone = leader, *rivals
    compare((one, other) for one in better for other in everyone if other != one)
    total = {
        one: sum(points(one, other) for other in everyone if other != one)
        for one in (leader, *better)
    }
    total[leader] += _TRUSTED * max(0, len(rivals) - _FEW)
    return max(total, key=lambda one: total[one])  # of equals the first one


def points_of(one: Record, other: Record, seen: Coverage) -> float:
    """What a file (b) has against another one (a) of many.

    Of a slightly sharpened or blurred copy nothing tells which of the two it is, but that it
    differs so from all others: both lose, and the finer one more, as more are sharpened. How each
    was encoded doesn't tell which of two hues is the original's, or which of two is too colourful.
    A pale watermark is seen in two alone, not among many.
    """
    if is_paler(seen) or (seen.a.colours and seen.b.colours):
        return 0.0
    if seen.a.veil != seen.b.veil:
        return 1.0 if seen.a.veil > seen.b.veil else -1.0
    is_as_coarse = not is_surely_coarser(one, other) and not is_surely_coarser(other, one)
    if is_slightly_filtered(seen.detail) and is_as_coarse and not is_tinted(seen):
        return -1.0 if seen.detail.ratio > 1 else -0.5
    return won(one, other, seen, is_encoded_better)


def won(
    one: Record, other: Record, seen: Coverage, better: Callable[[Record, Record, Coverage], bool]
) -> int:
    """1 if a file (b) is better than another one (a), -1 of the reverse, 0 if neither, or both."""
    return int(better(one, other, seen)) - int(better(other, one, seen.swapped()))
