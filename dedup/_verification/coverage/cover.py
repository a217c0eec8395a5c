"""What a process, or a thread, does to measure what pictures show of each other: it reads them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from dedup._base.pairs import Pair
from dedup._verification.coverage.coverage import COVER_SIDE, Coverage, coverage_of
from dedup._verification.evidence import Evidence
from dedup._verification.frames import covered_in_all
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded, ImageSource, decode, decode_frames

__all__ = ["Aligned", "cover_all"]


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two pictures that were laid over each other.

    Attributes
    ----------
    ends : (int, int)
        Their numbers.
    sources : pair of image sources
        What is decoded of them.
    counts : (int, int)
        How many frames they have.
    evidence : Evidence
        What was seen from the one to the other.
    """

    ends: Pair
    sources: tuple[ImageSource, ImageSource]
    counts: tuple[int, int]
    evidence: Evidence


def cover_all(pairs: Sequence[Aligned]) -> list[Coverage | None]:
    """What the pictures of each pair show of each other; None if one can't be read.

    A picture that follows itself, as a keeper meets all its members, is decoded once.
    """
    found, held = [], dict[int, Decoded | None]()
    for pair in pairs:
        held = {
            end: held[end] if end in held else _decoded(source)
            for end, source in zip(pair.ends, pair.sources, strict=True)
        }
        found.append(_covered(pair, *held.values()))
    return found


def _covered(pair: Aligned, a: Decoded | None, b: Decoded | None) -> Coverage | None:
    seen = None if a is None or b is None else coverage_of(a, b, pair.evidence)
    if seen is None:
        return None
    frames = (decode_frames(source, short_side=COVER_SIDE) for source in pair.sources)
    return covered_in_all(seen, *frames, counts=pair.counts)


def _decoded(source: ImageSource) -> Decoded | None:
    with suppress(DecodeError):
        return decode(source, short_side=COVER_SIDE)
    return None
