"""From distinct files to distinct pictures in the index: decode, embed, store, find pixel copies.

A picture is stored with its embedding before its part is there; which of them are the same to the
pixel is found afterwards. Those meet by what they look like: pictures of one kind, and as bright.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from dedup import pipelines
from dedup._catalogue.catalogue import Catalogue, picture_of
from dedup._catalogue.discover import Skipped
from dedup._catalogue.exact_copies import Picture, PictureBook
from dedup._catalogue.record import FIELDS, Record, decode_path, encode_path, path_key
from dedup._catalogue.shown import shown
from dedup.distributed._files import files_of, precedence, save_skipped
from dedup.distributed._job import Job, Window
from dedup.distributed._tables import SCHEMAS, record_of
from dedup.distributed._work import Rows
from dedup.errors import DecodeError
from dedup.pipelines.models.networks import NO_DIRECTION
from dedup.pipelines.store.collection import Collection

__all__ = ["embed_pictures", "find_alike", "find_same", "sort_cells", "write_records"]

_CHUNK = 32
# Halves of pictures that are the same differ in brightness by no more; and the steps in which
# it is counted.
_TOLERANCE = 2
_STEP = 8
_READS = 512


def embed_pictures(job: Job, part: str, start: int) -> None:
    """Bring some of the originals of a part into the index, unless it has them."""
    originals = job.work.read("originals", part).slice(start, job.part).to_pylist()
    by_key = {path_key(decode_path(row["path"])): row for row in originals}
    catalogue = job.catalogue()
    records = _known(catalogue.collection, by_key)
    new, skipped = _embedded_now(catalogue, [by_key[k] for k in by_key if k not in records])
    records |= {record.id: record for record in new}
    name = f"{part}-{start:08}"
    failed = [{"path": encode_path(one.path), "reason": one.reason} for one in skipped]
    job.work.write("failed", name, failed)
    vectors = catalogue.collection.vectors(list(records))
    embeddings = [
        {**_row(record, by_key[record.id]), "embedding": vector.astype(np.float16)}
        for record, vector in zip(records.values(), vectors, strict=True)
    ]
    job.work.write("embeddings", name, embeddings)


def _embedded_now(catalogue: Catalogue, rows: Rows) -> tuple[list[Record], list[Skipped]]:
    """Decode, embed and store files; what is stored of them, and what can't be."""
    records: list[Record] = []
    skipped: list[Skipped] = []
    if not rows:
        return records, skipped
    decoder, store = pipelines.decode(method=catalogue.model), catalogue.pipeline()
    for at in range(0, len(rows), _CHUNK):
        chunk = rows[at : at + _CHUNK]
        files = files_of(chunk)
        (decoded,) = pipelines.call(decoder, [f.source for f in files], lambda: False).get()
        new, pixels = [], []
        for row, file, result in zip(chunk, files, decoded, strict=True):
            if isinstance(result, DecodeError):
                skipped.append(Skipped(file.path, str(result)))
                continue
            of_file = {name: row[name] for name in ("size", "mtime_ns", "digest", "tag")}
            new.append(Record(path=file.path, **of_file, **shown(result)).row())
            pixels.append(result.image)
        if new:
            written, lost, *_ = pipelines.call(store, new, pixels).get()
            records += map(Record.from_row, written)
            skipped += [Skipped(decode_path(row["path"]), NO_DIRECTION) for row in lost]
    return records, skipped


def _known(images: Collection, wanted: Mapping[int, dict[str, Any]]) -> dict[int, Record]:
    """What the index holds of these files, as they are, by id; copies of others aside."""
    return {
        one.id: one
        for one in _read(images, list(wanted))
        if not one.copy_of
        and (one.digest, one.size, one.mtime_ns)
        == tuple(wanted[one.id][name] for name in ("digest", "size", "mtime_ns"))
    }


def _read(images: Collection, ids: Sequence[int]) -> Iterator[Record]:
    for start in range(0, len(ids), _READS):
        these = ", ".join(map(str, ids[start : start + _READS]))
        yield from map(Record.from_row, images.read(f"id in [{these}]", fields=FIELDS))


def _row(record: Record, of_file: dict[str, Any]) -> dict[str, Any]:
    values = {field: getattr(record, field) for field in FIELDS}
    return {**values, **{name: of_file[name] for name in ("path", "name", "held")}}


