"""The law: a file is removable only if the file that is kept shows everything that it shows.

What a file shows beyond the one to keep is put into words, why it stays; without any, it may go.
Watermarks, bars, mosaics, borders and frames are nothing that anyone misses.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.encoding import are_two_shots, is_coarser, is_surely_coarser
from dedup._grouping.toned import is_mirror_unsure, is_of_one_light, is_tinted, is_unsure
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.coverage.detail import Detail
from dedup._verification.evidence import CONTAINERS
from dedup.pipelines.images.camera_raw import RAW_SUFFIXES

__all__ = [
    "holds_more",
    "is_amplified",
    "is_enlarged",
    "is_finer",
    "is_fuller",
    "is_noisy",
    "is_slightly_filtered",
    "is_soft",
    "shown_more",
    "shows_more_within",
]

_WITHIN: Final = 0.003
"""Part of its picture that a file may show alone: less is compression."""
_SPOTS: Final = 0.001
"""Part of a picture that seems to be letters, at most, where a palette or a coarse encoder left
spots."""
_AROUND: Final = 0.012
"""The same beyond the other's frame, which is not known to the pixel."""
_DRAWN: Final = 0.004
"""Part of a ground that drawn things take, from which they are something."""
_SAME_SIZE: Final = 0.03
"""Resolutions that differ by less are one: then detail is compared pixel by pixel."""
_FINER: Final = 1.05
"""Detail, between pictures of one resolution, from which one resolves more."""
_FINER_RESIZED: Final = 1.1
"""The same where one was resampled to be compared."""
_TRUE_PIXELS: Final = 0.15
_ENLARGED: Final = 1.012
"""Detail that a larger picture has for each unit by which it is longer, unless it is an upscale;
and what encoding adds to such a one: at most 1.006 in 60 upscales of photos."""
_ROUNDED: Final = 1.05
"""What is less would be rounded to 1 times the detail."""
_SHARP: Final = 0.5
_AMPLIFIED: Final = 1.45
"""Finest octave in units of the next, of a picture that is not blurred; and the detail, in units of
that one's, from which a copy of it was sharpened."""
_GROWN: Final = 1.45
_GIVEN: Final = 0.1
"""Growth from which it can be told that a picture was enlarged from a smaller one and sharpened;
and `Detail.own` for each unit by which it is longer, at most. Of 50 photos and their copies at 40
to 66 % nine of ten have more, and of 48 sharpened upscales of each factor all have less up to 2,
and 85 % of factor 3."""
_GIVEN_AT_MOST: Final = 0.3
"""The same at most: how much filters give does not grow without end."""
_FILTERED: Final = 0.14
"""`Detail.own`, at most, of a sharpened copy: of 30 photos, sharpened in five ways, all have less;
beside what was enlarged from 50 % of their size all have more, from 67 % nine of ten."""
_GIVEN_EXACTLY: Final = 0.05
_STILL_SHARP: Final = 0.5
"""`Detail.own`, at most, of a copy that was sharpened a little, pixel on pixel, and the finest
octave, at least, of the softer one. Of 20 photos of 75 and 400 pixels, sharpened a little in four
ways, all have at most 0.02; beside copies by coarse encoders and median filters all have more than
0.07. A slight blur of a very sharp picture can't be told from it."""
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
_CONTRAST: Final = 1.65
"""Contrast in units of the other's, from which the other lost tones."""
_NOISE: Final = 4.5
_STRONG_NOISE: Final = 8.0
_SPECKS: Final = 0.035
_AS_DETAILED: Final = 0.9
"""Noise that the one to keep has beside what another file shows, in grey values; specks, in parts
of the pixels; and the detail, at least, of a file that is only cleaner."""
_ADDED: Final = 0.25
"""What an overlay hides of the other, in units of what it shows itself; less is hidden only."""
_GROUND: Final = {
    "caption added": "its caption",
    "shown in a screenshot": "the screen around it",
    "pasted into another image": "the picture around it",
}
_BESIDE: Final = "what is beside its picture"


