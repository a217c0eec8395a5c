"""Which of two aligned pictures resolves more, and what only seems to: sharpening, upscales, noise.

All is read off their `Detail`, whatever files they are in.
"""

from typing import Final

from dedup._verification.coverage.detail import FINER, SAME_SIZE, Detail

__all__ = [
    "AMPLIFIED",
    "CRISP",
    "SPECKS",
    "STRONG_NOISE",
    "is_amplified",
    "is_enlarged",
    "is_finer",
    "is_noisy",
    "is_slightly_filtered",
    "is_soft",
    "is_softer",
]

_FINER_RESIZED: Final = 1.1
"""Detail from which one resolves more, where one was resampled to be compared."""
_TRUE_PIXELS: Final = 0.15
_ENLARGED: Final = 1.012
"""Detail that a larger picture has for each unit by which it is longer, unless it is an upscale;
and what encoding adds to such a one: at most 1.006 in 60 upscales of photos."""
CRISP: Final = 0.5
AMPLIFIED: Final = 1.45
"""Finest octave in units of the next, of a picture that is not blurred; and the detail, in units of
that one's, from which a copy of it was sharpened."""
_GROWN: Final = 1.45
_GIVEN: Final = 0.1
"""Growth from which it can be told that a picture was enlarged from a smaller one and sharpened;
and `Detail.own` for each unit by which it is longer, at most. Of 12 photos, enlarged 1.5, 2 and 3
times in five ways, of which four smooth texture, and sharpened, 176 of 180 have less; beside their
copies at 25 to 66 % all 48 have more, if they were a bit blurred before 11 of 24. Of a 13th, which
is texture all over, most upscales have more."""
_GIVEN_AT_MOST: Final = 0.3
"""The same at most: how much filters give does not grow without end."""
_TOO_FINE: Final = 1.25, 1.8
_MOST_FINER: Final = 0.9
_NOT_BLURRED: Final = 0.4
_NEW_OCTAVE: Final = 1.8
_OF_ITS_OWN: Final = 0.9
"""Detail of a larger picture beside a smaller one, at most: for each unit by which it is longer, at
most so much in all, unless it is much longer; if the finest octave of that one, in units of the
next, is no less. More is sharpening. Of 34 photos beside copies of 50 to 90 %, of JPEG quality 20
to 95 or WebP, all have less, or eight of nine if a bilinear filter reduced them; 82 of 85 that were
enlarged twice, from JPEG of quality 20 to 95, and sharpened have more, where that octave is 0.5 and
more. What is drawn has as much as it is longer, text 1.08 times that; if it is twice, its finest
octave is twice as strong as the smaller one's, of those upscales at most 1.74 times, or
`Detail.own` is 1, as of icons."""
_FILTERED: Final = 0.14
"""`Detail.own`, at most, of a sharpened copy: of 30 photos, sharpened in five ways, all have less;
beside what was enlarged from 50 % of their size all have more, from 67 % nine of ten."""
_BESIDE: Final = 0.2
"""`Detail.beside`, at least, of a sharp picture beside what was sharpened after an encoder had
taken much from it: 0.55 and more beside a copy of JPEG quality 20. Of 95 groups of edited photos no
original is 1.25 times finer than a copy that is sharp and not noisy."""
_GIVEN_EXACTLY: Final = 0.05
_STILL_SHARP: Final = 0.5
"""`Detail.own`, at most, of a copy that was sharpened a little, pixel on pixel, and the finest
octave, at least, of the softer one. Of 20 photos of 75 and 400 pixels, sharpened a little in four
ways, all have at most 0.02; beside copies by coarse encoders and median filters all have more than
0.07. A slight blur of a very sharp picture can't be told from it."""
_CLEARLY_FINER: Final = 1.15
_GIVEN_CLEARLY: Final = 0.1
"""Detail, in units of a sharp picture's, and `Detail.own`, at most, of its sharpened copy, pixel on
pixel. Of 22 photos, sharpened in seven ways, all that are so much finer have at most 0.07; beside
copies by coarse encoders and median filters all have 0.17 and more, beside very slightly blurred
ones half have less: then nothing tells, and both stay."""
_MUCH_FINER: Final = 1.8
_GIVEN_MUCH_FINER: Final = 0.1
"""Detail, in units of the other's, and `Detail.own`, at most, of a sharpened copy even of a soft
picture. Of 14 photos, plain, soft and enlarged, sharpened in two ways, all have at most 0.091;
beside copies that are so much softer, blurred in four ways, all have 0.108 and more."""
_AMPLIFIED_SMALLER: Final = 1.25
"""The same of a copy with fewer pixels, which can't have more of its own."""
_SOFT: Final = 0.3
"""Finest octave in units of the next, of a picture that is so smooth that nothing tells whether a
larger one was enlarged: that of 50 photos is at least 0.31 beside what was enlarged from them."""
_NOISE: Final = 4.5
STRONG_NOISE: Final = 8.0
"""Noise that one has beside what the other shows, in grey values; and from which it may seem to be
detail."""
SPECKS: Final = 0.035
"""Part of the pixels by which one has more specks."""
_AS_DETAILED: Final = 0.9
"""Detail, at least, of a file that is only cleaner."""


