"""Of files that stay beside the file to keep of their group: which are copies of one another."""

from collections import ChainMap
from collections.abc import Sequence
from typing import Final

from dedup._base.pairs import ordered
from dedup._catalogue.record import Record
from dedup._grouping.encoding import is_lossless
from dedup._grouping.toned import is_tinted
from dedup._search.outcome import Outcome
from dedup._search.reasons import why_retained

__all__ = ["copies_among"]

_COPY: Final = 0.9
_NEAREST: Final = 2
_CHANGED: Final = 0.02
"""Cosine from which a picture may be a copy of one that stays, with how many it is compared, and
the part in which they may differ: others are not worth a closer look."""
_HIDDEN: Final = 0.005
"""Part of a picture that may seem to be hidden in what it goes for: more is a watermark."""
_MANY: Final = 400
"""Pictures of a group that are compared so."""


def copies_among(found: Outcome, files: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Files that others of them, which stay, make needless, each with that other one.

    Parameters
    ----------
    found : Outcome
    files : sequence of Record
        Those that a group's file to keep does not replace, what would rather be kept first.
    """
    if found.sets is not None:  # files of one set are not paired
        return []
    if found.settings.keep == "best":  # else people said what they would rather keep
        files = sorted(files, key=lambda record: _lossless_first(found, record))
    pictures = list(dict.fromkeys(found.pictures[record.path] for record in files))
    nearest = _nearest(found, pictures)
    decision = found.settings.decision(found.candidates, found.verifier)
    decision.verify(ordered(a, b) for b, others in nearest.items() for a in others)
    staying: dict[int, Record] = {}
    copies = []
    for record in files:
        mine = found.pictures[record.path]
        others = (staying[picture] for picture in (mine, *nearest[mine]) if picture in staying)
        same = next((other for other in others if _goes_for(found, record, other)), None)
        if same is None:
            staying.setdefault(mine, record)
        else:
            copies.append((record, same))
    return copies


def _lossless_first(found: Outcome, record: Record) -> tuple[object, ...]:
    """Of pictures with as many pixels those that lost nothing first, not the longest files."""
    best = found.files[found.pictures[record.path]][0]
    frames, alpha, depth = best.fullness
    return -frames, -alpha, -depth, -best.width * best.height, not is_lossless(best)


def _nearest(found: Outcome, pictures: Sequence[int]) -> dict[int, list[int]]:
    """Of each picture those before it that it may be a copy of, the most similar first."""
    nearest: dict[int, list[int]] = {picture: [] for picture in pictures}
    if not found.settings.verify:
        return nearest
    pairs = [(a, b) for at, b in enumerate(pictures[:_MANY]) for a in pictures[:at]]
    compared = found.candidates.compare(ordered(*pair) for pair in pairs)
    known = ChainMap(compared, found.candidates.similarity)
    alike = {pair: known.get(ordered(*pair), 0.0) for pair in pairs}
    for a, b in sorted(pairs, key=lambda pair: -alike[pair]):
        if alike[a, b] >= _COPY and len(nearest[b]) < _NEAREST:
            nearest[b].append(a)
    return nearest


def _goes_for(found: Outcome, record: Record, other: Record) -> bool:
    """Whether a file shows nothing that another one does not."""
    a, b = (found.pictures[one.path] for one in (record, other))
    if a != b:
        seen = found.verifier.evidence(ordered(a, b))
        if seen is None or seen.changed_share > _CHANGED:
            return False
        closely = found.verifier.covering.of(b, a)
        if closely is None or is_tinted(closely) or closely.a.within > _HIDDEN:
            return False  # of two that stay nobody knows which was toned, or stamped
    return not why_retained(found, other, record)
