"""The pairs between two stars that show whether both are of one picture: few, and few stars each.

Drawings on one ground, such as icons, all resemble each other: without an end to it, each star
would be compared with all others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from dedup._base.pairs import Pair, ordered
from dedup._grouping.decision import Decision

__all__ = ["bridges_between"]

_BRIDGES: Final = 4
_FIRST: Final = 2
"""Pairs of two stars that are verified; and so many first, which decide about the others: where
stars of edited photos were joined, one of these was a link."""
_PATIENCE: Final = 6
"""A star is left alone after so many others in a row that no pair links it with: those that were
joined were so at the first."""
_ALIKE: Final = 0.25
"""What two stars of pages of one template count: there may be many before the right one."""


def bridges_between(
    candidates: Iterable[Pair], *, home: Mapping[int, int], decision: Decision
) -> dict[Pair, list[Pair]]:
    """Verify pairs between stars.

    Parameters
    ----------
    candidates : iterable of (int, int)
        Proposed pairs, the most similar first.
    home : mapping of int to int
        The star of each picture.
    decision : Decision

    Returns
    -------
    dict of (int, int) to list of (int, int)
        The pairs by the stars that they are between; those that are no links are not all verified.
    """
    bridges: dict[Pair, list[Pair]] = defaultdict(list)
    for pair in candidates:
        a, b = (home.get(picture, -1) for picture in pair)
        if a != b and min(a, b) >= 0 and len(bridges[ordered(a, b)]) < _BRIDGES:
            bridges[ordered(a, b)].append(pair)
    failures: dict[int, float] = defaultdict(float)  # in a row, of each star
    waiting = list(bridges)
    while waiting:
        batch, waiting = _next_batch(waiting, failures)
        first = {ends: bridges[ends][:_FIRST] for ends in batch}
        decision.verify(chain.from_iterable(first.values()))
        linked = {ends for ends in batch if any(map(decision.is_link, first[ends]))}
        decision.verify(pair for ends in batch if ends in linked for pair in bridges[ends])
        for ends in batch:
            alike = any(map(decision.is_of_one_layout, first[ends]))
            for end in ends:
                failures[end] = 0 if ends in linked else failures[end] + (_ALIKE if alike else 1)
    return bridges


def _next_batch(
    waiting: Iterable[Pair], failures: Mapping[int, float]
) -> tuple[list[Pair], list[Pair]]:
    """Stars to look at now, and later; without those of which both are left alone."""
    tries: dict[int, int] = defaultdict(int)
    batch, later = [], []
    for ends in waiting:
        patient = [end for end in ends if failures.get(end, 0) < _PATIENCE]
        if any(failures.get(end, 0) + tries[end] < _PATIENCE for end in patient):
            batch.append(ends)
            for end in ends:
                tries[end] += 1
        elif patient:
            later.append(ends)
    return batch, later
