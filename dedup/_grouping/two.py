"""Which of two files that show one picture is the better one, by how they differ."""

from typing import Final

from dedup._catalogue.derived import is_thumbnail
from dedup._catalogue.record import Record
from dedup._grouping.camera import has_camera
from dedup._grouping.encoding import (
    is_coarser_jpeg,
    is_lossless,
    is_made_from,
    is_rounded_more,
    is_surely_coarser,
    made_how_late,
    smooths,
)
from dedup._grouping.finer import (
    AMPLIFIED,
    CRISP,
    SPECKS,
    STRONG_NOISE,
    is_amplified,
    is_enlarged,
    is_finer,
    is_noisy,
    is_soft,
)
from dedup._grouping.fuller import enclosed_in, is_fuller
from dedup._grouping.profiles import which_has_profile
from dedup._grouping.retain import holds_more, shows_more_within
from dedup._grouping.shapes import (
    grown_both_ways,
    is_stretched,
    which_is_of_a_camera,
    which_is_upright,
)
from dedup._grouping.toned import (
    is_tinted,
    which_is_in_steps,
    which_lost_tones,
    which_was_toned,
)
from dedup._verification.coverage.coverage import Coverage
from dedup._verification.coverage.detail import SAME_SIZE, Detail

__all__ = ["BEYOND", "CLEARLY", "INTERPOLATED", "is_better", "is_encoded_better"]

BEYOND: Final = 0.02
"""Part of a picture, beyond the other's frame, by which one shows more."""
CLEARLY: Final = 0.75
"""What the less altered one shows alone, at most, in units of what the other does."""
_RESOLVES_MORE: Final = 1.1
"""Detail for which a picture in a border is kept rather than the bare one."""
_SAME_PIXELS: Final = 0.005
_ENLARGED: Final = 1.25
_A_LITTLE: Final = 1.13
"""Resolutions that differ by less are of as many pixels; and from which one without more detail was
enlarged, and may have been."""
_SQUEEZED: Final = 1.02
"""Detail from which the larger of two shapes is no enlarged one: 16 copies, enlarged unevenly, have
at most 1.013; 5 photos, beside 9 copies squeezed to 60 to 80 %, 1.03 and more."""
_SHARP: Final = 0.65
"""The same as `CRISP` of a picture that is sharp without noise."""
_GIVEN: Final = 0.05
"""`Detail.own` of what has no noise: noise of 10 grey values makes it 0.09 and more."""
_NOISE: Final = 3.0
"""Noise, in grey values, that was added."""
_AS_DETAILED: Final = 0.95
"""Detail, at least, of what is only noisier."""
_ENCODED_ONCE: Final = 1.02
_ENCODED_TWICE: Final = 1.04
"""Detail that encoding once more costs at least: JPEG of quality 90, and WebP, cost 2 to 3 %. So
much WebP and AVIF may add to what was a JPEG file."""
INTERPOLATED: Final = 1.25
"""Detail that interpolation may cost one of the pictures, that noise may seem to be, and that what
was made brighter seems to have."""


def is_better(other: Record, keep: Record, seen: Coverage) -> bool:
    """Whether, of two alone, the other file (b) is to be kept rather than the first one (a)."""
    if is_thumbnail(other.path) != is_thumbnail(keep.path):
        return is_thumbnail(keep.path)
    if other.fullness != keep.fullness:
        return is_fuller(other, keep) and not is_fuller(keep, other)
    said = _bare(seen) or _whole(seen) or _profiled(other, keep, seen)
    said = said or -which_lost_tones(seen)
    said = said or _in_tones(other, keep, seen)
    said = said or _unaltered(seen) or _coloured(seen)
    if said:
        return said > 0
    if is_tinted(seen):
        return (-which_was_toned(keep, other, seen) or _encoded(other, keep, seen)) > 0
    return is_encoded_better(other, keep, seen)


