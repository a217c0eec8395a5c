"""The best file of a group, once it is known what its members show of each other.

Groups are built around a provisional keeper, on which all members are laid. The best one covers
the most of what they show, then is the least altered, then has the usual colours, then the most
detail, then the better encoding. What was altered shows among three or more (`layers`); of two
alone it is judged by how they differ (`two`).
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import numpy as np

from dedup._base.pairs import Pair, ordered
from dedup._catalogue.derived import is_thumbnail
from dedup._catalogue.record import Record
from dedup._grouping.champion import champion, points_of, won
from dedup._grouping.decision import Decision
from dedup._grouping.encoding import is_surely_coarser
from dedup._grouping.most import finer, is_put, of_other_colours, uncensored
from dedup._grouping.placed import Placed, Point, centre, laid
from dedup._grouping.retain import shows_more_within
from dedup._grouping.toned import is_tinted
from dedup._grouping.two import is_better
from dedup._verification.coverage.coverage import Coverage
from dedup._verification.coverage.detail import SAME_SIZE
from dedup._verification.coverage.layers import Standing
from dedup._verification.verify import Verifier

__all__ = ["Contest", "contest", "settled"]

_THREE: Final = 3
"""Pictures among which it shows what was altered."""
_LARGE: Final = 400
"""Pictures that are looked at; of those after these, which a rule likes less, none is kept."""
_COVERED: Final = 0.02
"""Part of all that a group shows by which one covers more."""
_ALTERED: Final = 0.002
"""Part of a picture by which one was altered more."""
_COLOURLESS: Final = 0.3
_COLOURFUL: Final = 4.0
"""Colour, in units of the most colourful one's, if that has so much, below which one is grey."""
_MOSTLY: Final = 0.1
"""What may be missing of all that is covered, of a picture that says how colourful most are."""
_STRETCHED: Final = 0.03
"""Part by which one is longer across or down than most, if it was stretched."""
_TINTED: Final = 2.5
"""Distance from the usual colours, in grey values, by which one is tinted more."""


@dataclass(frozen=True)
class Contest:
    """What is known of a group before its pictures are compared with each other.

    Attributes
    ----------
    group : sequence of int
        The provisional keeper first.
    placed : sequence of Placed
        Those that are laid on it: they say what was altered.
    among : sequence of Placed
        Those of which one may be kept.
    likeliest : sequence of int
        Those of them that show the group best, the likeliest first.
    """

    group: Sequence[int]
    placed: Sequence[Placed]
    among: Sequence[Placed]
    likeliest: Sequence[int]

    @property
    def pairs(self) -> list[Pair]:
        """The comparisons that are surely needed."""
        leader, *rivals = self.likeliest
        return [ordered(leader, rival) for rival in rivals]


