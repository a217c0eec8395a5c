"""The folder of a Milvus Lite file: only one's own is opened, and it never leads elsewhere.

Milvus Lite writes and deletes by the names that it finds in its folder, and follows links: a
folder that somebody else laid out could make it delete files anywhere.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any

from dedup.errors import StoreError

__all__ = ["drop_flushed_logs", "make_own"]

# Of what it reads, these name files that it writes and deletes.
_BOOKS = ("manifest.json", "manifest.json.prev", "schema.json", "aliases.json")

_LOG = re.compile(r"wal_(?:data|delta)_(\d+)\.arrow")


def make_own(path: str) -> None:
    """Make the folder, closed to other users; or check the one that is there.

    Parameters
    ----------
    path : str

    Raises
    ------
    StoreError
        If it is a link or holds one, or something that is no file; if other users own any of
        it; if it names files outside of it. Nothing was changed then.
    """
    try:
        if not os.path.lexists(path):
            os.mkdir(path, 0o700)
        for entry in _entries(path):
            _require_own(entry, index=path)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}: {error.filename}") from error


def drop_flushed_logs(path: str) -> None:
    """Delete logs of rows that are in the files already, as Milvus Lite does after it wrote them.

    Where it was killed between the two, it would read the logs too, and hold these rows twice.
    The caller holds the folder's lock, and no collection is open yet.

    Parameters
    ----------
    path : str
    """
    for book in Path(path).rglob("manifest.json"):
        try:
            first = json.loads(book.read_bytes())["active_wal_number"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue  # Milvus Lite has another, or says that it can't read it
        for log in book.parent.glob("wal/wal_*.arrow"):
            number = _LOG.fullmatch(log.name)
            if isinstance(first, int) and number is not None and int(number[1]) < first:
                log.unlink(missing_ok=True)


def _entries(path: str) -> Iterator[Path]:
    yield Path(path)
    if not os.path.islink(path):
        for folder, folders, files in os.walk(path, onerror=_raise):
            yield from (Path(folder, name) for name in (*folders, *files))


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # another process has just deleted it
        raise error


def _require_own(entry: Path, *, index: str) -> None:
    try:
        known = entry.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(known.st_mode):
        raise StoreError(
            f"{index}: {entry} is a link, and an index that somebody else made could lead Milvus "
            "Lite to files that are not its own: name the folder itself, without links in it"
        )
    if not (stat.S_ISDIR(known.st_mode) or stat.S_ISREG(known.st_mode)):
        raise StoreError(f"{index}: {entry} is neither a file nor a folder")
    if hasattr(os, "geteuid") and known.st_uid not in (os.geteuid(), 0):
        raise StoreError(
            f"{index}: {entry} belongs to another user (number {known.st_uid}), who may change "
            "it while it is used: make a copy of your own, or use a Milvus server"
        )
    if entry.name in _BOOKS and stat.S_ISREG(known.st_mode):
        for name in _names(entry):
            if _leads_out(name):
                raise StoreError(f"{index}: {entry} names a file outside of the index: {name!r}")


def _names(book: Path) -> Iterator[str]:
    """What a book of Milvus Lite may name files by."""
    try:
        content = json.loads(book.read_bytes())
    except (ValueError, RecursionError, FileNotFoundError):
        return  # Milvus Lite can't read it either
    if book.name == "schema.json":  # its properties are free text
        content = content.get("fields") if isinstance(content, dict) else None
    yield from _texts(content)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        yield from content
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def _leads_out(name: str) -> bool:
    # Read as Windows does, `\` and drives count as well: Milvus Lite takes `\` for `/`.
    parts = PureWindowsPath(name)
    return bool(parts.anchor) or ".." in parts.parts
