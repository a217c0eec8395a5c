"""What each of two aligned pictures shows within the other's frame: one measure after the other."""

from dataclasses import dataclass, replace

import numpy as np

from dedup._base.arrays import Mask, Pixels
from dedup._verification.common_part import CommonPart
from dedup._verification.coverage.clipping import clipped
from dedup._verification.coverage.close_up import close_up
from dedup._verification.coverage.coloured_ink import coloured_ink
from dedup._verification.coverage.lettering import hidden_places, lettering
from dedup._verification.coverage.overlays import laid_over, something
from dedup._verification.coverage.own_colours import has_own_colours
from dedup._verification.coverage.sharpness import sharper_places
from dedup._verification.coverage.veil import Veil, veil
from dedup._verification.edits import OVERLAID
from dedup._verification.registration import Floats, Matrix
from dedup._verification.tints import is_toned

__all__ = ["Within", "as_aligned", "within"]


@dataclass(frozen=True, slots=True)
class Within:
    """What a picture shows within the other's frame, in parts of what is common, as in `Only`."""

    share: float
    own: float
    letters: float
    sharp: float
    colours: bool
    veil: float = 0.0


def within(
    pictures: tuple[Pixels, Pixels],
    to_b: Matrix,
    common: CommonPart,
    *,
    sure: CommonPart,
    colour: tuple[Floats, Floats],
) -> tuple[Within, Within]:
    """What each shows within the other's frame; `sure` is what shows no ground, in `colour`."""
    if not common.alike.any():  # then nothing tells that the one only hides the other
        everything = Within(share=1.0, own=1.0, letters=0.0, sharp=0.0, colours=False)
        return everything, everything
    closely = close_up(*pictures, common)
    stamp = None if closely is None else veil(closely)
    own, hidden = _shown(pictures, to_b, common, stamp)
    bare = sure.alike & ~hidden
    colours = has_own_colours(sure, *colour), has_own_colours(sure.swapped(), *colour[::-1])
    letters = sharp = 0.0, 0.0
    if closely is not None:
        letters = lettering(closely, hidden=hidden)
        sharp = sharper_places(closely, hidden=~bare)
    toned = is_toned(colour[0]), is_toned(colour[1])
    ink = [
        its if colours[n] or toned[n] < toned[1 - n] else max(its, coloured_ink(*both, bare))
        for n, (its, both) in enumerate(
            zip(letters, ((common.a, common.b), (common.b, common.a)), strict=True)
        )
    ]
    one, other = map(Within, common.shares, own, ink, sharp, colours)
    return (one, other) if stamp is None else _under(stamp, one, other)


def _shown(
    pictures: tuple[Pixels, Pixels], to_b: Matrix, common: CommonPart, stamp: Veil | None
) -> tuple[tuple[float, float], Mask]:
    """Parts where each shows something, and the places where the one only hides the other."""
    back = common.swapped()
    own_b = something(*pictures, to_b, common)
    own_a = something(*pictures[::-1], np.linalg.inv(to_b), back)
    shown = (
        own_a | laid_over(back, own_b) | clipped(back),
        own_b | laid_over(common, own_a) | clipped(common),
    )
    if stamp is not None and stamp.is_all:  # it is nothing that anyone misses
        shown[stamp.over_b][:] = False
    total = max(int(common.inside.sum()), 1)
    known = (common.only_a & ~own_a) | (common.only_b & ~own_b) | (own_a ^ own_b)
    return (float(shown[0].sum() / total), float(shown[1].sum() / total)), hidden_places(known)


def _under(stamp: Veil, a: Within, b: Within) -> tuple[Within, Within]:
    """With what a pale watermark over one of them hides of the other."""
    over, beneath = (
        replace(its, share=max(its.share, stamp.share))
        for its in ((b, a) if stamp.over_b else (a, b))
    )
    over = replace(over, veil=stamp.share)
    beneath = replace(beneath, own=max(beneath.own, stamp.share))
    return (beneath, over) if stamp.over_b else (over, beneath)


def as_aligned(a: Within, b: Within, changed: float) -> tuple[Within, Within]:
    """With what the alignment saw, if nothing else is seen: letters, say, on a tiny copy."""
    is_seen = any(max(its.share, its.own, its.letters) > 0 for its in (a, b))
    if is_seen or changed < OVERLAID:
        return a, b
    return replace(a, share=changed, own=changed), replace(b, share=changed, own=changed)
