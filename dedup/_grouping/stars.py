"""Clusters cut into stars: a keeper, and the pictures that are linked to it directly."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from dedup._base.pairs import Pair, ordered
from dedup._grouping.decision import Decision

__all__ = ["stars"]


def stars(
    clusters: Iterable[Sequence[int]],
    *,
    links: Iterable[Pair],
    decision: Decision,
    choose: Callable[[Sequence[int]], int],
) -> list[list[int]]:
    """Groups in which every member is linked to its keeper, which comes first.

    Parameters
    ----------
    clusters : iterable of sequences of int
    links : iterable of (int, int)
        That connect them.
    decision : Decision
    choose : callable
        The keeper of some pictures.
    """
    neighbours = _neighbours(links)
    finished: list[list[int]] = []
    waiting = [sorted(cluster) for cluster in clusters]
    while waiting:
        keepers = _keepers(waiting, decision=decision, choose=choose)
        rest: list[list[int]] = []
        for keeper, cluster in zip(keepers, waiting, strict=True):
            star = [p for p in cluster if p != keeper and decision.is_link(ordered(keeper, p))]
            finished.append([keeper, *star])
            rest += _connected(set(cluster).difference(star, [keeper]), neighbours)
        finished += [alone for alone in rest if len(alone) == 1]
        waiting = [cluster for cluster in rest if len(cluster) > 1]
    return sorted(finished)


def _keepers(
    clusters: Sequence[Sequence[int]],
    *,
    decision: Decision,
    choose: Callable[[Sequence[int]], int],
) -> list[int]:
    """The keeper of each cluster, compared with all of it: chosen anew if that tells against it."""
    compared: list[list[int]] = [[] for _ in clusters]
    keepers = [choose(cluster) for cluster in clusters]
    while new := [n for n, keeper in enumerate(keepers) if keeper not in compared[n]]:
        decision.verify(
            ordered(keepers[n], other) for n in new for other in clusters[n] if other != keepers[n]
        )
        for n in new:
            compared[n].append(keepers[n])
            keepers[n] = choose(clusters[n])
    return keepers


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
