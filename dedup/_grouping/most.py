"""What most of a group say against the file to keep: it was put on a ground, blurred or censored.

Edits change a picture each in its own way: what most show is the picture before them.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from dedup._grouping.finer import is_finer
from dedup._grouping.placed import Point
from dedup._grouping.retain import shows_more_within
from dedup._grouping.toned import is_tinted
from dedup._grouping.two import BEYOND, INTERPOLATED
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.coverage.detail import SAME_SIZE

__all__ = ["finer", "is_put", "of_other_colours", "uncensored"]

_TWO: Final = 2
"""Pictures that must say so, at least."""
_MOST: Final = 0.8
"""Part of a group that must differ from the keeper to say that most were censored; and part of the
most that any shows of what is hidden there, that one shows that was not."""
_EDGE: Final = 0.05
"""What blur or a mosaic shows itself, at its edge, in units of what it hides."""


def is_put(seen: Mapping[int, Coverage], centres: Mapping[int, Point]) -> bool:
    """Whether half of a group say that the keeper (a) was put on a ground, and two at least.

    They lie at one place there: crops of a whole picture, which may seem to say so, do not; and a
    crop of what was put there, which ends within it, is not asked. If but one is left that is, it
    suffices that this one tells the ground, as of two alone. On what is as plain as the
    ground of a picture itself no edge shows: there a third must say so.

    Parameters
    ----------
    seen : mapping of int to Coverage
    centres : mapping of int to (float, float)
        Where the middle of each picture lies in the keeper, in parts of its sides.
    """
    known = {picture: its.a for picture, its in seen.items()}
    put = {picture: its for picture, its in known.items() if its.is_put}
    plain = {p: its for p, its in known.items() if its.is_plain and its.around > BEYOND}
    asked = _reaching(known, put)
    least = 1 if asked == 1 and all(its.ground for its in put.values()) else _TWO
    return _agree(put, centres) >= max(asked / 2, least) or _agree(plain, centres) >= max(
        len(known) / 3, _TWO
    )


def _agree(known: Mapping[int, Only], centres: Mapping[int, Point]) -> int:
    """How many of some pictures lie at one place of another one, and lack as much around it."""
    places = np.array([[its.around, *centres[picture]] for picture, its in known.items()])
    if not len(places):
        return 0
    return int((np.abs(places - np.median(places, axis=0)) < BEYOND).all(axis=1).sum())


def _reaching(known: Mapping[int, Only], some: Mapping[int, Only]) -> int:
    """How many show about as much of another picture as some of them, or more."""
    most = np.median([its.around for its in some.values()]) if some else 0.0
    return sum(its.around < most + BEYOND for its in known.values())


def of_other_colours(seen: Mapping[int, Coverage]) -> int:
    """How many of a group have colours that the keeper (a) has not, if most, and two at least.

    A sepia copy is as colourful as a photo of little colour is.
    """
    others = sum(its.b.colours for its in seen.values())
    return others if others >= max(len(seen) / 2, _TWO) else 0


def finer(seen: Mapping[int, Coverage]) -> list[int]:
    """Those as fine as most of a group, if the keeper (a) is not: it was blurred.

    Where a blurred copy is still crisp, it may seem that the other one of two was sharpened, or
    is noisy. But copies that were sharpened, or noisy, differ in detail from each other, too.
    """
    asked = {picture: its for picture, its in seen.items() if _tells_detail(its)}
    more = {picture: its.detail.ratio for picture, its in asked.items() if is_finer(its.detail)}
    usual = np.median([*more.values()]) if more else 1.0
    as_fine = [p for p, ratio in more.items() if 1 / INTERPOLATED < ratio / usual < INTERPOLATED]
    return as_fine if len(as_fine) >= _TWO and 2 * len(as_fine) > len(asked) else []


def _tells_detail(seen: Coverage) -> bool:
    """Whether it shows if b is finer: it has as many pixels, and no noise or tones that seem so."""
    detail = seen.detail
    if not is_finer(detail):
        return detail.pixels > 1 - SAME_SIZE
    is_sure = detail.is_exact and not is_tinted(seen)
    return not detail.added_b and (is_sure or detail.ratio > INTERPOLATED)


def uncensored(seen: Mapping[int, Coverage]) -> list[int]:
    """What shows most of what the keeper (a) only hides; none if it hides nothing.

    Where most were censored at one place, each in its way, they outvote what was not. There most
    differ from each other.
    """
    differ = sum(max(its.a.within, its.b.within) > 0 for its in seen.values())
    if differ < _MOST * len(seen):
        return []
    shows = {other: its.b.own for other, its in seen.items() if _is_hidden(its)}
    least = _MOST * max(shows.values(), default=0.0)
    return [other for other, own in shows.items() if own >= least]


def _is_hidden(seen: Coverage) -> bool:
    """Whether a hides some of b, and shows nothing else, or hardly: what hides has an edge."""
    around = 0.0 if seen.a.ground else seen.a.around
    is_edge = seen.a.own < _EDGE * seen.b.own
    more = shows_more_within(seen.b) and (is_edge or not shows_more_within(seen.a))
    return more and around <= BEYOND and seen.b.colours >= seen.a.colours
