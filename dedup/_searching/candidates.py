"""The pairs that the embedding or hash proposes, and the order in which they are looked at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dedup._grouping.clusters import Clusters
from dedup._searching.join import Pairs
from dedup._verification.verify import Pair, ordered
from dedup.pipelines.models import Vectors

__all__ = ["Candidates"]

# Cosine of a copy that was not edited too much; of hashes it is 16 bits; 4 and 8 gave the same
# groups.
_RESEMBLES = 0.5
# Where SSCD's authors accept pairs; 8 bits.
_ALIKE = 0.75
_BOTH = 3
_COMPARED_AT_ONCE = 4_096


@dataclass
class Candidates:
    """Pairs of pictures that the embedding or hash proposed.

    Attributes
    ----------
    floor : float
        Pairs below this cosine were not asked for.
    among : collection of int
        Only pairs of these pictures count.
    choose : callable
        The one to keep of some pictures, if they are a group.
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
    choose: Callable[[Sequence[int]], int] = min
    blank: frozenset[int] = frozenset()
    told: Mapping[Pair, bool] = field(default_factory=dict)
    sides: Mapping[int, int] = field(default_factory=dict)
    similarity: dict[Pair, float] = field(default_factory=dict)
    vectors: Mapping[int, Vectors] = field(default_factory=dict)
    unfinished: int = 0
    missed: float = 0.0

    def add(self, found: Pairs) -> list[Pair]:
        """Take in pairs; returns those that count."""
        cosines = zip(found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True)
        new = {(a, b): s for a, b, s in cosines if self.may_pair((a, b))}
        self.similarity.update(new)
        self.unfinished += len(found.unfinished)
        self.missed += found.missed
        return list(new)

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

    def all_ranked(self) -> list[Pair]:
        """All pairs, ranked."""
        return self.ranked(list(dict.fromkeys([*self.marked, *self.similarity])))

    def ranked(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Pairs in the order in which they are best verified.

        Cluster by cluster of candidates, so that what was extracted of an image is needed
        again soon or never. Within one, first each picture's pair with the one that their
        group would keep, if those that are much alike are one: it is compared with all
        members anyway. Then from the most similar down.
        """
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

    def _hub_pairs(self, pairs: Sequence[Pair]) -> set[Pair]:
        """Each picture's pair with the one that its group may keep, or with the most central."""
        strong = [pair for pair in pairs if self.similarity.get(pair, 0.0) >= _RESEMBLES]
        hub = self._most_central(strong)
        alike = Clusters()
        for pair in strong:
            if self.similarity[pair] >= _ALIKE:
                alike.join(*pair)
        members: dict[int, list[int]] = defaultdict(list)
        for picture in sorted(hub):
            members[alike.find(picture)].append(picture)
        for several in members.values():
            keeper = self.choose(several)
            for picture in several:
                if ordered(picture, keeper) in self.similarity:
                    hub[picture] = ordered(picture, keeper)
        return set(hub.values())

    def _most_central(self, strong: Sequence[Pair]) -> dict[int, Pair]:
        """Each picture's pair with the one that resembles the others most."""
        centrality: dict[int, float] = defaultdict(float)
        for pair in sorted(strong):  # sums of floats depend on their order
            for picture in pair:
                centrality[picture] += self.similarity[pair]
        hub: dict[int, tuple[float, int, Pair]] = {}
        for pair in strong:
            for picture, other in (pair, pair[::-1]):
                hub[picture] = max(
                    hub.get(picture, (0.0, 0, pair)), (centrality[other], -other, pair)
                )
        return {picture: pair for picture, (_, _, pair) in hub.items()}
