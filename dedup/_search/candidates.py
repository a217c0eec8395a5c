"""The pairs that the embedding or hash proposes, and the order in which they are looked at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._base.pairs import Pair, ordered
from dedup._grouping.union_find import clusters_of
from dedup._join.self_join import Pairs

__all__ = ["Candidates", "cosines_of"]

# Cosine of a copy that was not edited too much; of hashes it is 16 bits; 4 and 8 gave the same
# groups.
_RESEMBLES = 0.5
# Where SSCD's authors accept pairs; 8 bits.
_ALIKE = 0.75
_BOTH = 3
# Of pairs of which one lies inside the other; pages of one template reach less.
_LEAST_EXCESS = -0.1
_COMPARED_AT_ONCE = 4_096

Ends = npt.NDArray[np.int64]


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
    constraints : mapping of (int, int) to bool
        Pairs (a < b) that somebody marked as duplicates (must-link), or as none (cannot-link).
    sets : mapping of int to int
        Where two sets are compared, which a picture is in: 1, 2, or 3 for both.
    similarity : dict of (int, int) to float
        Cosine of each pair (a < b).
    proposed : dict of (int, int) to float, optional
        Cosine at which each was proposed, where they were ranked again.
    inside : dict of (int, int) to int
        Pairs (a < b) of which one may lie inside the other: 1 for a in b, 2 for b in a, 3 for both.
    excess : dict of (int, int) to float
        By how much in these pairs the small picture is more similar to the other than the whole
        one is. Pages of one template are not: they resemble each other at any size.
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
    constraints: Mapping[Pair, bool] = field(default_factory=dict)
    sets: Mapping[int, int] = field(default_factory=dict)
    similarity: dict[Pair, float] = field(default_factory=dict)
    proposed: dict[Pair, float] | None = None
    inside: dict[Pair, int] = field(default_factory=dict)
    excess: dict[Pair, float] = field(default_factory=dict)
    vectors: Mapping[int, Vectors] = field(default_factory=dict)
    unfinished: int = 0
    missed: float = 0.0

    def counted(self, found: Pairs) -> Pairs:
        """Those pairs that count."""
        ends = zip(found.a.tolist(), found.b.tolist(), strict=True)
        counts = np.array([self.may_pair(pair) for pair in ends], bool)
        a, b, similarity = (column[counts] for column in (found.a, found.b, found.similarity))
        ways = None if found.ways is None else found.ways[counts]
        return replace(found, a=a, b=b, similarity=similarity, ways=ways)

    def add(self, found: Pairs) -> None:
        """Take in pairs that count."""
        cosines = cosines_of(found)
        if found.ways is None:
            self.similarity.update(cosines)
        else:
            for (pair, cosine), ways in zip(cosines.items(), found.ways.tolist(), strict=True):
                excess = cosine - self.similarity.get(pair, self.floor)
                if excess >= _LEAST_EXCESS:
                    self.excess[pair] = max(excess, self.excess.get(pair, 0.0))
                    self.inside[pair] = ways | self.inside.get(pair, 0)
                    self.similarity.setdefault(pair, cosine)
        self.unfinished += len(found.unfinished)
        self.missed += found.missed

    def down_to(self, floor: float) -> "Candidates":
        """These, if pairs below a cosine had not been asked for."""
        if floor <= self.floor:
            return self
        proposed = self.similarity if self.proposed is None else self.proposed
        least = float(np.float32(floor))  # as precise as what was proposed
        kept = {pair: cosine for pair, cosine in proposed.items() if cosine >= least}
        return replace(
            self,
            floor=floor,
            similarity={pair: c for pair, c in self.similarity.items() if pair in kept},
            proposed=None if self.proposed is None else kept,
        )

    def compare(self, pairs: Iterable[Pair]) -> dict[Pair, float]:
        """The cosines of those pairs (a < b) that are similar enough, though none was proposed."""
        new = [
            pair
            for pair in dict.fromkeys(pairs)
            if pair not in self.similarity and all(picture in self.vectors for picture in pair)
        ]
        found: dict[Pair, float] = {}
        for start in range(0, len(new), _COMPARED_AT_ONCE):
            block = new[start : start + _COMPARED_AT_ONCE]
            a, b = (
                np.stack([self.vectors[picture] for picture in end])
                for end in zip(*block, strict=True)
            )
            cosines = np.einsum("ij,ij->i", a, b).tolist()
            found.update(
                (pair, cosine)
                for pair, cosine in zip(block, cosines, strict=True)
                if cosine >= self.floor and self.may_pair(pair)
            )
        return found

    def may_pair(self, pair: Pair) -> bool:
        """Whether a pair counts: of these pictures, across the sets, not marked as none."""
        a, b = pair
        if a not in self.among or b not in self.among or not self.constraints.get(pair, True):
            return False
        return not self.sets or self.sets[a] | self.sets[b] == _BOTH

    @property
    def cannot_link(self) -> list[Pair]:
        """Pairs that were marked as no duplicates."""
        return [pair for pair, same in self.constraints.items() if not same]

    @property
    def must_link(self) -> list[Pair]:
        """Pairs that were marked as duplicates, proposed or not."""
        return [pair for pair, same in self.constraints.items() if same and self.may_pair(pair)]

    @cached_property
    def ranked(self) -> list[Pair]:
        """All pairs, once all were proposed, in the order in which they are best verified.

        Cluster by cluster of candidates, so that what was extracted of an image is needed
        again soon or never. Within one, first each picture's pair with the one that their
        group would keep, if those that are much alike are one: it is compared with all
        members anyway. Then from the most similar down.
        """
        pairs = [pair for pair in self.similarity if self.constraints.get(pair, True)]
        pairs = list(dict.fromkeys([*self.must_link, *pairs]))
        if not pairs:
            return []
        ends = np.array(pairs, np.int64)
        similarity = np.array([self.similarity.get(pair, np.nan) for pair in pairs])
        order = np.lexsort(
            (
                *ends.T[::-1],
                -np.nan_to_num(similarity, nan=1.0),  # of pairs that somebody marked
                ~self._leads_to_keeper(ends, similarity),
                clusters_of(ends)[ends[:, 0]],
            )
        )
        return [pairs[place] for place in order.tolist()]

    @property
    def ranked_inside(self) -> list[Pair]:
        """The pairs of which one may lie inside the other, the likeliest first."""
        return sorted(
            (pair for pair in self.excess if self.constraints.get(pair, True)),
            key=lambda pair: (-self.excess[pair], pair),
        )

    def _leads_to_keeper(self, ends: Ends, similarity: Vectors) -> npt.NDArray[np.bool_]:
        """Whether a pair is one picture's with what its group may keep, or the most central."""
        strong = similarity >= _RESEMBLES
        partner = _most_central(ends[strong], similarity[strong], pictures=int(ends.max()) + 1)
        alike = clusters_of(ends[similarity >= _ALIKE], pictures=len(partner))
        members: dict[int, list[int]] = defaultdict(list)
        for picture in np.flatnonzero(partner >= 0).tolist():
            members[alike[picture]].append(picture)
        for several in members.values():
            keeper = self.choose(several)
            for picture in several:
                if ordered(picture, keeper) in self.similarity:
                    partner[picture] = keeper
        a, b = ends.T
        leads: npt.NDArray[np.bool_] = (partner[a] == b) | (partner[b] == a)
        return leads


def cosines_of(found: Pairs) -> dict[Pair, float]:
    """The cosine of each pair."""
    ends = zip(found.a.tolist(), found.b.tolist(), strict=True)
    return dict(zip(ends, found.similarity.tolist(), strict=True))


def _most_central(ends: Ends, similarity: Vectors, *, pictures: int) -> Ends:
    """Of each picture the neighbour that resembles its own neighbours most, or -1."""
    order = np.lexsort(ends.T[::-1])  # sums of floats depend on their order
    both = np.concatenate([ends[order], ends[order][:, ::-1]])
    centrality = np.bincount(both[:, 0], np.tile(similarity[order], 2), minlength=pictures)
    picture, other = both[np.lexsort((both[:, 1], -centrality[both[:, 1]], both[:, 0]))].T
    first = np.append(True, picture[1:] != picture[:-1])[: len(picture)]
    partner = np.full(pictures, -1)
    partner[picture[first]] = other[first]
    return partner
