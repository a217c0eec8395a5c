"""Two pictures laid over each other: find where, and judge whether they show the same one.

1. `features` keeps a small grey picture of each image. Its keypoints are computed when a pair
   first needs them, and kept.
2. `compare` proposes registrations of one picture on the other: the same framing, also turned and
   mirrored, which thumbnails suggest; then, where that does not settle the pair, those that
   keypoints vote for (`registration`), and the same framing within plain borders.
3. Each registration is measured block by block where the two overlap, while it is refined
   (`block_matching`). What that means (the score, the relation) is decided in `evidence`, and put
   into words in `words`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from dedup._base.opencv import cv2
from dedup._verification.block_matching import match_blocks
from dedup._verification.doubt import leaves_doubt
from dedup._verification.edits import CUT_OUT, FLATTENED, explained
from dedup._verification.evidence import DEFAULT_THRESHOLD, BlockMatch, Evidence
from dedup._verification.features import LEAST_PICTURE, PICTURE, Features
from dedup._verification.keypoints import matches
from dedup._verification.reading.frame import without_bands
from dedup._verification.reading.gate import PHOTOGRAPHIC, photographic
from dedup._verification.registration import (
    Matrix,
    corners,
    is_plausible,
    mirror,
    moved,
    registrations,
    same_framing,
)
from dedup._verification.second_reading import read_again
from dedup._verification.straightened import match_sheets

__all__ = ["best_registration", "compare", "goodness", "judged"]

_FEW_CORNERS: Final = 40
"""A picture with no more may show too little to tell."""
_FLAT: Final = 16
"""Grey values, of which what differs by no more can hardly be seen."""
_OVERLAID: Final = 0.01
"""Part of two photos that must differ before it is looked whether something moved there."""
_BEYOND_DOUBT: Final = 0.99
"""A registration with this score needs no rival."""


def compare(a: Features, b: Features) -> Evidence:
    """Align two pictures, and judge whether they show the same one.

    Two transparent ones must do so over white and over black, unless neither is seen there; a
    transparent one and one that is not, over one of them.

    Deterministic, and symmetric: the exchanged pair has the same score and relation, and the
    inverse transformation.

    Examples
    --------
    >>> from dedup._verification.features import extract
    >>> ramp = np.add.outer(np.arange(240), np.arange(320)).astype(np.uint8)
    >>> picture = np.stack([ramp, ramp.T.reshape(240, 320), 255 - ramp], axis=-1)
    >>> compare(extract(picture), extract(picture)).relation
    'near'
    """
    if a.over_black is None and b.over_black is None:
        return _over_one_ground(a, b)
    if a.over_black is not None and b.over_black is not None:
        grounds = [(a, b), (a.over_black, b.over_black)]
        telling = [pair for pair in grounds if not all(map(_is_flat, pair))]
        worst = min((_over_one_ground(*pair) for pair in telling or grounds), key=goodness)
        return replace(worst, is_doubtful=False)  # a network would see one of the grounds alone
    grounds = [(a, b), (a.over_black or a, b.over_black or b)]
    best = max((_over_one_ground(*pair) for pair in grounds), key=goodness)
    best = replace(best, is_doubtful=False)
    if best.relation not in ("near", "scene"):
        return best
    return best.with_edits((FLATTENED if b.over_black is None else CUT_OUT, *best.edits))


def _over_one_ground(a: Features, b: Features) -> Evidence:
    return judged(best_registration(a, b), a, b)


def judged(measured: BlockMatch | None, a: Features, b: Features) -> Evidence:
    """What the best registration of a on b shows; of two photos, to the end."""
    drawn, photos = not (a.is_photo() or b.is_photo()), a.is_photo() and b.is_photo()
    if measured is None:
        return Evidence(0.0, "different", drawn=drawn)
    bare = photos or (not drawn and _shows_photo(measured, a, b))
    # Of two drawings of one layout a network says that they are alike.
    doubtful = leaves_doubt(measured) and not drawn
    looks, pictures = (a.look, b.look), (a.grey, b.grey)
    evidence = explained(
        measured, looks=looks, pictures=pictures, doubtful=doubtful, drawn=drawn, photos=bare
    )
    may_be = evidence.relation in ("near", "scene") or doubtful
    if not may_be or not photos:
        return evidence
    if evidence.relation != "scene" and evidence.changed_share >= _OVERLAID:
        evidence = read_again(evidence, a.grey, b.grey, photos=True)
        return replace(evidence, is_doubtful=doubtful and evidence.relation != "scene")
    return replace(evidence, read=True)


def _shows_photo(measured: BlockMatch, a: Features, b: Features) -> bool:
    """Whether what the one that is no photo shows of the other is one, as in a chat or a page.

    Asked only where that may decide.
    """
    if measured.likelihood < DEFAULT_THRESHOLD or measured.soft_score() >= DEFAULT_THRESHOLD:
        return False
    if not a.is_photo():
        return _shows_photo(measured.swapped(), b, a)
    height, width = b.grey.shape
    ends = moved(corners(1, 1), measured.transform).clip(0, 1) * (width, height)
    (left, top), (right, bottom) = np.rint([ends.min(axis=0), ends.max(axis=0)]).astype(int)
    part = b.grey[top:bottom, left:right]
    if part.size < LEAST_PICTURE:
        return False
    zoom = min(1.0, (PICTURE / part.size) ** 0.5)
    small = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    return photographic(np.asarray(small, np.uint8)) >= PHOTOGRAPHIC


def goodness(evidence: Evidence) -> tuple[bool, float]:
    """What the better of several alignments of two pictures has most of."""
    return evidence.relation == "near", evidence.score


def _is_flat(features: Features) -> bool:
    return int(features.grey.max()) - int(features.grey.min()) <= _FLAT


def best_registration(a: Features, b: Features) -> BlockMatch | None:
    """The likeliest registration of a on b, and what was measured there; None if there is none.

    A pair is always measured one way round, so that (b, a) gives the same.
    """
    if _order(b) < _order(a):
        best = _best(b, a)
        return None if best is None else best.swapped()
    return _best(a, b)


def _best(a: Features, b: Features) -> BlockMatch | None:
    """The registration with the highest score, and the first that leaves no doubt."""
    best: BlockMatch | None = None
    for measured in _measured(a, b):
        if best is None or measured.likelihood > best.likelihood:
            best = measured
        if best.likelihood >= _BEYOND_DOUBT:
            return best
    return best


def _measured(a: Features, b: Features) -> Iterator[BlockMatch]:
    """Registrations, and what is measured there; of pages first those of a sheet seen askew.

    An affine one may leave no doubt of it either, but does not say that light may lie on it.
    """
    sheets = match_sheets(a, b, askew=True)
    if not (a.is_photo() or b.is_photo()):
        yield from sheets
    seen: list[Matrix] = []
    for matrix in _proposals(a, b):
        if not any(_is_close(a, matrix, other) for other in seen):
            seen.append(matrix)
            measured = match_blocks(a, b, matrix)
            if measured is not None:
                yield measured
    yield from match_sheets(a, b, askew=False)
    yield from sheets  # if they were not asked


def _proposals(a: Features, b: Features) -> Iterator[Matrix]:
    """Registrations, the cheapest to find first."""
    (ha, wa), (hb, wb) = a.grey.shape, b.grey.shape
    from_unit, to_unit = np.diag([wb, hb, 1.0]), np.diag([1 / wa, 1 / ha, 1])
    for unit in same_framing(a.look.thumbnail, b.look.thumbnail):
        yield (from_unit @ unit @ to_unit)[:2]
    for mirrored in (False, True):
        turned = mirror(wa if mirrored else 0)
        likely = matches(a.local(mirrored=mirrored), b.local())
        for matrix in registrations(*likely, size=PICTURE**0.5, most=2):
            yield matrix @ turned
    inner = [without_bands(picture.grey) for picture in (a, b)]
    within = _box_on_box(*inner)
    if inner != [(0, 0, wa, ha), (0, 0, wb, hb)] and is_plausible(within):
        yield within  # a grid of cells looks alike everywhere: its border says where it is
    if min(len(picture.local()[0]) for picture in (a, b)) <= _FEW_CORNERS:
        yield (from_unit @ to_unit)[:2]  # where there is nothing to align, that shows it


def _box_on_box(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> Matrix:
    """The registration of one box, left, top, right and bottom, on another."""
    ends = np.array([a, b], np.float64).reshape(2, 2, 2)
    size_a, size_b = ends[:, 1] - ends[:, 0]
    scale = size_b / size_a
    return np.column_stack([np.diag(scale), ends[1, 0] - scale * ends[0, 0]])


def _is_close(a: Features, one: Matrix, other: Matrix) -> bool:
    """Whether two registrations put the corners of a in nearly the same places."""
    height, width = a.grey.shape
    apart = moved(corners(width, height), one) - moved(corners(width, height), other)
    return bool(np.abs(apart).max() < 0.02 * PICTURE**0.5)


def _order(features: Features) -> tuple[tuple[int, ...], bytes]:
    """A key that depends on the picture only, so that a pair is always measured one way."""
    return features.grey.shape, features.grey.tobytes()
