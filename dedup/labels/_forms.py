"""Labels in the forms that people have them in, each turned into one kind of table."""

import codecs
import json
import mimetypes
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import pandas as pd

from dedup._base.csv_text import read_csv
from dedup._base.extras import require
from dedup._catalogue.discover import discover
from dedup.data import labelled
from dedup.errors import InputError

__all__ = ["Given", "LabelTable", "label_table"]

Given: TypeAlias = (
    str
    | os.PathLike[str]
    | pd.DataFrame
    | Mapping[str, Sequence[Any]]
    | Iterable[Sequence[Any] | Mapping[str, Any]]
)

_PAIRS: Final = ("a", "b", "label")
_GROUPS: Final = ("path", "group")
_SEPARATORS: Final = ",;\t"
_FORMS: Final = (
    "a table (a DataFrame, or a file: .csv, .tsv, .jsonl, .parquet), a folder, or a list of "
    "(a, b, label) or of (path, group)"
)


class LabelTable(NamedTuple):
    """A table of pairs (`a`, `b`, `label`) or of groups (`path`, `group`), not checked yet.

    Attributes
    ----------
    table : DataFrame
    is_pairs : bool
    folder : Path
        What relative paths are relative to.
    """

    table: pd.DataFrame
    is_pairs: bool
    folder: Path


def label_table(given: Given, *, columns: Sequence[str] | None) -> LabelTable:
    """The table that was given, in whatever form; see `dedup.labels.read_labels`."""
    if isinstance(given, str | os.PathLike):
        table, folder = _read(Path(given))
    else:
        table, folder = _of_rows(given), Path()
    roles = _roles(table, columns)
    named = table if columns is None else _renamed(table, dict(zip(columns, roles, strict=True)))
    return LabelTable(named, roles == _PAIRS, folder)


def _roles(table: pd.DataFrame, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Whether rows are pairs or images: by what the columns are called, or are said to be."""
    found = ", ".join(map(str, table.columns))
    if columns is None:
        for roles in (_PAIRS, _GROUPS):
            if set(roles) <= set(table.columns):
                return roles
        raise InputError(f"labels: {_what_is_missing(table, found)}")
    for roles in (_PAIRS, _GROUPS):
        if len(roles) == len(columns) and not isinstance(columns, str):
            for name in columns:
                if name not in table:
                    raise InputError(f"labels: there is no column {name!r}, only {found}")
            return roles
    raise InputError(
        f"columns={columns!r}: expected three names, of a, b and label, or two, of path and group"
    )


def _what_is_missing(table: pd.DataFrame, found: str) -> str:
    names = list(map(str, table.columns))
    if any((mimetypes.guess_type(name)[0] or "").startswith("image/") for name in names):
        return f"the first row, {found}, names no columns: begin with a row a,b,label or path,group"
    for roles in (_PAIRS, _GROUPS):
        if roles[0] in names:
            missing = ", ".join(repr(role) for role in roles if role not in names)
            return f"there is no column {missing}, only {found}"
    example = ", ".join(f'"{name}"' for name in names[:3])
    return (
        f"the columns are {found}; call them a, b and label (or path and group), or "
        f"say which of them these are, in that order: columns=({example})"
    )


def _renamed(table: pd.DataFrame, roles: Mapping[str, str]) -> pd.DataFrame:
    """A column that only happens to have the name of a role gives way."""
    others = [name for name in table if name in roles.values() and name not in roles]
    return table.drop(columns=others).rename(columns=dict(roles))


def _of_rows(given: Any) -> pd.DataFrame:
    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, Mapping):
        return pd.DataFrame({name: pd.Series(list(v), dtype=object) for name, v in given.items()})
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise InputError(f"labels: expected {_FORMS}, not a {type(given).__name__}")
    rows: list[Any] = list(given)
    if rows and all(isinstance(row, Mapping) for row in rows):
        return pd.DataFrame(rows, dtype=object)
    named = (roles for roles in (_PAIRS, _GROUPS) if rows and _is_row(rows[0], len(roles)))
    names = next(named, _PAIRS)
    for number, row in enumerate(rows, 1):
        if not _is_row(row, len(names)):
            raise InputError(
                f"labels, row {number}: expected (a, b, label), as in "
                f'("cat.jpg", "cat-small.jpg", True), or (path, group), not {row!r}'
            )
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(v, dtype=object) for name, v in zip(names, columns, strict=True)}
    )


def _is_row(row: object, width: int) -> bool:
    is_text = isinstance(row, str | bytes)
    return not is_text and isinstance(row, Collection) and len(row) == width


def _read(file: Path) -> tuple[pd.DataFrame, Path]:
    """What a file, or a folder, says; and the folder that its paths are relative to."""
    if file.is_dir():
        if not (file / labelled.LABELS).is_file():
            return _classes(file), file
        file = file / labelled.LABELS
    if not file.is_file():
        raise InputError(f"{file}: there is no such file")
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise InputError(
            f"{file}: labels are read from {', '.join(_READERS)}; of others, read the table "
            "with pandas, and give that"
        )
    try:
        return reader(file), file.parent
    except OSError as error:
        raise InputError(f"{file}: {str(error.strerror).lower()}") from error
    except ValueError as error:  # of parsers and decoders too
        raise InputError(f"{file}: {error}") from error


def _classes(folder: Path) -> pd.DataFrame:
    """Images in one sub-folder are duplicates of each other; those beside, of none."""
    paths = [os.path.relpath(found.name, folder) for found in discover(folder).files]
    if not any(os.sep in path for path in paths):
        raise InputError(
            f"{folder}: expected {labelled.LABELS}, or a sub-folder for each group of duplicates"
        )
    groups = [path.split(os.sep)[0] for path in paths]
    return _of_rows({"path": paths, "group": groups})


def _read_csv(file: Path) -> pd.DataFrame:
    """Fields are parted by what the first row has most of."""
    with file.open("rb") as content:
        if content.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise InputError(f"{file}: text in UTF-16: save it as CSV in UTF-8")
    with file.open(encoding="utf-8", errors="replace") as lines:
        header = lines.readline()
    return read_csv(file, separator=max(_SEPARATORS, key=header.count))


def _read_json(file: Path) -> pd.DataFrame:
    """A JSON array, or a line of JSON for each row."""
    text = file.read_text(encoding="utf-8-sig")
    try:
        rows = json.loads(text)
        if not isinstance(rows, list) or not all(isinstance(row, list | dict) for row in rows):
            rows = [rows]
    except json.JSONDecodeError:
        rows = [_json_row(line, row=row) for row, line in enumerate(text.splitlines(), 1) if line]
    return _of_rows(rows)


def _json_row(line: str, *, row: int) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"labels, line {row} is no JSON: {error}") from error


def _read_parquet(file: Path) -> pd.DataFrame:
    require("pyarrow", extra="tuning")
    return pd.read_parquet(file)


_READERS: Final[Mapping[str, Callable[[Path], pd.DataFrame]]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_json),
    ".parquet": _read_parquet,
}
