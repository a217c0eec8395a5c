"""Why a file of a group is kept, and why another one stays beside it, or may go."""

from collections.abc import Iterator, Sequence
from typing import Final

from dedup._base.pairs import ordered
from dedup._catalogue.record import Record
from dedup._grouping.retain import shown_more
from dedup._grouping.toned import may_be_as_light
from dedup._grouping.why import why_kept as in_words
from dedup._search.outcome import Outcome, Relation
from dedup._verification.coverage.coverage import Coverage

__all__ = ["NOT_VERIFIED", "lacks", "no_copy", "why_kept", "why_retained"]

NOT_VERIFIED: Final = "not verified against the file to keep"
"""Why a file stays that nobody compared with the one to keep."""


def why_kept(found: Outcome, keep: Record, others: Sequence[Record]) -> str:
    """Why a file is kept rather than others, in words."""
    compared = []
    for other in others:
        a, b = (found.pictures[record.path] for record in (keep, other))
        seen = found.verifier.covering.of(a, b) if _is_aligned(found, a, b) else None
        compared.append((other, seen))
    chosen = found.names[keep.path] in found.chosen
    first = "chosen to be kept" if chosen else found.keeper.why(keep)
    return in_words(keep, compared, first=first)


def why_retained(found: Outcome, keep: Record, other: Record) -> str:
    """Why a file of a group is not removable for the one to keep; "" if it is."""
    return no_copy(found.relation(keep, other)) or lacks(found, keep, other)


def no_copy(relation: Relation | None) -> str:
    """Why a file that is so related to the one to keep is no copy of it; "" if it may be one.

    Examples
    --------
    >>> no_copy(("near", 0.9)), no_copy(("scene", 0.8))
    ('', 'another shot of the scene, no copy')
    """
    if relation is None:
        return NOT_VERIFIED
    return "another shot of the scene, no copy" if relation[0] == "scene" else ""


def lacks(found: Outcome, keep: Record, other: Record, *, edited: str = "retain") -> str:
    """What a file shows that the one to keep does not, in words; "" if nothing."""
    a, b = (found.pictures[record.path] for record in (keep, other))
    if not _is_aligned(found, a, b):  # the same pixels; or somebody said that they are duplicates
        return shown_more(keep, other, None, edited=edited)
    seen = found.verifier.covering.of(a, b)
    if seen is None:
        return "can't be compared closely with the file to keep"
    return shown_more(
        keep,
        other,
        seen,
        edited=edited,
        beside=lambda: (its for _, its in _shown(found, a, but=b)),
        as_toned=lambda: _as_toned(found, a, b, seen),
    )


def _as_toned(found: Outcome, keep: int, other: int, seen: Coverage) -> Iterator[Coverage]:
    """What a picture shows of those that, as it, are not as light as the one to keep."""
    for third, its in _shown(found, keep, but=other):
        if may_be_as_light(its, seen):
            found.verifier.verify([pair := ordered(other, third)])  # `pairs` must not change
            found.verifier.read_again([pair], threshold=found.settings.cut)
            both = found.verifier.covering.of(other, third) if _is_aligned(found, *pair) else None
            if both:
                yield both


def _shown(found: Outcome, keep: int, *, but: int) -> Iterator[tuple[int, Coverage]]:
    """What the picture to keep and all but one of its group show of each other."""
    for other in found.group_of.get(keep, ()):
        if other != but and _is_aligned(found, keep, other):
            seen = found.verifier.covering.of(keep, other)
            if seen is not None:
                yield other, seen


def _is_aligned(found: Outcome, a: int, b: int) -> bool:
    """Whether two pictures were verified against each other, and one lies on the other."""
    seen = found.verifier.evidence(ordered(a, b)) if a != b and found.settings.verify else None
    return seen is not None and seen.relation in ("near", "scene")
