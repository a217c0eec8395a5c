"""Pairs read at full resolution, side by side; their pictures are decoded when they come."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Final

from dedup._base.pairs import Pair
from dedup._verification.comparing import Comparers, called
from dedup._verification.evidence import Evidence
from dedup._verification.frames import read_in_all
from dedup._verification.full_size import FULL_SHORT_SIDE, greys_of
from dedup._verification.made import Made
from dedup._verification.pictures import Pictures
from dedup._verification.second_reading import Grounds, read_over_grounds
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import ImageSource, decode_frames

__all__ = ["Rereading"]

_CAPACITY: Final = 64 * 2**20
"""Bytes, one a pixel: about forty pages. Pairs come group by group: with a quarter of it, 113
pictures of 426 pairs in groups of 47 were decoded once each."""
_BLOCK: Final = 32
"""Pairs that are read at once: all of their pictures are in memory."""


class Rereading:
    """Reads pairs of pictures again, at full size.

    Parameters
    ----------
    pictures : Pictures
    comparers : Comparers
    """

    def __init__(self, pictures: Pictures, comparers: Comparers) -> None:
        self._pictures = pictures
        self._comparers = comparers
        self._greys: Made[Grounds] = Made(
            greys_of,
            short_side=FULL_SHORT_SIDE,
            pictures=pictures,
            comparers=comparers,
            most=_CAPACITY,
            size=lambda greys: sum(grey.size for grey in greys),
        )

    def read(self, pairs: Mapping[Pair, Evidence]) -> Iterator[dict[Pair, Evidence]]:
        """The evidence of pairs (from a to b), as it is once they are read, some at a time.

        A pair of which a picture can't be read any more is uncertain.
        """
        waiting = list(pairs.items())
        for start in range(0, len(waiting), _BLOCK):
            yield from self._read(dict(waiting[start : start + _BLOCK]))

    def _read(self, pairs: Mapping[Pair, Evidence]) -> Iterator[dict[Pair, Evidence]]:
        greys = self._greys.of(dict.fromkeys(chain.from_iterable(pairs), ()))
        readable = [pair for pair in pairs if greys.keys() >= set(pair)]
        yield {p: replace(pairs[p], relation="uncertain") for p in pairs.keys() - set(readable)}
        calls = [
            partial(_read, pairs[a, b], greys[a], greys[b], self._sources(a, b), self._counts(a, b))
            for a, b in readable
        ]
        waiting = iter(readable)
        for some in self._comparers.each(called, calls):
            yield dict(zip(islice(waiting, len(some)), some, strict=True))

    def _counts(self, a: int, b: int) -> tuple[int, int]:
        return self._pictures.files[a][0].frames, self._pictures.files[b][0].frames

    def _sources(self, a: int, b: int) -> tuple[ImageSource, ImageSource] | None:
        with suppress(DecodeError):
            return self._pictures.source(a), self._pictures.source(b)
        return None


def _read(
    seen: Evidence,
    a: Grounds,
    b: Grounds,
    sources: tuple[ImageSource, ImageSource] | None,
    counts: tuple[int, int],
) -> Evidence:
    """What a pair shows at full size; of animations and documents, all of their frames."""
    first = read_over_grounds(seen, a, b)
    if min(counts) == 1:
        return first
    if sources is None:
        return replace(seen, relation="uncertain")
    frames = (decode_frames(source, short_side=FULL_SHORT_SIDE) for source in sources)
    return read_in_all(first, *frames, counts=counts)
