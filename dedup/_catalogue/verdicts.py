"""What people said of pairs, "duplicates" or "not", remembered by the digests of the files.

So a verdict survives that its files are moved, renamed, removed and added again.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dedup._base.pairs import Pair, ordered
from dedup._base.tables import table_of
from dedup._catalogue.digests import file_digest
from dedup._catalogue.discover import file_key
from dedup._catalogue.record import Record, decode_path, encode_path, path_key
from dedup.errors import DecodeError, InputError
from dedup.pipelines.images.archives import is_file
from dedup.pipelines.images.decoding import ImageSource, check_header, pixel_digest
from dedup.pipelines.store.collection import Connection, Row
from dedup.pipelines.store.table import Table
from dedup.pipelines.store.verdict_table import VerdictTable

__all__ = ["Verdicts"]


@dataclass(frozen=True, slots=True)
class _Marked:
    """One end of a pair that somebody marked: a file's digest, and where it was."""

    digest: str
    path: str


class Verdicts:
    """The verdicts of an index.

    Parameters
    ----------
    connection : Connection
    collection : str
        The name of the collection of images.
    """

    def __init__(self, connection: Connection, *, collection: str) -> None:
        self._table = VerdictTable(connection, images=collection)

    def mark(
        self,
        a: ImageSource,
        b: ImageSource,
        *,
        duplicate: bool,
        find: Callable[[str], Record | None],
    ) -> None:
        """Remember a verdict, instead of an earlier one on the same pair.

        `find` gives what the index knows of a path. Errors are those of `ImageIndex.mark`.
        """
        first, second = (_marked(image, find) for image in (a, b))
        if first.digest == second.digest:
            raise InputError(f"{first.path} and {second.path} are one file")
        if not duplicate and _pixels(a) == _pixels(b):
            raise InputError(f"{first.path} and {second.path} show the same to the pixel")
        first, second = sorted((first, second), key=lambda end: end.digest)
        self._table.write(
            {
                "id": path_key(f"{first.digest} {second.digest}"),
                "digest_a": first.digest,
                "digest_b": second.digest,
                "path_a": encode_path(first.path),
                "path_b": encode_path(second.path),
                "duplicate": int(duplicate),
                "marked_ns": time.time_ns(),
            }
        )

    def of_pairs(self, files: Mapping[int, Sequence[Record]]) -> dict[Pair, bool]:
        """What was said of pairs of pictures (a < b), by any of their files; the last word."""
        picture = {r.digest: picture for picture, records in files.items() for r in records}
        verdicts = {}
        for row in _by_time(self._table.all()):
            a, b = (picture.get(row[end]) for end in ("digest_a", "digest_b"))
            if a is not None and b is not None and a != b:
                verdicts[ordered(a, b)] = bool(row["duplicate"])
        return verdicts

    def marked(self, images: Table) -> list[Pair]:
        """The pictures of an index of which something was said, pair by pair, by their rows."""
        verdicts = self._table.all()
        digests = sorted({row[end] for row in verdicts for end in ("digest_a", "digest_b")})
        if not digests:
            return []
        these = ", ".join(f'"{digest}"' for digest in digests)
        rows = images.read(f"digest in [{these}]", fields=["id", "digest", "copy_of"])
        picture = {row["digest"]: row["copy_of"] or row["id"] for row in rows}
        pairs = ([picture.get(row[end]) for end in ("digest_a", "digest_b")] for row in verdicts)
        return [(a, b) for a, b in pairs if a is not None and b is not None]

    def of_image(self, digests: Sequence[str]) -> dict[str, bool]:
        """What was said of an image, of which these are digests, and others: by their digest."""
        verdicts = {}
        for row in _by_time(self._table.on(digests)):
            ends = row["digest_a"], row["digest_b"]
            verdicts[ends[0] if ends[1] in digests else ends[1]] = bool(row["duplicate"])
        return verdicts

    def table(self, records: Iterable[Record]) -> pd.DataFrame:
        """The verdicts on files that are there, by their paths: `a`, `b` and `label`."""
        known: dict[str, list[str]] = {}
        for record in records:
            known.setdefault(record.digest, []).append(record.path)
        rows = []
        for row in self._table.all():
            ends = [
                _path_of(row[f"digest_{end}"], decode_path(row[f"path_{end}"]), known)
                for end in ("a", "b")
            ]
            if None not in ends:
                rows.append((*sorted(map(str, ends)), bool(row["duplicate"])))
        return table_of(sorted(rows), {"a": object, "b": object, "label": bool})


def _marked(image: ImageSource, find: Callable[[str], Record | None]) -> _Marked:
    """An image as a verdict remembers it."""
    if not isinstance(image, str | Path):
        digest = file_digest(image) if isinstance(image, bytes) else pixel_digest(image)
        return _Marked(digest, "<an image>")
    path = file_key(image)
    record = find(path)
    if record is not None:
        return _Marked(record.digest, path)
    with _named(image):
        check_header(path)
    return _Marked(file_digest(path), path)


def _pixels(image: ImageSource) -> str:
    with _named(image):
        return pixel_digest(image)


@contextmanager
def _named(image: ImageSource) -> Iterator[None]:
    """Say of which of two files it is that it can't be read."""
    try:
        yield
    except DecodeError as error:
        if not isinstance(image, str | Path):
            raise
        raise DecodeError(f"{image}: {error}") from error


def _by_time(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["marked_ns"], row["id"]))


def _path_of(digest: str, marked: str, known: Mapping[str, Sequence[str]]) -> str | None:
    """A file with this digest: where it was marked, or where the index knows it."""
    paths = sorted(known.get(digest, ()), key=lambda path: (path != marked, path))
    there = next((path for path in paths if is_file(path)), None)
    if there is not None or not is_file(marked):
        return there
    return marked if file_digest(marked) == digest else None
