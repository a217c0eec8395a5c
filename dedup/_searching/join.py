"""The self-join that vector databases lack: all pairs of a collection above a similarity.

Every row is searched for its nearest rows, and again, deeper, as long as its last hit still
passes: however many copies a picture has, none is lost behind a top-k. What was found is on
disk, so that the memory is that of a few thousand searches.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dedup._searching.audit import Audit
from dedup._searching.hashes import Hashes
from dedup._searching.spill import Block, Spill
from dedup.pipelines.errors import InputError
from dedup.pipelines.models import Vectors
from dedup.pipelines.table import MAX_HITS, Keys, Table

__all__ = ["DISTINCT", "Pairs", "self_join"]

_FIRST_DEPTH = 4
_DEEPER = 4
# Hits that one block may hold: 42 MB where keys are numbers.
_BLOCK_HITS = 2_000_000
_BLOCK_ROWS = 4_096
# Only the first file of each picture takes part; its copies are known already.
DISTINCT = "copy_of == 0"
# Scores of shortened vectors may be this far off; what is near the threshold is computed again.
_COSINE_SLACK = 0.05
_RELATIVE_SLACK = 0.1
_AUDIT = "audit-"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once.

    Attributes
    ----------
    a, b : ndarray, shape (n,)
        Ids, a < b.
    similarity : ndarray of float32, shape (n,)
        Cosine of their embeddings; of other metrics the inner product, or minus the distance.
    shallow : sequence
        Rows that were not searched to the end, as `deeper` said; with the last pairs only.
    unfinished : sequence
        Rows that may have more neighbours than the store answers; with the last pairs only.
    missed : float
        How many pairs the index is expected to have missed; with the last pairs only.
    """

    a: Keys
    b: Keys
    similarity: Vectors
    shallow: Sequence[Any] = ()
    unfinished: Sequence[Any] = ()
    missed: float = 0.0


def self_join(
    table: Table,
    *,
    threshold: float,
    where: str = DISTINCT,
    searched: Sequence[Any] | None = None,
    deeper: Callable[[list[Any]], list[Any]] = lambda ids: ids,
    all_to: int = 1,
    hashed: bool = False,
    work_folder: Path | None = None,
) -> Iterator[Pairs]:
    """All pairs of rows at or above a similarity, in rounds of deeper searches.

    Parameters
    ----------
    table : Table
    threshold : float
        Least similarity: a cosine, an inner product, or minus a distance.
    where : str, optional
        The rows that take part, as a Milvus filter.
    searched : sequence, optional
        Ids: only pairs with one of these rows are looked for.
    deeper : callable, optional
        Asked between two rounds: which of these rows, whose last hit still passed, are worth
        a deeper search. All, unless said otherwise.
    all_to : int
        So many neighbours are looked for of every such row, without asking.
    hashed : bool
        Whether vectors are hashes, which are compared in this process.
    work_folder : Path, optional
        Where what was found is kept, so that a join that was killed goes on from there.

    Yields
    ------
    Pairs
        The new pairs of a round, in ascending (a, b), at most about a million at a time.

    Raises
    ------
    InputError
        If the folder holds the work of another join.

    Notes
    -----
    An exact index misses nothing. What an approximate one missed is estimated in two ways, and
    the higher number counts. About a thousand rows are compared with all others, which shows
    the part of their pairs that was not found. And each pair has two chances, one from either
    side: of n2 pairs found from both sides and n1 from one, about n1^2 / (4 (n2 + 1)) were
    missed by both if these are independent, which they rarely are (capture and recapture;
    D. G. Chapman, "Some properties of the hypergeometric distribution with applications to
    zoological sample censuses", 1951, for equal chances). Rows that were not searched to the
    end are left out.
    """
    rows = len(table)
    table.await_index()
    job = {
        "collection": table.name,
        "address": hashlib.sha256(table.connection.uri.encode()).hexdigest()[:16],
        "vectors": table.layout.vector_field,
        "rows": rows,
        "where": where,
        "threshold": threshold,
        "searched": None if searched is None else _digest(searched),
    }
    with _folder(work_folder, job) as folder:
        join = _Join(table, Spill(folder), threshold, where, searched, hashed)
        yield from join.rounds(deeper, all_to=all_to)


