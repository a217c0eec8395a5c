"""Which of the places where two pictures differ are other content, and not an edit."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from dedup._base.arrays import Mask
from dedup._verification.reading.nature import PAPER, Nature
from dedup._verification.reading.regions import Region
from dedup._verification.reading.residual import MOST_CUT, STRIDE

__all__ = [
    "is_in_doubt",
    "likelihood",
    "likelihood_of",
    "may_have_moved",
    "other_content",
    "surely_other",
    "unlike",
]


OTHER_CONTENT: Final[Mapping[str, float]] = {
    "intercept": -3.35,
    "drawn": 4.24,
    "drawn_near": 2.02,
    "soft": -12.92,
    "soft_near": -5.63,
    "still": 5.23,
    "unchanged": 4.53,
    "ink": 3.50,
}
"""The logistic model of a changed region that is other content of a page, not an overlay on a
photo; fitted on the fitting half of `dedup.data.lookalikes`, and on edits of photos and of drawn
stars. The intercept is 1 more than was fitted: a missed pair is better than a wrong one."""

_INK: Final = 0.3
"""Part of a region in which both show something, from which none is outside of the other."""
_LINE: Final = 0.15
"""The same of light print on a dark ground, of which more is ground: another line, or a digit. Of
text over stars it is none."""
_CLEAR: Final = 0.5
"""How much both may differ, as a ratio of variances, before one shows what the other lacks."""
_UNLIKE: Final = 1.2
"""The same before nothing is alike."""
_APART: Final = 2.5
"""The same, in units of the cut, if all the rest is alike: of 132 copies of pages none has 2."""
_CERTAIN: Final = 2.0
"""Likelihood of other content above which it is not asked whether something moved instead."""
_NEARLY: Final = -1.0
"""The same above which what may be a page is in doubt: other notes in scanned music have -0.5. Of
202 pairs of edits of the 15 photos that most resemble pages, one more is."""
_NOISE: Final = 1.3
"""In units of the cut, what noise makes windows of a page differ by now and then."""
_WORD: Final = 400.0
"""Pixels of a word, or of a digit: what is laid over a picture is larger, or differs more."""


def surely_other(found: Sequence[Region], nature: Nature, *, cut: float) -> list[Region]:
    """Regions of which no filter could make the one of the other.

    Nothing in them is alike; or, on a page, they are far less alike than all the rest is, which a
    filter would change as well.
    """
    is_calm = nature in PAPER and cut < MOST_CUT
    least = _APART * cut if is_calm else _UNLIKE
    return [
        region
        for region in found
        if region.figures["top"] > least
        and region.figures["ink"] > 2 * _INK
        and (nature == "page" or likelihood(region) > 1)
    ]


def unlike(found: Sequence[Region], nature: Nature) -> list[Region]:
    """Regions of a page, or a drawing, in which both show something, and nothing is alike."""
    return [
        region
        for region in found
        if region.figures["top"] > _UNLIKE
        and region.figures["ink"] > 2 * _INK
        and (nature in ("page", "drawn") or likelihood(region) > 1)
    ]


def other_content(found: Sequence[Region], nature: Nature, whole: Mask) -> list[Region]:
    """Regions that are likelier other content than an edit; `whole` are the windows in both."""
    changed = _changed(found, nature, whole)
    return [region for region in changed if nature == "page" or likelihood(region) > 0]


def is_in_doubt(
    found: Sequence[Region], other: Sequence[Region], nature: Nature, whole: Mask, *, cut: float
) -> bool:
    """Whether too little differs on a page to tell it from noise, and too much for a copy."""
    if nature == "page":
        return bool(other) and max(region.figures["top"] for region in other) < _NOISE * cut
    if nature == "dark" and not other:
        return any(r.figures["ink"] > _LINE and r.figures["top"] > _NOISE * cut for r in found)
    if nature in ("mixed", "pale") and not other:
        # As a bar code that was photographed, of which the number below is another one.
        nearly = (region.figures for region in found if likelihood(region) > _NEARLY)
        return any(its["ink"] > 2 * _INK and its["top"] > _UNLIKE for its in nearly)
    if nature == "night" and not other:
        words = (r.figures for r in found if r.figures["area"] > _WORD / 4)
        return any(its["ink"] > 2 * _INK and its["top"] > _CLEAR for its in words)
    if other or nature not in ("drawn", "unsure"):
        return False
    return any(
        region.figures["ink"] > _INK
        and (nature == "drawn" or region.figures["area"] < _WORD or likelihood(region) > _NEARLY)
        for region in _changed(found, nature, whole)
    )


def may_have_moved(other: Sequence[Region], nature: Nature) -> bool:
    """Whether what differs may be something that moved, rather than other content."""
    return nature != "page" and all(likelihood(region) < _CERTAIN for region in other)


def likelihood(region: Region) -> float:
    """That a region is other content of a page: above 0 it is."""
    return likelihood_of(region.figures)


def likelihood_of(figures: Mapping[str, float]) -> float:
    """The same of a region of such figures."""
    return OTHER_CONTENT["intercept"] + sum(
        weight * figures[name] for name, weight in OTHER_CONTENT.items() if name != "intercept"
    )


def _changed(found: Sequence[Region], nature: Nature, whole: Mask) -> list[Region]:
    """Regions that differ; where only one shows something, that is clear, and not beside a page.

    A region's box is some windows wider than what has changed: that touches no edge of what both
    show, as the rim of a page or the desk would.
    """
    within = whole if nature in PAPER else np.ones_like(whole)
    return [
        region
        for region in found
        if region.figures["ink"] > _INK
        or (region.figures["top"] > _CLEAR and within[_part(region)].all())
    ]


def _part(region: Region) -> tuple[slice, slice]:
    left, top, right, bottom = (round(side / STRIDE) for side in region.box)
    return slice(top, bottom), slice(left, right)
