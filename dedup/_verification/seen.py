"""What earlier runs saw in pairs of pictures, in a file of the user's cache folder.

It is kept by the digests of both files: renamed, moved or in another index, they show what they
showed. It never stops a run: where it can't be read or written, pairs are compared again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL
from platformdirs import user_cache_path

from dedup._verification.align import OPENCV
from dedup._verification.evidence import Evidence
from dedup.pipelines import decoding

__all__ = ["Digests", "SeenPairs"]

Digests: TypeAlias = tuple[str, str]

# About 1 kB each; those that were written first go first.
_KEPT = 300_000
_TABLE = """
CREATE TABLE IF NOT EXISTS seen (
    number INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL,
    evidence TEXT NOT NULL, changed BLOB, UNIQUE (a, b)
)
"""
_TUPLES = ("box_a", "box_b", "edits")


class SeenPairs:
    """Evidence of pairs of files (a, b), as it was seen from a to b.

    Parameters
    ----------
    folder : Path, optional
        Where the file is; by default the user's cache folder. Other versions of the code or of
        the libraries that the evidence depends on have other files.

    Examples
    --------
    >>> seen = SeenPairs(getfixture("tmp_path"))
    >>> seen.put({("digest of a", "digest of b"): Evidence(0.98, "near", edits=("mirrored",))})
    >>> seen.get([("digest of a", "digest of b"), ("other", "files")])[
    ...     "digest of a", "digest of b"].edits
    ('mirrored',)
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def get(self, pairs: Iterable[Digests]) -> dict[Digests, Evidence]:
        """What is known of some pairs."""
        found: dict[Digests, Evidence] = {}
        with suppress(OSError, sqlite3.Error), self._open() as database:
            for pair in pairs:
                row = database.execute(
                    "SELECT evidence, changed FROM seen WHERE a = ? AND b = ?", pair
                ).fetchone()
                if row is not None:
                    found[pair] = _evidence(*row)
        return found

    def put(self, seen: Mapping[Digests, Evidence]) -> None:
        """Remember what was seen."""
        rows = [(*pair, *_row(evidence)) for pair, evidence in seen.items()]
        with suppress(OSError, sqlite3.Error), self._open() as database, database:
            database.executemany(
                "INSERT OR REPLACE INTO seen (a, b, evidence, changed) VALUES (?, ?, ?, ?)", rows
            )
            database.execute(
                "DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ?", (_KEPT,)
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of this moment: threads and forked processes share none."""
        folder = self._folder or user_cache_path("dedup", ensure_exists=True)
        file = folder / f"seen-{_made_by()}.sqlite"
        if not file.exists():
            for other in folder.glob("seen-*.sqlite*"):
                other.unlink(missing_ok=True)
        with closing(sqlite3.connect(file, timeout=1)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(_TABLE)
            yield database


@cache
def _made_by() -> str:
    """A name of the code that evidence depends on."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted([*Path(__file__).parent.glob("*.py"), Path(decoding.__file__)]):
        digest.update(path.read_bytes())
    digest.update(" ".join([np.__version__, OPENCV, PIL.__version__]).encode())
    return digest.hexdigest()


def _row(evidence: Evidence) -> tuple[str, bytes | None]:
    values = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    changed = values.pop("changed")
    text = json.dumps(values, default=_plain)
    return text, None if changed is None else np.asarray(changed, np.float64).tobytes()


def _evidence(text: str, changed: bytes | None) -> Evidence:
    values: dict[str, Any] = json.loads(text)
    values |= {name: tuple(values[name]) for name in _TUPLES}
    if values["transform"] is not None:
        values["transform"] = np.array(values["transform"])
    if changed is not None:
        values["changed"] = np.frombuffer(changed).reshape(-1, 4, 2)
    return Evidence(**values)


def _plain(value: Any) -> Any:
    """What JSON does not know: arrays, NumPy's numbers, mappings."""
    return dict(value) if isinstance(value, Mapping) else value.tolist()
