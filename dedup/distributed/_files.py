"""From what was named to distinct files: list, digest, and find the copies by their bytes.

Files meet by their digests in parts, so that no process holds all of them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from dedup._base.threads import cores, threads
from dedup._catalogue.digests import digest_or_reason
from dedup._catalogue.discover import ImageFile, Skipped, discover
from dedup._catalogue.record import Record, decode_path, encode_path, path_key
from dedup.distributed._job import Job, Window
from dedup.distributed._work import Rows
from dedup.errors import DecodeError

__all__ = [
    "digest_files",
    "files_of",
    "forget_changed",
    "list_files",
    "part_originals",
    "precedence",
    "save_skipped",
]

_LISTED_ROWS = 8_192


def list_files(job: Job, part: str, named: Sequence[str]) -> None:
    """List the files of some things that were named."""
    with job.at_home():
        found = discover(named)
    for number, start in enumerate(range(0, len(found.files), _LISTED_ROWS)):
        files = found.files[start : start + _LISTED_ROWS]
        job.work.write("files", f"{part}-{number:05}", map(_row, files))
    save_skipped(job, f"list-{part}", found.skipped)  # by which it is known that all are listed


def digest_files(job: Job, part: str) -> None:
    """Digest the files of a part, but those that are what the index holds of them."""
    rows = job.work.read("files", part).to_pylist()
    files = files_of(rows)
    catalogue = job.catalogue()
    catalogue.know(file.path for file in files)
    with threads("read", count=cores() + 4) as readers:  # some wait for the disk
        digests = list(readers.map(partial(_digest, catalogue.records), files))
    skipped, read, changed, touched = [], [], [], []
    for row, file, digest in zip(rows, files, digests, strict=True):
        known = catalogue.records.get(file.path)
        is_held = known is not None and known.digest == digest
        if known is not None and not is_held:
            changed.append(row)
        if isinstance(digest, DecodeError):
            skipped.append(Skipped(file.name, str(digest)))
            continue
        tag = job.tag or (known.tag if known is not None else "")
        if known is not None and is_held:
            touched.append(replace(known, size=file.size, mtime_ns=file.mtime_ns, tag=tag))
        held = 0 if known is None or not is_held else 1 if known.copy_of else 2
        read.append({**row, "digest": digest, "tag": tag, "held": held})
    catalogue.rewrite([one for one in touched if one != catalogue.records[one.path]])
    save_skipped(job, f"digest-{part}", skipped)
    job.work.write("changed", part, changed)
    job.work.write("digests", part, sorted(read, key=lambda row: row["digest"]))


def _digest(known: Mapping[str, Record], file: ImageFile) -> str | DecodeError:
    """The digest of a file; as it is known, if size and time are the same."""
    one = known.get(file.path)
    if one is not None and (one.size, one.mtime_ns) == (file.size, file.mtime_ns):
        return one.digest
    return digest_or_reason(file)


def forget_changed(job: Job, part: str) -> None:
    """Take files out of the index that have changed since: another may stand for what they showed.

    One task does it, since which file that is depends on all that go.
    """
    paths = [decode_path(path) for path in job.work.gather("changed")["path"].to_pylist()]
    catalogue = job.catalogue()
    catalogue.know(paths, copies=True)
    catalogue.remove(paths)
    job.work.write("forgotten", part, [{"id": path_key(path)} for path in paths])


def part_originals(job: Job, window: Window) -> None:
    """Of files whose digests are in a range, tell the first of each from those that repeat it."""
    rows = job.work.rows("digests", within=("digest", window.low, window.high))
    first: dict[str, int] = {}
    originals: dict[int, dict[str, Any]] = {}
    repeats: dict[int, dict[str, Any]] = {}
    for row in sorted(rows, key=precedence):
        key = path_key(decode_path(row["path"]))
        if first.setdefault(row["digest"], key) == key:
            originals.setdefault(key, row)
        else:
            repeats.setdefault(key, {**row, "original": first[row["digest"]]})
    job.work.write("repeats", window.part, repeats.values())
    job.work.write("originals", window.part, originals.values())


def precedence(row: Mapping[str, Any]) -> tuple[int, str]:
    """Of files that show one picture, that comes first which stands for it in the index."""
    return -row["held"], decode_path(row["path"])


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
