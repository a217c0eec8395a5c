"""Which candidate pairs to verify: only those that can still change a group.

The work grows with the images, not with the pairs. Pairs are taken from the most similar down.
A pair inside one cluster is skipped, since it can join nothing; and a picture whose best
candidates failed several times in a row is left alone, since a thousand text pages propose
each other half a million times.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import numpy as np

from dedup._base.pairs import Pair, ordered
from dedup._grouping.decision import Decision
from dedup._grouping.union_find import Clusters, clusters_of

__all__ = ["Links"]

# Pairs of a component of candidates that are compared side by side before what they showed is taken
# into account, and such batches that wait meanwhile, so that nobody who compares does. A batch ends
# where a component does: what is decided of one depends on it alone, whatever else is searched.
_BATCH = 128
_AHEAD = 1
# A picture is left alone after this many candidates in a row that are no duplicates of it.
_PATIENCE = 6
# What another page of a template counts if one of its pages has a copy: copies of one kind of
# several pages resemble each other more than copies of one page do.
_OF_COPIED_LAYOUT = 0.25


class Links:
    """The search for links: decides pairs until none is left that could join two clusters.

    Parameters
    ----------
    decision : Decision
        Of pictures numbered from what would rather be kept.
    cannot_link : iterable of (int, int)
        Pictures that never come into one cluster.
    advance : callable
        Is told of how many more pairs it is known whether they are links, or need not be decided.
    """

    def __init__(
        self,
        decision: Decision,
        *,
        cannot_link: Iterable[Pair] = (),
        advance: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.decision = decision
        self._advance = advance
        self._failures: dict[int, int] = defaultdict(int)  # in a row, of each cluster
        self._other_pages: dict[int, int] = defaultdict(int)  # the same, of one template
        self._templates = Clusters()
        self._copied: set[int] = set()  # those templates of which a page has a copy
        self.clusters = Clusters(cannot_link=cannot_link)
        self._component: list[int] = []  # of each picture
        self._begun_with = -1  # the last component, in their order

    def follow(self, pairs: Sequence[Pair], *, anew: bool = False) -> None:
        """Decide what can change a cluster.

        Parameters
        ----------
        pairs : sequence of (int, int)
            (a < b), the most similar first; component by component they are looked at.
        anew : bool
            Be patient again: these pairs were proposed for another reason than those before.
        """
        waiting = list(pairs)
        if anew:
            asked = set(self.decision.asked())
            waiting = [pair for pair in waiting if pair not in asked]
            self._failures.clear()
            self._other_pages.clear()
        self._component = self._components(waiting)
        self._begun_with = -1
        waiting.sort(key=lambda pair: self._component[pair[0]])
        begun: deque[list[Pair]] = deque()
        while waiting or begun:
            before = len(waiting)
            batch, waiting = self._next_batch(waiting, begun=chain.from_iterable(begun))
            self._advance(before - len(waiting) - len(batch))
            if batch:
                self.decision.begin(batch)
                begun.append(batch)
            if begun and (len(begun) > _AHEAD or not batch):
                decided = begun.popleft()
                self.decision.verify(decided)
                for pair in decided:
                    self._take_in(pair)
                self._advance(len(decided))

    def of_copies(self, pairs: Iterable[Pair]) -> list[Pair]:
        """One pair of each two clusters that may be joined yet, if one of them has copies.

        Given pairs, the most similar first. A picture was left alone, perhaps, after several
        copies of one page: an embedding hardly tells which page of a template it is of.
        """
        asked = set(self.decision.asked())
        copied = {
            self.clusters.find(picture)
            for pair in asked
            for picture in pair
            if self.decision.is_link(pair)
        }
        found: dict[Pair, Pair] = {}
        for pair in pairs:
            roots = ordered(*map(self.clusters.find, pair))
            if not copied.isdisjoint(roots) and self.clusters.can_join(*roots):
                found[roots] = min(pair, found.get(roots, pair))
        return [pair for pair in found.values() if pair not in asked]

    def _components(self, pairs: Sequence[Pair]) -> list[int]:
        """The component of each picture, where pairs, and what was joined, connect them."""
        ends = np.array(pairs, np.int64).reshape(-1, 2)
        root = np.arange(int(ends.max(initial=-1)) + 1)
        for picture in np.unique(ends).tolist():
            root[picture] = self.clusters.find(picture)
        components: list[int] = clusters_of(root[ends], pictures=len(root))[root].tolist()
        return components

    def _next_batch(
        self, waiting: Sequence[Pair], *, begun: Iterable[Pair]
    ) -> tuple[list[Pair], list[Pair]]:
        """Pairs to verify now; and those to look at later, as these may make them needless."""
        hoped = Clusters(self.clusters)
        tries: dict[int, int] = defaultdict(int)
        for pair in begun:
            hoped.join(*pair)
            for picture in pair:
                tries[self.clusters.find(picture)] += 1
        batch: list[Pair] = []
        later: list[Pair] = []
        waits: dict[Pair, bool] = {}  # by the clusters of a pair
        component, most = -1, 0
        for position, pair in enumerate(waiting):
            if self._component[pair[0]] != component:
                component, most = self._component[pair[0]], len(batch) + _BATCH
                if len(batch) >= _BATCH and component > self._begun_with:
                    later += waiting[position:]
                    break
                self._begun_with = max(self._begun_with, component)
            if len(batch) == most:
                later.append(pair)
                continue
            roots = self.clusters.find(pair[0]), self.clusters.find(pair[1])
            if roots not in waits:
                failures = {root: self._failed(root) for root in roots}
                patient = [root for root in roots if failures[root] < _PATIENCE]
                waits[roots] = bool(patient) and self.clusters.can_join(*roots)
                worth = any(failures[root] + tries[root] < _PATIENCE for root in patient)
                if waits[roots] and worth and hoped.find(roots[0]) != hoped.find(roots[1]):
                    batch.append(pair)
                    hoped.join(*roots)
                    for root in roots:
                        tries[root] += 1
                    continue
            if waits[roots]:
                later.append(pair)
        return batch, later

    def _failed(self, root: int) -> float:
        """How many candidates in a row were no duplicates of a cluster."""
        each = _OF_COPIED_LAYOUT if self._templates.find(root) in self._copied else 1
        return self._failures[root] + each * self._other_pages[root]

    def _take_in(self, pair: Pair) -> None:
        is_link, is_other_page = self.decision.is_link(pair), self.decision.is_of_one_layout(pair)
        if is_link:
            self.clusters.join(*pair)
            root = self.clusters.find(pair[0])
            self._failures[root] = self._other_pages[root] = 0
        else:
            counts = self._other_pages if is_other_page else self._failures
            for root in {self.clusters.find(picture) for picture in pair}:
                counts[root] += 1
            if self.decision.is_cannot_link(pair):
                self.clusters.add_cannot_link(*pair)
        if is_link or is_other_page:
            has_copies = is_link or any(self._templates.find(p) in self._copied for p in pair)
            self._templates.join(*pair)
            if has_copies:
                self._copied.add(self._templates.find(pair[0]))
