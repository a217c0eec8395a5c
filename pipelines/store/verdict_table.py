"""The pairs that people have marked, in a small collection beside that of the images.

They are where the images are, so that all users of an index share them. Milvus wants a vector
in each row: it has two dimensions, and nobody searches it.
"""

from collections.abc import Sequence

from dedup.pipelines.store.collection import Collection
from dedup.pipelines.store.connection import CollectionSchema, Connection, DataType, new_schema
from dedup.pipelines.store.storage import Storage
from dedup.pipelines.store.table import Row

__all__ = ["VerdictTable"]

_FIELDS = ("id", "digest_a", "digest_b", "path_a", "path_b", "duplicate", "marked_ns")


class VerdictTable(Collection):
    """The verdicts that belong to a collection of images; made when the first one is written.

    Parameters
    ----------
    connection : Connection
        Where it lives.
    images : str
        The name of the collection of images.
    """

    def __init__(self, connection: Connection, *, images: str) -> None:
        super().__init__(connection, name=f"{images}_verdicts")

    def write(self, row: Row) -> None:
        """Keep a verdict; it replaces the one on the same pair."""
        index = Storage().index(self.connection.store, rows=0)
        if not self._exists():
            self._create(_schema(), {}, index)
        self._mend(index)
        self.load()
        self.upsert([{**row, "vector": [1.0, 0.0]}])

    def all(self) -> list[Row]:
        """Every verdict."""
        if not self._exists():
            return []
        self.load()
        return [row for rows in self.rows(_FIELDS) for row in rows]

    def on(self, digests: Sequence[str]) -> list[Row]:
        """The verdicts on some files, by their digests."""
        if not self._exists():
            return []
        self.load()
        these = ", ".join(f'"{digest}"' for digest in digests)
        return self.read(f"digest_a in [{these}] or digest_b in [{these}]", fields=_FIELDS)

    def _exists(self) -> bool:
        return self.name in self.connection.loaded or bool(self._call("open it", "has_collection"))


def _schema() -> CollectionSchema:
    schema = new_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    for name in ("digest_a", "digest_b"):
        schema.add_field(name, DataType.VARCHAR, max_length=64)
    for name in ("path_a", "path_b"):
        schema.add_field(name, DataType.VARCHAR, max_length=65_535)
    schema.add_field("duplicate", DataType.INT64)
    schema.add_field("marked_ns", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    return schema
