"""Look up what a Milvus collection holds, and where."""

from collections.abc import Sequence
from typing import Any

from dedup.errors import StoreError
from dedup.pipelines.store.connection import Connection, DataType
from dedup.pipelines.store.layout import Layout
from dedup.pipelines.store.storage import Index
from dedup.pipelines.store.vector_formats import FORMATS

__all__ = ["describe"]


def describe(connection: Connection, name: str, *, vector_field: str | None) -> Layout:
    """The layout of a collection, with the vectors that are named, or the only ones.

    Raises
    ------
    StoreError
        If there is no such field, several, or one of vectors that can't be compared.
    """
    action = f"describe it (collection {name!r})"
    description = connection.call(action, "describe_collection", name)
    (key,) = (field for field in description["fields"] if field.get("is_primary"))
    vector = _vector_field(description["fields"], named=vector_field, collection=name)
    properties = description.get("properties", {})
    return Layout(
        id_field=key["name"],
        vector_field=vector["name"],
        dimension=int(vector["params"]["dim"]),
        format=FORMATS[vector["type"].name],
        index=_index_of(connection, name, vector_field=vector["name"]),
        has_text_ids=key["type"] == DataType.VARCHAR,
        properties={k: v for k, v in properties.items() if k.startswith("dedup.")},
    )


def _vector_field(
    fields: Sequence[dict[str, Any]], *, named: str | None, collection: str
) -> dict[str, Any]:
    """The vector field that was named, or the only one."""
    known = {field["name"]: field for field in fields if "VECTOR" in field["type"].name}
    if named is None and len(known) != 1:
        raise StoreError(
            f"the collection {collection!r} has {len(known) or 'no'} vector fields"
            + (f": name one of {', '.join(known)}" if known else "")
        )
    if named is not None and named not in known:
        raise StoreError(
            f"the collection {collection!r} has no vector field {named!r}; "
            f"it has: {', '.join(known) or 'none'}"
        )
    field = known[named or next(iter(known))]
    if field["type"].name not in FORMATS:
        raise StoreError(
            f"{field['name']} of the collection {collection!r} is a {field['type'].name}; "
            f"supported: {', '.join(FORMATS)}"
        )
    return field


def _index_of(connection: Connection, name: str, *, vector_field: str) -> Index:
    action = f"describe its index (collection {name!r})"
    for index in connection.call(action, "list_indexes", name, field_name=vector_field):
        found = connection.call(action, "describe_index", name, index_name=index)
        if found["field_name"] == vector_field:
            params = found.get("params", found)
            return Index(found["index_type"], found["metric_type"].upper(), params, index)
    return Index("", "")
