"""Animations and documents: two are one picture only if their frames are, not the first alone.

Each frame of the shorter one must be seen in the longer one, in the same order: then the longer
one shows everything that the other does.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from dedup._base.opencv import cv2
from dedup._verification.align import compare, goodness
from dedup._verification.coverage.coverage import Coverage, Only, coverage_of
from dedup._verification.evidence import Evidence
from dedup._verification.features import Features
from dedup._verification.full_size import greys_of
from dedup._verification.pictures import features_of
from dedup._verification.second_reading import is_settled, read_over_grounds
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded

__all__ = ["covered_in_all", "read_in_all", "seen_in_all"]

_SAME: Final = 16
"""Grey values by which a frame, perhaps a blank one, may differ once it was encoded again."""
_UNKNOWN: Final = Coverage(Only(own=1.0), Only(own=1.0))
"""Of frames that can't be laid over each other: each may show what it likes."""


def seen_in_all(
    first: Evidence, a: Iterator[Features], b: Iterator[Features], *, counts: tuple[int, int]
) -> Evidence:
    """What is seen in two files, of whose first frames `first` was seen.

    Parameters
    ----------
    first : Evidence
    a, b : iterator of Features
        Of all their frames, the first included. They are asked only where it takes more than
        one, and errors leave the pair uncertain.
    counts : (int, int)
        How many frames each has.
    """
    fewer, more = sorted(counts)
    if more > 1:
        first = replace(first, is_doubtful=False)  # a network would see the first frames alone
    if fewer > 1 and first.relation == "different":
        return replace(first, score=0.0)  # a lower threshold accepts what its frames do not say
    if more == 1 or first.relation != "near":
        return first
    if fewer > 1:
        try:
            ends = (a, b) if counts[0] == fewer else (b, a)
            worst = _worst(*ends, spare=more - fewer, see=_evidence)
        except DecodeError:
            worst = Evidence(0.0, "uncertain")
        if worst.relation != "near":
            return replace(first, score=worst.score, relation=worst.relation, edits=(), read=False)
        first = replace(first, score=min(first.score, worst.score))
    return first if fewer == more else first.with_edits((f"{fewer} of {more} frames", *first.edits))


def read_in_all(
    first: Evidence, a: Iterator[Decoded], b: Iterator[Decoded], *, counts: tuple[int, int]
) -> Evidence:
    """What a second reading finds in two files, of whose first frames `first` was read.

    Parameters
    ----------
    first : Evidence
    a, b : iterator of Decoded
        Their frames, at full size; as in `seen_in_all`.
    counts : (int, int)
    """
    fewer, more = sorted(counts)
    if fewer == 1 or first.relation != "near":
        return first
    ends = (a, b) if counts[0] == fewer else (b, a)
    try:
        worst = _worst(*ends, spare=more - fewer, see=_read)
    except DecodeError:
        worst = Evidence(0.0, "uncertain", edits=("not all frames can be read",))
    if worst.relation == "near":
        return first
    relation = "uncertain" if worst.relation == "different" else worst.relation
    return replace(first, relation=relation, changed=worst.changed, edits=worst.edits)


def covered_in_all(
    first: Coverage, a: Iterator[Decoded], b: Iterator[Decoded], *, counts: tuple[int, int]
) -> Coverage:
    """What two files show of each other in all their frames, of whose first `first` was measured.

    Parameters
    ----------
    first : Coverage
    a, b : iterator of Decoded
        Their frames; as in `seen_in_all`.
    counts : (int, int)
    """
    fewer, more = sorted(counts)
    if fewer == 1:
        return first
    is_swapped = counts[0] != fewer
    ends = (b, a) if is_swapped else (a, b)
    covered = first.swapped() if is_swapped else first
    try:
        for frame, other, seen in _matches(*ends, spare=more - fewer, see=_compared):
            if seen.relation == "near" and seen.transform is None:
                continue  # the same
            found = coverage_of(frame, other, seen)
            covered = covered.joined(_UNKNOWN if found is None else found)
    except DecodeError:
        covered = covered.joined(_UNKNOWN)
    return covered.swapped() if is_swapped else covered


def _compared(a: Decoded, b: Decoded) -> Evidence:
    return _evidence(features_of(a), features_of(b))


_Frame = TypeVar("_Frame")


def _worst(
    short: Iterator[_Frame],
    long: Iterator[_Frame],
    *,
    spare: int,
    see: Callable[[_Frame, _Frame], Evidence],
) -> Evidence:
    """What is seen of the frame of the shorter one that is least like any of the longer one."""
    worst = Evidence(1.0, "near")
    for _, _, best in _matches(short, long, spare=spare, see=see):
        worst = min(worst, best, key=goodness)
        if worst.relation != "near":
            break
    return worst


def _matches(
    short: Iterator[_Frame],
    long: Iterator[_Frame],
    *,
    spare: int,
    see: Callable[[_Frame, _Frame], Evidence],
) -> Iterator[tuple[_Frame, _Frame, Evidence]]:
    """Each frame of the shorter one but the first, and the one of the longer one most like it."""
    next(short), next(long)  # they were compared already
    for frame in short:
        found = []
        for other in long:
            found.append((frame, other, see(frame, other)))
            if found[-1][2].relation == "near" or spare == 0:
                break
            spare -= 1
        if not found:
            return
        yield max(found, key=lambda match: goodness(match[2]))


def _evidence(a: Features, b: Features) -> Evidence:
    return Evidence(1.0, "near") if _is_same(a, b) else compare(a, b)


def _read(a: Decoded, b: Decoded) -> Evidence:
    features, greys = (features_of(a), features_of(b)), (greys_of(a), greys_of(b))
    if _is_same(*features) and all(np.ptp(grey) <= _SAME for both in greys for grey in both):
        return Evidence(1.0, "near")  # blank pages, which nothing can be read on
    seen = compare(*features)
    if is_settled(seen) or seen.relation not in ("near", "scene"):
        return seen
    return read_over_grounds(seen, *greys)


def _is_same(a: Features | None, b: Features | None) -> bool:
    if a is None or b is None:
        return a is b
    if a.grey.shape != b.grey.shape or cv2.absdiff(a.grey, b.grey).max() > _SAME:
        return False
    return _is_same(a.over_black, b.over_black)
