"""Results for other programs: tables in files, and group ids for cross-validation."""

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.csv_text import write_csv
from dedup._base.extras import require
from dedup._base.saving import replacing
from dedup._base.tables import table_of
from dedup._catalogue.discover import file_key
from dedup._catalogue.record import encode_path
from dedup._grouping.groups import Group
from dedup._search.outcome import Outcome
from dedup.errors import InputError

__all__ = ["group_ids", "groups_table", "write_table"]


def groups_table(found: Outcome, groups: Iterable[Group]) -> pd.DataFrame:
    """Groups as a table, see `Duplicates.to_frame`."""
    columns = {
        "path": object,
        "group": int,
        "keep": bool,
        "relation": object,
        "score": float,
        "size": int,
        "width": int,
        "height": int,
        "format": object,
    }
    rows: list[tuple[Any, ...]] = []
    for number, group in enumerate(groups):
        first = found.records[group.keep]
        for path in group.paths:
            record = found.records[path]
            relation = None if path == group.keep else found.relation(first, record)
            shape = record.size, record.width, record.height, record.format
            rows.append((path, number, path == group.keep, *(relation or ("", None)), *shape))
    return table_of(rows, columns)


def write_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a table of files as .csv, .json or .parquet; see `Duplicates.save`."""
    file = Path(path)
    if file.suffix not in (".csv", ".json", ".parquet"):
        raise InputError(f"{file}: expected a name that ends in .csv, .json or .parquet")
    with replacing(file) as partial:
        if file.suffix == ".csv":
            write_csv(table, partial)
        elif file.suffix == ".json":
            rows = [_plain(row) for row in table.to_dict("records")]
            partial.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        else:
            require("pyarrow", extra="tuning")
            table = table.copy()
            for column in {"path", "a", "b"} & set(table.columns):
                table[column] = [encode_path(name) for name in table[column]]
            table.to_parquet(partial, index=False)


def group_ids(
    paths: Iterable[str | os.PathLike[str]],
    *,
    groups: Sequence[Group],
    names: Mapping[str, str],
    skipped: Iterable[str],
) -> npt.NDArray[np.int64]:
    """A number for each file, see `Duplicates.group_ids`.

    Parameters
    ----------
    names : mapping of str to str
        The files of the search as they are shown, by their absolute paths.
    skipped : iterable of str
        Files that were left out.
    """
    names = {file_key(path): path for path in skipped} | dict(names)
    shown = set(names.values())
    found = [_shown(os.fspath(path), names, shown) for path in paths]
    number = {path: place for place, group in enumerate(groups) for path in group.paths}
    alone = (name for name in sorted(shown) if name not in number)
    number |= {name: place for place, name in enumerate(alone, len(groups))}
    return np.array([number[name] for name in found], np.int64)


def _shown(path: str, names: Mapping[str, str], shown: set[str]) -> str:
    name = path if path in shown else names.get(file_key(path))
    if name is None:
        raise InputError(f"{path} is not among the files of this search")
    return name


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as JSON has it: nothing is null, not NaN."""
    return {
        str(name): None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
    }
