"""What lies over one of two aligned pictures: something to be seen, or nothing that anyone misses.

A mosaic or a blur is a filter of what it hides; a bar is flat. A watermark lets the picture
through: it lightens, or darkens, all of it by one part. Letters and stickers do neither. Where
that can't be told, as of thin or little letters, they are taken for something.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, Mask, changed, tones
from dedup._verification.registration import Floats, Matrix

__all__ = ["INK", "holds_more", "is_stamped", "laid_over", "something"]

_GROWN: Final = 4
"""Pixels of the canvas by which places that belong together may be apart."""
_DULL: Final = 0.92
"""Contrast of what hides, at most, in units of what it hides."""
_COARSE: Final = 8.0
_AT_LARGE: Final = 0.06
_ROUNDED: Final = 1.0
"""Blur that leaves what is seen at large; what that may differ by, as a part of what it hides and,
where that is little, in grey values."""
_BLURS: Final = (2.0, 3.0, 4.0, 6.0)
"""Standard deviations, on the canvas, of blurs of what is hidden, one of which is what hides it."""
_FINE: Final = 1.2
"""That of the blur in which what hides is compared with these, so that noise matters little."""
_OF_IT: Final = 0.66
"""Part of the variance of what is hidden, so blurred, that what hides has, at least. Of 83 mosaics
and blurs that passed all else 79 have more; of 63 places of plain ground beneath a thing of about
the same tone 62 have less."""
_CHANGED: Final = 6.0
_FEW: Final = 30
"""Grey values by which what is hidden differs; and pixels of the canvas from which these are asked,
not the whole place."""
_SPREAD: Final = 0.08
"""Square of the mean change of a place in units of its mean square, of what hides: 0.16 to 0.43 of
11 mosaics and blurs, 0.03 of a cursor."""
_FLAT: Final = 10.0
"""Contrast of a bar, in grey values."""
_BAR: Final = 150
"""Pixels of the canvas that a bar takes, at least: the stems of letters are smaller ones."""
_VARYING: Final = 0.2
"""Part of what a bar hides that is not flat, at least: else it is shown, as a gauge is."""
_ALL: Final = 0.97
_MOSTLY: Final = 0.4
_NEARBY: Final = 16
_BEYOND: Final = 0.1
"""Part of a place that a bar takes, at least, with its edges beside it; pixels of the canvas around
it; and the part of these that has its tone if it is ground."""
_EXPOSED: Final = 0.7
_AT_END: Final = 16.0
"""Part of a place that was burnt out, at least, if something differs there for that reason; and
grey values from black or white that such have: a soft shadow hardly differs elsewhere, too."""
_EDGE: Final = 3
"""Pixels of the canvas that its edge takes."""
_BESIDE: Final = 0.02
"""Part of what differs that is not a bar, at most, if nothing else is there."""
INK: Final = 12.0
"""Grey values by which ink differs from what is below."""
_ROOM: Final = 40.0
"""Grey values by which ink could change it, at least."""
_LEAST_INK: Final = 20
_ONE_WAY: Final = 0.3
"""Ink that darkens, at most, for ink that lightens, or the other way."""
_OPACITY: Final = 0.7
_EVEN: Final = 1.4
_MOST: Final = 0.97
"""Opacity of a watermark at most; the highest in units of the usual one; and the part of it that
has no more than what is taken for the highest."""
_THROUGH: Final = 0.75
_CONTRAST: Final = (0.25, 0.97)
"""Correlation of a watermark with the picture below, and the part of its contrast that is left."""
_VARIED: Final = 2.0
"""Contrast, in grey values, of what is below, from which it can be told."""
_THICK: Final = 0.12
_ENOUGH: Final = 200
"""Part of the ink that is no edge; and pixels of it that suffice, however small a part they are."""
_PIECES: Final = 2
_PIECE: Final = 0.1
"""Pieces that a watermark has at least, and the size of such a one in units of the largest: a disc,
a line, an arrow is one."""
_LETTER: Final = 12
"""Pixels of a letter on a band, at least, side by side: 23 and more of such, at most 5 of other
watermarks, but for 3 of 34 that did not lie exactly."""
_NEAR: Final = np.ones((3, 3), np.uint8)


def something(a: Pixels, b: Pixels, to_b: Matrix, common: CommonPart) -> Mask:
    """Where on the canvas only b shows something, and does not just hide or stamp what a shows.

    Parameters
    ----------
    a, b : ndarray, shape (height, width, 3), uint8
    to_b : ndarray, shape (3, 3)
        From a place in a to the same place in b, in parts of their sides.
    common : CommonPart
    """
    left = common.only_b.copy()
    if not left.any():
        return left
    below, above = _in_tones(common.a, common.b, common)
    bars = _bars(below, above, common.only_a | common.only_b)
    least, most = np.asarray(cv2.erode(below, _NEAR)), np.asarray(cv2.dilate(below, _NEAR))
    beyond = (above > most + INK) | (above < least - INK)
    number, labels = cv2.connectedComponents(_grown(common.only_a | common.only_b, _GROWN))
    labels = np.asarray(labels)
    for label in range(1, number):
        place = (labels == label) & common.inside
        if not (place & left).any():
            continue
        beside = (place & left & beyond & ~bars).sum()
        is_barred = (place & bars).any() and beside < _BESIDE * place.sum()
        if is_barred or _hides(common, (below, above), place):
            left &= ~place
    may_be = left.any() and is_stamped(below, above, left)
    if may_be and _is_all_stamped(*_fine(a, b, to_b, common)):
        left[:] = False
    return left


def laid_over(common: CommonPart, shown: Mask) -> Mask:
    """Where what a shows, by a mask, lies over plain ground of b, which does not just hide it."""
    left = shown.copy()
    if not left.any():
        return left
    below, above = _in_tones(common.a, common.b, common)
    number, labels = cv2.connectedComponents(_grown(shown, _GROWN))
    for label in range(1, number):
        place = (np.asarray(labels) == label) & shown
        is_plain = not (place & common.only_b).any() and not _is_exposed(below, above, place)
        if not is_plain or _is_bar(below, above, place) or _hides(common, (below, above), place):
            left &= ~place
    return left


def _is_exposed(below: Floats, above: Floats, place: Mask) -> bool:
    """Whether a place is what the tones of the other make of it, up to white and black."""
    same = abs(below.clip(0, 255) - above) < INK
    at_end = (above < _AT_END) | (above > 255 - _AT_END)
    return int((same & at_end & place).sum()) > _EXPOSED * int(place.sum())


def _is_bar(below: Floats, above: Floats, place: Mask) -> bool:
    """Whether a place is flat, mostly, and what is flat is no ground that goes on beside it."""
    return any(
        piece.sum() > _MOSTLY * place.sum() and not _is_ground(below, above, piece, beside=place)
        for piece in _pieces((_contrast(above) < _FLAT) & place)
    )


def _is_ground(below: Floats, above: Floats, piece: Mask, *, beside: Mask) -> bool:
    """Whether what is flat has the tone of what both show near it, beside a place."""
    near = _grown(piece, _NEARBY).astype(np.bool_) & ~beside & (abs(above - below) < INK)
    same = abs(above - median(above[piece])) < INK
    return bool((near & same).sum() > _BEYOND * near.sum())


def _contrast(grey: Floats) -> Floats:
    return np.asarray(cv2.subtract(cv2.dilate(grey, _NEAR), cv2.erode(grey, _NEAR)), np.float32)


def _in_tones(a: Pixels, b: Pixels, common: CommonPart) -> tuple[Floats, Floats]:
    """Both pictures in grey, a in the tones of b."""
    grey_a, grey_b = _grey(a), _grey(b)
    by = tones(_grey(common.a), _grey(common.b), common.alike)
    return changed(grey_a, by), grey_b


def _grey(picture: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _grown(mask: Mask, pixels: int) -> Pixels:
    square = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), square), np.uint8)


def _hides(common: CommonPart, greys: tuple[Floats, Floats], place: Mask) -> bool:
    """Whether b has the colours of a at large, but less contrast: a blur, or a mosaic."""
    other, own = (float(np.sqrt(_energy(grey)[place].mean())) for grey in greys)
    if own > _DULL * other or _is_one_thing(np.abs(greys[0] - greys[1])[place]):
        return False
    for below, above in zip(cv2.split(common.a), cv2.split(common.b), strict=True):
        by = tones(np.asarray(below), np.asarray(above), common.alike)
        seen = cv2.GaussianBlur(above - changed(np.asarray(below), by), (0, 0), _COARSE)
        most = _AT_LARGE * float(np.asarray(below)[place].std()) + _ROUNDED
        if float(np.abs(np.asarray(seen))[place].mean()) > most:
            return False
    return _is_made_of_it(*greys, place)


def _is_made_of_it(below: Floats, above: Floats, place: Mask) -> bool:
    """Whether what b shows is a blur of what a shows, not only as light: so may be plain ground.

    Asked where it differs, as what lies around a place is alike in both.
    """
    differs = (place & (np.abs(above - below) > _CHANGED)).astype(np.uint8)
    whole = np.asarray(cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    core = np.asarray(cv2.morphologyEx(whole, cv2.MORPH_OPEN, _NEAR), np.bool_)
    where = core if core.sum() >= _FEW else place
    own = _blurred(above, where, _FINE)
    for sigma in _BLURS:
        its = _blurred(below, where, sigma)
        if float(((own - its) ** 2).mean()) < (1 - _OF_IT) * max(float(its.var()), 1.0):
            return True
    return False


def _blurred(grey: Floats, where: Mask, sigma: float) -> Floats:
    """The values of a place, blurred without what lies around it."""
    weights = cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)
    total = np.asarray(cv2.GaussianBlur(grey * where, (0, 0), sigma), np.float32)
    return np.asarray(total[where] / np.asarray(weights)[where], np.float32)


def _is_one_thing(change: Floats) -> bool:
    """Whether few places of many changed: what hides changes most of them, a cursor does not."""
    return float(change.sum()) ** 2 < _SPREAD * change.size * float((change**2).sum())


def _energy(grey: Floats) -> Floats:
    dx, dy = (cv2.Sobel(grey, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1)))
    return np.asarray(dx, np.float32) ** 2 + np.asarray(dy, np.float32) ** 2


def _bars(below: Floats, above: Floats, differ: Mask) -> Mask:
    """Where flat rectangles hide what is not flat, with their edges."""
    found = np.zeros_like(differ)
    for piece in _pieces((_contrast(above) < _FLAT) & differ):
        even = abs(above - median(above[piece])) < _FLAT / 2
        hides = (_contrast(below)[piece] > _FLAT).mean() > _VARYING
        if not hides or _is_ground(below, above, piece, beside=differ):
            continue
        for bar in _pieces(piece & even):
            rows, columns = (np.flatnonzero(bar.any(axis=axis)) for axis in (1, 0))
            low, high = (rows[0], columns[0]), (rows[-1] + 1, columns[-1] + 1)
            if even[low[0] : high[0], low[1] : high[1]].mean() > _ALL:
                top, left = (max(0, side - _EDGE) for side in low)
                found[top : high[0] + _EDGE, left : high[1] + _EDGE] = True
    return found


def _pieces(mask: Mask) -> Iterator[Mask]:
    """The connected pieces of a mask that may be bars."""
    number, labels, found, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    for label in range(1, number):
        if found[label, cv2.CC_STAT_AREA] >= _BAR:
            yield np.asarray(labels) == label


def is_stamped(below: Floats, above: Floats, place: Mask, *, is_fine: bool = False) -> bool:
    """Whether what lies over a place lets the picture below through, all of it alike."""
    left, top, width, height = cv2.boundingRect(place.astype(np.uint8))
    rows, columns = (slice(max(0, x - 1), x + n + 1) for x, n in ((top, height), (left, width)))
    below, above, place = below[rows, columns], above[rows, columns], place[rows, columns]
    ink, opacity, is_seen = _ink(below, above, place)
    if ink.sum() < _LEAST_INK:
        return False
    most = float(np.quantile(opacity[ink], _MOST))
    core = ink & (opacity > median(opacity[ink]))
    if is_fine:  # of thin ink it is not known how much it lets through
        core = ink & np.asarray(cv2.erode(ink.astype(np.uint8), _NEAR), np.bool_)
        if core.sum() < np.clip(_THICK * ink.sum(), _LEAST_INK, _ENOUGH):
            return False
        usual, most = np.quantile(opacity[core], [0.5, _MOST]).tolist()
        if most > _EVEN * usual or not _has_pieces(ink, place & ~is_seen):
            return False
    return most < _OPACITY and _shines_through(below[core], above[core])


def _ink(below: Floats, above: Floats, place: Mask) -> tuple[Mask, Floats, Mask]:
    """Where a place is lighter, or where it is darker, if it is not both; and by how much.

    The opacity that white, or black, would have to make it so. And where that would be seen.
    """
    change = above - below
    lighter, darker = (place & (sign * change > INK) for sign in (1, -1))
    is_light = lighter.sum() > darker.sum()
    less, more = sorted((int(lighter.sum()), int(darker.sum())))
    room = 255 - below if is_light else below
    is_seen = room > _ROOM
    ink = (lighter if is_light else darker) & is_seen & (less <= _ONE_WAY * more)
    return ink, np.abs(change) / np.maximum(room, 1), is_seen


def _is_all_stamped(below: Floats, above: Floats, place: Mask) -> bool:
    """Whether a watermark lies over a place, and nothing else."""
    if not is_stamped(below, above, place, is_fine=True):
        return False
    ink, opacity, _ = _ink(below, above, place)
    lighter = above - below
    lit = (lighter, 255 - below) if lighter[ink].sum() > 0 else (-lighter, below)
    return not holds_more(*lit, place, most=float(np.quantile(opacity[ink], _MOST)))


def holds_more(change: Floats, room: Floats, place: Mask, *, most: float) -> bool:
    """Whether something in a place, as letters on a band, is not lit by white of that opacity.

    Parameters
    ----------
    change, room : ndarray
        By how much it is lighter, and by how much it could be; or darker, and if black.
    place : ndarray of bool
    most : float
    """
    beyond = place & ((change < -INK) | (change > most * room + INK))
    _, _, found, _ = cv2.connectedComponentsWithStats(beyond.astype(np.uint8))
    return bool((np.asarray(found)[1:, cv2.CC_STAT_AREA] >= _LETTER).any())


def _has_pieces(ink: Mask, unseen: Mask) -> bool:
    """Whether ink is in pieces, as letters and logos are; what is not seen may join some of it."""
    _, labels = cv2.connectedComponents(_grown(ink | unseen, 1))
    areas = np.bincount(np.asarray(labels, np.intp)[ink])
    return int((areas > _PIECE * areas.max()).sum()) >= _PIECES


def _shines_through(below: Floats, above: Floats) -> bool:
    """Whether grey values follow those below, at less contrast."""
    if len(below) < _LEAST_INK or min(float(below.std()), float(above.std())) < _VARIED:
        return False
    kept = float(np.polyfit(below, above, 1)[0])
    alike = float(np.corrcoef(below, above)[0, 1])
    return _CONTRAST[0] < kept < _CONTRAST[1] and alike > _THROUGH


def _fine(a: Pixels, b: Pixels, to_b: Matrix, common: CommonPart) -> tuple[Floats, Floats, Mask]:
    """Both pictures in a's pixels, and the places that only b shows there."""
    height, width = a.shape[:2]
    unit = np.diag([1 / width, 1 / height, 1.0])
    there = _sampled(b, np.diag([b.shape[1], b.shape[0], 1.0]) @ to_b @ unit, (width, height))
    mask = (common.only_b & common.inside).astype(np.uint8)
    place = _sampled(mask, np.linalg.inv(common.to_a) @ unit, (width, height), nearest=True)
    return *_in_tones(a, there, common), place.astype(np.bool_)


def _sampled(
    picture: Pixels, to_picture: Matrix, size: tuple[int, int], *, nearest: bool = False
) -> Pixels:
    matrix = to_picture[:2].copy()
    matrix[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5  # pixel i is centred at i + 0.5
    flags = (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=flags), np.uint8)
