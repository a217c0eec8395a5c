"""What was found, as tables and groups, at any threshold, and as a person corrected it."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.pairs import Pair, ordered
from dedup._base.tables import table_of
from dedup._base.text import counted
from dedup._base.timings import Timings
from dedup._grouping.groups import Group
from dedup._results.choices import Choices, Resolved
from dedup._results.exports import group_ids, groups_table, scores, write_table
from dedup._results.members import Member, members
from dedup._results.tables import groups_of, pairs_table, skipped_table, uncertain_table
from dedup._search.outcome import Outcome
from dedup._search.threshold import Threshold
from dedup.errors import InputError

__all__ = ["Result"]


class Result:
    """The half of `Duplicates` that says what was found.

    Parameters
    ----------
    outcome : Outcome
    choices : Resolved, optional
        What a person corrected.
    """

    def __init__(self, outcome: Outcome, choices: Resolved | None = None) -> None:
        self._outcome = outcome
        self._choices = Resolved() if choices is None else choices
        self.embedded: int = outcome.embedded
        self.timings: Timings = outcome.timings

    @property
    def threshold(self) -> float:
        """Where pairs are accepted, as `find_duplicates` was told.

        From this score up; or, without verification, from this cosine up or this many bits down.
        """
        return self._outcome.settings.value

    @property
    def complete(self) -> bool:
        """Whether the store proposed all pairs.

        False if a limit of it may have hidden some, or if its approximate index is expected to
        have missed one or more, by how many pairs were found from one end only (see `missed`).
        """
        return self._outcome.candidates.unfinished == 0 and self.missed < 0.5

    @property
    def missed(self) -> float:
        """How many pairs the store's index is expected to have missed; 0 for an exact index."""
        return self._outcome.candidates.missed

    @cached_property
    def groups(self) -> list[Group]:
        """The groups, by the path of the file to keep."""
        return groups_of(self._outcome, self.pairs)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs that were accepted, and those of one scene or one layout, one a row.

        Columns: `a`, the one that would rather be kept, and `b`; `similarity`, the cosine of
        the embeddings that proposed them, or with `verify=False` that decide (empty where only
        the alignment was asked); `bits`, the Hamming
        distance of their hashes, of which `similarity` is 1 - bits / 32 (empty where the
        method has none); `relation`, "exact", "near", "contains" (one picture was put into
        the other: a collage, a screenshot), "scene" or "lookalike" (the same layout, other
        content); `score`, 0 to 1; `probability`
        of being duplicates (empty unless the threshold was tuned); `overlap`, the part of a
        that b shows; `only_a` and `only_b`, the parts of a's and of b's picture that the other
        lacks, 0 to 1, where borders and plain grounds are no picture; `detail`, how finely b
        resolves what both show in units of a, in length: below 1 if it was reduced or blurred, 1
        of an upscale (these three only of pairs with the file to keep of a group, and with
        verification); `edit`, what happened from a to b, in words; `marked`, whether it is here
        since somebody marked it as duplicates; `apart`, of a pair that is not in one group, the
        other file that keeps it apart: one that does not match, or that somebody marked as no
        duplicate ("" in one group, and of scenes and lookalikes). Exact copies are paired with
        the best of them; of two sets that are compared, with the best of the other set.
        """
        return pairs_table(self._outcome)

    @cached_property
    def distinct(self) -> list[str]:
        """What would be left without duplicates: all images, but of groups only the one to keep."""
        surplus = {path for group in self.groups for path in group.paths[1:]}
        return sorted(self._outcome.records.keys() - surplus)

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """What was left out: `path` and `reason`.

        Images that changed or vanished since they were indexed are here too: a pair that
        can't be verified is not accepted.
        """
        return skipped_table(self._outcome)

    @cached_property
    def uncertain(self) -> pd.DataFrame:
        """Images with too little texture, or too few pixels, to tell: `path`, and `candidates`.

        The latter is the number of those that resemble it.

        With `method="phash"` and without verification: those of which the hash says nothing.
        """
        return uncertain_table(self._outcome)

    @property
    def savings(self) -> int:
        """Bytes of the files that groups would remove.

        As they were indexed; `plan().savings` is what is really freed, where some are protected
        or hard links to one another.
        """
        records = self._outcome.records
        return sum(records[path].size for group in self.groups for path in group.remove)

    @cached_property
    def run(self) -> str:
        """Hexadecimal id of this result: the same for the same images and settings."""
        settings = self._outcome.settings
        keep = "callable" if callable(settings.keep) else str(settings.keep)
        said = [settings.model.method, settings.verify, settings.value, settings.candidates, keep]
        digests = sorted(record.digest for record in self._outcome.records.values())
        text = "\n".join([repr(said), *sorted(settings.relations), *digests])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def unapplied(self) -> pd.DataFrame:
        """What of `with_choices` does not fit this result: `choice` and `reason`."""
        return table_of(self._choices.problems, {"choice": object, "reason": object})

    def at(self, threshold: float | Threshold) -> Self:
        """The same search at another threshold; what was embedded is not embedded again.

        It gives what a fresh search at that threshold would, whatever was asked before. A few
        more pairs may be verified, or ranked again, from the files as they are now.

        Raises
        ------
        InputError
            If it is out of range or, without verification, beyond what the search proposed.
        """
        return self._with(self._outcome.at(threshold))

    def with_choices(self, choices: Choices | str | os.PathLike[str]) -> Self:
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
        found = self._outcome
        groups = [group.paths for group in self.groups]
        resolved = self._choices | choices.resolve(run=self.run, groups=groups, names=found.records)
        constraints = {}
        for names in resolved.cannot_link:
            a, b = (found.pictures[found.records[name].path] for name in names)
            if a != b:
                constraints[ordered(a, b)] = False
        return type(self)(found.constrained(constraints).with_chosen(resolved.keep), resolved)

    def to_dict(self) -> dict[str, Any]:
        """What `dedup find --json` prints.

        "groups", lists of paths, the one to keep first; "why", for each group why that one is kept,
        in words; "retained", for each group the files that stay beside it, as they show something
        that it does not, with the "reason"; "scores", for each group its files but the one to keep,
        with the "relation" and the "score" of each and that one, as in `to_frame` (null where
        the two were not paired); and what was "skipped".
        """
        return {
            "groups": [group.paths for group in self.groups],
            "why": [group.why for group in self.groups],
            "retained": [
                [{"path": path, "reason": reason} for path, reason in group.retain.items()]
                for group in self.groups
            ],
            "scores": [scores(self._outcome, group) for group in self.groups],
            "skipped": self.skipped.to_dict("records"),
        }

    def to_frame(self) -> pd.DataFrame:
        """The files of the groups as a table, one a row.

        Columns: `path`; `group`, counted from 0; `keep`, whether it is the one to keep;
        `stays`, why another one stays beside it, "" if it may be removed; `relation` and `score`
        of it and the one to keep, as in `pairs`, the cosine where nothing was verified, empty where
        the two were not paired; `size` in bytes; `width` and `height` in pixels; `format`.
        """
        return groups_table(self._outcome, self.groups)

    def save(self, path: str | os.PathLike[str], *, table: str = "groups") -> None:
        """Write the groups, as `to_frame` gives them, or the pairs to a file.

        A name that is not UTF-8 is written to CSV as the bytes that it is (read it with
        `pandas.read_csv(..., dtype=object, encoding_errors="surrogateescape")`), and to JSON
        with the escapes that Python reads back. Parquet can't hold it: it gets "bytes:" and its
        bytes in hexadecimal.

        CSV is for spreadsheets too, which take what begins with =, +, -, @, a tab or a carriage
        return for a formula: such a text gets an apostrophe in front, and so does one that has
        apostrophes before such a beginning. `dedup.labels.read_labels` takes it away again;
        JSON and Parquet have none.

        Parameters
        ----------
        path : path
            Ends in .csv, .json or .parquet.
        table : {"groups", "pairs"}

        Raises
        ------
        InputError
            If there is no such table or format, or the file can't be written.
        MissingExtra
            If what writes Parquet is not installed.
        """
        if table not in ("groups", "pairs"):
            raise InputError(f"table={table!r}: expected groups or pairs")
        write_table(self.to_frame() if table == "groups" else self.pairs, path)

    def group_ids(self, paths: Iterable[str | os.PathLike[str]]) -> npt.NDArray[np.int64]:
        """A number for each file, the same for duplicates: `groups` of scikit-learn's `GroupKFold`.

        Files without duplicates have numbers of their own, and so do those that were skipped:
        what was not compared may still be a duplicate.

        Parameters
        ----------
        paths : iterable of paths
            Files of this search.

        Returns
        -------
        ndarray, shape (n,), int64

        Raises
        ------
        InputError
            If a path is none of the files.

        Examples
        --------
        >>> import dedup
        >>> photos = getfixture("sample_folder")
        >>> found = dedup.find_duplicates(photos, method="phash", cache=False)
        >>> found.group_ids([photos / "chelsea.png", photos / "chelsea.bmp"]).tolist()
        [0, 0]
        """
        names, skipped = self._outcome.names, self.skipped["path"]
        return group_ids(paths, groups=self.groups, names=names, skipped=skipped)

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        text = (
            f"{counted(len(self._outcome.records), 'image')}, "
            f"{self.embedded:,} embedded in this run: {self._said}"
        )
        if len(self.skipped):
            text += f"; {counted(len(self.skipped), 'file')} skipped (see .skipped)"
        if len(self.uncertain):
            text += f"; {counted(len(self.uncertain), 'image')} uncertain (see .uncertain)"
        return text + self._gaps

    @property
    def _said(self) -> str:
        """What was found, in words."""
        surplus = sum(len(group.remove) for group in self.groups)
        retained = sum(len(group.retain) for group in self.groups)
        stay = counted(retained, "that stays as it shows more", "that stay as they show more")
        return (
            f"{counted(len(self.groups), 'group')} of duplicates, "
            f"{counted(surplus, 'file')} more than needed, "
            f"{f'{stay}, ' if retained else ''}"
            f"at threshold {self._outcome.settings.text}"
        )

    @property
    def _gaps(self) -> str:
        """What may be missing, in words; "" if nothing is."""
        text, unfinished = "", self._outcome.candidates.unfinished
        if unfinished:
            text += f"; incomplete: {unfinished} images have more neighbours than the store answers"
        if self.missed >= 0.5:
            text += f"; incomplete: the index may have missed about {self.missed:.0f} pairs"
        return text

    def _constrained(self, constraints: Mapping[Pair, bool]) -> Self:
        """The same with what a person said of some pairs of pictures."""
        return self._with(self._outcome.constrained(constraints))

    def _with(self, outcome: Outcome) -> Self:
        return type(self)(outcome, self._choices)

    def _members(self, group: Group) -> list[Member]:
        """The files of a group as they are shown."""
        return members(group, self._outcome)
