"""The best file of a group, once it is known what its members show of each other.

Groups are built around a provisional keeper. If a member shows more, it takes its place: the one
that covers the most, then the least altered, then the most detail, then the better encoding.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import numpy as np

from dedup._base.pairs import ordered
from dedup._catalogue.discover import is_thumbnail
from dedup._catalogue.record import Record
from dedup._grouping.decision import Decision
from dedup._grouping.encoding import has_camera, is_coarser
from dedup._grouping.retain import is_finer, is_fuller, shows_more_within
from dedup._verification.common_part import Differences, Mask
from dedup._verification.coverage import Coverage
from dedup._verification.covering import Covering
from dedup._verification.detail import Detail

__all__ = ["settled"]

_ROUNDS: Final = 4
"""How often a better member may take the keeper's place."""
_MORE: Final = 0.02
"""Part of a picture, beyond the other's frame, by which one shows more."""
_CLEARLY: Final = 0.75
"""What the less altered one shows alone, at most, in units of what the other does."""
_SAME_SIZE: Final = 0.03
_ENLARGED: Final = 1.25
"""Resolutions of one size; and from which one without more detail was enlarged."""
_BLURRED: Final = 0.3
"""What a blur shows alone, at most, in units of what the other does."""
_SQUARE: Final = 0.12
"""Difference of the contrast along the axes from which one has bars or a mosaic."""
_CRISP: Final = 0.5
"""Finest octave in units of the next, of a picture that is not blurred."""
_AMPLIFIED: Final = 1.2
"""Detail that sharpening adds, at least."""
_SPECKS: Final = 0.035
"""Part of the pixels by which one has more specks."""
_NOISE: Final = 3.0
"""Noise, in grey values, that was added."""
_AS_DETAILED: Final = 0.95
"""Detail, at least, of what is only noisier."""
_INTERPOLATED: Final = 1.25
"""Detail that interpolation may cost one of the pictures, and that noise may seem to be."""
_SAME_COLOURS: Final = 3.0
"""Difference of colours, in grey values, that an encoder leaves."""
_WITNESSES: Final = 2
"""Third pictures that are asked whether they are as the other is."""
_SHARED: Final = 0.5
"""Part of the squares that differ in which a third picture differs, too."""


def settled(
    group: Sequence[int],
    *,
    decision: Decision,
    covering: Covering,
    files: Mapping[int, Sequence[Record]],
) -> list[int]:
    """A group with the best of its pictures first.

    Parameters
    ----------
    group : sequence of int
        The provisional keeper first.
    decision : Decision
    covering : Covering
    files : mapping of int to sequence of Record
        Files of each picture, the best first.
    """
    keeper, tried = group[0], set[int]()
    for _ in range(_ROUNDS):
        tried.add(keeper)
        pairs = [ordered(keeper, other) for other in group if other != keeper]
        decision.verify(pairs)
        linked = [pair for pair in pairs if decision.is_link(pair)]
        covering.measure(linked)
        seen = {other: covering.of(keeper, other) for other in chain(*linked) if other != keeper}
        known = {other: coverage for other, coverage in seen.items() if coverage is not None}
        usual = _usual(keeper, known)
        better = [
            (_gain(coverage), other in usual, -other)
            for other, coverage in known.items()
            if other not in tried
            and _is_better(
                files[other][0],
                files[keeper][0],
                coverage,
                usual=(other in usual) - (keeper in usual),
                altered=_altered(other, known, decision=decision, covering=covering),
            )
        ]
        if not better:
            break
        keeper = -max(better)[-1]
    return [keeper, *(other for other in group if other != keeper)]


def _gain(seen: Coverage) -> float:
    """How much more of the scene b shows than a."""
    return 0.0 if seen.b.ground else round(seen.b.share - seen.a.share, 2)


def _usual(keeper: int, seen: Mapping[int, Coverage]) -> set[int]:
    """The pictures in the colours that most of a group have: edits change them, each in its way."""
    tints = {other: coverage.tint for other, coverage in seen.items() if coverage.tint is not None}
    if len(tints) < 2:
        return {keeper, *seen}
    palette = max((tint.palette for tint in tints.values()), key=len)
    looks = {keeper: palette} | {other: tint(palette) for other, tint in tints.items()}
    alike = {
        picture: {
            other
            for other, look in looks.items()
            if float(np.sqrt(((look - own) ** 2).mean())) < _SAME_COLOURS
        }
        for picture, own in looks.items()
    }
    most = max(map(len, alike.values()))
    if most == 1:
        return {keeper, *seen}
    return set().union(*(others for others in alike.values() if len(others) == most))


def _altered(
    other: int, seen: Mapping[int, Coverage], *, decision: Decision, covering: Covering
) -> int:
    """Which of the keeper and another was altered where they differ: 1 the keeper, -1 the other.

    The other if third pictures are there as the keeper is. The keeper if they differ from it, and
    one is as the other is; 0 if they disagree, or none shows the place.
    """
    here = seen[other]
    if here.in_a is None or not here.in_a.differ.any():
        return 0
    if _is_blurred(here):
        return 0  # others may be blurred there, too
    votes = {
        third: _agrees(here.in_a.differ, coverage.in_a)
        for third, coverage in seen.items()
        if third != other
    }
    said = [-vote for vote in votes.values() if vote]
    if 2 * abs(sum(said)) <= len(said):
        return 0
    if sum(said) < 0:
        return -1
    witnesses = [third for third, vote in votes.items() if vote < 0][:_WITNESSES]
    decision.verify(ordered(other, third) for third in witnesses)
    for third in witnesses:
        if decision.is_link(ordered(other, third)):
            coverage = covering.of(other, third)
            if coverage and here.in_b and _agrees(here.in_b.differ, coverage.in_a) > 0:
                return 1
    return 0


