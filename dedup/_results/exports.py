"""Results for other programs: tables in files, and group ids for cross-validation."""

import json
import math
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.csv_text import write_csv
from dedup._base.extras import require
from dedup._base.saving import replacing
from dedup._base.tables import table_of
from dedup._base.text import counted
from dedup._catalogue.discover import file_key
from dedup._catalogue.record import encode_path
from dedup._grouping.groups import Group
from dedup._search.outcome import Outcome
from dedup.errors import InputError
from dedup.pipelines.images.rows import Row, is_dataset

__all__ = ["conflicts_table", "group_ids", "groups_table", "scores", "without", "write_table"]


def groups_table(found: Outcome, groups: Iterable[Group]) -> pd.DataFrame:
    """Groups as a table, see `Duplicates.to_frame`."""
    columns = {
        "path": object,
        "group": int,
        "keep": bool,
        "stays": object,
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
            stays = group.retain.get(path, "")
            which = (path, number, path == group.keep, stays)
            rows.append((*which, *(relation or ("", None)), *shape))
    return table_of(rows, columns)


def conflicts_table(
    found: Outcome,
    groups: Iterable[Group],
    labels: Mapping[str, Any] | pd.DataFrame | None,
    *,
    skipped: Iterable[str],
) -> pd.DataFrame:
    """The files of groups that have several labels, see `Duplicates.conflicts`."""
    label_of = _folder_of if labels is None else _label_of(labels, found, skipped)
    rows: list[tuple[Any, ...]] = []
    for number, group in enumerate(groups):
        labelled = [(number, path, label_of(path)) for path in group.paths]
        if len({label for *_, label in labelled if label is not None}) > 1:
            rows += labelled
    return table_of(rows, {"group": int, "path": object, "label": object})


def _folder_of(name: str) -> str | None:
    return os.path.basename(os.path.dirname(file_key(name))) or None


def _label_of(labels: Any, found: Outcome, skipped: Iterable[str]) -> Callable[[str], Any]:
    """The label of a file, by its name; None if it has none."""
    if isinstance(labels, pd.DataFrame):
        if not {"path", "label"} <= set(labels.columns):
            columns = ", ".join(map(str, labels.columns))
            raise InputError(f"labels: expected the columns path and label; found {columns}")
        labels = dict(zip(labels["path"], labels["label"], strict=True))
    if not isinstance(labels, Mapping | pd.Series):
        kind = type(labels).__name__
        raise InputError(f"labels: expected a mapping of path to label, or a table, not a {kind}")
    known = {os.fspath(path): None if pd.isna(label) else label for path, label in labels.items()}
    by_key = {file_key(path): label for path, label in known.items()}
    searched = found.records.keys() | found.names.keys() | {file_key(name) for name in skipped}
    strange = [name for name in known if not searched & {name, file_key(name)}]
    if strange:
        one = f"a file of this search ({strange[0]} is not, for one)"
        if len(strange) == len(known):
            raise InputError(f"labels: none is of {one}")
        several = f"{len(strange):,} of {counted(len(known), 'label')}"
        warnings.warn(f"labels: {several} are not of {one}", stacklevel=4)
    return lambda name: known[name] if name in known else by_key.get(file_key(name))


def scores(found: Outcome, group: Group) -> list[dict[str, Any]]:
    """How each file of a group is related to the one to keep, see `Duplicates.to_dict`."""
    keep, *others = group.paths
    related = [(p, found.relation(found.records[keep], found.records[p])) for p in others]
    return [
        {
            "path": path,
            "relation": relation[0] if relation else "",
            "score": float(relation[1]) if relation and relation[1] is not None else None,
        }
        for path, relation in related
    ]


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


def without(data: Any, surplus: Set[str], *, found: Outcome) -> Any:
    """A table, or a data set, without some of the images; see `Duplicates.drop_from`.

    Parameters
    ----------
    surplus : set of str
        Their names.
    """
    if isinstance(data, pd.DataFrame):
        if "path" not in data.columns:
            raise InputError("the table has no column `path`")
        names = [str(path) for path in data["path"]]
        names = [n if n in found.records else found.names.get(file_key(n), "") for n in names]
        if not any(names):
            raise InputError("none of the table's files is among the images of this search")
        return data[[name not in surplus for name in names]]
    if not is_dataset(data):
        raise InputError(f"expected a DataFrame or a data set, not a {type(data).__name__}")
    rows = {
        name: image.number
        for name, record in found.records.items()
        if isinstance(image := found.source(record), Row) and image.dataset is data
    }
    if not rows:
        raise InputError("no row of this data set is among the images of this search")
    gone = {number for name, number in rows.items() if name in surplus}
    return data.select([number for number in range(len(data)) if number not in gone])


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