def sort_cells(job: Job, part: str) -> None:
    """Put each picture of a part where it meets those that may be the same."""
    rows = _embedded(job, part)
    cells = [{**row, "cell": cell, "part": part} for row in rows for cell in _cells(_picture(row))]
    job.work.write("cells", part, sorted(cells, key=lambda row: row["cell"]))


def _embedded(job: Job, part: str) -> Rows:
    """The pictures of a part, without their embeddings."""
    table = job.work.gather("embeddings", prefix=f"{part}-", columns=list(SCHEMAS["records"]))
    rows: Rows = table.to_pylist()
    return rows


def _picture(row: dict[str, Any]) -> Picture:
    return picture_of(record_of(row))


def _cells(picture: Picture) -> set[int]:
    """Keys of which two pictures that may be the same share one."""
    halves = picture.thumbnail.reshape(2, -1).mean(axis=1)
    ends = [
        {int((half + shift) // _STEP) for shift in (-_TOLERANCE, _TOLERANCE)} for half in halves
    ]
    keys = (repr((picture.kind, cell)).encode() for cell in product(*ends))
    digests = (hashlib.blake2b(key, digest_size=8).digest() for key in keys)
    return {int.from_bytes(digest, "big") >> 1 for digest in digests}


def find_alike(job: Job, window: Window) -> None:
    """Digest the pixels of those pictures in a range of cells that look like another."""
    cells: dict[int, Rows] = defaultdict(list)
    for row in job.work.rows("cells", within=("cell", window.low, window.high)):
        cells[row["cell"]].append(row)
    alike: dict[int, dict[str, Any]] = {}
    for rows in cells.values():
        book = PictureBook()
        pictures = []
        for row in sorted(rows, key=precedence):
            picture = _picture(row)
            pictures.append((picture, row))
            if book.same(picture) is None:
                book.add(picture)
        for picture, row in pictures:
            if picture.digest is not None:
                pixels = (
                    f"{hashlib.blake2b(repr(picture.kind).encode(), digest_size=4).hexdigest()}"
                )
                alike[picture.id] = {**row, "pixels": f"{picture.digest} {pixels}"}
    job.work.write("alike", window.part, sorted(alike.values(), key=lambda row: row["pixels"]))


def find_same(job: Job, window: Window) -> None:
    """Of pictures with the same pixels, let the first stand for the others."""
    rows = job.work.rows("alike", within=("pixels", window.low, window.high))
    first: dict[str, int] = {}
    same = {}
    for row in sorted(rows, key=precedence):
        original = first.setdefault(row["pixels"], row["id"])
        if original != row["id"]:
            same[row["id"]] = {**row, "copy_of": original}
    job.work.write("same", window.part, sorted(same.values(), key=lambda row: row["part"]))


def write_records(job: Job, part: str) -> None:
    """The files of a part with the pictures that they show; copies get their rows in the index."""
    pictures = {row["id"]: row for row in _embedded(job, part)}
    copies = []
    for row in job.work.rows("same", within=("part", part, f"{part}\0")):
        pictures[row["id"]]["copy_of"] = row["copy_of"]
        copies.append(pictures[row["id"]])
    reasons = {row["path"]: row["reason"] for row in job.work.rows("failed", prefix=f"{part}-")}
    originals = job.work.read("originals", part).to_pylist()
    originals = {path_key(decode_path(row["path"])): row for row in originals}
    skipped = [
        Skipped(decode_path(row["name"]), reasons[row["path"]])
        for key, row in originals.items()
        if key not in pictures
    ]
    repeats = []
    for row in job.work.read("repeats", part).to_pylist():
        path = decode_path(row["path"])
        if row["original"] not in pictures:
            reason = reasons[originals[row["original"]]["path"]]
            skipped.append(Skipped(decode_path(row["name"]), reason))
            continue
        same = pictures[row["original"]]
        copy_of = same["copy_of"] or same["id"]
        repeats.append({**same, **row, "id": path_key(path), "copy_of": copy_of})
    _store_copies(job, [record_of(row) for row in (*copies, *repeats)])
    save_skipped(job, f"records-{part}", skipped)
    job.work.write("records", part, [*pictures.values(), *repeats])


def _store_copies(job: Job, records: Sequence[Record]) -> None:
    """Let the index know of files that repeat a picture, unless it does."""
    catalogue = job.catalogue()
    held = set(_read(catalogue.collection, [record.id for record in records]))
    new = [record for record in records if record not in held]
    catalogue.records = {}
    catalogue.store_as(new)
    for view in catalogue.views if new else ():
        view.delete([record.id for record in new])
