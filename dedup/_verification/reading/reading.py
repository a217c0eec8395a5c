"""The second reading of two registered pictures: copies of one page, or pages of one template.

A name on a certificate is invisible at the size at which pictures are first compared. Here they
are laid over each other again, to a part of a pixel, at the resolution that both have, and compared
in windows of about a letter's size. A window has changed if it is an outlier among the pair's own:
JPEG, blur and noise lower all of them, another digit lowers one. What has changed decides: among
what is drawn on flat ground it is other content, over a photo it is an overlay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Mask
from dedup._base.opencv import cv2
from dedup._verification.reading.bent import bent
from dedup._verification.reading.content import (
    is_in_doubt,
    likelihood,
    likelihood_of,
    may_have_moved,
    other_content,
    surely_other,
    unlike,
)
from dedup._verification.reading.filters import equally_exposed, fine_energy, matched
from dedup._verification.reading.frame import frame_of
from dedup._verification.reading.gate import Tones
from dedup._verification.reading.homography import refined, registered
from dedup._verification.reading.laid import Box, Grey, Laid, Matrix, box_in
from dedup._verification.reading.legible import is_legible
from dedup._verification.reading.moved import has_moved, has_shifted
from dedup._verification.reading.nature import (
    PAPER,
    PRINT,
    Nature,
    tones_of,
)
from dedup._verification.reading.overlay import Sheets, laid_in_frame, sheet_in, start_of
from dedup._verification.reading.regions import Region, figures_at, regions
from dedup._verification.reading.residual import (
    LEAST_CUT,
    STRIDE,
    WINDOW,
    Residual,
    residual,
    smoothed,
)
from dedup._verification.reading.standing_out import standing_out

__all__ = ["Box", "Grey", "Reading", "read"]

Kind: TypeAlias = Literal["copy", "lookalike", "scene", "unreadable"]
_Decided: TypeAlias = tuple[Kind | None, Sequence[Region], dict[str, float]]
"""The kind, None if that needs a closer look; what has changed, and what that was decided by."""

_FULL: Final = 1400
"""Pixels of the longer side: with 1000 the digits of a page of 1200 are lost."""
_ROUGH: Final = 500
"""The same for a first look, at what is surely other content."""
_EDGE: Final = 4
"""Pixels along the edge of what both show that are blends with what is around it."""
_SURE: Final = WINDOW**2 / 5 / STRIDE**2
"""Changed windows below which nothing has changed."""
_UNLIKE: Final = 0.4
"""Part of what is drawn that differs, from which a page is not laid over the other as it should."""
_STILL_UNLIKE: Final = 0.3
"""The same of paper that was bent to fit: of pages that lie one line or cell away from where they
should, 0.32 and more differ."""
_MUCH: Final = 0.15
"""The same from which paper may be bent: of copies, few differ as much at a rough look."""
_MOST_BOXES: Final = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What the second reading of two pictures, a and b, has found.

    Attributes
    ----------
    kind : {"copy", "lookalike", "scene", "unreadable"}
        "lookalike": one layout, other content. "scene": two shots, between which something moved.
        "unreadable": the resolution that both have does not suffice to tell.
    changed : tuple of tuple
        Left, top, right, bottom of what has changed, in a's pixels.
    figures : mapping
        What that was decided by: the region that differs most surely; of copies `changed`, the
        part of what they show that differs.
    """

    kind: Kind
    changed: tuple[Box, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)


