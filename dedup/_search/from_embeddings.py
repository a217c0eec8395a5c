"""Duplicates among vectors that the user has at hand, whatever they are of."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._join.brute_force import Matrix
from dedup._join.spill import Block
from dedup._search.from_milvus import VectorDuplicates
from dedup.errors import InputError
from dedup.pipelines.store.table import MAX_HITS

__all__ = ["from_embeddings"]


def from_embeddings(
    names: Iterable[Any], vectors: npt.ArrayLike, *, threshold: float
) -> VectorDuplicates:
    """Find all near-duplicates among vectors of your own, by their cosine.

    All are compared with all, in this process: nothing is missed. Vectors alone verify nothing,
    and no file is looked at.

    Parameters
    ----------
    names : iterable of path, str or int
        What the result calls the vectors, each once.
    vectors : array_like, shape (n, dimension)
        Of any length but 0.
    threshold : float
        Cosine from which two are near each other, -1 to 1.

    Returns
    -------
    VectorDuplicates
        With `.groups`, `.pairs`, `.complete` and `.at(threshold)`.

    Raises
    ------
    InputError
        If the vectors are none, or as many as the names, or two have the same name.

    Examples
    --------
    >>> found = from_embeddings(["a", "b", "c"], [[1, 0], [0, 1], [1, 0.1]], threshold=0.9)
    >>> found.groups
    [['a', 'c']]
    """
    listed = list(names)
    array = _checked(listed, vectors)
    if not -1 <= threshold <= 1:
        raise InputError(f"threshold={threshold}: expected a cosine, -1 to 1")
    blocks = _all_pairs(array, threshold)
    hits = np.concatenate([block.hits for block in blocks]) if blocks else _no_hits()
    lost = {int(row) for block in blocks for row in block.full_rows}
    shown = np.empty(len(listed), object)
    shown[:] = listed
    return VectorDuplicates(
        threshold=threshold,
        metric="COSINE",
        missed=0.0,
        unfinished=[listed[row] for row in sorted(lost)],
        _names=shown,
        _ends=np.stack([hits["a"], hits["b"]], axis=1),
        _values=hits["similarity"],
    )


def _all_pairs(vectors: npt.NDArray[np.float32], threshold: float) -> list[Block]:
    rows, dimension = vectors.shape
    with tempfile.TemporaryDirectory(prefix="dedup-") as folder:
        matrix = Matrix(
            [(list(range(rows)), vectors)],
            Path(folder) / "vectors.f32",
            metric="COSINE",
            dimension=dimension,
            keys=_keys,
        )
        blocks = [
            block
            for strip in matrix.strips
            for block in matrix.pairs(strip, limit=MAX_HITS, threshold=threshold)
        ]
        if matrix.is_crowded:
            blocks = [matrix.nearest(block, limit=MAX_HITS) for block in blocks]
    return blocks


def _keys(ids: Sequence[Any]) -> npt.NDArray[np.int64]:
    return np.array(ids, np.int64)


def _no_hits() -> npt.NDArray[Any]:
    return Block.of(_keys([]), [], threshold=0).hits


def _checked(names: Sequence[Any], vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
    try:
        array = np.asarray(vectors, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"vectors: expected numbers: {error}") from error
    if array.ndim != 2 or not array.shape[1]:
        raise InputError(f"vectors of the shape {array.shape}: expected (n, dimension)")
    if len(names) != len(array):
        raise InputError(f"{len(names):,} names for {len(array):,} vectors")
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InputError(f"two vectors have the same name: {twice}")
    lengths = np.linalg.norm(array, axis=1)
    wrong = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(wrong):
        raise InputError(f"the vector of {names[wrong[0]]} has no direction")
    return array
