"""The self-join that vector databases lack: all pairs of a collection above a similarity.

Every row is searched for its nearest rows, and again, deeper, as long as its last hit still
passes: however many copies a picture has, none is lost behind a top-k.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dedup.pipelines.milvus import MAX_HITS, Collection, Ids
from dedup.pipelines.models import Vectors

__all__ = ["Pairs", "self_join"]

_FIRST_DEPTH = 16
_DEEPER = 4
# Only the first file of each picture takes part; its copies are known already.
DISTINCT = "copy_of == 0"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once.

    Attributes
    ----------
    a, b : ndarray of int64, shape (n,)
        Ids, a < b.
    similarity : ndarray of float32, shape (n,)
        Cosine of their embeddings.
    unfinished : list of int
        Rows that may have more neighbours than the store answers.
    """

    a: Ids
    b: Ids
    similarity: Vectors
    unfinished: list[int]


def self_join(
    collection: Collection,
    *,
    threshold: float,
    deeper: Callable[[list[int]], list[int]] = lambda ids: ids,
) -> Iterator[Pairs]:
    """All pairs of distinct pictures at or above a similarity, in rounds.

    Parameters
    ----------
    collection : Collection
    threshold : float
        Cosine, -1 to 1.
    deeper : callable, optional
        Asked between two rounds: which of these rows, whose last hit still passed, are worth
        a deeper search. All, unless said otherwise.

    Yields
    ------
    Pairs
        The new pairs of a round, in ascending (a, b).
    """
    seen: set[tuple[int, int]] = set()
    limit, ids = _FIRST_DEPTH, None
    while ids is None or ids:
        pairs, full = _round(collection, ids, limit=limit, threshold=threshold, seen=seen)
        at_end = limit >= MAX_HITS
        yield _as_pairs(pairs, unfinished=full if at_end else [])
        ids = [] if at_end else deeper(full)
        limit = min(limit * _DEEPER, MAX_HITS)


def _round(
    collection: Collection,
    ids: list[int] | None,
    *,
    limit: int,
    threshold: float,
    seen: set[tuple[int, int]],
) -> tuple[dict[tuple[int, int], float], list[int]]:
    """The new pairs of one depth, and the rows whose every hit passed."""
    new: dict[tuple[int, int], float] = {}
    full = []
    for block, vectors in _blocks(collection, ids):
        answers = collection.search(vectors, limit=limit, where=DISTINCT)
        for key, (hits, scores) in zip(block, answers, strict=True):
            passing = scores >= threshold
            if len(hits) == limit and passing.all():
                full.append(key)
            for hit, score in zip(hits[passing].tolist(), scores[passing].tolist(), strict=True):
                pair = (key, hit) if key < hit else (hit, key)
                if key != hit and pair not in seen:
                    seen.add(pair)
                    new[pair] = score
    return new, full


def _blocks(collection: Collection, ids: list[int] | None) -> Iterator[tuple[list[int], Vectors]]:
    if ids is not None:
        for start in range(0, len(ids), 512):
            block = ids[start : start + 512]
            yield block, collection.vectors(block)
        return
    for rows in collection.rows(("id", "vector"), where=DISTINCT):
        yield (
            [int(row["id"]) for row in rows],
            np.array([row["vector"] for row in rows], np.float32),
        )


def _as_pairs(pairs: dict[tuple[int, int], float], *, unfinished: list[int]) -> Pairs:
    ordered = sorted(pairs.items())
    ids = np.array([pair for pair, _ in ordered], np.int64).reshape(-1, 2)
    similarity = np.array([score for _, score in ordered], np.float32)
    return Pairs(ids[:, 0], ids[:, 1], similarity, unfinished)
