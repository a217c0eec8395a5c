"""One `add` whose work is done elsewhere: who has which file, and which picture is new.

Workers read, decode, embed and store; what only one may decide, they ask here.
"""

from collections.abc import Sequence

from dedup._catalogue.added import Added
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.discover import ImageFile
from dedup._catalogue.ingest import Ingest
from dedup._catalogue.record import Record, path_key
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.models.methods import Method
from dedup.pipelines.store.collection import Row

__all__ = ["Ledger"]


class Ledger(Ingest):
    """The book-keeping of one `add`.

    A worker that dies is no harm: what it had claimed and not stored is claimed again, and what
    it had stored is known.

    Parameters
    ----------
    catalogue, model, token, tag
        As of `Ingest`.
    """

    def __init__(self, catalogue: Catalogue, *, model: Method, token: str, tag: str = "") -> None:
        super().__init__(catalogue, model=model, token=token, tag=tag)
        self._files: Sequence[ImageFile] = []
        self._done: set[str] = set()  # paths of what was stored, or can't be
        self._copies: dict[str, ImageFile] = {}

    def begin(self, files: Sequence[ImageFile]) -> list[ImageFile]:
        """The files that are new or changed. Those that the index had are taken out of it."""
        self._files = files
        self._catalogue.repair()
        fresh = self._changed_since(files)
        self._added.unchanged = len(files) - len(fresh)
        known = [file for file in fresh if file.path in self._catalogue.records]
        changed = self._read(known)
        broken = [skipped.path for skipped in self._added.skipped]
        self._catalogue.remove([*broken, *(file.path for file in changed)])
        settled = {file.path for file in known} - {file.path for file in changed}
        return [file for file in fresh if file.path not in settled]

    def claim(
        self, files: Sequence[ImageFile], digests: Sequence[str | DecodeError]
    ) -> list[ImageFile]:
        """Those of some files that a worker is to decode: the first of each new digest."""
        new = [
            (file, digest)
            for file, digest in zip(files, digests, strict=True)
            if file.path not in self._done
        ]
        tags = dict(self._tags)
        changed = self._noted([file for file, _ in new], [digest for _, digest in new])
        self._tags.update(tags)
        self._done.update(skipped.path for skipped in self._added.skipped)
        firsts = []
        claimed: set[str] = set()
        for file in changed:
            digest = self._digests[file.path]
            known = self._catalogue.by_digest.get(digest)
            # A worker that claimed it may have died, perhaps when others had repeated its picture.
            own = known is None or path_key(file.path) in (known.id, known.picture)
            if digest not in claimed and own:
                claimed.add(digest)
                firsts.append(file)
            else:
                self._copies[file.path] = file
        return firsts

    def select(
        self, files: Sequence[ImageFile], decoded: Sequence[Decoded | DecodeError]
    ) -> list[Row]:
        """The rows of those pictures that are new."""
        return [row for row, _ in self._select(files, decoded)]

    def stored(self, written: Sequence[Row], lost: Sequence[Row]) -> None:
        """Note rows that a worker has stored, and those whose pictures have no embedding."""
        for row in written:
            record = Record.from_row(row)
            self._added.embedded += record.path not in self._done
            self._done.add(record.path)
            self._catalogue.keep([record])
        records = [Record.from_row(row) for row in lost]
        self._lose(record for record in records if record.path not in self._done)
        self._done.update(record.path for record in records)

    def finish(self) -> Added:
        """Store the files that repeat a picture; says what was done."""
        # What a worker did that died afterwards was told twice.
        self._same_pixels = list({r.path: r for r in self._same_pixels}.values())
        self._added.skipped = list(dict.fromkeys(self._added.skipped))
        same = {record.path for record in self._same_pixels} | self._done
        len(self._catalogue.collection)  # waits for what the workers have written
        self._copy([file for path, file in self._copies.items() if path not in same])
        self._catalogue.collection.flush()
        len(self._catalogue.collection)  # as it does for what is written now
        return self._finished(self._files)
