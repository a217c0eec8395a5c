"""From links to groups that are safe to act on: stars around the file to keep.

A chain of pairs may lead from one picture to quite another. So a group is built around its
keeper: a member is verified against the keeper itself, or, where too much was edited for that,
against members that are, and then its picture must lie on the keeper's. Of a link between two
groups it is known which other member keeps them apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import pandas as pd

from dedup._base.pairs import Pair, ordered
from dedup._grouping.bridges import bridges_between
from dedup._grouping.decision import Decision
from dedup._grouping.stars import stars
from dedup._grouping.union_find import Clusters

__all__ = ["Group", "Grouped", "group", "reunited"]


@dataclass(frozen=True, eq=False)
class Group:
    """Files that show one picture.

    Attributes
    ----------
    keep : str
        The file to keep.
    remove : list of str
        Those that show nothing that the file to keep, or one of `retain`, does not, what would
        rather be kept first.
    pairs : DataFrame
        The rows of `found.pairs` that belong to this group.
    retain : dict of str to str
        The others, and what each of them shows that the file to keep does not, in words.
    why : str
        Why the file to keep is kept, in words: "whole picture, 1.6 times the detail, no caption".
    instead : dict of str to str
        Of those of `remove` that show what only one of `retain` does, that one.
    """

    keep: str
    remove: list[str]
    pairs: pd.DataFrame = field(repr=False)
    retain: dict[str, str] = field(default_factory=dict)
    why: str = ""
    instead: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        """All files, the one to keep first, and those that stay beside it last."""
        return [self.keep, *self.remove, *self.retain]

    def __len__(self) -> int:
        return 1 + len(self.remove) + len(self.retain)


@dataclass(frozen=True)
class Grouped:
    """Pictures as groups.

    Attributes
    ----------
    groups : list of list of int
        The keeper first; pictures that belong to none may be groups of one.
    conflicts : dict of (int, int) to int
        Links between two groups, and the other picture, of one of these, that keeps them apart.
    """

    groups: list[list[int]]
    conflicts: dict[Pair, int]


def group(
    clusters: Iterable[Sequence[int]],
    *,
    candidates: Sequence[Pair],
    decision: Decision,
    choose: Callable[[Sequence[int]], int],
    cannot_link: Sequence[Pair] = (),
    must_link: Sequence[Pair] = (),
) -> Grouped:
    """Cut clusters into groups around keepers.

    Parameters
    ----------
    clusters : iterable of sequences of int
        Pictures that links connect; none holds a pair that is to stay apart.
    candidates : sequence of (int, int)
        Proposed pairs, the most similar first.
    decision : Decision
        What it was asked are the links so far.
    choose : callable
        The keeper of some pictures.
    cannot_link, must_link : sequence of (int, int)
        Pictures that never share a group; and those that do, if nothing keeps them apart.

    Returns
    -------
    Grouped
    """
    links = _links(decision)
    found = stars(clusters, links=links, decision=decision, choose=choose)
    # Links that came too late, or that somebody's word holds up, lead out of every cluster.
    alone = set(chain.from_iterable([*links, *must_link])).difference(chain.from_iterable(found))
    found = sorted([*found, *([picture] for picture in alone)])
    merged = _merged(found, candidates=candidates, decision=decision, cannot_link=cannot_link)
    united, reasons = _united(merged, decision=decision, cannot_link=cannot_link)
    gathered = _gathered(united, must_link, cannot_link=cannot_link)
    conflicts = _conflicts(gathered, reasons, decision=decision, cannot_link=cannot_link)
    return Grouped(gathered, conflicts)


def reunited(
    groups: Sequence[list[int]], *, decision: Decision, cannot_link: Sequence[Pair] = ()
) -> Grouped:
    """Groups whose keepers are others by now, with what is linked to these, not to the former."""
    united, reasons = _united(groups, decision=decision, cannot_link=cannot_link)
    conflicts = _conflicts(united, reasons, decision=decision, cannot_link=cannot_link)
    return Grouped(united, conflicts)


def _merged(
    groups: Sequence[list[int]],
    *,
    candidates: Iterable[Pair],
    decision: Decision,
    cannot_link: Sequence[Pair],
) -> list[list[int]]:
    """Join stars that show one picture, though too much was edited to link their keepers.

    Each link that supports it must place a picture on the other star's keeper; and a single
    link never joins two stars of several pictures.
    """
    home = _home(groups)
    bridges = bridges_between(candidates, home=home, decision=decision)
    merged = {number: list(members) for number, members in enumerate(groups)}
    pieces = _pieces(home, cannot_link)
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


def _united(
    groups: Sequence[list[int]], *, decision: Decision, cannot_link: Sequence[Pair]
) -> tuple[list[list[int]], dict[Pair, int]]:
    """Join stars that are one: each member of the smaller is linked to the larger's keeper.

    Returns
    -------
    list of list of int
        The stars.
    dict of (int, int) to int
        Of each link between two stars, the other picture that keeps them apart, unless somebody
        said so.
    """
    while True:
        pieces = _pieces(_home(groups), cannot_link)
        _compare_with_keepers(_meetings(groups, decision), groups, decision, pieces)
        stars = {number: list(members) for number, members in enumerate(groups)}
        reasons: dict[Pair, int] = {}
        for (small, large), pairs in sorted(_meetings(groups, decision).items()):
            keeper = groups[large][0]
            members = dict.fromkeys([*_first(groups[small], pairs), *groups[small]])
            strangers = [p for p in members if not _belongs(p, keeper, decision)]
            if strangers:
                reasons |= {
                    ordered(mine, other): keeper if mine in strangers else strangers[0]
                    for mine, other in pairs
                }
                continue
            untouched = large in stars and stars.get(small) == groups[small]
            if untouched and pieces.can_join(small, large):
                stars[large] += stars.pop(small)
                pieces.join(small, large)
        if len(stars) == len(groups):
            return list(groups), reasons
        groups = sorted(stars.values())


def _meetings(
    groups: Sequence[list[int]], decision: Decision
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """The links between two groups, by these: from a member of the smaller to one of the larger."""
    home = _home(groups)
    found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for pair in _links(decision):
        mine, other = sorted(pair, key=lambda p: (len(groups[home[p]]), -home[p]))
        if home[mine] != home[other]:
            found[home[mine], home[other]].append((mine, other))
    return found


def _compare_with_keepers(
    meetings: Mapping[tuple[int, int], Sequence[tuple[int, int]]],
    groups: Sequence[list[int]],
    decision: Decision,
    pieces: Clusters,
) -> None:
    """Verify the smaller group's members with the larger's keeper: all, if the first ones match."""
    first = {
        ends: [ordered(p, groups[ends[1]][0]) for p in _first(groups[ends[0]], pairs)]
        for ends, pairs in meetings.items()
        if pieces.can_join(*ends)
    }
    decision.verify(chain.from_iterable(first.values()))
    matching = [ends for ends, pairs in first.items() if all(map(decision.is_link, pairs))]
    decision.verify(
        ordered(picture, groups[large][0]) for small, large in matching for picture in groups[small]
    )


def _first(members: Sequence[int], pairs: Iterable[tuple[int, int]]) -> list[int]:
    """The keeper of some members, and those that are linked to another group."""
    return [members[0], *dict(pairs)]


def _gathered(
    groups: Sequence[list[int]], must_link: Sequence[Pair], *, cannot_link: Sequence[Pair]
) -> list[list[int]]:
    """Join the groups of pictures that belong together, the smaller one to the larger."""
    home = _home(groups)
    gathered = dict(enumerate(groups))
    pieces = _pieces(home, cannot_link)
    for pair in must_link:
        ends = {home[picture] for picture in pair}
        if len(ends) == 1 or not pieces.can_join(*ends):
            continue
        small, large = sorted(ends, key=lambda end: (len(gathered[end]), -end))
        pieces.join(small, large)
        home.update(dict.fromkeys(gathered[small], large))
        gathered[large] = gathered[large] + gathered.pop(small)
    return sorted(gathered.values())


def _conflicts(
    groups: Sequence[list[int]],
    reasons: Mapping[Pair, int],
    *,
    decision: Decision,
    cannot_link: Sequence[Pair],
) -> dict[Pair, int]:
    """Links between two groups, and what keeps them apart: what somebody said before all else."""
    home = _home(groups)
    constraints = {
        ordered(home[a], home[b]): (a, b) for a, b in cannot_link if home.keys() >= {a, b}
    }
    found = {}
    for ends, pairs in _meetings(groups, decision).items():
        constraint = constraints.get(ordered(*ends), ())
        for mine, other in pairs:
            pair = ordered(mine, other)
            others = [picture for picture in constraint if picture not in pair]
            found[pair] = others[0] if others else reasons[pair]
    return found


def _belongs(picture: int, keeper: int, decision: Decision) -> bool:
    """Whether a picture is linked to a keeper; not if it was put into that, as others may be."""
    return decision.is_link(ordered(picture, keeper)) and not decision.is_put_into(picture, keeper)


def _home(groups: Sequence[Sequence[int]]) -> dict[int, int]:
    """The number of the group that each picture is in."""
    return {picture: number for number, members in enumerate(groups) for picture in members}


def _links(decision: Decision) -> list[Pair]:
    """The pairs that were accepted so far."""
    return [pair for pair in decision.asked() if decision.is_link(pair)]


def _pieces(home: Mapping[int, int], cannot_link: Sequence[Pair]) -> Clusters:
    """Groups by number, those kept apart of which pictures are."""
    return Clusters(
        cannot_link=[(home[a], home[b]) for a, b in cannot_link if a in home and b in home]
    )


def _supports(
    pair: Pair, *, home: Mapping[int, int], large: int, keeper: int, decision: Decision
) -> bool:
    middle, picture = pair if home[pair[0]] == large else pair[::-1]
    return decision.is_link(pair) and decision.lies_on(picture, middle, keeper)
