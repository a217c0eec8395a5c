"""The rows of labelled tables: checked one by one, so that an error can name the row."""

import os
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from dedup._base.text import counted
from dedup._catalogue.discover import file_key
from dedup._grouping.union_find import Clusters
from dedup.errors import InputError
from dedup.pipelines.images.archives import is_file

__all__ = ["Checked", "checked_groups", "checked_pairs"]

_GROUPS = ["path", "group", "edit", "family", "source"]
_PAIRS = ["a", "b", "label", "edit", "family", "source_a", "source_b"]
_TRUTH: Mapping[str, bool] = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "y", "t", "duplicate", "duplicates", "same"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "n", "f", "different", "distinct"), False),
}


class Checked(NamedTuple):
    """A table whose rows are as they should be.

    Attributes
    ----------
    table : DataFrame
        With absolute paths.
    left_out : int
        Rows that it lacks, since a file is not there.
    """

    table: pd.DataFrame
    left_out: int


def checked_groups(table: pd.DataFrame, *, folder: str | os.PathLike[str], strict: bool) -> Checked:
    """Labelled images; see `Labels.of_groups`."""
    given = _texts(table, columns=_GROUPS, required=("path", "group"))
    table = _there(given, ends=("path",), folder=folder, strict=strict)
    seen: set[str] = set()
    for row, path, group in table[["path", "group"]].itertuples(name=None):
        if not group:
            raise InputError(f"labels, row {row}: the group is empty")
        if path in seen:
            raise InputError(f"labels, row {row}: {path} is labelled twice")
        seen.add(path)
    table["source"] = table["source"].where(table["source"] != "", table["group"])
    return Checked(table.reset_index(drop=True), len(given) - len(table))


def checked_pairs(table: pd.DataFrame, *, folder: str | os.PathLike[str], strict: bool) -> Checked:
    """Labelled pairs, each once; see `Labels.of_pairs`."""
    given = _texts(table, columns=_PAIRS, required=("a", "b", "label"))
    given["label"] = [_label(value, row=row) for row, value in given["label"].items()]
    table = _there(given, ends=("a", "b"), folder=folder, strict=strict)
    left_out = len(given) - len(table)
    table = table.loc[_first_of_each_pair(table)].reset_index(drop=True)
    if (table["source_a"] == "").any() or (table["source_b"] == "").any():
        table["source_a"], table["source_b"] = _connected(table)
    return Checked(table, left_out)


def _texts(table: pd.DataFrame, *, columns: list[str], required: tuple[str, ...]) -> pd.DataFrame:
    """The known columns, by row from 1; optional ones that are missing, and values, are empty."""
    for column in required:
        if column not in table:
            raise InputError(f"labels: no column {column!r}, only {list(table.columns)}")
    if not len(table):
        raise InputError("labels: the table has no rows")
    found = {
        column: list(table[column]) if column in table else [""] * len(table) for column in columns
    }
    texts = {
        column: values if column == "label" else ["" if pd.isna(v) else str(v) for v in values]
        for column, values in found.items()
    }
    rows = range(1, len(table) + 1)
    return pd.DataFrame({column: pd.Series(v, rows, dtype=object) for column, v in texts.items()})


def _there(
    table: pd.DataFrame, *, ends: tuple[str, ...], folder: str | os.PathLike[str], strict: bool
) -> pd.DataFrame:
    """The rows whose files are there, with absolute paths; the others are told of."""
    gone: dict[int, str] = {}
    absolute = table.copy()
    for end in ends:
        files = [file_key(os.path.join(folder, path)) for path in table[end]]
        for row, path, file in zip(table.index, table[end], files, strict=True):
            if not path:
                raise InputError(f"labels, row {row}: the path is empty")
            if not is_file(file):
                gone.setdefault(row, path)
        absolute[end] = pd.Series(files, table.index, dtype=object)  # a name need not be UTF-8
    if not gone:
        return absolute
    row = min(gone)
    first = f"row {row}: there is no file {gone[row]}"
    if strict:
        raise InputError(f"labels, {first}")
    if len(gone) == len(table):
        raise InputError(
            f"labels: no row has its files ({first}, seen from {os.path.abspath(folder)}); "
            "say with folder= what paths are relative to"
        )
    warnings.warn(
        f"labels: {len(gone):,} of {counted(len(table), 'row')} left out, since files are missing "
        f"({first}); strict=True refuses such a table",
        stacklevel=2,
    )
    return absolute.drop(index=list(gone))


def _label(value: Any, *, row: Any) -> bool:
    truth = _TRUTH.get(str(value).strip().casefold())
    if truth is None:
        shown = "empty" if pd.isna(value) or value == "" else repr(value)
        raise InputError(
            f"labels, row {row}: the label is {shown}; write 1, true, yes or duplicate, "
            "or else 0, false, no or different"
        )
    return truth


def _first_of_each_pair(table: pd.DataFrame) -> list[bool]:
    """Which rows are not said before; a pair may be repeated, but not labelled both ways."""
    seen: dict[frozenset[str], tuple[bool, int]] = {}
    firsts = []
    for row, a, b, label in table[["a", "b", "label"]].itertuples(name=None):
        if a == b:
            raise InputError(f"labels, row {row}: {a} is paired with itself")
        before, first = seen.setdefault(frozenset((a, b)), (label, row))
        if before != label:
            raise InputError(f"labels, row {row}: row {first} labels {a} and {b} the other way")
        firsts.append(first == row)
    return firsts


def _connected(table: pd.DataFrame) -> "tuple[pd.Series[str], pd.Series[str]]":
    """A source for both ends of each pair: the files that duplicates connect."""
    numbers: dict[str, int] = {}
    for path in (*table["a"], *table["b"]):
        numbers.setdefault(path, len(numbers))
    names = list(numbers)
    clusters = Clusters()
    for a, b in table.loc[table["label"].astype(bool), ["a", "b"]].itertuples(index=False):
        clusters.join(numbers[a], numbers[b])
    ends = ([names[clusters.find(numbers[path])] for path in table[end]] for end in ("a", "b"))
    first, second = ends
    return pd.Series(first, table.index, dtype=object), pd.Series(second, table.index, dtype=object)
