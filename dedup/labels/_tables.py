"""The rows of labelled tables: checked one by one, so that an error can name the row."""

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dedup._catalogue.discover import file_key
from dedup._grouping.union_find import Clusters
from dedup.errors import InputError

__all__ = ["checked_groups", "checked_pairs"]

_GROUPS = ["path", "group", "edit", "family", "source"]
_PAIRS = ["a", "b", "label", "edit", "family", "source_a", "source_b"]
_TRUTH: Mapping[object, bool] = {
    **dict.fromkeys(("1", "true", "True", "TRUE", "1.0"), True),
    **dict.fromkeys(("0", "false", "False", "FALSE", "0.0"), False),
}


def checked_groups(table: pd.DataFrame, *, folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Labelled images, with absolute paths; see `Labels.of_groups`."""
    table = _texts(table, columns=_GROUPS, required=("path", "group"))
    table["path"] = _existing(table["path"], folder=folder)
    seen: set[str] = set()
    for row, (path, group) in enumerate(zip(table["path"], table["group"], strict=True), 1):
        if not group:
            raise InputError(f"labels, row {row}: the group is empty")
        if path in seen:
            raise InputError(f"labels, row {row}: {path} is labelled twice")
        seen.add(path)
    table["source"] = table["source"].where(table["source"] != "", table["group"])
    return table


def checked_pairs(table: pd.DataFrame, *, folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Labelled pairs, each once, with absolute paths; see `Labels.of_pairs`."""
    table = _texts(table, columns=_PAIRS, required=("a", "b", "label"))
    for end in ("a", "b"):
        table[end] = _existing(table[end], folder=folder)
    table["label"] = [_label(value, row=row) for row, value in enumerate(table["label"], 1)]
    table = table.loc[_first_of_each_pair(table)].reset_index(drop=True)
    if (table["source_a"] == "").any() or (table["source_b"] == "").any():
        table["source_a"], table["source_b"] = _connected(table)
    return table


def _texts(table: pd.DataFrame, *, columns: list[str], required: tuple[str, ...]) -> pd.DataFrame:
    """The known columns; optional ones that are missing, and missing values, are empty."""
    for column in required:
        if column not in table:
            raise InputError(f"labels: no column {column!r}, only {list(table.columns)}")
    found = {
        column: list(table[column]) if column in table else [""] * len(table) for column in columns
    }
    texts = {
        column: values if column == "label" else ["" if pd.isna(v) else str(v) for v in values]
        for column, values in found.items()
    }
    return pd.DataFrame({column: pd.Series(v, dtype=object) for column, v in texts.items()})


def _existing(paths: "pd.Series[str]", *, folder: str | os.PathLike[str]) -> "pd.Series[str]":
    absolute = [file_key(os.path.join(folder, path)) for path in paths]
    for row, (path, file) in enumerate(zip(paths, absolute, strict=True), 1):
        if not path:
            raise InputError(f"labels, row {row}: the path is empty")
        if not os.path.isfile(file):
            raise InputError(f"labels, row {row}: there is no file {path}")
    return pd.Series(absolute, paths.index, dtype=object)  # a name need not be UTF-8


def _label(value: Any, *, row: int) -> bool:
    truth = _TRUTH.get(str(value))
    if truth is None:
        shown = "empty" if pd.isna(value) or value == "" else repr(value)
        raise InputError(f"labels, row {row}: the label is {shown}; expected 0 or 1")
    return truth


def _first_of_each_pair(table: pd.DataFrame) -> list[bool]:
    """Which rows are not said before; a pair may be repeated, but not labelled both ways."""
    seen: dict[frozenset[str], tuple[bool, int]] = {}
    firsts = []
    for row, (a, b, label) in enumerate(table[["a", "b", "label"]].itertuples(index=False), 1):
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
