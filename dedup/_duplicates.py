"""The result of a search for duplicates: groups, pairs, what was skipped, any threshold."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from dedup._candidates import Candidates
from dedup._discover import Skipped
from dedup._evidence import describe
from dedup._explanation import Explanation, explain
from dedup._groups import Group, group
from dedup._keep import Keeper
from dedup._links import Links
from dedup._notebook import groups_html
from dedup._records import Record
from dedup._settings import Settings
from dedup._verify import Pair, Verifier
from dedup.pipelines.errors import InputError

__all__ = ["Duplicates"]

_COLUMNS = ["a", "b", "similarity", "relation", "score", "overlap", "edit"]
_NUMBERS = {"similarity", "score", "overlap"}


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Duplicates that were found, at one threshold; `at` gives them at another.

    In a notebook it shows its groups as pictures.

    Attributes
    ----------
    embedded : int
        Images that were embedded in this run.
    """

    _files: Mapping[int, Sequence[Record]]
    _names: Mapping[str, str]
    _skipped: Sequence[Skipped]
    _candidates: Candidates
    _verifier: Verifier
    _links: Links
    _keeper: Keeper
    _settings: Settings
    embedded: int = 0

    @property
    def threshold(self) -> float:
        """Pairs are accepted from here up: a score, or a cosine without verification."""
        return self._settings.cut

    @property
    def complete(self) -> bool:
        """Whether the store answered in full; False if a limit of it may have hidden pairs."""
        return self._candidates.unfinished == 0

    @cached_property
    def groups(self) -> list[Group]:
        """The groups, by the path of the file to keep."""
        members = [members for members in self._grouped if len(members) > 1]
        grouped = {picture for pictures in members for picture in pictures}
        members += [[p] for p, files in self._files.items() if len(files) > 1 and p not in grouped]
        paths = sorted(self._paths(pictures) for pictures in members)
        home = {path: number for number, group in enumerate(paths) for path in group}
        rows: dict[int, list[int]] = defaultdict(list)
        for row, ends in enumerate(zip(self.pairs["a"], self.pairs["b"], strict=True)):
            a, b = (home.get(end, -1) for end in ends)
            if a == b:
                rows[a].append(row)
        return [
            Group(keep, remove, self.pairs.iloc[rows[number]])
            for number, (keep, *remove) in enumerate(paths)
        ]

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs that were accepted, and those of one scene, one a row.

        Columns: `a`, the one that would rather be kept, and `b`; `similarity`, the cosine of
        their embeddings (empty where only the alignment was asked); `relation`, "exact",
        "near" or "scene"; `score`, 0 to 1; `overlap`, the part of a that b shows; `edit`,
        what happened from a to b, in words. Exact copies are paired with the best of them.
        """
        rows: list[tuple[Any, ...]] = [
            (*self._named(best, copy), 1.0, "exact", 1.0, 1.0, _exactly(best, copy))
            for best, *copies in self._files.values()
            for copy in copies
        ]
        rows += [self._row(pair) for pair in self._accepted]
        # Sorted here, not by pandas, which fails on names that are not UTF-8.
        rows.sort(key=lambda row: (row[3], -(row[4] or 0), -(row[2] or 0), row[:2]))
        return _table(rows, _COLUMNS)

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """What was left out: `path` and `reason`.

        Images that changed or vanished since they were indexed are here too: a pair that
        can't be verified is not accepted.
        """
        rows = [(skipped.path, skipped.reason) for skipped in self._skipped]
        rows += [
            (self._names[record.path], self._verifier.unreadable[picture])
            for picture, records in self._files.items()
            if picture in self._verifier.unreadable
            for record in records
        ]
        return _table(sorted(rows), ["path", "reason"])

    @cached_property
    def uncertain(self) -> pd.DataFrame:
        """Images with too little texture to tell: `path`, and `candidates` that resemble it."""
        count: dict[int, int] = defaultdict(int)
        for pair, seen in self._verifier.compared().items():
            if seen.relation == "uncertain":
                for picture in pair:
                    count[picture] += 1
        rows = [(self._names[self._files[p][0].path], n) for p, n in count.items()]
        return _table(sorted(rows), ["path", "candidates"])

    def explain(self, a: str, b: str) -> Explanation:
        """Say what happened from one image to another, whether they were paired or not.

        Parameters
        ----------
        a, b : str
            Paths, as this result names them, or of any other image.

        Raises
        ------
        DecodeError
            If one can't be read.
        """
        return explain(*(self._verifier.images.get(path, path) for path in (a, b)))

    def at(self, threshold: float) -> "Duplicates":
        """The same search at another threshold; nothing is embedded again.

        A few more pairs may be verified, from the files as they are now.

        Raises
        ------
        InputError
            If it is out of range or, without verification, below what the search proposed.
        """
        if not self._settings.verify and threshold < self._candidates.floor:
            raise InputError(
                f"threshold={threshold}: this search kept pairs from "
                f"{self._candidates.floor} up; search again with candidates={threshold}"
            )
        settings = replace(self._settings, threshold=threshold)
        links = Links(settings.decision(self._candidates.similarity, self._verifier))
        links.follow(self._candidates.ranked())
        return replace(self, _settings=settings, _links=links)

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
            f"{sum(map(len, self._files.values()))} images, {self.embedded} embedded in this run: "
            f"{len(self.groups)} groups of duplicates, {surplus} files more than needed, "
            f"at threshold {self.threshold:g}"
        )
        if len(self.skipped):
            text += f"; {len(self.skipped)} files skipped (see .skipped)"
        if not self.complete:
            text += (
                f"; incomplete: {self._candidates.unfinished} images have more neighbours "
                "than the store answers"
            )
        return text

    def _repr_html_(self) -> str:
        return groups_html(repr(self), self.groups, images=self._verifier.images)

    @cached_property
    def _grouped(self) -> list[list[int]]:
        """The pictures of each group, the one to keep first."""
        decision = self._links.decision
        candidates = self._candidates.ranked()
        clusters: dict[int, set[int]] = defaultdict(set)
        for pair in candidates:
            roots = {self._links.clusters.find(picture) for picture in pair}
            if len(roots) == 1:
                clusters[roots.pop()].update(pair)
        return group(
            map(sorted, clusters.values()),
            links=(pair for pair in candidates if decision.is_link(pair)),
            candidates=candidates,
            decision=decision,
            choose=lambda pictures: self._keeper.choose(pictures, self._files),
        )

    @cached_property
    def _accepted(self) -> list[Pair]:
        """Pairs of pictures that are accepted, or show one scene."""
        decision = self._links.decision
        self._grouped  # noqa: B018  verifies the pairs of each group
        if not self._settings.verify:
            return [pair for pair in self._candidates.similarity if decision.is_link(pair)]
        return [
            pair
            for pair, seen in self._verifier.compared().items()
            if decision.is_link(pair) or (seen.relation == "scene" and seen.score >= self.threshold)
        ]

    def _row(self, pair: Pair) -> tuple[Any, ...]:
        """One pair of pictures as a row of `pairs`."""
        a, b = self._verifier.directed(pair)
        ends = self._named(self._files[a][0], self._files[b][0])
        similarity = self._candidates.similarity.get(pair)
        seen = self._verifier.evidence(pair) if self._settings.verify else None
        if seen is None:
            return *ends, similarity, "near", None, None, ""
        relation = "scene" if seen.relation == "scene" else "near"
        return *ends, similarity, relation, seen.score, seen.overlap_a, describe(seen)

    def _named(self, *records: Record) -> list[str]:
        return [self._names[record.path] for record in records]

    def _paths(self, pictures: Sequence[int]) -> list[str]:
        """The files of a group as the user named them, the one to keep first."""
        keeper, *others = pictures
        ranked = [keeper, *sorted(others, key=self._rank.__getitem__)]
        return self._named(*(r for picture in ranked for r in self._files[picture]))

    @cached_property
    def _rank(self) -> dict[int, int]:
        return {picture: rank for rank, picture in enumerate(self._files)}


def _table(rows: Sequence[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    """A table whose texts stay Python's: a file's name need not be valid UTF-8."""
    series = {
        name: pd.Series([row[place] for row in rows], dtype=float if name in _NUMBERS else object)
        for place, name in enumerate(columns)
    }
    return pd.DataFrame(series)


def _exactly(a: Record, b: Record) -> str:
    return "identical file" if a.digest == b.digest else "identical pixels"
