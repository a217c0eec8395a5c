"""The columns of each stage, as they are in Parquet; docs/scale.md documents them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from dedup._base.views import View
from dedup._catalogue.record import FIELDS, Record, decode_path

__all__ = ["SCHEMAS", "VIEWS", "record_of", "table_of_stage"]

VIEWS: Final[tuple[View, ...]] = ("small", "panel")
"""What pictures are found inside others by, each a stage of its own."""

_FILE: Final = {"path": "string", "name": "string", "size": "int64", "mtime_ns": "int64"}
_READ: Final = {**_FILE, "digest": "string", "tag": "string", "held": "int8"}
_PICTURE: Final = {
    "id": "int64",
    **_READ,
    "format": "string",
    "width": "int64",
    "height": "int64",
    "thumbnail": "binary",
    "copy_of": "int64",
    "frames": "int64",
    "depth": "int64",
    "alpha": "bool",
}
_HITS: Final = {"a": "int64", "b": "int64", "similarity": "float", "of_a": "bool"}
_CANDIDATES: Final = {
    "a": "int64",
    "b": "int64",
    "similarity": "float",
    "small_similarity": "float",
    "small_ways": "uint8",
    "panel_similarity": "float",
    "panel_ways": "uint8",
}

SCHEMAS: Final[Mapping[str, Mapping[str, str]]] = {
    "files": _FILE,
    "digests": _READ,
    "changed": _FILE,
    "forgotten": {"id": "int64"},
    "originals": _READ,
    "repeats": {**_READ, "original": "int64"},
    "embeddings": {**_PICTURE, "embedding": "vector"},
    "failed": {"path": "string", "reason": "string"},
    "cells": {"cell": "int64", "part": "string", **_PICTURE},
    "alike": {
        "pixels": "string",
        "part": "string",
        "id": "int64",
        "path": "string",
        "held": "int8",
    },
    "same": {"part": "string", "id": "int64", "copy_of": "int64"},
    "records": _PICTURE,
    "hits": _HITS,
    "full": {"id": "int64", "hits": "int64"},
    "deeper": {"id": "int64"},
    "small": _HITS,
    "panel": _HITS,
    "candidates": _CANDIDATES,
    "candidates_by_task": {"task": "int32", **_CANDIDATES},
    "records_by_task": {"task": "int32", **_PICTURE},
    "pairs": {
        "a": "string",
        "b": "string",
        "a_id": "int64",
        "b_id": "int64",
        "similarity": "double",
        "bits": "double",
        "relation": "string",
        "score": "double",
        "probability": "double",
        "overlap": "double",
        "only_a": "double",
        "only_b": "double",
        "detail": "double",
        "edit": "string",
        "marked": "bool",
        "apart": "string",
    },
    "groups": {
        "group": "int64",
        "id": "int64",
        "path": "string",
        "keep": "bool",
        "stays": "string",
        "why": "string",
        "instead": "int64",
        "relation": "string",
        "score": "double",
        "size": "int64",
        "width": "int64",
        "height": "int64",
        "format": "string",
    },
    "removals": {"id": "int64"},
    "removal_ids": {"id": "int64"},
    "skipped": {"path": "string", "reason": "string"},
    "uncertain": {"path": "string", "candidates": "int64"},
}


def record_of(row: dict[str, Any]) -> Record:
    """A row of `records` as the index knows it."""
    values = {field: row[field] for field in FIELDS if field != "id"}
    return Record(**{**values, "path": decode_path(row["path"])})


def table_of_stage(stage: str, rows: Any) -> Any:
    """Rows as a table: dictionaries, a DataFrame, or columns by name."""
    import pyarrow as pa

    schema = pa.schema([(name, _type(kind)) for name, kind in SCHEMAS[stage].items()])
    if isinstance(rows, pd.DataFrame):
        return pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    if isinstance(rows, Mapping):
        return pa.table(dict(rows), schema=schema)
    several: Iterable[dict[str, Any]] = rows
    return pa.Table.from_pylist(list(several), schema=schema)


def _type(kind: str) -> Any:
    import pyarrow as pa

    return pa.list_(pa.float16()) if kind == "vector" else pa.type_for_alias(kind)
