"""The best file of a group, once it is known what its members show of each other.

Groups are built around a provisional keeper, on which all members are laid. The best one covers
the most of what they show, then is the least altered, then has the usual colours, then the most
detail, then the better encoding. What was altered shows among three or more (`layers`); of two
alone it is judged by how they differ (`two`).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from dedup._base.pairs import ordered
from dedup._catalogue.record import Record
from dedup._grouping.decision import Decision
from dedup._grouping.keeper import is_thumbnail
from dedup._grouping.two import is_better, is_encoded_better
from dedup._verification.edits import GROUNDS
from dedup._verification.layers import Layer, Standing, standings
from dedup._verification.registration import Matrix
from dedup._verification.verify import Verifier

__all__ = ["settled"]

_COVERED: Final = 0.02
"""Part of all that a group shows by which one covers more."""
_ALTERED: Final = 0.002
"""Part of a picture by which one was altered more."""
_COLOURLESS: Final = 0.3
_COLOURFUL: Final = 4.0
"""Colour, in units of the most colourful one's, if that has so much, below which one is grey."""
_TINTED: Final = 2.5
"""Distance from the usual colours, in grey values, by which one is tinted more."""
_FRAMED: Final = 0.3
"""Part of a group's pairs that must say that the first one lies on a ground."""
_SAME_SIZE: Final = 0.03


def settled(
    group: Sequence[int],
    *,
    decision: Decision,
    verifier: Verifier,
    files: Mapping[int, Sequence[Record]],
) -> list[int]:
    """A group with the best of its pictures first.

    Parameters
    ----------
    group : sequence of int
        The provisional keeper first.
    decision : Decision
    verifier : Verifier
    files : mapping of int to sequence of Record
        Files of each picture, the best first.
    """
    first, *others = group
    decision.verify(ordered(first, other) for other in others)
    placed = list(_placed(group, decision=decision, verifier=verifier))
    alike = _fullest(placed, files)
    if len(placed) > 2:
        alike = _least_altered(placed, among=alike, verifier=verifier)
        better = is_encoded_better
    else:
        better = is_better
    keeper, *rivals = (one.picture for one in alike)
    decision.verify(ordered(keeper, rival) for rival in rivals)
    for rival in rivals:
        if decision.is_link(ordered(keeper, rival)):
            seen = verifier.covering.of(keeper, rival)
            if seen is not None and better(files[rival][0], files[keeper][0], seen):
                keeper = rival
    return [keeper, *(other for other in group if other != keeper)]


class _Placed(NamedTuple):
    """A picture of a group that is aligned to the first one.

    Attributes
    ----------
    picture : int
    to_picture : ndarray, shape (3, 3)
        From a place in the first one to the same place in this one.
    is_framed : bool
        Whether it was put on a ground, or into something else.
    scale : float
        Its pixels, in length, for one of the first one's.
    """

    picture: int
    to_picture: Matrix
    is_framed: bool
    scale: float


def _placed(group: Sequence[int], *, decision: Decision, verifier: Verifier) -> Iterable[_Placed]:
    """The first one, and what is linked to it."""
    first, *others = group
    found, framed = [], 0
    for other in others:
        pair = ordered(first, other)
        seen = verifier.evidence(pair)
        if seen is None or seen.transform is None or not decision.is_link(pair):
            continue
        to_b = np.vstack([seen.transform, [0, 0, 1]])
        is_turned = verifier.directed(pair)[0] == other
        on_ground = not GROUNDS.isdisjoint(seen.edits)
        other_is_whole = (seen.overlap_a >= seen.overlap_b) != is_turned
        framed += on_ground and not other_is_whole
        found.append(
            _Placed(
                other,
                np.linalg.inv(to_b) if is_turned else to_b,
                on_ground and other_is_whole,
                1 / seen.scale if is_turned else seen.scale,
            )
        )
    yield _Placed(first, np.eye(3), framed > _FRAMED * len(found), 1.0)
    yield from found


def _fullest(placed: Sequence[_Placed], files: Mapping[int, Sequence[Record]]) -> list[_Placed]:
    """Those that are no thumbnails, if there are such, with most frames, transparency and bits."""
    chosen = [one for one in placed if not is_thumbnail(files[one.picture][0])] or list(placed)
    fullness = max(files[one.picture][0].fullness for one in chosen)
    return [one for one in chosen if files[one.picture][0].fullness == fullness]


def _least_altered(
    placed: Sequence[_Placed], *, among: Sequence[_Placed], verifier: Verifier
) -> list[_Placed]:
    """Of some pictures of a group those that show it best, the likeliest first."""
    features = verifier.features({one.picture for one in placed})
    there = [one for one in placed if one.picture in features]
    layers = [Layer(features[one.picture], one.to_picture, one.is_framed) for one in there]
    standing = dict(zip((one.picture for one in there), standings(layers), strict=True))
    left = [one for one in among if one.picture in standing]

    def least(measure: Callable[[Standing], float], slack: float) -> list[_Placed]:
        values = [measure(standing[one.picture]) for one in left]
        return [
            one for one, value in zip(left, values, strict=True) if value <= min(values) + slack
        ]

    left = least(lambda its: -its.covered, _COVERED)
    left = least(lambda its: its.is_framed, 0)
    left = least(lambda its: its.altered, _ALTERED)
    most = max(standing[one.picture].colour for one in left)
    left = least(lambda its: most > _COLOURFUL and its.colour < _COLOURLESS * most, 0)
    left = least(lambda its: its.tint, _TINTED)
    largest = max(one.scale for one in left)

    def rank(one: _Placed) -> tuple[int, int, int]:
        smaller = round(math.log(largest / one.scale) / (2 * _SAME_SIZE))
        return smaller, round(standing[one.picture].tint), one.picture

    return sorted(left, key=rank)