def _agrees(places: Mask, with_third: Differences | None) -> int:
    """Whether a third picture shows the same in some places: 1, or -1 if not; 0 if unknown."""
    if with_third is None:
        return 0
    shown = places & with_third.seen
    if shown.sum() < _SHARED * places.sum():
        return 0
    return -1 if (shown & with_third.differ).sum() >= _SHARED * shown.sum() else 1


def _is_better(other: Record, keep: Record, seen: Coverage, *, usual: int, altered: int) -> bool:
    """Whether the other file (b) is to be kept rather than the provisional one (a).

    Parameters
    ----------
    usual : int
        1 if only the other has the usual colours of its group, -1 if only the provisional one.
    altered : int
        As `_altered` says.
    """
    if is_thumbnail(other.path) != is_thumbnail(keep.path):
        return is_thumbnail(keep.path)
    if other.fullness != keep.fullness:
        return is_fuller(other, keep) and not is_fuller(keep, other)
    said = (
        _bare(seen)
        or _whole(seen)
        or altered
        or _unaltered(seen)
        or _coloured(seen)
        or (usual if _is_tinted(seen) else 0)
        or int(is_coarser(keep, other)) - int(is_coarser(other, keep))
        or _plain(seen)
        or _detailed(seen)
    )
    if said:
        return said > 0
    if _is_tinted(seen):
        return False  # one was edited, and nothing says which
    return has_camera(other) and not has_camera(keep)


def _is_tinted(seen: Coverage) -> bool:
    return seen.tint is not None and seen.tint.strength > _SAME_COLOURS


def _bare(seen: Coverage) -> int:
    """The picture itself, not what it was put into; unless that is larger, and resolves more."""
    if bool(seen.a.ground) == bool(seen.b.ground):
        return 0
    detail = seen.swapped().detail if seen.a.ground else seen.detail
    if detail.pixels > 1 and is_finer(detail):
        return 0
    return 1 if seen.a.ground else -1


def _whole(seen: Coverage) -> int:
    """The one that shows more of the scene."""
    a, b = (0.0 if only.ground or only.is_plain else only.around for only in (seen.a, seen.b))
    return 0 if abs(b - a) <= _MORE else (1 if b > a else -1)


def _plain(seen: Coverage) -> int:
    """Not one with more around it that is a ground, perhaps, and perhaps a sky."""
    return -1 if seen.b.is_plain and seen.b.around > _MORE else 0


def _unaltered(seen: Coverage) -> int:
    """Of two alone, the one in which nothing was hidden, and on which nothing was put.

    A bar has straight edges only, letters many. Of what was blurred less is its own. Other things
    that are put over a picture show more than they hide, as their outlines reach beyond them.
    """
    if not shows_more_within(seen.a) and not shows_more_within(seen.b):
        return 0
    a, b = seen.a.within, seen.b.within
    if _is_blurred(seen):
        return 1 if b > a else -1
    if abs(seen.a.square - seen.b.square) > _SQUARE:
        return 1 if seen.a.square > seen.b.square else -1
    if min(a, b) > _CLEARLY * max(a, b):
        return 0
    return 1 if (b > a) == seen.is_filtered else -1


def _is_blurred(seen: Coverage) -> bool:
    """Whether one shows hardly anything of its own, but the other without its details."""
    own = seen.a.within, seen.b.within
    return seen.is_filtered and min(own) < _BLURRED * max(own)


def _coloured(seen: Coverage) -> int:
    return int(seen.b.colours) - int(seen.a.colours)


def _detailed(seen: Coverage) -> int:
    """The one that resolves more: neither speckled, nor blurred, sharpened, or enlarged."""
    detail, back = seen.detail, seen.swapped().detail
    same_size = abs(detail.pixels - 1) <= _SAME_SIZE
    noisier = int(same_size and _is_noisier(detail)) - int(same_size and _is_noisier(back))
    if noisier:
        return -noisier
    if same_size and not detail.is_exact and max(detail.ratio, back.ratio) < _INTERPOLATED:
        return 0
    finer = int(is_finer(detail)) - int(is_finer(back))
    if finer:
        return -finer if _is_sharpened(detail if finer > 0 else back) else finer
    if max(detail.pixels, back.pixels) > _ENLARGED:
        return -1 if detail.pixels > 1 else 1
    return 0 if same_size else (1 if detail.pixels > 1 else -1)


def _is_noisier(detail: Detail) -> bool:
    """Whether b has specks or noise that a, though as detailed, does not have."""
    if detail.crisp_a < _CRISP or not _AS_DETAILED < detail.ratio < _INTERPOLATED:
        return False
    return detail.specks_b > detail.specks_a + _SPECKS or detail.noise_b > _NOISE


def _is_sharpened(detail: Detail) -> bool:
    """Whether b is finer since it was sharpened, as a was sharp already."""
    same_size = abs(detail.pixels - 1) < _SAME_SIZE
    return same_size and detail.crisp_a > _CRISP and detail.ratio > _AMPLIFIED
