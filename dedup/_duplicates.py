"""The result of a search for duplicates: groups, pairs, what was skipped, any threshold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from dedup._discover import Skipped
from dedup._groups import Group, Keep, group_pictures, keep_order
from dedup._notebook import groups_html
from dedup._records import Record

__all__ = ["Candidates", "Duplicates"]

_PAIR_COLUMNS = ["a", "b", "similarity", "relation"]


@dataclass(frozen=True)
class Candidates:
    """Pairs of pictures that a search proposed.

    Attributes
    ----------
    pairs : list of (int, int, float)
        Two ids of pictures and the cosine of their embeddings, the most similar first.
    floor : float
        Every pair at or above this cosine is here.
    unfinished : int
        Pictures with more neighbours than the store could answer; 0 if nothing is missing.
    """

    pairs: list[tuple[int, int, float]]
    floor: float
    unfinished: int = 0


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Duplicates that were found, at one threshold; `at` gives them at another.

    In a notebook it shows its groups as pictures.

    Attributes
    ----------
    threshold : float
        Pairs at or above this cosine of their embeddings are accepted.
    complete : bool
        False if a limit of the store may have hidden pairs.
    """

    _records: Sequence[Record]
    _names: Mapping[str, str]
    _candidates: Candidates
    _skipped: Sequence[Skipped]
    threshold: float
    keep: Keep = "best"
    embedded: int = 0

    @property
    def complete(self) -> bool:
        """Whether the store answered in full; see `Duplicates`."""
        return self._candidates.unfinished == 0

    @cached_property
    def groups(self) -> list[Group]:
        """The groups, by the path of the file to keep."""
        files = self._files
        order = [record.picture for record in self._in_order if files[record.picture][0] == record]
        linked = group_pictures(order, [(a, b) for a, b, _ in self._accepted])
        alone = set(files).difference(*linked) if linked else set(files)
        pictures = linked + [[picture] for picture in alone if len(files[picture]) > 1]
        groups = [self._group([r for p in members for r in files[p]]) for members in pictures]
        return sorted(groups, key=lambda group: group.keep)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The accepted pairs: `a`, `b`, `similarity`, `relation` ("exact" or "near").

        Copies of one picture are paired with the best of them only; `a` is the one that
        would rather be kept.
        """
        rows = []
        for records in self._files.values():
            best, *others = records
            rows += [(best.path, other.path, 1.0, "exact") for other in others]
        rank = {record.picture: n for n, record in reversed(list(enumerate(self._in_order)))}
        for pair in self._accepted:
            a, b = sorted(pair[:2], key=rank.__getitem__)
            rows.append((self._files[a][0].path, self._files[b][0].path, pair[2], "near"))
        table = pd.DataFrame(rows, columns=_PAIR_COLUMNS)
        table["a"] = table["a"].map(self._names)
        table["b"] = table["b"].map(self._names)
        return table.sort_values(
            ["similarity", "a", "b"], ascending=[False, True, True]
        ).reset_index(drop=True)

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """What was left out: `path` and `reason`."""
        return pd.DataFrame(
            [(skipped.path, skipped.reason) for skipped in self._skipped],
            columns=["path", "reason"],
        )

    def at(self, threshold: float) -> "Duplicates":
        """The same search at another threshold, at once: nothing is embedded again.

        Raises
        ------
        ValueError
            If the threshold is below what the search proposed.
        """
        if threshold < self._candidates.floor:
            raise ValueError(
                f"threshold={threshold}: this search kept pairs from "
                f"{self._candidates.floor} up; search again with candidates={threshold}"
            )
        return replace(self, threshold=threshold)

    def to_dict(self) -> dict[str, Any]:
        """What `dedup find --json` prints: groups as lists of paths, and what was skipped."""
        return {
            "groups": [group.paths for group in self.groups],
            "skipped": self.skipped.to_dict("records"),
        }

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        surplus = sum(len(group.remove) for group in self.groups)
        text = (
            f"{len(self._records)} images, {self.embedded} embedded in this run: "
            f"{len(self.groups)} groups of duplicates, {surplus} files more than needed, "
            f"at threshold {self.threshold:g}"
        )
        if len(self._skipped):
            text += f"; {len(self._skipped)} files skipped (see .skipped)"
        if not self.complete:
            text += (
                f"; incomplete: {self._candidates.unfinished} images have more neighbours "
                "than the store answers"
            )
        return text

    def _repr_html_(self) -> str:
        return groups_html(repr(self), self.groups)

    @cached_property
    def _in_order(self) -> list[Record]:
        return keep_order(self._records, keep=self.keep)

    @cached_property
    def _files(self) -> dict[int, list[Record]]:
        """The files of each picture, the one to keep first."""
        files: dict[int, list[Record]] = defaultdict(list)
        for record in self._in_order:
            files[record.picture].append(record)
        return dict(files)

    @cached_property
    def _accepted(self) -> list[tuple[int, int, float]]:
        files = self._files
        return [
            pair
            for pair in self._candidates.pairs
            if pair[2] >= self.threshold and pair[0] in files and pair[1] in files
        ]

    def _group(self, records: Iterable[Record]) -> Group:
        keep, *remove = (self._names[record.path] for record in records)
        return Group(keep, remove, self.pairs)
