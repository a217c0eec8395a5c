"""What is known of images, or of pairs of them: the one form that labels have inside."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dedup._base.csv_text import write_csv
from dedup._base.extras import require
from dedup._base.saving import replacing
from dedup._base.text import counted
from dedup.errors import InputError
from dedup.labels._tables import checked_groups, checked_pairs

__all__ = ["Labels"]

# Files with one of these edits are what the others were made from.
_UNEDITED = ("", "original")


@dataclass(frozen=True, eq=False)
class Labels:
    """Images, or pairs of images, that are known to be duplicates or not.

    Make one with `read_labels`, `make_labelled`, `Labels.of_groups` or `Labels.of_pairs`.

    Attributes
    ----------
    table : DataFrame
        One row an image (`path`, `group`, `edit`, `family`, `source`) or one row a pair
        (`a`, `b`, `label`, `edit`, `family`, `source_a`, `source_b`); paths are absolute.
    left_out : int
        Rows that were given and are not in the table, since a file is not there.
    """

    table: pd.DataFrame
    left_out: int = 0

    @classmethod
    def of_groups(
        cls,
        table: pd.DataFrame,
        *,
        folder: str | os.PathLike[str] = ".",
        strict: bool = False,
    ) -> "Labels":
        """Labels from a table with the columns `path` and `group`.

        Parameters
        ----------
        table : DataFrame
        folder : path
            What relative paths are relative to.
        strict : bool
            Refuse a row whose file is not there. Otherwise it is left out, with a warning.

        Raises
        ------
        InputError
            If a column is missing, a file is named twice, or all files are missing; the message
            names the row, counted from 1.

        Examples
        --------
        >>> folder = getfixture("sample_folder")
        >>> table = pd.DataFrame({"path": ["chelsea.png", "chelsea.bmp", "coffee.jpg"]})
        >>> table["group"] = ["cat", "cat", "cup"]
        >>> Labels.of_groups(table, folder=folder)
        <Labels of 3 images: 1 pair of duplicates, 2 of others>
        """
        return cls(*checked_groups(table, folder=folder, strict=strict))

    @classmethod
    def of_pairs(
        cls,
        table: pd.DataFrame,
        *,
        folder: str | os.PathLike[str] = ".",
        strict: bool = False,
    ) -> "Labels":
        """Labels from a table with the columns `a`, `b` and `label`.

        Without the columns `source_a` and `source_b`, images that duplicates connect are taken
        to be of one source.

        Parameters
        ----------
        table : DataFrame
            `label` is boolean, 0 and 1, or words for that: yes and no, duplicate and different.
        folder : path
            What relative paths are relative to.
        strict : bool
            Refuse a row whose files are not there. Otherwise it is left out, with a warning.

        Raises
        ------
        InputError
            If a column is missing, a label is something else, a pair is labelled both ways, or
            all files are missing; names the row.
        """
        return cls(*checked_pairs(table, folder=folder, strict=strict))

    @property
    def is_pairs(self) -> bool:
        """Whether pairs are labelled; otherwise images are, with their groups."""
        return "label" in self.table

    @property
    def paths(self) -> list[str]:
        """The images, each once, sorted."""
        columns = ("a", "b") if self.is_pairs else ("path",)
        return sorted({path for column in columns for path in self.table[column]})

    @property
    def sources(self) -> list[str]:
        """The photos that the images come from, each once, sorted."""
        columns = ("source_a", "source_b") if self.is_pairs else ("source",)
        return sorted({source for column in columns for source in self.table[column]})

    @property
    def counts(self) -> tuple[int, int]:
        """How many pairs are labelled as duplicates, and how many as none.

        Of groups with edits, pairs of two edited copies do not count: copies are asked for
        among originals, as in the benchmarks of copy detection.
        """
        if self.is_pairs:
            duplicates = int(self.table["label"].sum())
            return duplicates, len(self.table) - duplicates
        reference = self.is_reference
        groups = self.table["group"].groupby([self.table["group"], reference]).size().unstack()
        references, copies = (
            groups.get(kind, pd.Series(0, groups.index)).fillna(0).to_numpy()
            for kind in (True, False)
        )
        duplicates = _pairs(references, copies).sum()
        return int(duplicates), int(_pairs(references.sum(), copies.sum()) - duplicates)

    @property
    def is_reference(self) -> "pd.Series[bool]":
        """Which images of the groups stand unedited; all those of a group where none does."""
        unedited = self.table["edit"].isin(_UNEDITED)
        return unedited | ~unedited.groupby(self.table["group"]).transform("any")

    def split(self, *, part: float = 0.5, seed: int = 0) -> tuple["Labels", "Labels"]:
        """Two parts that have no source in common; pairs across them are left out.

        Sources of one kind (those with copies, those of one family of hard negatives) go to
        both parts alike.

        Parameters
        ----------
        part : float
            Share of the sources that goes into the first part, between 0 and 1.
        seed : int
            The same seed gives the same parts.

        Raises
        ------
        InputError
            If a part would hold no duplicates, or only duplicates.
        """
        if not 0 < part < 1:
            raise InputError(f"part={part}: expected a share between 0 and 1")
        shuffled = np.random.default_rng(seed).permutation(self.sources).tolist()
        ordered = sorted(shuffled, key=self._kinds.__getitem__)
        taken = np.floor(part * np.arange(len(ordered) + 1) + 0.5)  # evenly along the kinds
        first = {source for source, step in zip(ordered, np.diff(taken), strict=True) if step}
        columns = ["source_a", "source_b"] if self.is_pairs else ["source"]
        ends = self.table[columns].isin(first)
        sides = (ends.all(axis=1), ~ends.any(axis=1))
        one, other = (Labels(self.table[side].reset_index(drop=True)) for side in sides)
        return one.checked(), other.checked()

    @property
    def _kinds(self) -> dict[str, str]:
        """Of each source: whether it has copies, or a family of hard negatives."""
        kinds = dict.fromkeys(self.sources, "")
        if self.is_pairs:
            duplicates = self.table[self.table["label"].astype(bool)]
            kinds.update(dict.fromkeys(duplicates["source_a"], "copied"))
            return kinds
        unedited = self.table[self.is_reference]
        kinds.update(zip(unedited["source"], unedited["family"], strict=True))
        repeated = self.table[self.table["group"].duplicated()]
        kinds.update(dict.fromkeys(repeated["source"], "copied"))
        return kinds

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a CSV or Parquet file, with paths relative to its folder."""
        file = Path(path)
        table = self.table.copy()
        for column in ("a", "b") if self.is_pairs else ("path",):
            relative = [
                os.path.relpath(one, file.absolute().parent).replace(os.sep, "/")
                for one in table[column]
            ]
            table[column] = pd.Series(relative, table.index, dtype=object)
        if file.suffix not in (".csv", ".parquet"):
            raise InputError(f"{file}: labels are written as .csv or .parquet")
        with replacing(file) as partial:
            if file.suffix == ".parquet":
                require("pyarrow", extra="tuning")
                table.to_parquet(partial, index=False)
            else:
                write_csv(table, partial)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        duplicates, others = self.counts
        left_out = counted(self.left_out, "row")
        return (
            f"<Labels of {counted(len(self.paths), 'image')}: "
            f"{counted(duplicates, 'pair')} of duplicates, "
            f"{others:,} of others"
            + (f"; {left_out} left out, since files are missing>" if self.left_out else ">")
        )

    def checked(self) -> "Labels":
        """Themselves, if something can be tuned on them: there are pairs of both kinds.

        Raises
        ------
        InputError
            If no pair is labelled as duplicates, or every pair is.
        """
        duplicates, others = self.counts
        if not duplicates:
            raise InputError("labels: no pair is labelled as duplicates")
        if not others:
            raise InputError("labels: every pair is labelled as duplicates; add some that are not")
        return self


def _pairs(references: Any, copies: Any) -> Any:
    """Pairs of which at least one is a reference."""
    return references * (references - 1) / 2 + references * copies