def read(a: Grey, b: Grey, transform: Matrix, *, photos: bool = False) -> Reading:
    """Read two registered pictures again, at full resolution.

    Deterministic; (b, a) with the inverse transformation gives the same kind.

    Parameters
    ----------
    a, b : ndarray, shape (height, width), uint8
    transform : ndarray, shape (2 or 3, 3)
        From a place in a to the same place in b, in parts of their widths and heights.
    photos : bool
        Both are known to be photos: only whether something moved is looked for.
    """
    (ha, wa), (hb, wb) = a.shape, b.shape
    unit = np.vstack([transform[:2], [0, 0, 1]])
    matrix = np.diag([wb, hb, 1.0]) @ unit @ np.diag([1 / wa, 1 / ha, 1.0])
    growth = abs(float(np.linalg.det(matrix[:2, :2])))
    b_first = growth < 0.999 or (growth < 1.001 and _order(b) < _order(a))
    one, two = (b, a) if b_first else (a, b)
    matrix = np.linalg.inv(matrix) if b_first else matrix
    sheets: Sheets = None, None
    nature: Nature | None = "photo" if photos else None
    for most in (_ROUGH, _FULL):
        frame = frame_of(one, two, matrix, most=most)
        if frame is None:
            return Reading("copy" if photos else "unreadable", figures={"changed": 1.0})
        first, start = most == _ROUGH, frame.to_other
        if first and not photos:
            sheets = sheet_in(one), sheet_in(two)
            start = start_of(frame, sheets, (one.shape, two.shape))
        if first:
            to_other = registered(frame.base, frame.other, start, nearly=photos)
        else:
            to_other = refined(frame.base, frame.other, start)
        laid, covered = laid_in_frame(frame, to_other, sheets)
        rough = first and max(frame.base.shape) == most
        look = Laid(frame, to_other, laid, covered, (one, two), rough=rough, known=nature)
        kind, found, figures = _decided(look)
        if kind is not None:
            to_a = frame.given(to_other) if b_first else frame.to_base
            boxes = tuple(box_in(region.box, to_a, a.shape) for region in found[:_MOST_BOXES])
            return Reading(kind, boxes, figures)
        nature = look.known
        matrix = frame.given(to_other) @ np.linalg.inv(frame.to_base)
    raise AssertionError("a look at full size decides")


def _decided(look: Laid) -> _Decided:
    """What one look shows."""
    frame, laid, whole = look.frame, look.laid, _windows_inside(look.covered)
    a, b = smoothed(frame.base), smoothed(laid)
    seen = residual(a, b, whole, may_be_pale=look.known is None or look.known in PAPER)
    if seen.changed.sum() < _SURE:
        return _unchanged(look, seen)
    if seen.pale and look.nature not in PAPER:
        seen = residual(a, b, whole)
    tones_a, tones_b = (tones_of(picture) for picture in (frame.base, laid))
    if tones_a is None or tones_b is None:
        kind: Kind = "copy" if look.nature == "photo" else "unreadable"
        return None if look.rough and kind != "copy" else kind, (), {"changed": 1.0}
    found = regions(seen, tones_a, tones_b)
    if look.nature == "photo":
        moved = [region for region in found if has_moved(region, found, frame.base, laid)]
        return _judged(look, seen, found, moved)
    return _decided_drawn(look, seen, found, whole, (tones_a, tones_b))


def _decided_drawn(
    look: Laid, seen: Residual, found: list[Region], whole: Mask, tones: tuple[Tones, Tones]
) -> _Decided:
    """What one look shows of what may be drawn, of which some differs."""
    pictures, inside = (look.frame.base, look.laid), look.covered > 0
    other = surely_other(found, look.nature, cut=seen.cut)
    is_first = max(inside.shape) <= _ROUGH
    may_be_bent = is_first and _share(seen) > _MUCH and look.nature in PAPER
    decided = _decided_bent(look, whole, tones[0]) if may_be_bent else None
    if decided is not None:
        return decided
    if look.rough or (other and _share(seen) <= _UNLIKE):
        return _judged(look, seen, found, other)
    if found or seen.cut > LEAST_CUT:  # else a filter leaves nothing as well
        before, ink = seen, inside & _ink(*tones, inside.shape)
        seen = _filtered(seen, pictures, whole, ink)
        if seen.changed.sum() >= _SURE:
            paper = look.nature in ("page", "drawn")
            exposed = equally_exposed(*pictures, inside, paper=paper)
            if any(one is not other for one, other in zip(exposed, pictures, strict=True)):
                seen = replace(seen, ratio=_filtered(seen, exposed, whole, ink).ratio)
        found = regions(seen, *tones)
        other = other_content(found, look.nature, whole)
        is_faint = seen.pale and not found and seen.changed.sum() >= 2 * _SURE
        is_hidden = not other and look.nature in PRINT and standing_out(before) is not None
        is_open = is_in_doubt(found, other, look.nature, whole, cut=seen.cut)
        if is_faint or is_hidden or is_open:
            return "unreadable", (), {}
    return _judged(look, seen, found, other)


