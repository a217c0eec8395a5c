"""A file in the user's cache folder that keeps what takes long to find out again.

It never stops a run: where it can't be read or written, things are found out again, and a file
that no run can use is made anew. Each row has a checksum, so that none is believed that is damaged.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from dedup._base.cache_folder import cache_folder
from dedup.errors import InputError

__all__ = ["CacheFile"]

_T = TypeVar("_T")

# What says nothing about the file: another process writes, or the disk has no room.
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class CacheFile(Generic[_T]):
    """One table of answers by key, in SQLite; what was written first goes first.

    Parameters
    ----------
    name : str
        What is kept.
    version : str
        Of what the answers depend on. Files of the same name and other versions are removed.
    key, answer : sequence of str
        Names of the columns.
    read : callable
        Makes an answer of its columns. A row for which it raises is not known.
    most : int
        Rows that are kept.
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> file = CacheFile(
    ...     "sums",
    ...     version="1",
    ...     key=["a", "b"],
    ...     answer=["c"],
    ...     read=int,
    ...     most=9,
    ...     folder=getfixture("tmp_path"),
    ... )
    >>> file.put([(1, 2, 3), (2, 2, "four")])
    >>> file.get([(1, 2), (2, 2), (3, 2)])
    {(1, 2): 3}
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        key: Sequence[str],
        answer: Sequence[str],
        read: Callable[..., _T],
        most: int,
        folder: Path | None = None,
    ) -> None:
        self._name = name
        self._version = version
        self._key, self._answer = list(key), list(answer)
        self._read = read
        self._most = most
        self._folder = folder

    def get(self, keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], _T]:
        """The answers that are known, by key."""
        keys = list(keys)
        answer = ", ".join([*self._answer, "checksum"])
        wanted = " AND ".join(f"{column} = ?" for column in self._key)
        found: dict[tuple[Any, ...], _T] = {}
        if not keys:
            return found
        with self._going_on(), self._open() as database:
            for key in keys:
                row = database.execute(
                    f"SELECT {answer} FROM kept WHERE {wanted}",
                    key,
                ).fetchone()
                if row is not None and row[-1] == _checksum((*key, *row[:-1])):
                    with suppress(Exception):  # whatever stands in a row that is none
                        found[key] = self._read(*row[:-1])
        return found

    def put(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keep rows of a key and its answer."""
        kept = [(*row, _checksum(row)) for row in rows]
        if not kept:
            return
        columns = [*self._key, *self._answer, "checksum"]
        with self._going_on(), self._open() as database, database:
            database.executemany(
                f"INSERT OR REPLACE INTO kept ({', '.join(columns)}) "
                f"VALUES ({', '.join('?' * len(columns))})",
                kept,
            )
            database.execute(
                "DELETE FROM kept WHERE number <= (SELECT max(number) FROM kept) - ?",
                (self._most,),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of this moment: threads and forked processes share none."""
        file = self._file
        if not file.exists():
            self._remove()
            file.touch(mode=0o600)  # as SQLite's files beside it then are
        columns = ", ".join([*self._key, *self._answer, "checksum"])
        with closing(sqlite3.connect(file, timeout=1)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS kept "
                f"(number INTEGER PRIMARY KEY, {columns}, UNIQUE ({', '.join(self._key)}))"
            )
            yield database

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Go on without the file where it fails, and without it for good where it always would."""
        with suppress(OSError, InputError):
            try:
                yield
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
                if code & 0xFF not in _PASSING:  # damaged, of another schema, or another user's
                    self._remove()

    @property
    def _file(self) -> Path:
        return (self._folder or cache_folder()) / f"{self._name}-{self._version}.sqlite"

    def _remove(self) -> None:
        """Remove the file, and those of other versions."""
        versions = f"{self._name}-{'?' * len(self._version)}.sqlite*"
        for file in self._file.parent.glob(versions):
            file.unlink(missing_ok=True)


def _checksum(values: tuple[Any, ...]) -> bytes:
    """Of numbers, texts and bytes, as SQLite gives them back."""
    digest = hashlib.blake2b(digest_size=8)
    for value in values:
        data = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()
