"""From links to groups that are safe to act on: stars around the file to keep.

A chain of pairs may lead from one picture to quite another. So a group is built around its
keeper: a member is verified against the keeper itself, or, where too much was edited for that,
against members that are, and then its picture must lie on the keeper's.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from dedup._grouping.clusters import Clusters
from dedup._verification.decision import Decision
from dedup._verification.verify import Pair, ordered

__all__ = ["Group", "group"]


@dataclass(frozen=True, eq=False)
class Group:
    """Files that show one picture.

    Attributes
    ----------
    keep : str
        The file to keep.
    remove : list of str
        The others, what would rather be kept first.
    pairs : DataFrame
        The rows of `found.pairs` that belong to this group.
    """

    keep: str
    remove: list[str]
    pairs: pd.DataFrame = field(repr=False)

    @property
    def paths(self) -> list[str]:
        """All files, the one to keep first."""
        return [self.keep, *self.remove]

    def __len__(self) -> int:
        return 1 + len(self.remove)


def group(
    clusters: Iterable[Sequence[int]],
    *,
    links: Iterable[Pair],
    candidates: Iterable[Pair],
    decision: Decision,
    choose: Callable[[Sequence[int]], int],
    apart: Sequence[Pair] = (),
    together: Sequence[Pair] = (),
) -> list[list[int]]:
    """Cut clusters into groups around keepers.

    Parameters
    ----------
    clusters : iterable of sequences of int
        Pictures that links connect; none holds a pair that is to stay apart.
    links : iterable of (int, int)
        Accepted pairs.
    candidates : iterable of (int, int)
        Proposed pairs, the most similar first.
    decision : Decision
    choose : callable
        The keeper of some pictures.
    apart, together : sequence of (int, int)
        Pictures that never share a group; and those that do, if nothing keeps them apart.

    Returns
    -------
    list of list of int
        Groups, the keeper first; pictures that belong to none are groups of one.
    """
    found = _stars(clusters, neighbours=_neighbours(links), decision=decision, choose=choose)
    merged = _merged(found, candidates=candidates, decision=decision, apart=apart)
    return _gathered(merged, together, apart=apart)


def _stars(
    clusters: Iterable[Sequence[int]],
    *,
    neighbours: Mapping[int, Sequence[int]],
    decision: Decision,
    choose: Callable[[Sequence[int]], int],
) -> list[list[int]]:
    """Groups in which every member is linked to its keeper directly."""
    finished: list[list[int]] = []
    waiting = [sorted(cluster) for cluster in clusters]
    while waiting:
        keepers = [choose(cluster) for cluster in waiting]
        decision.verify(
            ordered(keeper, other)
            for keeper, cluster in zip(keepers, waiting, strict=True)
            for other in cluster
            if other != keeper
        )
        rest: list[list[int]] = []
        for keeper, cluster in zip(keepers, waiting, strict=True):
            star = [p for p in cluster if p != keeper and decision.is_link(ordered(keeper, p))]
            finished.append([keeper, *star])
            rest += _connected(set(cluster).difference(star, [keeper]), neighbours)
        finished += [alone for alone in rest if len(alone) == 1]
        waiting = [cluster for cluster in rest if len(cluster) > 1]
    return sorted(finished)


def _merged(
    groups: Sequence[list[int]],
    *,
    candidates: Iterable[Pair],
    decision: Decision,
    apart: Sequence[Pair],
) -> list[list[int]]:
    """Join stars that show one picture, though too much was edited to link their keepers.

    Each link that supports it must place a picture on the other star's keeper; and a single
    link never joins two stars of several pictures.
    """
    home = {picture: number for number, members in enumerate(groups) for picture in members}
    bridges: dict[Pair, list[Pair]] = defaultdict(list)
    for pair in candidates:
        a, b = (home.get(picture, -1) for picture in pair)
        if a != b and min(a, b) >= 0 and len(bridges[ordered(a, b)]) < _BRIDGES:
            bridges[ordered(a, b)].append(pair)
    decision.verify(pair for pairs in bridges.values() for pair in pairs)
    merged = {number: list(members) for number, members in enumerate(groups)}
    pieces = _pieces(home, apart)
    # Small stars first, so that what is alone finds a home before stars of several are joined.
    for ends in sorted(bridges, key=lambda ends: sorted(len(groups[end]) for end in ends)):
        small, large = sorted(ends, key=lambda end: (len(groups[end]), -end))
        if small not in merged or large not in merged or not pieces.can_join(small, large):
            continue
        support = sum(
            _supports(pair, home=home, large=large, keeper=groups[large][0], decision=decision)
            for pair in bridges[ends]
        )
        if support >= (1 if len(groups[small]) == 1 else 2):
            merged[large] += merged.pop(small)
            pieces.join(small, large)
    return sorted(merged.values())


def _gathered(
    groups: Sequence[list[int]], together: Sequence[Pair], *, apart: Sequence[Pair]
) -> list[list[int]]:
    """Join the groups of pictures that belong together, the smaller one to the larger."""
    home = {picture: number for number, members in enumerate(groups) for picture in members}
    gathered = dict(enumerate(groups))
    pieces = _pieces(home, apart)
    for pair in together:
        ends = {home[picture] for picture in pair}
        if len(ends) == 1 or not pieces.can_join(*ends):
            continue
        small, large = sorted(ends, key=lambda end: (len(gathered[end]), -end))
        pieces.join(small, large)
        home.update(dict.fromkeys(gathered[small], large))
        gathered[large] = gathered[large] + gathered.pop(small)
    return sorted(gathered.values())


def _pieces(home: Mapping[int, int], apart: Sequence[Pair]) -> Clusters:
    """Groups by number, those kept apart of which pictures are."""
    return Clusters(apart=[(home[a], home[b]) for a, b in apart if a in home and b in home])


# Pairs between two stars that are verified to see whether they show one picture.
_BRIDGES = 4


def _supports(
    pair: Pair, *, home: Mapping[int, int], large: int, keeper: int, decision: Decision
) -> bool:
    middle, picture = pair if home[pair[0]] == large else pair[::-1]
    return decision.is_link(pair) and decision.lies_on(picture, middle, keeper)


def _neighbours(links: Iterable[Pair]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for a, b in links:
        found[a].append(b)
        found[b].append(a)
    return found


def _connected(pictures: Iterable[int], neighbours: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Pictures as clusters that links among them connect, each sorted."""
    left = set(pictures)
    clusters = []
    for first in sorted(left):
        if first not in left:
            continue
        left.remove(first)
        cluster = [first]
        for picture in cluster:  # grows while it is walked
            reached = sorted(left.intersection(neighbours.get(picture, ())))
            left.difference_update(reached)
            cluster += reached
        clusters.append(sorted(cluster))
    return clusters
