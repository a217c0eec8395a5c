"""Which of two files was made from the other, if their light, colours or sides differ."""

from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.camera import has_camera
from dedup._grouping.encoding import is_lossless
from dedup._verification.coverage.coverage import Coverage

__all__ = [
    "is_mirror_unsure",
    "is_of_one_light",
    "is_paler",
    "is_tinted",
    "is_unsure",
    "may_be_as_light",
    "which_is_in_steps",
    "which_lost_tones",
    "which_was_toned",
]

_TINTED: Final = 3.0
"""Difference of colours, in grey values, that encoders do not make."""
_CLEARLY: Final = 6.0
"""The same that is to be seen."""
_GREY: Final = 18.0
"""The same between colours and sepia, at least: of ten photos nine have 19 to 52. A photo that has
hardly any colours, and is made a bit warmer, has them then; four had 6 to 9."""
_PALER: Final = 0.8
_GREYED: Final = 0.15
"""Vividness of a paler copy, at most, and of a grey one: of 470 copies of 70 photos those in 40 %
of the colours have at most 0.5, all that were not toned at least 0.88."""
_LOST: Final = 0.01
"""Part of the values that were lost in white or black, from which that says who lost them."""
_STEPS: Final = 1.1
"""`Coverage.steps` of a picture whose tones were cut to steps: of 4 photos in 4, 8 and 16 levels,
as large and larger, at least 1.26, of a fifth, which is all texture, 0; beside JPEG, WebP, noisy,
blurred, reduced and watermarked copies of 4 drawings at most 0.98; of photos in 32 levels 0.8."""
_GAPS: Final = 0.15
"""`gaps_of` by which one was made by a table of tones; of 8 photos all brighter, darker and
paler copies have 0.18 to 0.9 more, those of other hues at most 0.1."""


def is_tinted(seen: Coverage) -> bool:
    """Whether the light or the colours of two pictures differ."""
    return seen.tint > _TINTED or is_paler(seen)


def is_of_one_light(seen: Coverage) -> bool:
    """Whether nobody sees that the light or the colours of two pictures differ."""
    is_alike = seen.tint <= _CLEARLY and not is_paler(seen)
    return is_alike and not seen.a.colours and not seen.b.colours


def may_be_as_light(seen: Coverage, other: Coverage) -> bool:
    """Whether two pictures that are off a third one in light may be alike in it."""
    return not is_of_one_light(seen) and abs(seen.tint - other.tint) <= _CLEARLY


def which_lost_tones(seen: Coverage) -> int:
    """1 if b lost light or dark tones that a tells apart, -1 of the reverse, 0 if neither did."""
    return int(seen.lost > _LOST) - int(seen.lost < -_LOST) if is_tinted(seen) else 0


def which_is_in_steps(seen: Coverage) -> int:
    """1 if b is in few tones, where those of a go on, -1 of the reverse, 0 if neither is."""
    return int(seen.steps > _STEPS) - int(seen.steps < -_STEPS)


def which_was_toned(keep: Record, other: Record, seen: Coverage) -> int:
    """1 if the other file (b) was surely made from the first one (a), -1 of the reverse, else 0.

    Brighter copies lost light tones; a table of tones leaves gaps, unless an encoder smoothed
    them; and what an editor writes lacks the camera's name, or has it like the photo itself.
    """
    gaps = seen.gaps if is_lossless(keep) and is_lossless(other) else 0.0
    said = which_lost_tones(seen) or int(gaps > _GAPS) - int(gaps < -_GAPS)
    return said or int(has_camera(keep)) - int(has_camera(other))


def is_mirror_unsure(keep: Record, other: Record, seen: Coverage) -> bool:
    """Whether one is mirrored, and no camera says that it is the other one."""
    return seen.is_mirrored and not (has_camera(keep) and not has_camera(other))


def is_unsure(keep: Record, other: Record, seen: Coverage) -> bool:
    """Whether light or colours clearly differ, and nothing says that the first file was first."""
    is_greyed = seen.tint > _GREY or seen.vividness <= _GREYED
    if seen.a.colours and not seen.b.colours and is_greyed:
        return False
    is_pale = is_paler(seen) and seen.vividness > _GREYED
    return (seen.tint > _CLEARLY or is_pale) and which_was_toned(keep, other, seen) <= 0


def is_paler(seen: Coverage) -> bool:
    """Whether one of two pictures is clearly less colourful."""
    return min(seen.vividness, 1 / seen.vividness) < _PALER
