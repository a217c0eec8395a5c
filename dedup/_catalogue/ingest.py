"""Bring files into an index: read, recognise copies, embed what is new, store.

Identical bytes are found before anything is decoded, identical pixels before anything is
embedded, so that each distinct picture is embedded once; what earlier runs embedded, never again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from dedup._base.arrays import SHORT_SIDE
from dedup._base.threads import ahead, cores, threads
from dedup._catalogue.added import Added
from dedup._catalogue.catalogue import Catalogue, picture_of
from dedup._catalogue.digests import digest_or_reason
from dedup._catalogue.discover import ImageFile, Skipped
from dedup._catalogue.embedder import Embedder, New, Stored
from dedup._catalogue.known_pictures import KnownPicture, KnownPictures
from dedup._catalogue.record import Record
from dedup._catalogue.shown import shown
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.models.methods import engine
from dedup.pipelines.models.networks import NO_DIRECTION

__all__ = ["Ingest", "Observer"]

# Images a chunk, which is one row of a pipeline.
_CHUNK = 32
# A graphics card is idle with less; the engine cuts it to what the card's memory holds.
_CHUNK_ON_CARD = 256

Advance = Callable[[int], object]


class Observer(Protocol):
    """Sees pictures while they are at hand, so that none is decoded twice."""

    def expect(self, pictures: int) -> bool:
        """Whether it wants to see any of so many."""

    def see(self, picture: int, decoded: Decoded) -> None:
        """Look at a picture, by its id."""


class Ingest:
    """One `add`: files on their way into an index.

    Parameters
    ----------
    catalogue : Catalogue
    tag : str
        Of the files; "" leaves those alone that they have.
    observer : Observer, optional
        Sees the new pictures while they are decoded, as far as `SHORT_SIDE`.
    known : KnownPictures, optional
        What earlier runs embedded; it is told what this one does.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        tag: str = "",
        observer: Observer | None = None,
        known: KnownPictures | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._model = catalogue.model
        self._tag = tag
        self._observer = observer if self._model.short_side == SHORT_SIDE else None
        self._known = known
        self._added = Added()
        self._digests: dict[str, str] = {}  # of the new files, by path
        self._tags: dict[str, str] = {}  # of files that changed, by path
        self._same_pixels: list[Record] = []
        self._lost: set[int] = set()  # pictures without an embedding
        self._refused: set[str] = set()
        self._is_over = False  # whether nobody waits any more for what is under way

    def run(self, files: Sequence[ImageFile], *, advance: Advance) -> Added:
        """Bring the files in; `advance` is told how many more are done.

        Cut anywhere, this leaves what was stored before and a part of what is new: a file is
        in the index from the moment that its row is, and the next run sees what is missing.
        """
        self._catalogue.collection.connection.require_own()
        try:
            self._catalogue.repair()
            self._run(files, advance=advance)
        except BaseException:
            self._catalogue.forget()  # what was on its way may not have arrived
            raise
        return self._finished(files)

    def _run(self, files: Sequence[ImageFile], *, advance: Advance) -> None:
        fresh = self._changed_since(files)
        self._added.unchanged = len(files) - len(fresh)
        advance(self._added.unchanged)
        with threads("engine", count=1) as maker:
            if len(fresh) >= _CHUNK and self._model.network is not None and self._known is None:
                maker.submit(engine, self._model)  # it will be wanted
            changed = self._read(fresh)
            advance(len(fresh) - len(changed))
            broken = [skipped.path for skipped in self._added.skipped]
            self._catalogue.remove([*broken, *(file.path for file in changed)])
            if changed:
                self._bring_in(changed, advance=advance)

    def _bring_in(self, files: Sequence[ImageFile], *, advance: Advance) -> None:
        firsts = self._first_of_each_digest(files)
        if self._observer is not None and not self._observer.expect(len(firsts)):
            self._observer = None
        if firsts:
            self._embed(firsts, advance=advance)
        first_paths = {file.path for file in firsts}
        self._copy([file for file in files if file.path not in first_paths])
        advance(len(files) - len(firsts))

    def _changed_since(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        """The files whose size or time is another; those that have not get their tag."""
        fresh, retagged = [], []
        for file in files:
            known = self._catalogue.records.get(file.path)
            if known is None or not _is_unchanged(file, known):
                fresh.append(file)
            elif self._tag not in ("", known.tag):
                retagged.append(replace(known, tag=self._tag))
        self._catalogue.rewrite(retagged)
        return fresh

    def _read(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        """Digest the files; returns those whose contents the index does not hold."""
        changed, touched = [], []
        with threads("read", count=cores() + 4) as readers:  # some wait for the disk
            digests = list(readers.map(digest_or_reason, files))
        for file, digest in zip(files, digests, strict=True):
            known = self._catalogue.records.get(file.path)
            if isinstance(digest, DecodeError):
                self._skip(file, str(digest))
            elif known is not None and known.digest == digest:
                tag = self._tag or known.tag
                touched.append(replace(known, size=file.size, mtime_ns=file.mtime_ns, tag=tag))
            else:
                self._digests[file.path] = digest
                self._tags[file.path] = self._tag or (known.tag if known else "")
                changed.append(file)
        self._catalogue.rewrite(touched)
        self._added.unchanged += len(touched)
        return changed

    def _first_of_each_digest(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        first: dict[str, ImageFile] = {}
        for file in files:
            digest = self._digests[file.path]
            if digest not in self._catalogue.by_digest:
                first.setdefault(digest, file)
        return list(first.values())

    def _embed(self, files: Sequence[ImageFile], *, advance: Advance) -> None:
        """Decode, embed and store, chunk by chunk; up to three are under way."""
        network = self._model.network
        size = _CHUNK if network is None or network.device == "cpu" else _CHUNK_ON_CARD
        chunks = [list(files[start : start + size]) for start in range(0, len(files), size)]
        with threads("decode", count=1) as decoders, threads("ingest", count=2) as ingesters:
            embedder = Embedder(
                self._catalogue,
                known=self._known,
                pool=ingesters,
                is_over=lambda: self._is_over,
            )
            new = ahead(decoders, partial(self._new_pictures, embedder), chunks)
            # While one chunk is inserted, the next is embedded.
            stored = ahead(ingesters, embedder.store, new)
            try:
                for chunk, what in zip(chunks, stored, strict=True):
                    self._take_in(what)
                    advance(len(chunk))
            except BaseException:
                self._is_over = True
                raise

    def _new_pictures(self, embedder: Embedder, files: list[ImageFile]) -> list[New]:
        """The new pictures of a chunk; the observer sees those that are decoded."""
        pictures = embedder.pictures(files, [self._digests[file.path] for file in files])
        new = self._select(files, pictures)
        if self._observer is not None:
            for row, picture in new:
                if isinstance(picture, Decoded):
                    self._observer.see(row["id"], picture)
        return new

    def _take_in(self, stored: Stored) -> None:
        embedded = [Record.from_row(row) for row in stored.embedded]
        self._catalogue.keep([*map(Record.from_row, stored.recalled), *embedded])
        self._added.embedded += len(embedded)
        self._lose(Record.from_row(row) for row in stored.lost)
        if self._known is not None and embedded:
            self._known.put(embedded, stored.vectors)

    def _lose(self, records: Iterable[Record]) -> None:
        """Leave out files that have no embedding, though they can be read."""
        for record in records:
            self._lost.add(record.id)
            del self._catalogue.by_digest[record.digest]
            self._added.skipped.append(Skipped(record.path, NO_DIRECTION))

    def _select(
        self,
        files: Sequence[ImageFile],
        pictures: Sequence[KnownPicture | Decoded | DecodeError],
    ) -> list[New]:
        """The pictures of a chunk that are new."""
        new = []
        for file, result in zip(files, pictures, strict=True):
            if self._is_over:
                break
            if isinstance(result, DecodeError):
                self._skip(file, str(result))
                continue
            record = self._record(file, result)
            picture = replace(picture_of(record), source=file.source)
            same = self._catalogue.book.same(picture)
            if same is None or same.id == record.id:  # its own, where a worker died
                new.append((record.row(), result))
            else:
                record = replace(record, copy_of=same.id)
                self._same_pixels.append(record)
            self._catalogue.expect(record, pixels=picture.digest)
        return new

    def _record(self, file: ImageFile, seen: KnownPicture | Decoded) -> Record:
        return Record(
            path=file.path,
            size=file.size,
            mtime_ns=file.mtime_ns,
            digest=self._digests[file.path],
            tag=self._tags[file.path],
            **(seen.shown if isinstance(seen, KnownPicture) else shown(seen)),
        )

    def _copy(self, files: Sequence[ImageFile]) -> None:
        """Store the files that repeat a picture; those that repeat a failure are skipped too."""
        self._lose(record for record in self._same_pixels if record.copy_of in self._lost)
        reasons = {
            self._digests[skipped.path]: skipped.reason
            for skipped in self._added.skipped
            if skipped.path in self._digests
        }
        copies = [record for record in self._same_pixels if record.id not in self._lost]
        for file in files:
            digest = self._digests[file.path]
            if digest not in self._catalogue.by_digest:
                self._skip(file, reasons[digest])
                continue
            same = self._catalogue.by_digest[digest]
            copies.append(
                replace(
                    same,
                    path=file.path,
                    size=file.size,
                    mtime_ns=file.mtime_ns,
                    copy_of=same.picture,
                    tag=self._tags[file.path],
                )
            )
        self._catalogue.store_as(copies)
        self._added.copies = len(copies)
        if self._lost:
            self._catalogue.refresh()

    def _skip(self, file: ImageFile, reason: str) -> None:
        self._added.skipped.append(Skipped(file.path, reason))

    def _finished(self, files: Sequence[ImageFile]) -> Added:
        names = {file.path: file.name for file in files}
        left_out = {skipped.path for skipped in self._added.skipped} | self._refused
        self._added.files = [file for file in files if file.path not in left_out]
        self._added.skipped = [
            Skipped(names[one.path], one.reason)
            for one in sorted(self._added.skipped, key=lambda one: one.path)
        ]
        return self._added


def _is_unchanged(file: ImageFile, known: Record) -> bool:
    if file.image is not None:
        return bool(file.digest)  # it is part of the path
    return (known.size, known.mtime_ns) == (file.size, file.mtime_ns)
