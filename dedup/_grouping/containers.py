"""Collages, chats and screenshots contain pictures, and bridge none of them."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from dedup._base.pairs import ordered
from dedup._grouping.decision import Decision
from dedup._verification.edits import GROUNDS
from dedup._verification.verify import Verifier

__all__ = ["without_containers"]

_MANY: Final = 100
"""Among so many pictures the keeper is an ordinary one."""


def without_containers(
    pictures: Sequence[int], *, decision: Decision, verifier: Verifier
) -> Sequence[int]:
    """The pictures of a cluster that no other was put into; all if there is no such."""
    if len(pictures) > _MANY:
        return pictures
    containers = set(_containers(pictures, decision, verifier))
    return [picture for picture in pictures if picture not in containers] or pictures


def _containers(pictures: Sequence[int], decision: Decision, verifier: Verifier) -> Iterator[int]:
    for ends in combinations(pictures, 2):
        pair = ordered(*ends)
        seen = verifier.evidence(pair)
        if seen is None or GROUNDS.isdisjoint(seen.edits) or not decision.is_link(pair):
            continue
        yield verifier.directed(pair)[seen.overlap_a >= seen.overlap_b]
