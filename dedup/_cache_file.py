"""A file in the user's cache folder that keeps what takes long to find out again.

It never stops a run: where it can't be read or written, things are found out again.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

__all__ = ["CacheFile"]


class CacheFile:
    """One table of answers by key, in SQLite; what was written first goes first.

    Parameters
    ----------
    name : str
        What is kept.
    version : str
        Of what the answers depend on. Files of the same name and other versions are removed.
    key, answer : sequence of str
        Names of the columns.
    most : int
        Rows that are kept.
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> file = CacheFile(
    ...     "sums", version="1", key=["a", "b"], answer=["c"], most=9, folder=getfixture("tmp_path")
    ... )
    >>> file.put([(1, 2, 3)])
    >>> file.get([(1, 2), (2, 2)])
    {(1, 2): (3,)}
    """

    def __init__(
        self,
        name: str,
        *,
        version: str,
        key: Sequence[str],
        answer: Sequence[str],
        most: int,
        folder: Path | None = None,
    ) -> None:
        self._name = name
        self._version = version
        self._key, self._answer = list(key), list(answer)
        self._most = most
        self._folder = folder

    def get(self, keys: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The answers that are known, by key."""
        wanted = " AND ".join(f"{column} = ?" for column in self._key)
        found = {}
        with suppress(OSError, sqlite3.Error), self._open() as database:
            for key in keys:
                row = database.execute(
                    f"SELECT {', '.join(self._answer)} FROM kept WHERE {wanted}",
                    key,
                ).fetchone()
                if row is not None:
                    found[key] = row
        return found

    def put(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Keep rows of a key and its answer."""
        columns = [*self._key, *self._answer]
        with suppress(OSError, sqlite3.Error), self._open() as database, database:
            database.executemany(
                f"INSERT OR REPLACE INTO kept ({', '.join(columns)}) "
                f"VALUES ({', '.join('?' * len(columns))})",
                rows,
            )
            database.execute(
                "DELETE FROM kept WHERE number <= (SELECT max(number) FROM kept) - ?",
                (self._most,),
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of this moment: threads and forked processes share none."""
        folder = self._folder or user_cache_path("dedup", ensure_exists=True)
        file = folder / f"{self._name}-{self._version}.sqlite"
        if not file.exists():
            for other in folder.glob(f"{self._name}-{'?' * len(self._version)}.sqlite*"):
                other.unlink(missing_ok=True)
        columns = ", ".join([*self._key, *self._answer])
        with closing(sqlite3.connect(file, timeout=1)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS kept "
                f"(number INTEGER PRIMARY KEY, {columns}, UNIQUE ({', '.join(self._key)}))"
            )
            yield database
