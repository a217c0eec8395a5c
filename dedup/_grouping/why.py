"""Why a file is kept, in words: what it shows, or is, that the others of its group are not."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dedup._catalogue.derived import is_thumbnail
from dedup._catalogue.record import Record
from dedup._grouping.camera import has_camera, knowledge
from dedup._grouping.encoding import is_coarser, is_lossless
from dedup._grouping.finer import is_finer, is_noisy
from dedup._grouping.fuller import encloses_more
from dedup._grouping.retain import shows_more_within
from dedup._grouping.two import BEYOND, CLEARLY
from dedup._verification.coverage.coverage import Coverage, Only

__all__ = ["Compared", "rule_in_words", "why_kept"]

Compared = tuple[Record, Coverage | None]
"""A file, and what the one to keep (a) and it (b) show of each other; None if that is unknown."""

_GROUNDS: Final = {
    "border added": "no border",
    "caption added": "no caption",
    "shown in a screenshot": "no screen around it",
    "pasted into another image": "no picture around it",
}
_RULES: Final = {
    "largest": "the largest file",
    "oldest": "the oldest file",
    "shortest-path": "the shortest path",
    "exif-date": "the first by the date it was taken",
}


def why_kept(keep: Record, others: Sequence[Compared], *, first: str = "") -> str:
    """Why a file is kept rather than others, in words, as far as it is known.

    Parameters
    ----------
    keep : Record
    others : sequence of (Record, Coverage)
    first : str
        What decides before all that was measured: a person's choice, a rule.

    Returns
    -------
    str
        Such as "whole picture, 1.6 times the detail, no caption".
    """
    seen = [coverage for _, coverage in others if coverage is not None]
    files = [other for other, _ in others]
    said = [*_picture(seen), *_fullness(keep, files), *_quality(keep, others), *_bare(seen)]
    said = [first, *said] if first else said or list(_ties(keep, files))
    return ", ".join(dict.fromkeys(said))


def rule_in_words(rule: object) -> str:
    """What a rule other than "best" keeps.

    Examples
    --------
    >>> rule_in_words("oldest"), rule_in_words(len), rule_in_words("best")
    ('the oldest file', 'first by your own rule', '')
    """
    return "first by your own rule" if callable(rule) else _RULES.get(str(rule), "")


def _picture(seen: Sequence[Coverage]) -> Iterator[str]:
    """How much of the scene it shows."""
    if any(map(_is_beyond, (one.a for one in seen))) and not any(_is_beyond(x.b) for x in seen):
        yield "whole picture"
    if any(one.a.colours and not one.b.colours for one in seen):
        yield "all its colours"


def _is_beyond(only: Only) -> bool:
    return not only.ground and only.around > BEYOND


def _fullness(keep: Record, others: Sequence[Record]) -> Iterator[str]:
    if any(keep.frames > other.frames for other in others):
        yield f"{keep.frames} frames"
    if any(keep.alpha > other.alpha for other in others):
        yield "transparent"
    if any(keep.depth > other.depth for other in others):
        yield f"{keep.depth} bits a channel"
    for other in others:
        yield from encloses_more(keep, other)


def _quality(keep: Record, others: Sequence[Compared]) -> Iterator[str]:
    seen = [coverage for _, coverage in others if coverage is not None]
    finer = [1 / one.detail.ratio for one in seen if is_finer(one.swapped().detail)]
    if finer and not any(is_finer(one.detail) for one in seen):
        most = "up to " if len(seen) > 1 else ""
        yield f"{most}{max(finer):.2g} times the detail"
    if any(coverage and is_coarser(other, keep) for other, coverage in others):
        yield "better quality"
    if any(is_noisy(one.swapped().detail) for one in seen):
        yield "less noise"


def _bare(seen: Iterable[Coverage]) -> Iterator[str]:
    """What was put on or around the others, or was hidden there."""
    for one in seen:
        if one.b.ground and not one.a.ground:
            yield _GROUNDS.get(one.b.ground, "nothing around it")
        a, b = one.a.own, one.b.own
        if not (shows_more_within(one.a) or shows_more_within(one.b)):
            continue
        if min(a, b) > CLEARLY * max(a, b):
            continue  # which of them was altered can't be read off them
        yield "nothing covered" if a > b else "nothing put over it"


def _ties(keep: Record, others: Sequence[Record]) -> Iterator[str]:
    """What decides between files of which none shows more."""
    alike = all(other.picture == keep.picture for other in others)
    if alike:
        yield "the same pixels"
        if keep.format in ("JPEG", "MPO") and any(o.format != keep.format for o in others):
            yield "the JPEG file from which others were made"
            return
        if all(_knows_more(keep, other) for other in others):
            yield "knows more of the picture"
            return
    if not is_thumbnail(keep.path) and any(is_thumbnail(other.path) for other in others):
        yield "no thumbnail"
    elif all(keep.width * keep.height > other.width * other.height for other in others):
        yield "the most pixels"
    elif not alike and has_camera(keep) and not any(map(has_camera, others)):
        yield "the only one that names its camera"
    elif not alike and is_lossless(keep) and not any(map(is_lossless, others)):
        yield "encoded without loss"
    elif all(keep.size > other.size for other in others):
        yield "the most bytes"
    elif all(len(keep.path) < len(other.path) for other in others):
        yield "the shortest path"
    else:
        yield "first by its name"


def _knows_more(keep: Record, other: Record) -> bool:
    return keep.digest != other.digest and knowledge(keep) > knowledge(other)
