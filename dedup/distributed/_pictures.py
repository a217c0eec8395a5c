"""From distinct files to distinct pictures in the index: decode, embed, store, find pixel copies.

A picture is stored with its embedding before its part is there; which of them are the same to the
pixel is found afterwards. Those meet by what they look like: pictures of one kind, and as bright.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from dedup import pipelines
from dedup._base.arrays import Vectors
from dedup._catalogue.catalogue import picture_of
from dedup._catalogue.discover import ImageFile, Skipped
from dedup._catalogue.exact_copies import Picture, PictureBook, thumbnail
from dedup._catalogue.record import FIELDS, Record, decode_path, encode_path, path_key
from dedup.distributed._files import files_of, save_skipped
from dedup.distributed._job import Job, Window
from dedup.distributed._tables import SCHEMAS
from dedup.distributed._work import Rows
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.models.networks import NO_DIRECTION
from dedup.pipelines.store.collection import Collection, Row

__all__ = ["embed_pictures", "find_alike", "find_same", "record_of", "sort_cells", "write_records"]

_CHUNK = 32
# Halves of pictures that are the same differ in brightness by no more; and the steps in which
# it is counted.
_TOLERANCE = 2
_STEP = 8
_READS = 512


def embed_pictures(job: Job, part: str, start: int) -> None:
    """Bring some of the originals of a part into the index, unless it has them."""
    originals = job.work.read("originals", part).slice(start, job.part).to_pylist()
    images = job.images()
    records = _known(images, originals)
    todo = [row for row in originals if path_key(decode_path(row["path"])) not in records]
    name = f"{part}-{start:08}"
    skipped: list[Skipped] = []
    if todo:
        decoder, store = pipelines.decode(method=job.model), _store(job)
        for at in range(0, len(todo), _CHUNK):
            rows = todo[at : at + _CHUNK]
            files = files_of(rows)
            (decoded,) = pipelines.call(decoder, [f.source for f in files], lambda: False).get()
            new, pixels = [], []
            for row, file, result in zip(rows, files, decoded, strict=True):
                if isinstance(result, DecodeError):
                    skipped.append(Skipped(file.path, str(result)))
                else:
                    new.append(_record(file, result, digest=row["digest"]).row())
                    pixels.append(result.image)
            if new:
                written, lost, *_ = pipelines.call(store, new, pixels).get()
                records |= {row["id"]: Record.from_row(row) for row in written}
                skipped += [Skipped(decode_path(row["path"]), NO_DIRECTION) for row in lost]
    names = {path_key(decode_path(row["path"])): row["name"] for row in originals}
    vectors = images.vectors(list(records))
    job.work.write(
        "failed", name, [{"path": encode_path(s.path), "reason": s.reason} for s in skipped]
    )
    job.work.write(
        "embeddings",
        name,
        [
            {**_row(record, names[record.id]), "embedding": vector.astype(np.float16)}
            for record, vector in zip(records.values(), vectors, strict=True)
        ],
    )


def _store(job: Job) -> Any:
    return pipelines.ingest(
        method=job.model,
        uri=job.uri,
        collection=job.collection,
        regions=job.regions,
        token=job.token,
    )


def _known(images: Collection, originals: Rows) -> dict[int, Record]:
    """What the index holds of these files, as they are, by id."""
    wanted = {path_key(decode_path(row["path"])): row for row in originals}
    found = (Record.from_row(row) for row in _read(images, list(wanted)))
    return {
        one.id: one
        for one in found
        if not one.copy_of
        and (one.digest, one.size, one.mtime_ns)
        == tuple(wanted[one.id][name] for name in ("digest", "size", "mtime_ns"))
    }


def _read(images: Collection, ids: Sequence[int]) -> Iterator[Row]:
    for start in range(0, len(ids), _READS):
        these = ", ".join(map(str, ids[start : start + _READS]))
        yield from images.read(f"id in [{these}]", fields=FIELDS)


def _record(file: ImageFile, decoded: Decoded, *, digest: str) -> Record:
    return Record(
        path=file.path,
        size=file.size,
        mtime_ns=file.mtime_ns,
        digest=digest,
        format=decoded.format,
        width=decoded.width,
        height=decoded.height,
        thumbnail=thumbnail(decoded.image).tobytes(),
        frames=decoded.frames,
        depth=decoded.depth,
        alpha=decoded.is_transparent,
    )


def _row(record: Record, name: str) -> dict[str, Any]:
    values = {field: getattr(record, field) for field in FIELDS}
    return {**values, "path": encode_path(record.path), "name": name}


def record_of(row: dict[str, Any]) -> Record:
    """A row of `records` as the index knows it."""
    values = {field: row[field] for field in FIELDS if field != "id"}
    return Record(**{**values, "path": decode_path(row["path"])})


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
        for row in sorted(rows, key=lambda row: decode_path(row["path"])):
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
    for row in sorted(rows, key=lambda row: decode_path(row["path"])):
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
    for view in job.views().values() if copies else ():
        view.delete([row["id"] for row in copies])
    save_skipped(job, f"records-{part}", skipped)
    job.work.write("records", part, [*pictures.values(), *repeats])


def _store_copies(job: Job, records: Sequence[Record]) -> None:
    images = job.images()
    for start in range(0, len(records), _READS):
        block = records[start : start + _READS]
        vectors: Vectors = images.vectors([record.picture for record in block])
        rows = zip(block, vectors, strict=True)
        images.upsert([{**record.row(), "vector": vector} for record, vector in rows])