@dataclass(frozen=True)
class _Join:
    table: Table
    spill: Spill
    threshold: float
    where: str
    searched: Sequence[Any] | None = None
    hashed: bool = False

    def rounds(
        self, deeper: Callable[[list[Any]], list[Any]], *, all_to: int = 1
    ) -> Iterator[Pairs]:
        """All pairs, and at last what may be missing."""
        limit = _FIRST_DEPTH
        if self.searched is not None:
            blocks = self._round(self.searched, limit, audit=self._audit())
            everyone = len(self.table)
        elif self.hashed:
            blocks = self._round(self._hashes.ids, limit)
            everyone = len(self._hashes.ids)
        else:
            blocks = self._first_round(limit)
            everyone = self.spill.searched(blocks)
        done: list[str] = []
        shallow: set[Any] = set()  # rows that were not searched to the end
        while True:
            done += blocks
            yield from self._new_pairs(done, blocks)
            full = self.spill.full(blocks, below=everyone)
            chosen = full
            if limit >= MAX_HITS:
                chosen = []
            elif limit >= all_to and full:
                chosen = deeper(full)
            shallow.update(set(full).difference(chosen))
            if not chosen:
                break
            limit = min(limit * _DEEPER, MAX_HITS)
            blocks = self._round(chosen, limit)
        none = self.table.keys([])
        unfinished = full if limit == MAX_HITS else []
        missed = self._missed(done, shallow)
        yield Pairs(none, none, np.empty(0, np.float32), sorted(shallow), unfinished, missed)

    def _windows(self) -> list[str]:
        return [f"({w}) and {self.where}" if self.where else w for w in self.table.windows()]

    @cached_property
    def _hashes(self) -> Hashes:
        return Hashes(self.table, self._windows())

    @property
    def _is_exact(self) -> bool:
        return self.hashed or self.table.layout.index.is_exact

    @property
    def _is_quantised(self) -> bool:
        return not self.hashed and self.table.layout.index.is_quantised

    def _audit(self) -> Audit | None:
        if self._is_exact:
            return None
        return Audit(self.table, self._windows(), threshold=self.threshold)

    def _first_round(self, limit: int) -> list[str]:
        audit = self._audit()
        windows = {f"{limit:05}-{n:06}": window for n, window in enumerate(self._windows())}
        todo = [name for name in windows if not self.spill.holds(name)]
        read = self._read([windows[name] for name in todo])
        for name, (ids, vectors) in zip(todo, read, strict=True):
            self._compare(name, ids, vectors, limit, audit=audit)
        return list(windows)

    def _read(self, windows: Sequence[str]) -> Iterator[tuple[list[Any], Vectors]]:
        """The rows of windows; of a server, the next are read while these are searched."""
        if self.table.connection.is_local:  # it works in this process, where nothing is gained
            yield from map(self.table.read_vectors, windows)
            return
        coming = deque[Any]()
        with ThreadPoolExecutor(1, thread_name_prefix="dedup-read") as ahead:
            for window in windows:
                coming.append(ahead.submit(self.table.read_vectors, window))
                if len(coming) == 2:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()

    def _round(self, ids: Sequence[Any], limit: int, *, audit: Audit | None = None) -> list[str]:
        blocks = []
        step = max(1, min(_BLOCK_ROWS, _BLOCK_HITS // limit))
        for start in range(0, len(ids), step):
            block = ids[start : start + step]
            blocks.append(f"{limit:05}-{_digest(block)}")
            if self.spill.holds(blocks[-1]):
                continue
            if self.hashed:
                found = self._hashes.search(block, limit=limit, threshold=self.threshold)
                self._keep(blocks[-1], block, found, least_full=limit)
            else:
                self._compare(blocks[-1], block, self.table.vectors(block), limit, audit=audit)
        return blocks

    def _compare(
        self,
        name: str,
        ids: Sequence[Any],
        vectors: Vectors,
        limit: int,
        *,
        audit: Audit | None = None,
    ) -> None:
        if audit is not None:
            found = audit.neighbours(self.table.keys(ids), vectors)
            self.spill.write(f"{_AUDIT}{name}", found)
        self._keep(name, ids, self.table.search(vectors, limit=limit, where=self.where))

    def _keep(
        self,
        name: str,
        ids: Sequence[Any],
        answers: list[tuple[Keys, Vectors]],
        *,
        least_full: int = 1,
    ) -> None:
        block = Block.of(
            self.table.keys(ids),
            answers,
            threshold=self.threshold - self._slack,
            least_full=least_full,
        )
        if self._is_quantised:
            block = replace(block, hits=self._scored_exactly(block.hits))
        self.spill.write(name, block)

    @property
    def _slack(self) -> float:
        if not self._is_quantised:
            return 0.0
        index = self.table.layout.index
        return _COSINE_SLACK if index.metric == "COSINE" else _RELATIVE_SLACK * abs(self.threshold)

    def _scored_exactly(self, hits: Any) -> Any:
        """Hits of an index that shortens vectors, by the vectors themselves."""
        for start in range(0, len(hits), _BLOCK_ROWS):
            part = hits[start : start + _BLOCK_ROWS]
            ids, places = np.unique(np.stack([part["a"], part["b"]]), return_inverse=True)
            a, b = self.table.vectors(ids.tolist())[places.reshape(2, -1)]
            part["similarity"] = self.table.similarities(a, b)
        return hits[hits["similarity"] >= self.threshold]

    def _new_pairs(self, done: Sequence[str], blocks: Sequence[str]) -> Iterator[Pairs]:
        for merged in self.spill.merged(done, new=set(blocks)):
            new = merged.is_new
            if new.any():
                yield Pairs(merged.a[new], merged.b[new], merged.similarity[new])

    def _missed(self, blocks: Sequence[str], shallow: set[Any]) -> float:
        """How many pairs are expected to be missing, beside those of shallow rows."""
        if self._is_exact:
            return 0.0
        not_searched = self.table.keys(sorted(shallow))
        once = twice = 0
        for merged in self.spill.merged(blocks):
            both = merged.by_a & merged.by_b
            other = np.where(merged.by_a, merged.b, merged.a)
            once += int((~both & ~np.isin(other, not_searched)).sum())
            twice += int(both.sum())
        lost = seen = 0
        audits = [f"{_AUDIT}{name}" for name in blocks if self.spill.holds(f"{_AUDIT}{name}")]
        for merged in self.spill.merged([*blocks, *audits], new=set(audits)):
            left_out = np.isin(merged.a, not_searched) & np.isin(merged.b, not_searched)
            lost += int((merged.is_new & ~left_out).sum())
            seen += int((merged.in_new & ~merged.is_new).sum())
        # Where some rows only are searched, most pairs can be found from one side only.
        uncaught = once**2 / (4 * (twice + 1)) if self.searched is None else 0.0
        return max(uncaught, (once + twice) * lost / max(seen, 1), lost)


def _digest(ids: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:32]


@contextmanager
def _folder(work_folder: Path | None, job: dict[str, Any]) -> Iterator[Path]:
    """A folder for the work of one join; a new one, or that where it was left."""
    if work_folder is None:
        with TemporaryDirectory(prefix="dedup-join-") as folder:
            yield Path(folder)
        return
    work_folder.mkdir(parents=True, exist_ok=True)
    record = work_folder / "join.json"
    if record.exists():
        found = json.loads(record.read_text())
        other = [f"{key} {found.get(key)!r}, not {job[key]!r}" for key in job
                 if found.get(key) != job[key]]  # fmt: skip
        if other:
            raise InputError(
                f"{work_folder} holds the work of another join ({'; '.join(other)}): "
                "remove it, or name another folder"
            )
    elif any(path.suffix != ".partial" for path in work_folder.iterdir()):
        raise InputError(f"{work_folder} is not empty, and holds no work of a join")
    else:
        partial = record.with_suffix(".partial")
        partial.write_text(json.dumps(job))
        partial.replace(record)
    yield work_folder