def is_finer(detail: Detail) -> bool:
    """Whether b resolves more than a.

    Examples
    --------
    >>> is_finer(Detail(ratio=1.3, pixels=2.0)), is_finer(Detail(ratio=1.005, pixels=2.0))
    (True, False)
    """
    if detail.is_as_large:
        return detail.ratio > (FINER if detail.is_exact else _FINER_RESIZED)
    if detail.pixels < 1:
        return detail.ratio > _FINER_RESIZED
    # What sharpening added to the smaller one makes up for no pixels.
    ratio = max(detail.ratio, 2**detail.more_b)
    return ratio > min(1 + _TRUE_PIXELS * (detail.pixels - 1), _ENLARGED)


def is_amplified(detail: Detail) -> bool:
    """Whether a is finer since it was sharpened: b was sharp, or filters of it give all of a.

    Examples
    --------
    >>> sharpened, finer = (Detail(0.5, crisp_a=0.9, crisp_b=0.7, own=x) for x in (0.02, 0.3))
    >>> is_amplified(sharpened), is_amplified(finer)
    (True, False)
    >>> soft, blurred = (Detail(0.5, crisp_b=0.3, own=x, is_exact=True) for x in (0.03, 0.2))
    >>> is_amplified(soft), is_amplified(blurred)
    (True, False)
    >>> is_amplified(Detail(0.5, crisp_a=1.2, crisp_b=1.0, own=0.3, beside=0.5))
    True
    """
    if detail.pixels < 1 - SAME_SIZE:
        return is_enlarged(detail) and is_finer(detail.swapped())
    is_much_finer = detail.is_exact and 1 / detail.ratio > _MUCH_FINER
    is_given = is_much_finer and detail.own < _GIVEN_MUCH_FINER
    if is_given or detail.crisp_b < CRISP:
        return is_given
    if detail.pixels > 1 + SAME_SIZE or _lacks_what_is_fine(detail):
        return 1 / detail.ratio > _AMPLIFIED_SMALLER
    is_clear = detail.is_exact and 1 / detail.ratio > _CLEARLY_FINER
    is_clear = is_clear and detail.own < _GIVEN_CLEARLY
    # Sharpening adds to the finest octave most, as a rule; noise in b seems to be sharpness.
    if is_clear or detail.crisp_a < detail.crisp_b:
        return is_clear
    if 1 / detail.ratio > AMPLIFIED:
        return detail.own < _FILTERED
    return is_slightly_filtered(detail) and detail.ratio < 1


def _lacks_what_is_fine(detail: Detail) -> bool:
    """Whether a, which seems to be much finer, lacks what is fine in b, and is no noise."""
    return detail.beside > _BESIDE and not is_noisy(detail.swapped())


def is_slightly_filtered(detail: Detail) -> bool:
    """Whether one was sharpened a little, or the other blurred so, that it still is sharp."""
    if not detail.is_exact or not detail.is_as_large:
        return False
    softer = detail.crisp_b if detail.ratio < 1 else detail.crisp_a
    is_slight = FINER < max(detail.ratio, 1 / detail.ratio) <= AMPLIFIED
    return is_slight and detail.own < _GIVEN_EXACTLY and softer > _STILL_SHARP


def is_enlarged(detail: Detail) -> bool:
    """Whether filters of the smaller one give all of the larger one, or it has more than it can.

    Examples
    --------
    >>> upscale, photo = (Detail(4.2, pixels=16.0, own=own) for own in (0.05, 0.91))
    >>> is_enlarged(upscale), is_enlarged(photo)
    (True, False)
    """
    seen = detail if detail.pixels < 1 else detail.swapped()  # a is the larger one
    growth = 1 / seen.pixels
    is_given = growth > _GROWN and seen.own < min(_GIVEN * growth, _GIVEN_AT_MOST)
    is_sharp = seen.crisp_b > max(_NOT_BLURRED, seen.crisp_a / _NEW_OCTAVE)
    each, enough = _TOO_FINE
    most = max(_MOST_FINER * growth, min(each * growth, enough))
    is_too_fine = is_sharp and 1 / seen.ratio > most and seen.own < _OF_ITS_OWN
    return growth > 1 + SAME_SIZE and (is_given or is_too_fine)


def is_noisy(detail: Detail) -> bool:
    """Whether a has noise or specks that b does not have: of a smaller one, what a larger lacks."""
    is_speckled = detail.specks_a > detail.specks_b + SPECKS
    if not detail.is_as_large:
        return is_speckled and detail.pixels > 1
    if detail.added_a:
        return True
    if detail.ratio < _AS_DETAILED:  # noise seems to be detail, unless the other was blurred
        is_given = detail.own < _FILTERED
        return detail.noise_a > STRONG_NOISE and detail.crisp_b > CRISP and not is_given
    return is_speckled or detail.noise_a > _NOISE


def is_soft(detail: Detail) -> bool:
    """Whether the smaller one is so smooth that the larger one may be no enlarged copy of it."""
    crisp = detail.crisp_a if detail.pixels > 1 else detail.crisp_b
    return not detail.is_as_large and crisp < _SOFT


def is_softer(detail: Detail) -> bool:
    """Whether b has more pixels, and less detail, or both are smooth.

    It is an upscale, or what a was before it had noise, or was reduced.
    """
    less = 1 / detail.ratio > _AMPLIFIED_SMALLER or is_soft(detail)
    return detail.pixels > 1 + SAME_SIZE and less
