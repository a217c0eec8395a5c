"""The pairs that the embedding proposes, and the order in which they are looked at."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from dedup._clusters import Clusters
from dedup._join import Pairs
from dedup._verify import Pair

__all__ = ["Candidates"]

# Cosine of a copy that was not edited too much; SSCD's authors accept pairs from 0.75 up.
_RESEMBLES = 0.5


@dataclass
class Candidates:
    """Pairs of pictures that the embedding proposed.

    Attributes
    ----------
    floor : float
        Pairs below this cosine were not asked for.
    among : collection of int, optional
        Only pairs of these pictures count.
    similarity : dict of (int, int) to float
        Cosine of each pair (a < b).
    unfinished : int
        Pictures with more neighbours than the store could answer; 0 if nothing is missing.
    """

    floor: float
    among: Collection[int]
    similarity: dict[Pair, float] = field(default_factory=dict)
    unfinished: int = 0

    def add(self, found: Pairs) -> list[Pair]:
        """Take in pairs; returns those that count, ranked."""
        cosines = zip(found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True)
        new = {(a, b): s for a, b, s in cosines if a in self.among and b in self.among}
        self.similarity.update(new)
        self.unfinished += len(found.unfinished)
        return self._ranked(list(new))

    def ranked(self) -> list[Pair]:
        """All pairs, in the order in which they are best verified.

        Cluster by cluster of candidates, so that what was extracted of an image is needed
        again soon or never. Within one, first each picture's pair with its hub, the most
        central of those that resemble it well: edits lead away from the original, so that
        most groups are stars around it. Then from the most similar down.
        """
        return self._ranked(list(self.similarity))

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
                -self.similarity[pair],
                pair,
            ),
        )

    def _hub_pairs(self, pairs: list[Pair]) -> set[Pair]:
        strong = [pair for pair in pairs if self.similarity[pair] >= _RESEMBLES]
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
