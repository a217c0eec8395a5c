"""The pairs that the embedding or hash proposes, and the order in which they are looked at."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from dedup._grouping.clusters import Clusters
from dedup._searching.join import Pairs
from dedup._verification.verify import Pair
from dedup.pipelines.models import Vectors

__all__ = ["Candidates"]

# Cosine of a copy that was not edited too much; SSCD's authors accept pairs from 0.75 up. Of
# hashes it is 16 bits; 4 and 8 gave the same groups.
_RESEMBLES = 0.5
_BOTH = 3
_COMPARED_AT_ONCE = 4_096


@dataclass
class Candidates:
    """Pairs of pictures that the embedding or hash proposed.

    Attributes
    ----------
    floor : float
        Pairs below this cosine were not asked for.
    among : collection of int, optional
        Only pairs of these pictures count.
    blank : frozenset of int
        Pictures of which the similarity says nothing.
    told : mapping of (int, int) to bool
        Pairs (a < b) that somebody marked as duplicates, or as none.
    sides : mapping of int to int
        Where two sets are compared, which a picture is in: 1, 2, or 3 for both.
    similarity : dict of (int, int) to float
        Cosine of each pair (a < b).
    vectors : mapping of int to ndarray
        Of pictures whose neighbours were not all looked for, so that any two can be compared.
    unfinished : int
        Pictures with more neighbours than the store could answer; 0 if nothing is missing.
    missed : float
        Pairs that an approximate index is expected to have missed; 0 for an exact one.
    """

    floor: float
    among: Collection[int]
    blank: frozenset[int] = frozenset()
    told: Mapping[Pair, bool] = field(default_factory=dict)
    sides: Mapping[int, int] = field(default_factory=dict)
    similarity: dict[Pair, float] = field(default_factory=dict)
    vectors: Mapping[int, Vectors] = field(default_factory=dict)
    unfinished: int = 0
    missed: float = 0.0

    def add(self, found: Pairs) -> list[Pair]:
        """Take in pairs; returns those that count, ranked."""
        cosines = zip(found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True)
        new = {(a, b): s for a, b, s in cosines if self.may_pair((a, b))}
        self.similarity.update(new)
        self.unfinished += len(found.unfinished)
        self.missed += found.missed
        return self._ranked(list(new))

    def compare(self, pairs: Iterable[Pair]) -> None:
        """Propose those of some pairs (a < b) that are similar enough, though nothing did so."""
        new = [
            pair
            for pair in dict.fromkeys(pairs)
            if pair not in self.similarity and all(picture in self.vectors for picture in pair)
        ]
        for start in range(0, len(new), _COMPARED_AT_ONCE):
            block = new[start : start + _COMPARED_AT_ONCE]
            a, b = (
                np.stack([self.vectors[picture] for picture in end])
                for end in zip(*block, strict=True)
            )
            cosines = np.einsum("ij,ij->i", a, b).tolist()
            self.similarity.update(
                (pair, cosine)
                for pair, cosine in zip(block, cosines, strict=True)
                if cosine >= self.floor and self.may_pair(pair)
            )

    def may_pair(self, pair: Pair) -> bool:
        """Whether a pair counts: of these pictures, across the sides, not marked as none."""
        a, b = pair
        if a not in self.among or b not in self.among or not self.told.get(pair, True):
            return False
        return not self.sides or self.sides[a] | self.sides[b] == _BOTH

    @property
    def apart(self) -> list[Pair]:
        """Pairs that were marked as no duplicates."""
        return [pair for pair, same in self.told.items() if not same]

    @property
    def marked(self) -> list[Pair]:
        """Pairs that were marked as duplicates, proposed or not."""
        return [pair for pair, same in self.told.items() if same and self.may_pair(pair)]

    def ranked(self) -> list[Pair]:
        """All pairs, in the order in which they are best verified.

        Cluster by cluster of candidates, so that what was extracted of an image is needed
        again soon or never. Within one, first each picture's pair with its hub, the most
        central of those that resemble it well: edits lead away from the original, so that
        most groups are stars around it. Then from the most similar down.
        """
        return self._ranked(list(dict.fromkeys([*self.marked, *self.similarity])))

    def _ranked(self, pairs: list[Pair]) -> list[Pair]:
        clusters = Clusters()
        for pair in pairs:
            clusters.join(*pair)
        hubs = self._hub_pairs(pairs)
        return sorted(
            pairs,
            key=lambda pair: (
                clusters.find(pair[0]),
                pair not in hubs,
                -self.similarity.get(pair, 1.0),
                pair,
            ),
        )

    def _hub_pairs(self, pairs: list[Pair]) -> set[Pair]:
        strong = [pair for pair in pairs if self.similarity.get(pair, 0.0) >= _RESEMBLES]
        centrality: dict[int, float] = defaultdict(float)
        for pair in strong:
            for picture in pair:
                centrality[picture] += self.similarity[pair]
        hub: dict[int, tuple[float, int, Pair]] = {}
        for pair in strong:
            for picture, other in (pair, pair[::-1]):
                hub[picture] = max(
                    hub.get(picture, (0.0, 0, pair)), (centrality[other], other, pair)
                )
        return {pair for _, _, pair in hub.values()}
