"""Pairs that the alignment leaves in doubt are scored again by a large network.

It sees what both pictures show, cut out of each, so that what is around does not count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, TypeAlias

import numpy as np

from dedup._base.arrays import SHORT_SIDE, Pixels
from dedup._base.pairs import Pair
from dedup._base.threads import threads
from dedup._verification.evidence import Evidence
from dedup._verification.overlap import overlap_of
from dedup._verification.pictures import Pictures
from dedup.errors import DecodeError
from dedup.pipelines.models.methods import Method, engine

__all__ = ["OverlapReranker", "reranked"]

_CHUNK: Final = 16

Placed: TypeAlias = tuple[Evidence, Pixels, Pixels]


def reranked(placed: Sequence[Placed], *, method: Method) -> list[Evidence]:
    """The evidence of pairs that are in doubt, with both pictures, once the network has a say."""
    overlaps = [overlap_of(a, b, np.asarray(seen.transform)) for seen, a, b in placed]
    images = [image for both in overlaps if both is not None for image in both]
    cosines: Iterator[float] = iter(())
    if images:
        vectors = engine(method)(images)
        cosines = iter(np.einsum("ij,ij->i", vectors[::2], vectors[1::2]).tolist())
    return [
        replace(seen, is_doubtful=False) if both is None else seen.reranked(next(cosines))
        for (seen, *_), both in zip(placed, overlaps, strict=True)
    ]


class OverlapReranker:
    """Scores pairs of an index's pictures that are in doubt.

    Parameters
    ----------
    method : Method
        Of the large network.
    pictures : Pictures
    """

    def __init__(self, method: Method, pictures: Pictures) -> None:
        self._method = method
        self._pictures = pictures

    def rerank(self, doubtful: Mapping[Pair, Evidence]) -> Iterator[dict[Pair, Evidence]]:
        """The evidence of pairs (from a to b), some at a time.

        A pair of which a picture can't be read any more is uncertain, and stays in doubt.
        """
        pairs = list(doubtful.items())
        chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
        with threads("rerank", count=2) as workers:  # while one embeds, the other decodes
            yield from workers.map(self._reranked, chunks)

    def _reranked(self, doubtful: Sequence[tuple[Pair, Evidence]]) -> dict[Pair, Evidence]:
        pictures = dict.fromkeys(chain.from_iterable(pair for pair, _ in doubtful))
        decoded = {p: self._pictures.read(p, short_side=SHORT_SIDE) for p in pictures}
        images = {p: d.image for p, d in decoded.items() if not isinstance(d, DecodeError)}
        placed = {
            pair: (seen, images[pair[0]], images[pair[1]])
            for pair, seen in doubtful
            if images.keys() >= set(pair)
        }
        uncertain = {pair: replace(seen, relation="uncertain") for pair, seen in doubtful}
        known = reranked(list(placed.values()), method=self._method)
        return uncertain | dict(zip(placed, known, strict=True))