def is_encoded_better(other: Record, keep: Record, seen: Coverage) -> bool:
    """Whether, of two that show the same, the other file (b) resolves more, or tells more."""
    said = _encoded(other, keep, seen) or which_is_upright(keep, other, seen)
    said = said or _fresher(other, keep, seen)
    said = said or int(has_camera(other)) - int(has_camera(keep))
    said = said or int(is_lossless(other)) - int(is_lossless(keep))
    said = said or len(enclosed_in(other)) - len(enclosed_in(keep))
    if said or not seen.detail.is_exact or is_tinted(seen):
        return said > 0
    if made_how_late(other) != made_how_late(keep):
        return made_how_late(other) < made_how_late(keep)
    return is_coarser_jpeg(keep, other)


def _encoded(other: Record, keep: Record, seen: Coverage) -> int:
    coarser = int(is_surely_coarser(keep, other)) - int(is_surely_coarser(other, keep))
    if is_amplified(seen.detail) or is_amplified(seen.swapped().detail):
        coarser = 0  # the finer file is a sharpened copy of the coarse one, perhaps
    said = _profiled(other, keep, seen) or _source(other, keep)
    said = said or _in_tones(other, keep, seen) or coarser
    said = said or _plain(seen) or _unstretched(other, keep, seen)
    return said or _detailed(other, keep, seen)


def _in_tones(other: Record, keep: Record, seen: Coverage) -> int:
    """The one whose tones are not cut to steps, unless what goes on is its encoder's, or noise."""
    said = 0 if _source(other, keep) else -which_is_in_steps(seen)
    is_noise = seen.detail.added_b if said > 0 else seen.detail.added_a
    return 0 if is_noise else said


def _source(other: Record, keep: Record) -> int:
    """The JPEG file, however coarse, from which the other one was made, pixel on pixel."""
    return int(is_made_from(keep, other)) - int(is_made_from(other, keep))


def _bare(seen: Coverage) -> int:
    """The picture itself, not what it was put into; unless that is larger, in a plain border."""
    if seen.a.is_put == seen.b.is_put:
        return 0
    framed = seen if seen.b.is_put else seen.swapped()
    larger = framed.detail.pixels > 1 + SAME_SIZE and framed.detail.ratio > _RESOLVES_MORE
    if larger and not holds_more(framed.b):
        return 0
    return -1 if framed is seen else 1


def _whole(seen: Coverage) -> int:
    """The one that shows more of the scene."""
    a, b = (0.0 if only.ground or only.is_plain else only.around for only in (seen.a, seen.b))
    return 0 if abs(b - a) <= BEYOND else (1 if b > a else -1)


def _plain(seen: Coverage) -> int:
    """Not one with more around it that is a ground, perhaps, and perhaps a sky."""
    return -1 if seen.b.is_plain and seen.b.around > BEYOND else 0


def _unaltered(seen: Coverage) -> int:
    """Of two alone, the one in which nothing was hidden, and on which nothing was put.

    What shows something where the other only hides or stamps it was there before. Other things
    that are put over a picture show more than they hide, as their outlines reach beyond them.
    """
    shows_a, shows_b = (shows_more_within(only) for only in (seen.a, seen.b))
    if shows_a != shows_b:
        return 1 if shows_b else -1
    a, b = seen.a.within, seen.b.within
    if not shows_a or min(a, b) > CLEARLY * max(a, b):
        return 0
    return 1 if b < a else -1


def _profiled(other: Record, keep: Record, seen: Coverage) -> int:
    """Of two that are as large, the one whose profile tells its true colours."""
    return which_has_profile(keep, other) if seen.detail.is_as_large else 0


def _coloured(seen: Coverage) -> int:
    return int(seen.b.colours) - int(seen.a.colours)


def _unstretched(other: Record, keep: Record, seen: Coverage) -> int:
    """Of two shapes the larger one, if it resolves more, else that of a camera, or the smaller.

    That is no more than likely: what is not kept stays.
    """
    detail = grown_both_ways(seen)
    back = detail.swapped()
    is_told = detail.is_as_large or not (is_finer(detail) or is_finer(back) or is_soft(detail))
    is_told &= not (is_noisy(seen.detail) or is_noisy(seen.detail.swapped()))
    if not is_stretched(keep, other, seen) or not is_told:
        return 0
    ratio, larger = (detail.ratio, 1) if seen.detail.pixels > 1 else (back.ratio, -1)
    if ratio > _SQUEEZED:
        return larger
    return which_is_of_a_camera(keep, other) or -larger