def contest(
    group: Sequence[int],
    *,
    decision: Decision,
    verifier: Verifier,
    files: Mapping[int, Sequence[Record]],
) -> Contest:
    """Lay the pictures of a group on each other.

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
    placed = list(islice(laid(group, decision=decision, verifier=verifier), _LARGE))
    among = _fullest(placed, files)
    return Contest(group, placed, among, _likeliest(placed, among, verifier=verifier))


def settled(
    begun: Contest,
    *,
    decision: Decision,
    verifier: Verifier,
    files: Mapping[int, Sequence[Record]],
) -> list[int]:
    """A group with the best of its pictures first; `decision`, ... as of `contest`."""
    best = partial(_best, decision=decision, verifier=verifier, files=files)
    placed, among = begun.placed, begun.among
    keeper = best(placed, among, begun.likeliest)
    bare = [one for one in among if one.picture != keeper]
    beside = partial(_beside, decision=decision, verifier=verifier)
    while bare and is_put(beside(keeper, _pictures(bare)), _centres(placed, keeper)):
        placed = [one._replace(is_framed=one.is_framed or one.picture == keeper) for one in placed]
        keeper = best(placed, bare, _likeliest(placed, bare, verifier=verifier))
        bare = [one for one in bare if one.picture != keeper]
    odd = of_other_colours(beside(keeper, _pictures(bare)))
    if odd:
        other = best(placed, bare, _likeliest(placed, bare, verifier=verifier))
        if of_other_colours(beside(other, _pictures(among))) < odd:
            keeper = other
    return [keeper, *(other for other in begun.group if other != keeper)]


def _likeliest(
    placed: Sequence[Placed], among: Sequence[Placed], *, verifier: Verifier
) -> list[int]:
    """Of some pictures of a group those that show it best, the likeliest first."""
    if len(placed) < _THREE:
        return _pictures(among)
    return _pictures(_least_altered(placed, among=among, verifier=verifier))


def _best(
    placed: Sequence[Placed],
    among: Sequence[Placed],
    likeliest: Sequence[int],
    *,
    decision: Decision,
    verifier: Verifier,
    files: Mapping[int, Sequence[Record]],
) -> int:
    """The best among some pictures of a group, all of which say what was altered."""
    are_many = len(placed) >= _THREE
    leader, *rivals = likeliest

    def points(one: int, other: int) -> float:
        seen = _seen(other, one, decision=decision, verifier=verifier)
        if seen is None:
            return 0.0
        files_of = files[one][0], files[other][0]
        return points_of(*files_of, seen) if are_many else won(*files_of, seen, is_better)

    compare = partial(_compare, decision=decision, verifier=verifier)
    beside = partial(_beside, decision=decision, verifier=verifier)
    keeper = champion(leader, rivals, points, compare=compare)
    if not are_many:
        return keeper
    as_fine = finer(beside(keeper, _pictures(among)))
    sharp = [picture for picture in likeliest if picture in as_fine]
    if sharp:
        keeper = champion(sharp[0], sharp[1:], points, compare=compare)
    keeper = _larger_sibling(keeper, among, decision=decision, verifier=verifier, files=files)
    shows_more = uncensored(beside(keeper, _pictures(among)))
    if not shows_more:
        return keeper
    return champion(shows_more[0], shows_more[1:], points, compare=compare)


def _centres(placed: Sequence[Placed], keeper: int) -> dict[int, Point]:
    """Where the middle of each picture lies in the keeper."""
    (its,) = (one for one in placed if one.picture == keeper)
    return {one.picture: centre(one, its) for one in placed}


def _pictures(placed: Sequence[Placed]) -> list[int]:
    return [one.picture for one in placed]


def _seen(a: int, b: int, *, decision: Decision, verifier: Verifier) -> Coverage | None:
    """What two pictures show of each other, if they are linked."""
    decision.verify([ordered(a, b)])  # the keeper is another one by now, perhaps
    return verifier.covering.of(a, b) if decision.is_link(ordered(a, b)) else None


def _compare(pairs: Iterable[tuple[int, int]], *, decision: Decision, verifier: Verifier) -> None:
    """Verify pairs, and measure what they show of each other, side by side."""
    known = [ordered(*pair) for pair in pairs]
    decision.verify(known)
    verifier.covering.measure(filter(decision.is_link, known))


def _beside(
    keeper: int, pictures: Iterable[int], *, decision: Decision, verifier: Verifier
) -> dict[int, Coverage]:
    """What the keeper (a) and each of the others that are linked to it show of each other."""
    others = [picture for picture in pictures if picture != keeper]
    _compare(((keeper, other) for other in others), decision=decision, verifier=verifier)
    seen = ((other, _seen(keeper, other, decision=decision, verifier=verifier)) for other in others)
    return {other: coverage for other, coverage in seen if coverage is not None}


def _larger_sibling(
    keeper: int,
    placed: Sequence[Placed],
    *,
    decision: Decision,
    verifier: Verifier,
    files: Mapping[int, Sequence[Record]],
) -> int:
    """The keeper, or a larger or less coarse file that shows the same.

    Where all were altered, as memes of one picture, a small copy of one seems to be so a bit less;
    and where most are in palettes, one of these.
    """
    least = (1 + SAME_SIZE) * next(one.scale for one in placed if one.picture == keeper)
    larger = [
        one.picture
        for one in placed
        if one.scale > least or is_surely_coarser(files[keeper][0], files[one.picture][0])
    ]
    compare = partial(_compare, decision=decision, verifier=verifier)

    def points(one: int, other: int) -> float:
        seen = _seen(other, one, decision=decision, verifier=verifier)
        if seen is None or is_tinted(seen) or not _shows_the_same(seen):
            return 0.0
        return points_of(files[one][0], files[other][0], seen)

    return champion(keeper, larger, points, compare=compare)


def _shows_the_same(seen: Coverage) -> bool:
    return not any(
        shows_more_within(only) or only.around > _COVERED or only.letters or only.colours
        for only in (seen.a, seen.b)
    )


def _fullest(placed: Sequence[Placed], files: Mapping[int, Sequence[Record]]) -> list[Placed]:
    """Those that are no thumbnails, if there are such, with most frames, transparency and bits."""
    chosen = [one for one in placed if not is_thumbnail(files[one.picture][0].path)] or list(placed)
    fullness = max(files[one.picture][0].fullness for one in chosen)
    return [one for one in chosen if files[one.picture][0].fullness == fullness]


def _least_altered(
    placed: Sequence[Placed], *, among: Sequence[Placed], verifier: Verifier
) -> list[Placed]:
    """Those that cover most of what three or more show, and are the least altered."""
    standing = verifier.standings([(one.picture, one.to_picture, one.is_framed) for one in placed])
    left = [one for one in among if one.picture in standing]

    def least(measure: Callable[[Standing], float], slack: float) -> list[Placed]:
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
    sides = Counter(one.sides for one in placed).most_common(1)[0][0]
    left = _as_most(left, placed, lambda one: one.sides == sides)
    shape = float(np.median([one.shape for one in placed]))
    left = _as_most(left, placed, lambda one: abs(one.shape - shape) < _STRETCHED)
    largest = max(one.scale for one in left)

    full = max(its.covered for its in standing.values()) - _MOSTLY
    colours = [
        its.colour
        for its in standing.values()
        if its.covered >= full and its.colour >= _COLOURLESS * most
    ]
    usual_colour = float(np.median(colours or [most]))

    def rank(one: Placed) -> tuple[int, int, int]:
        smaller = round(math.log(largest / one.scale) / (2 * SAME_SIZE))
        its = standing[one.picture]
        return smaller, round(its.tint + abs(its.colour - usual_colour)), one.picture

    return sorted(left, key=rank)


def _as_most(
    left: Sequence[Placed], placed: Sequence[Placed], is_usual: Callable[[Placed], bool]
) -> list[Placed]:
    """Those that lie, or are stretched, as most of a group; or are larger."""
    if 2 * sum(map(is_usual, placed)) <= len(placed):
        return list(left)
    usual = max((one.scale for one in left if is_usual(one)), default=0.0)
    return [one for one in left if is_usual(one) or one.scale > (1 + SAME_SIZE) * usual]
