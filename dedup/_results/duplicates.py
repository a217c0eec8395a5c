"""The result of a search for duplicates: groups, pairs, what was skipped, any threshold."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._acting.choices import Choices, Resolved
from dedup._grouping.groups import Group, group
from dedup._grouping.keep import Keeper
from dedup._grouping.links import Links
from dedup._indexing.discover import Skipped
from dedup._indexing.identical import exactly
from dedup._indexing.records import Record
from dedup._results.exports import Relation
from dedup._results.views import ResultViews
from dedup._searching.candidates import Candidates
from dedup._searching.second_look import SecondLook
from dedup._searching.settings import Settings
from dedup._searching.sides import Sides
from dedup._timings import Timings
from dedup._tuning.threshold import Threshold
from dedup._verification.evidence import Evidence, describe
from dedup._verification.explanation import Explanation, explain
from dedup._verification.verify import Pair, Verifier, ordered
from dedup.pipelines.errors import InputError

__all__ = ["Duplicates"]

_COLUMNS = ["a", "b", "similarity", "bits", "relation", "score", "overlap", "edit", "marked"]
_TYPES = dict.fromkeys(["similarity", "bits", "score", "overlap"], float) | {"marked": bool}


@dataclass(frozen=True, eq=False)
class Duplicates(ResultViews):
    """Duplicates that were found, at one threshold; `at` gives them at another.

    In a notebook it shows its groups as pictures.

    Attributes
    ----------
    embedded : int
        Images that were embedded in this run.
    timings : mapping of str to float
        Seconds of the search by stage: "discover" (list the files), "embed" (read, recognise
        copies, decode, embed, store), "propose" (search for pairs), "verify" (align them),
        "group", and "second look" (embed what is reported with a second network).
        `str(found.timings)` is a line for people.
    """

    _files: Mapping[int, Sequence[Record]]
    _names: Mapping[str, str]
    _skipped: Sequence[Skipped]
    _candidates: Candidates
    _verifier: Verifier
    _links: Links
    _keeper: Keeper
    _settings: Settings
    _sides: Sides | None = None
    _second: SecondLook | None = None
    _choices: Resolved = field(default_factory=Resolved)
    embedded: int = 0
    timings: Timings = field(default_factory=Timings)

    @property
    def threshold(self) -> float:
        """Where pairs are accepted, as `find_duplicates` was told.

        From this score up; or, without verification, from this cosine up or this many bits down.
        """
        return self._settings.value

    @property
    def complete(self) -> bool:
        """Whether the store proposed all pairs.

        False if a limit of it may have hidden some, or if its approximate index is expected to
        have missed one or more, by how many pairs were found from one side only (see `missed`).
        """
        return self._candidates.unfinished == 0 and self.missed < 0.5

    @property
    def missed(self) -> float:
        """How many pairs the store's index is expected to have missed; 0 for an exact index."""
        return self._candidates.missed

    @cached_property
    def groups(self) -> list[Group]:
        """The groups, by the path of the file to keep."""
        members = [members for members in self._grouped if len(members) > 1]
        grouped = {picture for pictures in members for picture in pictures}
        members += [
            [picture]
            for picture, files in self._files.items()
            if picture not in grouped and any(self._copies(files))
        ]
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
        """The pairs that were accepted, and those of one scene or one layout, one a row.

        Columns: `a`, the one that would rather be kept, and `b`; `similarity`, the cosine of
        their embeddings (empty where only the alignment was asked); `bits`, the Hamming
        distance of their hashes, of which `similarity` is 1 - bits / 32 (empty where the
        method has none); `relation`, "exact", "near", "scene" or
        "lookalike" (the same layout, other content); `score`, 0 to 1; `probability`
        of being duplicates (empty unless the threshold was tuned); `overlap`, the part of a
        that b shows; `edit`, what happened from a to b, in words; `marked`, whether it is here
        since somebody marked it as duplicates. Exact copies are paired with the best of them;
        of two sets that are compared, with the best of the other set.
        """
        exact = ("exact", 1.0, 1.0)
        rows: list[tuple[Any, ...]] = [
            (*self._named(a, b), *self._alike(1.0), *exact, exactly(a, b), False)
            for files in self._files.values()
            for a, b in self._copies(files)
        ]
        rows += [row for pair in self._accepted for row in self._rows(pair)]
        # Sorted here, not by pandas, which fails on names that are not UTF-8.
        rows.sort(key=lambda row: (row[4], -(row[5] or 0), -(row[2] or 0), row[:2]))
        table = _table(rows, _COLUMNS)
        after = table.columns.get_loc("score") + 1
        table.insert(after, "probability", self._probabilities(table))
        return table

    @cached_property
    def distinct(self) -> list[str]:
        """What would be left without duplicates: all images but those that groups remove."""
        surplus = {path for group in self.groups for path in group.remove}
        named = (record for files in self._files.values() for record in files)
        return sorted(set(self._named(*named)) - surplus)

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """What was left out: `path` and `reason`.

        Images that changed or vanished since they were indexed are here too: a pair that
        can't be verified is not accepted.
        """
        unreadable = self._verifier.pictures.unreadable
        rows = [(skipped.path, skipped.reason) for skipped in self._skipped]
        rows += [
            (self._names[record.path], unreadable[picture])
            for picture, records in self._files.items()
            if picture in unreadable
            for record in records
        ]
        return _table(sorted(rows), ["path", "reason"])

    @cached_property
    def uncertain(self) -> pd.DataFrame:
        """Images with too little texture, or too few pixels, to tell: `path`, `candidates`.

        The latter is the number of those that resemble it.

        With `method="phash"` and without verification: those of which the hash says nothing.
        """
        count: dict[int, int] = defaultdict(int)
        for pair, seen in self._verifier.compared().items():
            if seen.relation == "uncertain":
                for picture in pair:
                    count[picture] += 1
        for pair, similarity in self._candidates.similarity.items():
            for picture in self._candidates.blank & set(pair):
                count[picture] += similarity >= self._settings.cut
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
        return explain(*(self._verifier.pictures.images.get(path, path) for path in (a, b)))

    def at(self, threshold: float | Threshold) -> "Duplicates":
        """The same search at another threshold; what was embedded is not embedded again.

        A few more pairs may be verified, and get a second look, from the files as they are now.

        Raises
        ------
        InputError
            If it is out of range or, without verification, beyond what the search proposed.
        """
        settings = replace(self._settings, threshold=threshold)
        if not settings.verify and settings.reach < self._candidates.floor:
            least = self._candidates.floor + settings.cut - settings.reach
            kept = settings.measure.value_of(least)
            raise InputError(
                f"threshold={settings.value:g}: this search looked at pairs as far as "
                f"{settings.measure.text(kept)}; search again with candidates={settings.value:g}"
            )
        links = self._linked(self._candidates, settings)
        return replace(self, _settings=settings, _links=links)

    def with_choices(self, choices: Choices | str | os.PathLike[str]) -> "Duplicates":
        """The same search as a person corrected it: which files to keep, what is no duplicate.

        Parameters
        ----------
        choices : Choices or path
            What the page of `report` exported.

        Returns
        -------
        Duplicates
            Its `unapplied` lists the choices that do not fit, of files that are not there.

        Raises
        ------
        InputError
            If the file can't be read, or holds something else.
        """
        if not isinstance(choices, Choices):
            choices = Choices.load(choices)
        groups = [group.paths for group in self.groups]
        resolved = self._choices | choices.resolve(run=self.run, groups=groups, names=self._records)
        told = dict(self._candidates.told)
        for names in resolved.apart:
            a, b = (self._pictures[self._records[name].path] for name in names)
            if a != b:
                told[ordered(a, b)] = False
        candidates = replace(self._candidates, told=told)
        files = {
            picture: sorted(records, key=lambda r: self._names[r.path] not in resolved.keep)
            for picture, records in self._files.items()
        }
        links = self._linked(candidates, self._settings)
        return replace(self, _files=files, _candidates=candidates, _links=links, _choices=resolved)

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
            f"at threshold {self._settings.text}"
        )
        if len(self.skipped):
            text += f"; {len(self.skipped)} files skipped (see .skipped)"
        if self._candidates.unfinished:
            text += (
                f"; incomplete: {self._candidates.unfinished} images have more neighbours "
                "than the store answers"
            )
        if self.missed >= 0.5:
            text += f"; incomplete: the index may have missed about {self.missed:.0f} pairs"
        return text

    @cached_property
    def _grouped(self) -> list[list[int]]:
        """The pictures of each group, the one to keep first."""
        decision = self._links.decision
        candidates = self._candidates.all_ranked()
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
            choose=self._choose,
            apart=self._candidates.apart,
            together=self._candidates.marked,
        )

    def _choose(self, pictures: Sequence[int]) -> int:
        """The picture to keep: one that a person chose, if there is any."""
        chosen = [p for p in pictures if self._names[self._files[p][0].path] in self._choices.keep]
        return self._keeper.choose(chosen or pictures, self._files)

    def _linked(self, candidates: Candidates, settings: Settings) -> Links:
        """The links among pairs that were proposed, by other settings or verdicts."""
        decision = settings.decision(candidates, self._verifier)
        links = Links(decision, apart=candidates.apart)
        links.follow(candidates.all_ranked())
        return links

    def _relation(self, keep: Record, other: Record) -> Relation | None:
        a, b = (self._pictures[record.path] for record in (keep, other))
        if a == b:
            return "exact", 1.0
        pair = ordered(a, b)
        decision = self._links.decision
        decision.verify([pair])
        if not decision.is_link(pair):
            return None
        seen = self._verifier.evidence(pair) if self._settings.verify else None
        if seen is None:
            return "near", self._candidates.similarity.get(pair)
        marked = self._candidates.told.get(pair, False)
        return ("near" if marked else _relation_of(seen)), seen.score

    @cached_property
    def _accepted(self) -> list[Pair]:
        """Pairs of pictures that are accepted, or show one scene."""
        decision = self._links.decision
        self._grouped  # noqa: B018  verifies the pairs of each group
        if not self._settings.verify:
            proposed = [*self._candidates.marked, *self._candidates.similarity]
            return [pair for pair in dict.fromkeys(proposed) if decision.is_link(pair)]
        accepted = [
            pair
            for pair in self._verifier.compared()
            if decision.is_link(pair) or self._resembles(pair)
        ]
        return list(dict.fromkeys([*self._candidates.marked, *accepted]))

    def _resembles(self, pair: Pair) -> bool:
        """Whether a pair is no duplicate, but shows one scene, or one layout."""
        seen = self._verifier.evidence(pair)
        if seen is None or seen.relation not in ("scene", "lookalike"):
            return False
        return seen.score >= self.threshold

    @cached_property
    def _similarity(self) -> Mapping[Pair, float]:
        """Cosines of the pairs that are reported."""
        if self._second is None:
            return self._candidates.similarity
        return self._second.similarity(self._accepted)

    def _copies(self, files: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
        """Pairs of files that show one picture to the pixel."""
        if self._sides is None:
            yield from ((files[0], copy) for copy in files[1:])
        else:
            for pair in self._sides.across(files, files):
                a, b = sorted(pair, key=files.index)
                yield a, b

    def _rows(self, pair: Pair) -> Iterator[tuple[Any, ...]]:
        """A pair of pictures as rows of `pairs`: their best files, or files of both sides."""
        a, b = (self._files[picture] for picture in self._verifier.directed(pair))
        ends = [(a[0], b[0])] if self._sides is None else self._sides.across(a, b)
        alike = self._alike(self._similarity.get(pair))
        marked = self._candidates.told.get(pair, False)
        seen = self._verifier.evidence(pair) if self._settings.verify else None
        what: tuple[Any, ...] = ("near", None, None, "")
        if seen is not None:
            relation = "near" if marked else _relation_of(seen)
            what = (relation, seen.score, seen.overlap_a, describe(seen))
        yield from ((*self._named(*files), *alike, *what, marked) for files in ends)

    def _alike(self, similarity: float | None) -> tuple[float | None, float | None]:
        """A cosine, and the bits that differ."""
        measure = self._settings.measure
        if similarity is None or not measure.bits:
            return similarity, None
        return similarity, measure.value_of(similarity)

    def _probabilities(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Of being duplicates, for rows of `pairs`, by the calibration of a tuned threshold."""
        tuned = self._settings.tuned
        if tuned is None:
            return np.full(len(table), np.nan)
        column = {"score": "score", "cosine": "similarity", "bits": "bits"}[tuned.quantity]
        alike = table["relation"].isin(["scene", "lookalike"])
        known = np.where(alike, np.nan, tuned.probability(table[column]))
        return np.where(table["relation"] == "exact", 1.0, known)

    def _named(self, *records: Record) -> list[str]:
        return [self._names[record.path] for record in records]

    def _paths(self, pictures: Sequence[int]) -> list[str]:
        """The files of a group as the user named them, the one to keep first."""
        keeper, *others = pictures
        ranked = [keeper, *sorted(others)]
        names = self._named(*(r for picture in ranked for r in self._files[picture]))
        return sorted(names, key=lambda name: name not in self._choices.keep)


def _relation_of(seen: Evidence) -> str:
    """As `pairs` name it: below its default threshold a pair is called "different"."""
    return seen.relation if seen.relation in ("scene", "lookalike") else "near"


def _table(rows: Sequence[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    """A table whose texts stay Python's: a file's name need not be valid UTF-8."""
    series = {
        name: pd.Series([row[place] for row in rows], dtype=_TYPES.get(name, object))
        for place, name in enumerate(columns)
    }
    return pd.DataFrame(series)