def _detailed(other: Record, keep: Record, seen: Coverage) -> int:
    """The one that resolves more: neither speckled, nor blurred, sharpened, or enlarged."""
    detail = grown_both_ways(seen)
    back = detail.swapped()
    if detail.is_as_large:
        noisier = int(_is_noisier(detail, smoothed=smooths(keep)))
        noisier -= int(_is_noisier(back, smoothed=smooths(other)))
    else:
        noisier = int(is_noisy(back)) - int(is_noisy(detail))
    if noisier:
        return -noisier
    is_sure = detail.is_exact and not is_tinted(seen)
    if detail.is_as_large and not is_sure and max(detail.ratio, back.ratio) < INTERPOLATED:
        return 0
    if is_finer(detail) and is_finer(back):  # one was sharpened: the smaller, or what was enlarged
        return 1 if (detail.pixels > 1) != is_enlarged(detail) else -1
    finer = int(is_finer(detail)) - int(is_finer(back))
    if finer:
        return -finer if is_amplified(back if finer > 0 else detail) else finer
    if _adds_nothing(detail):
        return -1 if detail.pixels > 1 else 1
    return 0 if detail.is_as_large else (1 if detail.pixels > 1 else -1)


def _adds_nothing(detail: Detail) -> bool:
    """Whether the larger one, which is not finer, was enlarged from the other, as that is crisp."""
    crisp, growth = detail.crisp_a, detail.pixels
    if growth < 1:
        crisp, growth = detail.crisp_b, 1 / growth
    return (growth > _ENLARGED and not is_soft(detail)) or (growth > _A_LITTLE and crisp > CRISP)


def _fresher(other: Record, keep: Record, seen: Coverage) -> int:
    """The one that was not encoded once more; beside what lost nothing, an encoder only adds."""
    is_sure = seen.detail.is_exact and abs(seen.detail.pixels - 1) < _SAME_PIXELS
    if not is_sure or is_tinted(seen) or is_lossless(other) != is_lossless(keep):
        return 0
    ratio, back = seen.detail.ratio, seen.swapped().detail.ratio
    if ratio > _ENCODED_ONCE:
        return int(not _adds_its_own(other, keep, ratio))
    return -int(back > _ENCODED_ONCE and not _adds_its_own(keep, other, back))


def _adds_its_own(one: Record, other: Record, ratio: float) -> bool:
    """Whether what is finer in a file may be what its encoder made, not the other one's."""
    is_little = smooths(one) and not smooths(other) and ratio < _ENCODED_TWICE
    return is_little or is_rounded_more(one, other)


def _is_noisier(detail: Detail, *, smoothed: bool) -> bool:
    """Whether b has specks or noise that a, though as detailed, does not have.

    What is missing in a, if its encoder smoothed it, may have been fine texture.
    """
    is_speckled = detail.specks_b > detail.specks_a + SPECKS
    if detail.added_a != detail.added_b:
        return detail.added_b
    if detail.own < _GIVEN and not is_speckled:
        return False  # filters of a give all of it: one was blurred, or sharpened
    is_strong = detail.noise_b > STRONG_NOISE
    if is_strong and detail.ratio >= AMPLIFIED:
        return detail.crisp_a > CRISP  # noise that was sharpened
    if is_strong and not is_speckled and _AS_DETAILED < detail.ratio < AMPLIFIED:
        return detail.crisp_a > _SHARP  # it may seem to be detail
    if detail.crisp_a < CRISP or not _AS_DETAILED < detail.ratio < INTERPOLATED:
        return False
    return is_speckled or (is_strong if smoothed else detail.noise_b > _NOISE)
