"""What an index knows of its files: one record a file, beside the vectors in Milvus."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from dedup import pipelines
from dedup._base.arrays import Vectors
from dedup._catalogue.exact_copies import Picture, PictureBook
from dedup._catalogue.record import FIELDS, SCHEMA, Record, path_key
from dedup.pipelines.images.archives import exists
from dedup.pipelines.models.methods import Method, made_by
from dedup.pipelines.store.collection import Collection, Row
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["Catalogue", "picture_of"]

_BLOCK = 1_024


class Catalogue:
    """The records of a collection; they are read when they are first needed.

    Parameters
    ----------
    collection : Collection
        Created if it is missing.
    model : Method
        What its vectors are made with.
    regions : bool
        Whether pictures are looked for inside others.

    Attributes
    ----------
    collection, model
    views : list of ViewTable
        The embeddings of other views of the pictures, where they are looked for inside others.
    """

    def __init__(self, collection: Collection, *, model: Method, regions: bool = False) -> None:
        collection.ensure(
            dimension=model.dimension,
            fields=SCHEMA,
            properties=model.properties,
            measure=model.measure,
            made_by=made_by,
        )
        self.collection = collection
        self.model = model
        self.views: list[ViewTable] = []
        for view in model.views if regions else ():
            table = ViewTable(
                collection.connection,
                images=collection.name,
                view=view.view,
                storage=collection.storage,
            )
            table.ensure(
                dimension=view.dimension,
                fields={"id": 0},
                properties=view.properties,
                made_by=lambda _: "regions=False",
            )
            self.views.append(table)
        self._is_whole = False  # until `repair` has looked

    @cached_property
    def records(self) -> dict[str, Record]:
        """What Milvus holds, by absolute path."""
        rows = (row for rows in self.collection.rows(FIELDS) for row in rows)
        return {record.path: record for record in map(Record.from_row, rows)}

    def know(self, paths: Iterable[str], *, copies: bool = False) -> None:
        """Take these files, and perhaps the copies of them, for all that there is.

        So that a part can be worked on of an index that nobody reads as a whole.
        """
        ids = [path_key(path) for path in paths]
        rows: list[Row] = []
        for field in ("id", "copy_of") if copies else ("id",):
            for start in range(0, len(ids), _BLOCK):
                these = ", ".join(map(str, ids[start : start + _BLOCK]))
                rows += self.collection.read(f"{field} in [{these}]", fields=FIELDS)
        self.forget()
        self.records = {record.path: record for record in map(Record.from_row, rows)}

    @cached_property
    def by_digest(self) -> dict[str, Record]:
        """A file of each digest, those included that are on their way to Milvus."""
        return {record.digest: record for record in self.records.values()}

    @cached_property
    def book(self) -> PictureBook:
        """The distinct pictures, those included that are on their way to Milvus."""
        book = PictureBook()
        for record in self.records.values():
            if not record.copy_of:
                book.add(picture_of(record))
        return book

    def __len__(self) -> int:
        return len(self.records) if "records" in self.__dict__ else self._count

    @cached_property
    def _count(self) -> int:
        return len(self.collection)

    def flush(self) -> None:
        """Write to disk what is in memory, so that the next search is fast."""
        for view in self.views:
            view.flush()
        self.collection.flush()

    def find(self, path: str) -> Record | None:
        """One record, without reading the others."""
        if "records" in self.__dict__:
            return self.records.get(path)
        rows = self.collection.read(f"id == {path_key(path)}", fields=FIELDS)
        return Record.from_row(rows[0]) if rows else None

    def expect(self, record: Record, *, pixels: str | None = None) -> None:
        """Note a file that is on its way to Milvus, for those that come after it.

        `pixels` is the digest of its pixels, if that is known.
        """
        self.by_digest[record.digest] = record
        if not record.copy_of:
            picture = picture_of(record)
            self.book.add(replace(picture, digest=pixels or picture.digest))

    def prune(self) -> int:
        """Forget files that are gone; returns how many."""
        return self.remove(
            path
            for path, record in list(self.records.items())
            if record.is_file and not exists(path)
        )

    def refresh(self) -> None:
        """Look at what Milvus holds alone: what was expected besides did not arrive."""
        for name in ("by_digest", "book"):
            self.__dict__.pop(name, None)

    def keep(self, records: Iterable[Record]) -> None:
        """Note records that Milvus holds now."""
        self.records.update((record.path, record) for record in records)

    def forget(self) -> None:
        """Read everything again when it is needed: Milvus may hold something else."""
        for name in ("records", "by_digest", "book", "_count"):
            self.__dict__.pop(name, None)
        self._is_whole = False

    def store(self, records: Sequence[Record], vectors: Vectors) -> None:
        """Write records with their vectors, and note them."""
        self.write([record.row() for record in records], [vectors])
        self.keep(records)

    def pipeline(self) -> Any:
        """What embeds pictures, and writes them with their rows."""
        return pipelines.ingest(
            method=self.model,
            uri=self.collection.connection.uri,
            collection=self.collection.name,
            regions=bool(self.views),
            token=self.collection.connection.token,
        )

    def write(self, rows: Sequence[Row], vectors: Sequence[Vectors]) -> None:
        """Write rows of new pictures, with vectors of them and perhaps of their views."""
        whole, *others = vectors
        if others:  # what a row is found by is there before the row is
            for view, these in zip(self.views, others, strict=True):
                view.put([row["id"] for row in rows], these)
        self.collection.upsert(
            [{**row, "vector": vector} for row, vector in zip(rows, whole, strict=True)]
        )

    def store_as(self, records: Sequence[Record]) -> None:
        """Write records that show a picture whose vector Milvus holds already."""
        self._write(records, [record.picture for record in records])

    def rewrite(self, records: Sequence[Record]) -> None:
        """Write records of files whose vectors Milvus holds already."""
        self._write(records, [record.id for record in records])

    def _write(self, records: Sequence[Record], vectors_of: Sequence[int]) -> None:
        for start in range(0, len(records), _BLOCK):
            block = slice(start, start + _BLOCK)
            self.store(records[block], self.collection.vectors(vectors_of[block]))

    def remove(self, paths: Iterable[str]) -> int:
        """Take files out; a copy of a picture whose first file goes takes its place."""
        try:
            return self._remove(paths)
        except BaseException:
            self.forget()  # a part may be done
            raise

    def _remove(self, paths: Iterable[str]) -> int:
        gone = {record.id: record for path in paths if (record := self.records.get(path))}
        if not gone:
            return 0
        copies = [
            record
            for record in self.records.values()
            if record.copy_of in gone and record.id not in gone
        ]
        self._inherit(sorted(copies, key=lambda record: record.path))
        self.collection.delete(sorted(gone))
        for view in self.views:
            view.delete(sorted(gone))
        for record in gone.values():
            del self.records[record.path]
        self.refresh()
        return len(gone)

    def _inherit(self, copies: Sequence[Record]) -> None:
        """Let the first copy of each picture stand for it, and the others be copies of that.

        The heirs come last: wherever this is cut, a copy leads to a row with a vector, if only
        by way of another copy; `repair` shortens the way.
        """
        heirs: dict[int, int] = {}
        for record in copies:
            heirs.setdefault(record.copy_of, record.id)
        for view in self.views:
            view.move(heirs)
        first = set(heirs.values())
        others = [record for record in copies if record.id not in first]
        self.rewrite([replace(record, copy_of=heirs[record.copy_of]) for record in others])
        self.rewrite([replace(record, copy_of=0) for record in copies if record.id in first])

    def repair(self) -> None:
        """Mend what was cut, or crossed: of copies, one of each picture is to stand for it.

        There may be copies of copies, copies of rows that others have deleted, and, where two
        processes added the same files at once, copies of each other.
        """
        if self._is_whole:
            return
        by_id = {record.id: record for record in self.records.values()}
        orphans = [r for r in by_id.values() if r.copy_of and r.copy_of not in by_id]
        if orphans:
            self._inherit(sorted(orphans, key=lambda record: record.path))
            self.repair()
            return
        chained = [r for r in by_id.values() if r.copy_of and by_id[r.copy_of].copy_of]
        heads = {record.id: _head(record, by_id) for record in chained}
        mended = [replace(r, copy_of=0 if heads[r.id] == r.id else heads[r.id]) for r in chained]
        self.rewrite(mended)
        self._is_whole = True


def _head(record: Record, by_id: Mapping[int, Record]) -> int:
    """Where the way from copy to copy ends; of a ring, its first by path."""
    way = [record]
    while way[-1].copy_of:
        following = by_id[way[-1].copy_of]
        if following in way:
            return min(way[way.index(following) :], key=lambda record: record.path).id
        way.append(following)
    return way[-1].id


def picture_of(record: Record) -> Picture:
    """The picture of a file, as it is compared with others."""
    return Picture(
        record.id,
        record.path,
        (record.width, record.height, record.frames, record.depth, record.alpha),
        record.cells,
        is_jpeg=record.format == "JPEG",
        digest=None if record.is_file else record.digest,
    )
