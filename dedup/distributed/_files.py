"""From what was named to distinct files: list, digest, and find the copies by their bytes.

Files meet by their digests in parts, so that no process holds all of them.
"""

import os
from collections.abc import Sequence
from typing import Any

from dedup._base.threads import cores, threads
from dedup._catalogue.digests import digest_or_reason
from dedup._catalogue.discover import ImageFile, Skipped, discover
from dedup._catalogue.record import decode_path, encode_path, path_key
from dedup.distributed._job import Job, Window
from dedup.distributed._work import Rows
from dedup.errors import DecodeError

__all__ = ["digest_files", "files_of", "list_files", "part_originals", "save_skipped"]

_LISTED_ROWS = 8_192


def list_files(job: Job, part: str, named: str) -> None:
    """List the files of one thing that was named."""
    with job.at_home():
        found = discover(named)
    for number, start in enumerate(range(0, len(found.files), _LISTED_ROWS)):
        files = found.files[start : start + _LISTED_ROWS]
        job.work.write("files", f"{part}-{number:05}", map(_row, files))
    save_skipped(job, f"list-{part}", found.skipped)  # by which it is known that all are listed


def digest_files(job: Job, part: str) -> None:
    """Digest the files of a part."""
    rows = job.work.read("files", part).to_pylist()
    files = files_of(rows)
    with threads("read", count=cores() + 4) as readers:  # some wait for the disk
        digests = list(readers.map(digest_or_reason, files))
    skipped, known = [], []
    for row, file, digest in zip(rows, files, digests, strict=True):
        if isinstance(digest, DecodeError):
            skipped.append(Skipped(file.name, str(digest)))
        else:
            known.append({**row, "digest": digest})
    save_skipped(job, f"digest-{part}", skipped)
    known.sort(key=lambda row: row["digest"])
    job.work.write("digests", part, known)


def part_originals(job: Job, window: Window) -> None:
    """Of files whose digests are in a range, tell the first of each from those that repeat it."""
    rows = job.work.rows("digests", within=("digest", window.low, window.high))
    first: dict[str, int] = {}
    originals: dict[int, dict[str, Any]] = {}
    repeats: dict[int, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: decode_path(row["path"])):
        key = path_key(decode_path(row["path"]))
        if first.setdefault(row["digest"], key) == key:
            originals.setdefault(key, row)
        else:
            repeats.setdefault(key, {**row, "original": first[row["digest"]]})
    job.work.write("repeats", window.part, repeats.values())
    job.work.write("originals", window.part, originals.values())


def files_of(rows: Rows) -> list[ImageFile]:
    """Rows as files."""
    return [
        ImageFile(decode_path(r["path"]), decode_path(r["name"]), r["size"], r["mtime_ns"])
        for r in rows
    ]


def save_skipped(job: Job, part: str, skipped: Sequence[Skipped]) -> None:
    """Note what a task left out."""
    rows = [{"path": encode_path(one.path), "reason": one.reason} for one in skipped]
    job.work.write("skipped", part, rows)


def _row(file: ImageFile) -> dict[str, object]:
    return {
        "path": encode_path(file.path),
        "name": encode_path(os.fspath(file.name)),
        "size": file.size,
        "mtime_ns": file.mtime_ns,
    }