def _decided_bent(look: Laid, whole: Mask, tones_a: Tones) -> _Decided | None:
    """What a page shows once the other was bent to fit it, and filtered; None if that is unsure."""
    base, laid = look.frame.base, bent(look.frame.base, look.laid)
    tones_b = tones_of(laid)
    if tones_b is None:
        return None
    ink = _ink(tones_a, tones_b, base.shape) & (look.covered > 0)
    seen = residual(*matched(smoothed(base), smoothed(laid), ink), whole, may_be_pale=True)
    other = unlike(regions(seen, tones_a, tones_b), look.nature)
    if not other or _share(seen) > _STILL_UNLIKE:
        return None
    surest = max(other, key=likelihood)
    return "lookalike", other, {**surest.figures, "cut": seen.cut}


def _judged(
    look: Laid, seen: Residual, found: Sequence[Region], other: Sequence[Region]
) -> _Decided:
    """What a look shows, of which some regions are other content, or moved."""
    nature = look.nature
    if not other and look.rough and nature != "photo":
        return None, (), {}
    kind: Kind = "scene" if nature == "photo" else "lookalike"
    if may_have_moved(other, nature) and has_shifted(
        found, look.frame.base, look.laid, look.covered
    ):
        kind, other = "scene", found
    if not other:
        return _unchanged(look, seen)
    if nature == "page" and _share(seen) > _UNLIKE:
        return None if look.rough else "unreadable", (), {}
    surest = max(other, key=likelihood)
    return kind, other, {**surest.figures, "cut": seen.cut}


def _unchanged(look: Laid, seen: Residual) -> _Decided:
    """What a look shows that found no other content."""
    if look.rough and look.known != "photo":
        return None, (), {}
    if look.known != "photo" and _may_hide(look, seen):
        return "unreadable", (), {}
    # What they are is asked last: of most copies that does not matter.
    tells = _share(seen, of_both=True) <= _UNLIKE or look.nature in ("mixed", "night", "dark")
    is_copy = (tells and is_legible(look.frame, look.given[1])) or look.nature == "photo"
    return "copy" if is_copy else "unreadable", (), {"changed": _share(seen)}


def _may_hide(look: Laid, seen: Residual) -> bool:
    """Whether few places stand out of what is drawn, as other letters in small print do."""
    place = standing_out(seen)
    if place is None or look.nature == "photo":
        return False
    if look.nature in PRINT:
        return True
    tones_a, tones_b = (tones_of(picture) for picture in (look.frame.base, look.laid))
    if tones_a is None or tones_b is None:
        return False
    return likelihood_of(figures_at(place, seen, tones_a, tones_b)) > 0


def _share(seen: Residual, *, of_both: bool = False) -> float:
    """Part of what is drawn that differs; or that does so where both show something."""
    differs = seen.changed
    if of_both:
        differs = differs & (np.minimum(seen.contrast_a, seen.contrast_b) > seen.least)
    return int(differs.sum()) / max(int(seen.valid.sum()), 1)


def _windows_inside(covered: npt.NDArray[np.uint8]) -> Mask:
    side = WINDOW + 2 * _EDGE
    inner = cv2.erode(covered, np.ones((side, side), np.uint8), borderValue=0)
    return np.asarray(inner)[::STRIDE, ::STRIDE] > 0


def _ink(a: Tones, b: Tones, shape: tuple[int, ...]) -> Mask:
    ink = (a.ink | b.ink).astype(np.uint8)
    return np.asarray(cv2.resize(ink, shape[::-1], interpolation=cv2.INTER_NEAREST)) > 0


def _filtered(first: Residual, pictures: tuple[Grey, Grey], whole: Mask, ink: Mask) -> Residual:
    """The same with one picture filtered to be like the other: what has changed is so in both."""
    one, two = map(smoothed, pictures)
    a, b = matched(one, two, ink)
    fine = np.maximum(*(fine_energy(x, window=WINDOW, stride=STRIDE) for x in (a, b)))
    second = residual(a, b, whole, fine=fine, noise=first.noise, may_be_pale=first.pale)
    ratio = np.minimum(first.ratio, second.ratio)
    return replace(second, ratio=ratio, cut=min(first.cut, second.cut))


def _order(picture: Grey) -> tuple[tuple[int, ...], bytes]:
    return picture.shape, picture.tobytes()
