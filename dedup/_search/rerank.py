"""Proposed pairs are ranked again by the cosine of a larger network, where the cosine decides.

Most pictures of most collections have no copy: a small network finds out which may, and only
these are embedded by the large one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from dedup._base.arrays import Vectors
from dedup._base.pairs import Pair
from dedup._base.threads import threads
from dedup._base.timings import Timings
from dedup._catalogue.vector_cache import VectorCache
from dedup._join.self_join import Pairs
from dedup._verification.pictures import Pictures
from dedup.errors import DecodeError
from dedup.pipelines.models.methods import Method, engine

__all__ = ["Reranker", "reranker_of"]

_CHUNK = 32


def reranker_of(method: Method) -> Method | None:
    """Another network that ranks again what a method proposes; None if there is none.

    Examples
    --------
    >>> from dedup.pipelines.models.methods import model
    >>> reranker_of(model("sscd-cascade")).method, reranker_of(model("sscd"))
    ('sscd', None)
    """
    reranker = method.reranker
    return None if reranker == method else reranker


class Reranker:
    """Cosines by a method that is asked about few pictures only; each is embedded once.

    Parameters
    ----------
    method : Method
    pictures : Pictures
    known : VectorCache, optional
        What earlier runs embedded.
    timings : Timings, optional
        Counts the time as "rerank".

    Attributes
    ----------
    advance : callable
        Is told of how many more pictures the embedding is known.
    """

    def __init__(
        self,
        method: Method,
        pictures: Pictures,
        *,
        known: VectorCache | None = None,
        timings: Timings | None = None,
    ) -> None:
        self._method = method
        self._pictures = pictures
        self._known = known
        self._timings = Timings() if timings is None else timings
        self._vectors: dict[int, Vectors] = {}  # in half precision: there may be many
        self.advance: Callable[[int], object] = lambda _: None

    def similarity(self, pairs: Iterable[Pair]) -> dict[Pair, float]:
        """Cosines of pairs; without those of which a picture can't be read any more."""
        pairs = list(pairs)
        vectors = self.vectors(picture for pair in pairs for picture in pair)
        return {
            (a, b): float(vectors[a] @ vectors[b])
            for a, b in pairs
            if a in vectors and b in vectors
        }

    def rescored(self, found: Pairs) -> Pairs:
        """Pairs that were proposed, with these cosines."""
        ends = list(zip(found.a.tolist(), found.b.tolist(), strict=True))
        cosines = self.similarity(ends)
        kept = np.array([pair in cosines for pair in ends], bool)
        return replace(
            found,
            a=found.a[kept],
            b=found.b[kept],
            similarity=np.array([cosines[pair] for pair in ends if pair in cosines], np.float32),
        )

    def vectors(self, pictures: Iterable[int]) -> dict[int, Vectors]:
        """Embeddings of pictures, of unit length; without those that can't be read any more."""
        wanted = dict.fromkeys(pictures)
        new = [p for p in wanted if p not in self._vectors | self._pictures.unreadable]
        if new:
            with self._timings.stage("rerank"):
                self._take_in(new)
        return {p: self._vectors[p].astype(np.float32) for p in wanted if p in self._vectors}

    def _take_in(self, pictures: list[int]) -> None:
        digests = {p: digest for p in pictures if (digest := self._pictures.digest(p)) is not None}
        known = {} if self._known is None else self._known.get(digests.values())
        self._note({p: known[digest] for p, digest in digests.items() if digest in known})
        missing = [picture for picture in pictures if picture not in self._vectors]
        self.advance(len(pictures) - len(missing))
        chunks = [missing[start : start + _CHUNK] for start in range(0, len(missing), _CHUNK)]
        with threads("rerank", count=2) as workers:  # while one embeds, the other decodes
            for chunk, embedded in zip(chunks, workers.map(self._embed, chunks), strict=True):
                self._note(embedded)
                self.advance(len(chunk))
                if self._known is not None:
                    self._known.put({digests[p]: v for p, v in embedded.items() if p in digests})

    def _note(self, vectors: Mapping[int, Vectors]) -> None:
        self._vectors |= {picture: v.astype(np.float16) for picture, v in vectors.items()}

    def _embed(self, pictures: list[int]) -> dict[int, Vectors]:
        side = self._method.short_side
        decoded = {picture: self._pictures.read(picture, short_side=side) for picture in pictures}
        images = {p: d.image for p, d in decoded.items() if not isinstance(d, DecodeError)}
        if not images:
            return {}
        return dict(zip(images, engine(self._method)(list(images.values())), strict=True))
