"""The law: a file is removable only if the file that is kept shows everything that it shows.

What a file shows beyond the one to keep is put into words, why it stays; without any, it may go.
Watermarks, bars, mosaics, borders and frames are nothing that anyone misses.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dedup._catalogue.record import Record
from dedup._grouping.camera import are_two_shots
from dedup._grouping.encoding import (
    is_coarser,
    is_made_from,
    is_palette_unsure,
    is_surely_coarser,
)
from dedup._grouping.finer import (
    is_amplified,
    is_enlarged,
    is_finer,
    is_noisy,
    is_slightly_filtered,
    is_softer,
)
from dedup._grouping.fuller import holds_beside, is_fuller
from dedup._grouping.profiles import lacks_profile
from dedup._grouping.shapes import is_stretch_unsure
from dedup._grouping.toned import (
    is_mirror_unsure,
    is_of_one_light,
    is_tinted,
    is_unsure,
    which_is_in_steps,
)
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.evidence import CONTAINERS

__all__ = ["holds_more", "shown_more", "shows_more_within"]

_WITHIN: Final = 0.003
"""Part of its picture that a file may show alone: less is compression."""
_SPOTS: Final = 0.001
"""Part of a picture that seems to be letters, at most, where a palette or a coarse encoder left
spots."""
_AROUND: Final = 0.012
"""The same beyond the other's frame, which is not known to the pixel."""
_DRAWN: Final = 0.004
"""Part of a ground that drawn things take, from which they are something."""
_ROUNDED: Final = 1.05
"""What is less would be rounded to 1 times the detail."""
_CONTRAST: Final = 1.65
"""Contrast in units of the other's, from which the other lost tones."""
_ADDED: Final = 0.25
"""What an overlay hides of the other, in units of what it shows itself; less is hidden only."""
_GROUND: Final = {
    "caption added": "its caption",
    "shown in a screenshot": "the screen around it",
    "pasted into another image": "the picture around it",
}
_COLOURS: Final = "its colours are only here"
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
    words = holds_beside(keep, other)
    if seen is None:
        # What the keeper has more may be why it is kept, though it is a small one.
        is_larger = other.width * other.height > keep.width * keep.height
        more = not words and is_larger and is_fuller(keep, other)
        if more:
            return "has more pixels than the file to keep"
        return words or (_COLOURS if lacks_profile(keep, other) else "")
    said = [words] if words else []
    if are_two_shots(keep, other):
        said.append("another shot, as its header says")
    around = _around(seen.b, edited)
    if around:
        said.append(around)
    said += _within(keep, other, seen, edited)
    if holds_more(seen.a):
        said.append(f"the picture itself, without {_GROUND.get(seen.a.ground, _BESIDE)}")
    if seen.is_turned:
        said.append("mirrored or turned, as another sign would be")
    if seen.b.colours or (not words and lacks_profile(keep, other)):
        said.append(_COLOURS)
    if which_is_in_steps(seen) < 0 and not is_made_from(other, keep):
        said.append("its tones are only here")
    if _is_sharper(seen) and not (edited == "remove" and (seen.b.letters or _is_added(seen))):
        said.append(f"{_percent(seen.b.sharp)} of its picture is sharp only here")
    said += _finely(keep, other, seen)
    return ", ".join(said or _undecided(keep, other, seen, beside, as_toned))


def _within(keep: Record, other: Record, seen: Coverage, edited: str) -> Iterator[str]:
    """What the other file shows at places that both show."""
    least = _SPOTS if is_coarser(other, keep) else 0.0
    if shows_more_within(seen.b) and not (edited == "remove" and _is_added(seen)):
        yield f"{_percent(seen.b.own)} of its picture is only here"
    elif seen.b.letters > least and edited != "remove":
        yield "small letters or marks are only here"
    elif seen.a.letters > least:
        yield "what small letters or marks hide of the file to keep is only here"
    if seen.b.erased:
        yield f"{_percent(seen.b.erased)} of its picture is transparent in the file to keep"


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
    if is_palette_unsure(keep, other):
        yield "nothing tells which of the two was in a palette first"
    if is_mirror_unsure(keep, other, seen) and all(its.is_mirrored for its in beside()):
        yield "nothing tells which of the two is mirrored"
    if is_stretch_unsure(keep, other, seen):
        yield "nothing tells which of the two is stretched"


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
    elif detail.is_as_large and is_coarser(keep, other):
        yield "better quality"
    # What was toned and encoded again may be a little softer, too.
    is_toned = is_slightly_filtered(detail) and is_tinted(seen)
    if is_amplified(detail) and not is_toned and not is_surely_coarser(other, keep):
        yield "not enlarged and sharpened" if is_enlarged(detail) else "not sharpened"
    elif is_softer(detail) and not is_finer(detail):
        yield f"{detail.pixels:.2g} times the pixels"
    if seen.contrast > _CONTRAST:
        yield f"{seen.contrast:.2g} times the contrast"
    if is_noisy(detail) and not is_surely_coarser(other, keep):
        yield "less noise"


def _around(only: Only, edited: str) -> str:
    if not only.ground:
        beyond = only.around > _AROUND
        return f"{_percent(only.around)} of its picture is only here" if beyond else ""
    if only.around <= _DRAWN or edited == "remove":
        return ""
    return f"{_GROUND.get(only.ground, _BESIDE)} is only here"


def _is_sharper(seen: Coverage) -> bool:
    """Whether something is in focus in b only; noise seems to be so where little else is."""
    return seen.b.sharp > 0 and not is_noisy(seen.detail.swapped())


def _is_added(seen: Coverage) -> bool:
    """Whether what only b shows was put over the picture: it hides less than it shows."""
    return _ADDED * seen.b.own < seen.a.within < seen.b.own


def _percent(share: float) -> str:
    return f"{max(1, round(100 * share))} %"
