"""From pairs to groups that are safe to act on: every member is directly linked to its keeper."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pandas as pd

from dedup._records import Record

__all__ = ["Group", "Keep", "group_pictures", "keep_order"]

Keep: TypeAlias = str | Callable[[Record], object]


@dataclass(frozen=True, eq=False)
class Group:
    """Files that show one picture.

    Attributes
    ----------
    keep : str
        The file to keep.
    remove : list of str
        The others, by path.
    """

    keep: str
    remove: list[str]
    _all_pairs: pd.DataFrame = field(repr=False)

    @property
    def paths(self) -> list[str]:
        """All files, the one to keep first."""
        return [self.keep, *self.remove]

    @property
    def pairs(self) -> pd.DataFrame:
        """The rows of `found.pairs` that belong to this group."""
        members = self.paths
        table = self._all_pairs
        return table[table["a"].isin(members) & table["b"].isin(members)]

    def __len__(self) -> int:
        return 1 + len(self.remove)


def _best(record: Record) -> object:
    return (-record.width * record.height, -record.size, len(record.path))


# What comes first is kept; ties are broken by the path.
_RULES: dict[str, Callable[[Record], object]] = {
    "best": _best,
    "largest": lambda record: -record.size,
    "oldest": lambda record: record.mtime_ns,
    "shortest-path": lambda record: len(record.path),
}


def keep_order(records: Iterable[Record], *, keep: Keep) -> list[Record]:
    """Records, the best keeper first.

    Parameters
    ----------
    records : iterable of Record
    keep : {"best", "largest", "oldest", "shortest-path"} or callable
        "best": most pixels, then most bytes, then the shortest path. A callable gets a
        `Record` and returns a sort key: the smallest is kept.

    Raises
    ------
    ValueError
        If there is no such rule.
    """
    if not callable(keep) and keep not in _RULES:
        raise ValueError(f"keep={keep!r}: expected a callable or one of {', '.join(_RULES)}")
    rule = keep if callable(keep) else _RULES[keep]
    return sorted(records, key=lambda record: (rule(record), record.path))


def group_pictures(order: Sequence[int], links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Cut linked pictures into groups around keepers.

    A picture joins a keeper only over a link of their own, so that a chain of pairs never
    brings two pictures together which no pair compares.

    Parameters
    ----------
    order : sequence of int
        Pictures, the best keeper first.
    links : iterable of (int, int)
        Accepted pairs, the surest first.

    Returns
    -------
    list of list of int
        Groups of two or more, the keeper first.

    Examples
    --------
    >>> group_pictures([1, 2, 3, 4], [(1, 2), (2, 3)])
    [[1, 2]]
    """
    neighbours: dict[int, list[int]] = {picture: [] for picture in order}
    for a, b in links:
        neighbours[a].append(b)
        neighbours[b].append(a)
    taken: set[int] = set()
    groups = []
    for keeper in order:
        if keeper in taken:
            continue
        members = [picture for picture in neighbours[keeper] if picture not in taken]
        if members:
            taken.update((keeper, *members))
            groups.append([keeper, *members])
    return groups
