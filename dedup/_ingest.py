"""Bring files into an index: read, recognise copies, embed what is new, store.

Identical bytes are found before anything is decoded, identical pixels before anything is
embedded, so that each distinct picture is embedded once.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from dedup._catalogue import Catalogue
from dedup._discover import ImageFile, Skipped
from dedup._identical import Picture, PictureBook, thumbnail
from dedup._records import Record
from dedup.pipelines import call, ingest
from dedup.pipelines.decoding import Decoded, ImageSource, Pixels, check_header, pixel_digest
from dedup.pipelines.errors import DecodeError
from dedup.pipelines.milvus import Row
from dedup.pipelines.models import EmbeddingModel

__all__ = ["SHORT_SIDE", "Added", "Ingest"]

# Images a chunk, which is one row of the pipeline. Two chunks are under way at once: while
# one is embedded, the next is decoded.
_CHUNK = 32
# Pictures are decoded to this many pixels on their short side, which serves the models.
SHORT_SIDE = 224

Advance = Callable[[int], object]


@dataclass
class Added:
    """What an `add` did.

    Attributes
    ----------
    files : list of ImageFile
        The files that are now in the index, by path.
    embedded : int
        Distinct pictures that were embedded.
    copies : int
        New files that repeat a picture, byte by byte or pixel by pixel.
    unchanged : int
        Files that the index already held.
    skipped : list of Skipped
        Files that are left out, each with its reason.
    """

    files: list[ImageFile] = field(default_factory=list)
    embedded: int = 0
    copies: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.embedded} embedded, {self.copies} copies recognised, "
            f"{self.unchanged} unchanged, {len(self.skipped)} skipped"
        )


class Ingest:
    """One `add`: files on their way into an index."""

    def __init__(self, catalogue: Catalogue, *, model: EmbeddingModel, token: str) -> None:
        self._catalogue = catalogue
        self._added = Added()
        self._digests: dict[str, str] = {}  # of the new files, by path
        self._known: dict[str, Record] = {}  # a file of each digest
        self._book = PictureBook()
        self._same_pixels: list[Record] = []
        self._turns = _Turns()
        self._pipeline = ingest(
            method=model.method,
            short_side=SHORT_SIDE,
            uri=catalogue.collection.connection.uri,
            collection=catalogue.collection.name,
            token=token,
            select=self._select,
        )

    def run(self, files: Sequence[ImageFile], *, advance: Advance) -> Added:
        """Bring the files in; `advance` is told how many more are done."""
        fresh = [file for file in files if not self._is_unchanged(file)]
        self._added.unchanged = len(files) - len(fresh)
        advance(self._added.unchanged)
        changed = self._read(fresh)
        broken = [skipped.path for skipped in self._added.skipped]
        self._catalogue.remove([*broken, *(file.path for file in changed)])
        for record in self._catalogue.records.values():
            self._note(record)
        firsts = self._first_of_each_digest(changed)
        self._embed(firsts, advance=advance)
        first_paths = {file.path for file in firsts}
        self._copy([file for file in changed if file.path not in first_paths])
        advance(len(fresh) - len(firsts))
        return self._finished(files)

    def _is_unchanged(self, file: ImageFile) -> bool:
        known = self._catalogue.records.get(file.path)
        if known is None or file.image is not None:
            return False
        return (known.size, known.mtime_ns) == (file.size, file.mtime_ns)

    def _read(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        """Digest the files; returns those whose contents the index does not hold."""
        changed, touched = [], []
        with ThreadPoolExecutor(thread_name_prefix="dedup-read") as threads:
            for file, digest in zip(files, threads.map(_digest, files), strict=True):
                known = self._catalogue.records.get(file.path)
                if isinstance(digest, DecodeError):
                    self._skip(file, str(digest))
                elif known is not None and known.digest == digest:
                    touched.append(replace(known, size=file.size, mtime_ns=file.mtime_ns))
                else:
                    self._digests[file.path] = digest
                    changed.append(file)
        self._catalogue.store_as(touched)
        self._added.unchanged += len(touched)
        return changed

    def _first_of_each_digest(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        first: dict[str, ImageFile] = {}
        for file in files:
            digest = self._digests[file.path]
            if digest not in self._known:
                first.setdefault(digest, file)
        return list(first.values())

    def _embed(self, files: Sequence[ImageFile], *, advance: Advance) -> None:
        chunks = [list(files[start : start + _CHUNK]) for start in range(0, len(files), _CHUNK)]
        threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="dedup-chunk")
        try:
            stored = threads.map(self._embed_chunk, range(len(chunks)), chunks)
            for chunk, rows in zip(chunks, stored, strict=True):
                self._catalogue.keep(Record.from_row(row) for row in rows)
                self._added.embedded += len(rows)
                advance(len(chunk))
        finally:
            threads.shutdown(cancel_futures=True)

    def _embed_chunk(self, number: int, files: list[ImageFile]) -> list[Row]:
        # Waiting here and not inside the pipeline, whose threads the chunk before may need.
        self._turns.wait_for(number)
        try:
            rows: list[Row] = call(self._pipeline, number, files).get()[0]
            return rows
        finally:
            self._turns.passed(number)

    def _select(
        self, number: int, files: list[ImageFile], decoded: list[Decoded | DecodeError]
    ) -> tuple[list[Row], list[Pixels]]:
        """The pictures of a chunk that are new, with their rows; then the next chunk may start."""
        rows, images = [], []
        for file, result in zip(files, decoded, strict=True):
            if isinstance(result, DecodeError):
                self._skip(file, str(result))
                continue
            record = self._record(file, result)
            same = self._book.same(_picture(record, file.source))
            if same is None:
                rows.append(record.row())
                images.append(result.image)
            else:
                record = replace(record, copy_of=same.id)
                self._same_pixels.append(record)
            self._note(record, file.source)
        self._turns.passed(number)
        return rows, images

    def _record(self, file: ImageFile, decoded: Decoded) -> Record:
        return Record(
            path=file.path,
            size=file.size,
            mtime_ns=file.mtime_ns,
            digest=self._digests[file.path],
            format=decoded.format,
            width=decoded.width,
            height=decoded.height,
            thumbnail=thumbnail(decoded.image).tobytes(),
        )

    def _note(self, record: Record, source: ImageSource | None = None) -> None:
        """Remember what a file shows, for the files to come."""
        self._known[record.digest] = record
        if record.copy_of == 0:
            self._book.add(_picture(record, record.path if source is None else source))

    def _copy(self, files: Sequence[ImageFile]) -> None:
        """Store the files that repeat a picture; those that repeat a failure are skipped too."""
        reasons = {
            self._digests[skipped.path]: skipped.reason
            for skipped in self._added.skipped
            if skipped.path in self._digests
        }
        copies = self._same_pixels
        for file in files:
            digest = self._digests[file.path]
            if digest not in self._known:
                self._skip(file, reasons[digest])
                continue
            same = self._known[digest]
            copies.append(
                replace(
                    same,
                    path=file.path,
                    size=file.size,
                    mtime_ns=file.mtime_ns,
                    copy_of=same.picture,
                )
            )
        self._catalogue.store_as(copies)
        self._added.copies = len(copies)

    def _skip(self, file: ImageFile, reason: str) -> None:
        self._added.skipped.append(Skipped(file.path, reason))

    def _finished(self, files: Sequence[ImageFile]) -> Added:
        names = {file.path: file.name for file in files}
        skipped = {skipped.path for skipped in self._added.skipped}
        self._added.files = [file for file in files if file.path not in skipped]
        self._added.skipped = [
            Skipped(names[one.path], one.reason)
            for one in sorted(self._added.skipped, key=lambda one: one.path)
        ]
        return self._added


class _Turns:
    """Lets a chunk start when the one before has passed a point, though two threads work."""

    def __init__(self) -> None:
        self._next = 0
        self._changed = threading.Condition()

    def wait_for(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._next >= number)

    def passed(self, number: int) -> None:
        with self._changed:
            self._next = max(self._next, number + 1)
            self._changed.notify_all()


def _picture(record: Record, source: ImageSource) -> Picture:
    return Picture(record.id, source, record.width, record.height, record.cells)


def _digest(file: ImageFile) -> str | DecodeError:
    """Digest of a file's bytes, or why it is no image. A long video is not read to its end."""
    try:
        if file.image is not None:
            return pixel_digest(file.image)
        check_header(file.path)
        with Path(file.path).open("rb") as data:
            return hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except DecodeError as error:
        return error
    except OSError as error:
        return DecodeError(str(error.strerror or error).lower())
