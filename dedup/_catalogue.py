"""What an index knows of its files: one record a file in memory, the vectors in Milvus."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dedup._records import FIELDS, Record
from dedup.pipelines.milvus import Collection
from dedup.pipelines.models import EmbeddingModel, Vectors

__all__ = ["Catalogue"]


class Catalogue:
    """The records of a collection.

    Parameters
    ----------
    collection : Collection
        Created if it is missing.
    model : EmbeddingModel
        What its vectors are made with.

    Attributes
    ----------
    records : dict of str to Record
        By absolute path.
    """

    def __init__(self, collection: Collection, *, model: EmbeddingModel) -> None:
        collection.ensure(dimension=model.dimension, properties=model.properties)
        self.collection = collection
        self.records: dict[str, Record] = {}
        for rows in collection.rows(FIELDS):
            self.keep(Record.from_row(row) for row in rows)

    def keep(self, records: Iterable[Record]) -> None:
        """Note records that Milvus holds already."""
        self.records.update((record.path, record) for record in records)

    def store(self, records: Sequence[Record], vectors: Vectors) -> None:
        """Write records with their vectors, and note them."""
        rows = zip(records, vectors, strict=True)
        self.collection.upsert([{**record.row(), "vector": vector} for record, vector in rows])
        self.keep(records)

    def store_as(self, records: Sequence[Record]) -> None:
        """Write records that show a picture whose vector Milvus holds already."""
        for start in range(0, len(records), 1024):
            block = records[start : start + 1024]
            self.store(block, self.collection.vectors([record.picture for record in block]))

    def remove(self, paths: Iterable[str]) -> int:
        """Take files out; a copy of a picture whose first file goes takes its place."""
        gone = [self.records[path] for path in paths if path in self.records]
        if not gone:
            return 0
        going = {record.id for record in gone}
        heirs: dict[int, int] = {}
        moved = []
        for record in sorted(self.records.values(), key=lambda record: record.path):
            if record.copy_of in going and record.id not in going:
                heir = heirs.setdefault(record.copy_of, record.id)
                moved.append(replace(record, copy_of=0 if heir == record.id else heir))
        vectors = self.collection.vectors([record.id for record in moved])
        if moved:
            self.store(moved, vectors)
        self.collection.delete(sorted(going))
        for record in gone:
            del self.records[record.path]
        return len(gone)