def shown_more(
    keep: Record,
    other: Record,
    seen: Coverage | None,
    *,
    edited: str = "retain",
    beside: Callable[[], Iterable[Coverage]] = tuple,
    as_toned: Callable[[], Iterable[Coverage]] = tuple,
) -> str:
    """What a file shows that the one to keep does not, in words; "" if nothing.

    Parameters
    ----------
    keep, other : Record
    seen : Coverage, optional
        From the file to keep to the other one; None if they show the same pixels, or if somebody
        said that they are duplicates and they can't be compared.
    edited : {"retain", "remove"}
        Whether captions, and what else was put on or around a copy of the picture, count.
    beside : callable
        Gives the coverage from the file to keep to each further picture of the group: one that is
        as light, and not mirrored, says that the other one was edited.
    as_toned : callable
        Gives the coverage from the other file to each that is not as light as the file to keep: one
        that is as light as the other one says that both are variants.
    """
    words = _fuller(keep, other)
    if seen is None:
        # What the keeper has more may be why it is kept, though it is a small one.
        is_larger = other.width * other.height > keep.width * keep.height
        more = not words and is_larger and is_fuller(keep, other)
        return "has more pixels than the file to keep" if more else words
    said = [words] if words else []
    if are_two_shots(keep, other):
        said.append("another shot, as its header says")
    around = _around(seen.b, edited)
    if around:
        said.append(around)
    least = _SPOTS if is_coarser(other, keep) else 0.0
    if shows_more_within(seen.b) and not (edited == "remove" and _is_added(seen)):
        said.append(f"{_percent(seen.b.own)} of its picture is only here")
    elif seen.b.letters > least and edited != "remove":
        said.append("small letters or marks are only here")
    elif seen.a.letters > least:
        said.append("what small letters or marks hide of the file to keep is only here")
    if holds_more(seen.a):
        said.append(f"the picture itself, without {_GROUND.get(seen.a.ground, _BESIDE)}")
    if seen.is_turned:
        said.append("a drawing that is mirrored or turned")
    if seen.b.colours:
        said.append("its colours are only here")
    said += _finely(keep, other, seen)
    return ", ".join(said or _undecided(keep, other, seen, beside, as_toned))


def _undecided(
    keep: Record,
    other: Record,
    seen: Coverage,
    beside: Callable[[], Iterable[Coverage]],
    as_toned: Callable[[], Iterable[Coverage]],
) -> Iterator[str]:
    if is_unsure(keep, other, seen):
        is_told = any(map(is_of_one_light, beside()))
        if not is_told or any(map(is_of_one_light, as_toned())):
            yield "nothing tells which of the two has the light and colours of the original"
    if is_mirror_unsure(keep, other, seen) and all(its.is_mirrored for its in beside()):
        yield "nothing tells which of the two is mirrored"


def is_fuller(a: Record, b: Record) -> bool:
    """Whether a file has more frames, transparency or bits than another."""
    return any(x > y for x, y in zip(a.fullness, b.fullness, strict=True))


