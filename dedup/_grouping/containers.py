"""Collages, chats and screenshots contain pictures, and bridge none of them."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

from dedup._base.pairs import ordered
from dedup._grouping.decision import Decision

__all__ = ["without_containers"]

_MANY: Final = 100
"""Among so many pictures the keeper is an ordinary one."""


def without_containers(pictures: Sequence[int], *, decision: Decision) -> Sequence[int]:
    """The pictures of a cluster that no other was put into; all if there is no such."""
    if len(pictures) > _MANY:
        return pictures
    containers = set(_containers(pictures, decision))
    return [picture for picture in pictures if picture not in containers] or pictures


def _containers(pictures: Sequence[int], decision: Decision) -> Iterator[int]:
    for picture, outer in permutations(pictures, 2):
        if decision.is_link(ordered(picture, outer)) and decision.is_put_into(picture, outer):
            yield outer
