"""Pairs that are looked at closer, side by side: drawn pages, and pictures inside others."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Final, NamedTuple

from cachetools import LRUCache

from dedup._base.pairs import Pair
from dedup._verification.comparing import Comparers, called
from dedup._verification.evidence import Evidence
from dedup._verification.features import Features
from dedup._verification.inside import (
    OUTER_SHORT_SIDE,
    Print,
    outer_features,
    place_of_page,
    seen_inside,
)
from dedup._verification.made import Made
from dedup._verification.pictures import Pictures
from dedup._verification.registration import Matrix

__all__ = ["CloserLook", "Look"]

_BLOCK: Final = 64
"""Pairs that are looked at at once: their outer pictures, 400 kB each, are in memory."""
_OUTERS: Final = 128
"""Outer pictures that are kept: 151 were made for 150 pictures in groups of 47, 218 with half."""
_PRINTS: Final = 1_200
"""Pages whose keypoints are kept, 130 kB each: of 626 receipts of a few shops, which all propose
one another, each was seen nine times."""


class Look(NamedTuple):
    """A pair to be looked at.

    Attributes
    ----------
    ends : (int, int)
        Two pictures, as they are compared.
    ways : int
        Which may lie inside the other, as of `seen_inside`.
    drawn : bool
        Whether neither is surely a photo.
    """

    ends: Pair
    ways: int
    drawn: bool

    @property
    def outer(self) -> list[int]:
        """Those of its pictures in which the other may lie; both, if they are drawn."""
        return [
            end for end, way in zip(self.ends, (2, 1), strict=True) if self.ways & way or self.drawn
        ]


class CloserLook:
    """Looks at pairs of an index's pictures closer.

    Parameters
    ----------
    pictures : Pictures
    comparers : Comparers
    """

    def __init__(self, pictures: Pictures, comparers: Comparers) -> None:
        self._comparers = comparers
        self._prints: LRUCache[int, Print] = LRUCache(_PRINTS)
        self._outers: Made[Features] = Made(
            outer_features,
            short_side=OUTER_SHORT_SIDE,
            pictures=pictures,
            comparers=comparers,
            most=_OUTERS,
        )

    def see(self, looks: Sequence[Look], features: Mapping[int, Features]) -> dict[Pair, Evidence]:
        """The evidence of pairs, by `ends`, without those that can't be read any more."""
        found: dict[Pair, Evidence] = {}
        for start in range(0, len(looks), _BLOCK):
            found |= self._seen(looks[start : start + _BLOCK], features)
        return found

    def _seen(
        self, looks: Sequence[Look], features: Mapping[int, Features]
    ) -> dict[Pair, Evidence]:
        # As they are now: they are sent by a thread, and learn from other answers meanwhile.
        known = {end: features[end].as_known() for look in looks for end in look.ends}
        places = self._places([look.ends for look in looks if not look.ways], known)
        found = {ends: Evidence(0.0, "different") for ends, at in places.items() if at is None}
        left = [look for look in looks if look.ways or places.get(look.ends) is not None]
        outer = self._outer(chain.from_iterable(look.outer for look in left), known)
        left = [look for look in left if outer.keys() >= set(look.outer)]
        calls = [
            partial(
                seen_inside,
                look.ends,
                look.ways,
                features={end: known[end] for end in look.ends},
                outer={end: outer[end] for end in look.outer},
                place=places.get(look.ends),
            )
            for look in left
        ]
        seen = chain.from_iterable(self._comparers.each(called, calls))
        return found | dict(zip((look.ends for look in left), seen, strict=True))

    def _places(
        self, pages: Sequence[Pair], known: Mapping[int, Features]
    ) -> dict[Pair, Matrix | None]:
        """How the small print of pages lies on that of others; None where little agrees."""
        prints = self._print(chain.from_iterable(pages), known)
        readable = [pair for pair in pages if prints.keys() >= set(pair)]
        calls = [partial(place_of_page, prints[a], prints[b]) for a, b in readable]
        places = chain.from_iterable(self._comparers.each(called, calls))
        return dict(zip(readable, places, strict=True))

    def _print(self, pages: Iterable[int], known: Mapping[int, Features]) -> dict[int, Print]:
        wanted = dict.fromkeys(pages)
        found = {page: self._prints[page] for page in wanted if page in self._prints}
        new = self._outer((page for page in wanted if page not in found), known)
        return found | {page: Print.of(outer) for page, outer in new.items()}

    def _outer(self, pictures: Iterable[int], known: Mapping[int, Features]) -> dict[int, Features]:
        wanted = {picture: (known[picture], self._prints.get(picture)) for picture in pictures}
        found = self._outers.of(wanted)
        self._prints.update((p, Print.of(o)) for p, o in found.items() if not o.is_photo())
        return found