def is_finer(detail: Detail) -> bool:
    """Whether b resolves more than a.

    Examples
    --------
    >>> is_finer(Detail(ratio=1.3, pixels=2.0)), is_finer(Detail(ratio=1.005, pixels=2.0))
    (True, False)
    """
    if abs(detail.pixels - 1) <= _SAME_SIZE:
        return detail.ratio > (_FINER if detail.is_exact else _FINER_RESIZED)
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
    """
    if detail.pixels < 1 - _SAME_SIZE:
        return is_enlarged(detail) and is_finer(detail.swapped())
    is_much_finer = detail.is_exact and 1 / detail.ratio > _MUCH_FINER
    is_given = is_much_finer and detail.own < _GIVEN_MUCH_FINER
    if is_given or detail.crisp_b < _SHARP:
        return is_given
    if detail.pixels > 1 + _SAME_SIZE:
        return 1 / detail.ratio > _AMPLIFIED_SMALLER
    if detail.crisp_a < detail.crisp_b:
        return False  # sharpening adds to the finest octave most; noise in b seems to be sharpness
    if 1 / detail.ratio > _AMPLIFIED:
        return detail.own < _FILTERED
    return is_slightly_filtered(detail) and detail.ratio < 1


def is_slightly_filtered(detail: Detail) -> bool:
    """Whether one was sharpened a little, or the other blurred so, that it still is sharp."""
    if not detail.is_exact or abs(detail.pixels - 1) > _SAME_SIZE:
        return False
    softer = detail.crisp_b if detail.ratio < 1 else detail.crisp_a
    is_slight = _FINER < max(detail.ratio, 1 / detail.ratio) <= _AMPLIFIED
    return is_slight and detail.own < _GIVEN_EXACTLY and softer > _STILL_SHARP


def is_enlarged(detail: Detail) -> bool:
    """Whether filters of the smaller one give all of the larger one, or it has more than it can.

    Examples
    --------
    >>> upscale, photo = (Detail(4.2, pixels=16.0, own=own) for own in (0.05, 0.91))
    >>> is_enlarged(upscale), is_enlarged(photo)
    (True, False)
    """
    growth = max(detail.pixels, 1 / detail.pixels)
    more = detail.ratio if detail.pixels > 1 else 1 / detail.ratio
    crisp = detail.crisp_a if detail.pixels > 1 else detail.crisp_b
    is_given = growth > _GROWN and detail.own < min(_GIVEN * growth, _GIVEN_AT_MOST)
    is_too_fine = crisp > _SHARP and more > _AMPLIFIED_SMALLER * growth  # else this was blurred
    return growth > 1 + _SAME_SIZE and (is_given or is_too_fine)


def is_noisy(detail: Detail) -> bool:
    """Whether a has noise or specks that b does not have."""
    same_size = abs(detail.pixels - 1) <= _SAME_SIZE
    if not same_size:
        return False
    if detail.added_a:
        return True
    if detail.ratio < _AS_DETAILED:  # noise seems to be detail, unless the other was blurred
        is_given = detail.own < _FILTERED
        return detail.noise_a > _STRONG_NOISE and detail.crisp_b > _SHARP and not is_given
    return detail.specks_a > detail.specks_b + _SPECKS or detail.noise_a > _NOISE


def is_soft(detail: Detail) -> bool:
    """Whether the smaller one is so smooth that the larger one may be no enlarged copy of it."""
    crisp = detail.crisp_a if detail.pixels > 1 else detail.crisp_b
    return abs(detail.pixels - 1) > _SAME_SIZE and crisp < _SOFT


def shows_more_within(only: Only) -> bool:
    """Whether a picture shows something else where the other one shows the place, too."""
    return only.own > _WITHIN


def holds_more(only: Only) -> bool:
    """Whether a picture was put on a ground with other things: a page, a screen, other pictures.

    Nobody wants that in place of the picture, however large it is there; nor a picture between
    blurred bars that are hardly something.
    """
    return only.is_put and (only.around > _DRAWN or only.ground in CONTAINERS)


def _finely(keep: Record, other: Record, seen: Coverage) -> Iterator[str]:
    """How much more finely, or more truly, the other file shows what both do."""
    detail = seen.detail
    if is_finer(detail):
        times = max(detail.ratio, 2**detail.more_b)
        yield f"{times:.{2 if times >= _ROUNDED else 3}g} times the detail"
    elif abs(detail.pixels - 1) <= _SAME_SIZE and is_coarser(keep, other):
        yield "better quality"
    # What was toned and encoded again may be a little softer, too.
    is_toned = is_slightly_filtered(detail) and is_tinted(seen)
    if is_amplified(detail) and not is_toned and not is_surely_coarser(other, keep):
        yield "not enlarged and sharpened" if is_enlarged(detail) else "not sharpened"
    elif _is_softer(detail) and not is_finer(detail):
        yield f"{detail.pixels:.2g} times the pixels"
    if seen.contrast > _CONTRAST:
        yield f"{seen.contrast:.2g} times the contrast"
    if is_noisy(detail) and not is_surely_coarser(other, keep):
        yield "less noise"


def _is_softer(detail: Detail) -> bool:
    """Whether b has more pixels, and less detail, or both are smooth.

    It is an upscale, or what a was before it had noise, or was reduced.
    """
    less = 1 / detail.ratio > _AMPLIFIED_SMALLER or is_soft(detail)
    return detail.pixels > 1 + _SAME_SIZE and less


def _around(only: Only, edited: str) -> str:
    if not only.ground:
        beyond = only.around > _AROUND
        return f"{_percent(only.around)} of its picture is only here" if beyond else ""
    if only.around <= _DRAWN or edited == "remove":
        return ""
    return f"{_GROUND.get(only.ground, _BESIDE)} is only here"


def _is_added(seen: Coverage) -> bool:
    """Whether what only b shows was put over the picture: it hides less than it shows."""
    return _ADDED * seen.b.own < seen.a.within < seen.b.own


def _fuller(keep: Record, other: Record) -> str:
    if other.frames > keep.frames:
        return f"has {other.frames} frames, the file to keep {keep.frames}"
    if other.alpha and not keep.alpha:
        return "is transparent, the file to keep is not"
    if other.depth > keep.depth:
        return f"has {other.depth} bits a channel, the file to keep {keep.depth}"
    if _is_raw(other) and not _is_raw(keep):
        return "is a camera's RAW file, the file to keep is not"
    return ""


def _is_raw(record: Record) -> bool:
    return os.path.splitext(record.path)[1].lower() in RAW_SUFFIXES


def _percent(share: float) -> str:
    return f"{max(1, round(100 * share))} %"
