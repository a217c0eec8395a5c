"""One picture looked for inside another, where it may be small.

A whole picture has some hundred keypoints, of which few lie on what was pasted into it. Here the
outer picture is seen at four times the pixels, and each part of it has its own share of keypoints;
the largest photo on a plain ground has as many as a picture of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.pairs import Pair
from dedup._verification.align import judged
from dedup._verification.block_matching import match_blocks
from dedup._verification.evidence import BlockMatch, Evidence
from dedup._verification.features import PICTURE, Features, reduced
from dedup._verification.keypoints import Local, dense_features, local_features, matches
from dedup._verification.registration import Matrix, agreed, mirror, registrations
from dedup._verification.straightened import in_perspective, match_laid
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.images.panels import largest_panel

__all__ = [
    "OUTER_SHORT_SIDE",
    "Print",
    "best_inside",
    "is_worth_a_look",
    "outer_features",
    "place_of_page",
    "seen_inside",
]

OUTER_SHORT_SIDE: Final = 480
"""Pixels on the short side that the outer picture is decoded to, if it has as many."""
_OUTER: Final = 4 * PICTURE
"""Pixels of its grey picture."""
_LEAST_COSINE: Final = 0.35
_LEAST_EXCESS: Final = 0.2
"""Of two that are drawn: cosine from which the one may be the other, photographed (0.40 and above
of 17 pages), and by how much a view must be more similar if the one may lie inside the other. Of
1,360 pictures all 30 pairs that a look found reach one of them, and 1,391 of 2,545 others."""
_LEAST_PHOTO_COSINE: Final = 0.45
_LEAST_PHOTO_EXCESS: Final = 0.02
"""The same of two of which one is a photo. Of 2,210 pictures, pasted, edited and others, 1,332 of
1,336 pairs that a look found reach one of them; of 1,894 parts of photos 322 of 730 pairs do not,
none of them a copy."""


class Print(NamedTuple):
    """What is compared of a picture closely, beside its pixels.

    Attributes
    ----------
    local : Local
        Keypoints of its small print.
    panel : Local, optional
        Those of its largest panel.
    side : float
        Side of a square of its area, in pixels.
    """

    local: Local
    panel: Local | None
    side: float

    @classmethod
    def of(cls, outer: Features) -> "Print":
        """The same of a picture, as `outer_features` gives it."""
        return cls(outer.local(), outer.computed["panel"], outer.grey.size**0.5)


def is_worth_a_look(cosine: float, excess: float, *, drawn: bool) -> bool:
    """Whether two pictures are looked at closely: pages of one kind propose each other.

    Parameters
    ----------
    cosine : float
        As they were proposed.
    excess : float
        By how much a view was more similar than the whole; 0 if none was.
    drawn : bool
        Whether neither is surely a photo.

    Examples
    --------
    >>> is_worth_a_look(0.6, 0.0, drawn=True), is_worth_a_look(0.25, 0.05, drawn=True)
    (True, False)
    >>> is_worth_a_look(0.4, 0.0, drawn=False), is_worth_a_look(0.25, 0.05, drawn=False)
    (False, True)
    """
    if drawn:
        return cosine - excess >= _LEAST_COSINE or excess >= _LEAST_EXCESS
    return cosine >= _LEAST_PHOTO_COSINE or excess >= _LEAST_PHOTO_EXCESS


def outer_features(decoded: Decoded, known: Features, seen: Print | None = None) -> Features:
    """What is compared of a picture in which others are looked for.

    Parameters
    ----------
    decoded : Decoded
    known : Features
        What is known of the whole.
    seen : Print, optional
        What was seen of it before, which takes most of the time.
    """
    grey = reduced(decoded.image, pixels=_OUTER)
    if seen is None:
        local, panel = dense_features(grey), _panel_features(decoded.image, size=grey.shape)
    else:
        local, panel, _ = seen
    computed = {"local": local, "panel": panel, "photo": known.is_photo()}
    return replace(known, grey=grey, computed=computed)


def _panel_features(image: Pixels, *, size: tuple[int, ...]) -> Local | None:
    """The keypoints of the largest panel, in pixels of a picture of that height and width."""
    box = largest_panel(image)
    if box is None:
        return None
    left, top, right, bottom = box
    panel = reduced(image[top:bottom, left:right])
    keypoints, descriptors = local_features(panel)
    part = np.divide((bottom - top, right - left), panel.shape)  # of a pixel of the panel
    down, across = part * size / image.shape[:2]
    place = np.array([left / image.shape[1] * size[1], top / image.shape[0] * size[0]])
    placed = keypoints * [across, down, (across * down) ** 0.5, 1]
    placed[:, :2] += place
    return placed.astype(np.float32), descriptors


def best_inside(inner: Features, outer: Features) -> BlockMatch | None:
    """The likeliest registration of a picture inside another; None if there is none."""
    best: BlockMatch | None = None
    for flipped in (False, True):
        turned = mirror(inner.grey.shape[1] if flipped else 0)
        for around in filter(None, (outer.local(), outer.computed["panel"])):
            likely = matches(inner.local(mirrored=flipped), around)
            for matrix in registrations(*likely, size=outer.grey.size**0.5, most=2):
                measured = match_blocks(inner, outer, matrix @ turned)
                if measured is not None and (best is None or measured.likelihood > best.likelihood):
                    best = measured
    return best


def place_of_page(a: Print, b: Print) -> Matrix | None:
    """How the small print of one page lies on that of another; None if little agrees."""
    here, there = matches(a.local, b.local)
    about = agreed(here, there, size=a.side)
    return None if about is None else in_perspective(here, there, about, size=a.side)


def seen_inside(
    pair: Pair,
    ways: int,
    *,
    features: Mapping[int, Features],
    outer: Mapping[int, Features],
    place: Matrix | None = None,
) -> Evidence:
    """The evidence of a pair, from its first to its second, where one may lie inside the other.

    Two that are drawn are laid over each other as well: the small print of pages says where.

    Parameters
    ----------
    pair : (int, int)
    ways : int
        1 for the first in the second, 2 for the second in the first, 3 for both, 0 for neither.
    features : mapping of int to Features
        Of both.
    outer : mapping of int to Features
        The same, as `outer_features` gives them, of those in which the other may lie, or of both
        if they are drawn.
    place : ndarray, shape (3, 3), optional
        How the one page lies on the other, if that is known.
    """
    a, b = pair
    best = Evidence(0.0, "different")
    if ways & 1:
        found = best_inside(features[a], outer[b])
        best = judged(found, features[a], outer[b])
    if ways & 2:
        found = best_inside(features[b], outer[a])
        turned = None if found is None else found.swapped()
        best = max(best, judged(turned, outer[a], features[b]), key=lambda seen: seen.score)
    if outer.keys() >= {a, b} and not (features[a].is_photo() or features[b].is_photo()):
        if place is None:
            place = place_of_page(Print.of(outer[a]), Print.of(outer[b]))
        found = None if place is None else match_laid(outer[a], outer[b], place)
        best = max(best, judged(found, outer[a], outer[b]), key=lambda seen: seen.score)
    return best
