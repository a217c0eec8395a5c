"""Labelled duplicates: which images show the same picture, from a table or made from photos.

Two tables are understood, in CSV or Parquet. Paths are relative to the table's folder.

- Groups, one row an image: `path`, `group` (images of one group are duplicates of each other,
  and of no others), and if they are known `edit`, `family`, `source`.
- Pairs, one row a pair: `a`, `b`, `label` (1 duplicates, 0 not), and if they are known `edit`,
  `family`, `source_a`, `source_b`.

In CSV a path that begins with =, +, -, @, a tab or a carriage return has an apostrophe in front, so
that no spreadsheet takes it for a formula: `Labels.write` puts it there, `read_labels` takes it
away.

The source is the photo that an image comes from. A set is split by source, so that no picture is
on both sides.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dedup._base.csv_text import read_csv, write_csv
from dedup._base.extras import require
from dedup._base.saving import replacing
from dedup._base.text import counted
from dedup.data import labelled
from dedup.errors import InputError
from dedup.labels._tables import checked_groups, checked_pairs

__all__ = ["Labels", "make_labelled", "read_labels"]

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
    """

    table: pd.DataFrame

    @classmethod
    def of_groups(cls, table: pd.DataFrame, *, folder: str | os.PathLike[str] = ".") -> "Labels":
        """Labels from a table with the columns `path` and `group`.

        Parameters
        ----------
        table : DataFrame
        folder : path
            What relative paths are relative to.

        Raises
        ------
        InputError
            If a column is missing, a file is not there or is named twice, or nothing is a
            duplicate or everything is; the message names the row, counted from 1.

        Examples
        --------
        >>> folder = getfixture("sample_folder")
        >>> table = pd.DataFrame({"path": ["chelsea.png", "chelsea.bmp", "coffee.jpg"]})
        >>> table["group"] = ["cat", "cat", "cup"]
        >>> Labels.of_groups(table, folder=folder)
        <Labels of 3 images: 1 pair of duplicates, 2 of others>
        """
        return cls(checked_groups(table, folder=folder))._checked()

    @classmethod
    def of_pairs(cls, table: pd.DataFrame, *, folder: str | os.PathLike[str] = ".") -> "Labels":
        """Labels from a table with the columns `a`, `b` and `label`.

        Without the columns `source_a` and `source_b`, images that duplicates connect are taken
        to be of one source.

        Parameters
        ----------
        table : DataFrame
            `label` is boolean, or 0 and 1.
        folder : path
            What relative paths are relative to.

        Raises
        ------
        InputError
            If a column is missing, a file is not there, a label is something else, a pair is
            labelled both ways, or nothing is a duplicate or everything is; names the row.
        """
        return cls(checked_pairs(table, folder=folder))._checked()

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
        return one._checked(), other._checked()

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
        return (
            f"<Labels of {counted(len(self.paths), 'image')}: "
            f"{counted(duplicates, 'pair')} of duplicates, "
            f"{others:,} of others>"
        )

    def _checked(self) -> "Labels":
        duplicates, others = self.counts
        if not duplicates:
            raise InputError("labels: no pair is labelled as duplicates")
        if not others:
            raise InputError("labels: every pair is labelled as duplicates; add some that are not")
        return self


def read_labels(path: str | os.PathLike[str]) -> Labels:
    """Read labels from a CSV or Parquet file, or the folder that `make_labelled` wrote.

    Raises
    ------
    InputError
        If there is no such file, or the table is not as `dedup.labels` describes it; names the
        row, counted from 1.
    """
    file = Path(path)
    if file.is_dir():
        file = file / labelled.LABELS
    if not file.is_file():
        raise InputError(f"{file}: there is no such file")
    if file.suffix == ".parquet":
        require("pyarrow", extra="tuning")
        table = pd.read_parquet(file)
    else:
        table = read_csv(file)
    if {"a", "b", "label"} <= set(table.columns):
        return Labels.of_pairs(table, folder=file.parent)
    if {"path", "group"} <= set(table.columns):
        return Labels.of_groups(table, folder=file.parent)
    raise InputError(
        f"{file}: expected the columns path and group, or a, b and label; "
        f"found {', '.join(map(str, table.columns))}"
    )


def make_labelled(
    photos: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    edits: Iterable[str] | None = None,
    negatives: Iterable[str] | None = None,
    sources: int | None = None,
    per_family: int | None = None,
    max_side: int = 1024,
    seed: int = 0,
) -> Labels:
    """Make a labelled set of edited copies and hard negatives from photos that all differ.

    Parameters
    ----------
    photos : path, or iterable of paths
        A folder, searched with those in it, or files. No two may show the same picture.
    out : path
        A new or empty folder: images, and `labels.csv`.
    edits : iterable of str, optional
        Names of edits with their strength ("crop-50"), of `dedup.data.edits.EDITS`; all if not
        given.
    negatives : iterable of str, optional
        Families of hard negatives ("text-pages"), of `dedup.data.negatives.NEGATIVES`; all if
        not given.
    sources : int, optional
        How many photos are copied with every edit; a quarter if not given.
    per_family : int, optional
        How many hard negatives of each family.
    max_side : int
        Photos larger than this, in pixels, are reduced before they are edited.
    seed : int
        The same seed, photos and settings give the same files, byte for byte.

    Raises
    ------
    InputError
        If the folder is not empty, an edit or family is unknown, a photo can't be read, or
        there are too few photos.

    Examples
    --------
    >>> out = getfixture("tmp_path") / "labelled"
    >>> labels = make_labelled(
    ...     getfixture("folder"), out, edits=["crop-50", "grey"], negatives=[], sources=2
    ... )
    >>> labels
    <Labels of 10 images: 4 pairs of duplicates, 35 of others>
    """
    try:
        labelled.make_labelled(
            photos,
            out,
            edits=edits,
            negatives=negatives,
            sources=sources,
            per_family=per_family,
            max_side=max_side,
            seed=seed,
        )
    except (ValueError, FileExistsError, FileNotFoundError) as error:
        raise InputError(str(error)) from error
    return read_labels(out)


def _pairs(references: Any, copies: Any) -> Any:
    """Pairs of which at least one is a reference."""
    return references * (references - 1) / 2 + references * copies
