"""Duplicates inside a Milvus collection that somebody else made: vectors only, no images."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.text import counted
from dedup._grouping.groups import group
from dedup._grouping.union_find import Clusters
from dedup._join.self_join import self_join
from dedup._search.decisions import ByCosine
from dedup.errors import InputError, StoreError
from dedup.pipelines.store.addresses import shown
from dedup.pipelines.store.connection import Connection, connect
from dedup.pipelines.store.storage import store_at
from dedup.pipelines.store.table import Table

__all__ = ["VectorDuplicates", "from_milvus"]

_METRICS = ("COSINE", "IP", "L2", "HAMMING")


@dataclass(frozen=True, eq=False)
class VectorDuplicates:
    """Vectors of a collection that are near each other, at one threshold.

    Attributes
    ----------
    threshold : float
        In the numbers of the metric, as Milvus gives them.
    metric : {"COSINE", "IP", "L2", "HAMMING"}
        What the collection is compared by.
    missed : float
        How many pairs the index is expected to have missed; 0 for an exact index.
    unfinished : list
        Ids of rows with more neighbours than Milvus answers (16,384).
    """

    threshold: float
    metric: str
    missed: float
    unfinished: Sequence[Any]
    _names: npt.NDArray[Any]
    _ends: npt.NDArray[np.int64]
    _values: npt.NDArray[np.float32]

    @property
    def complete(self) -> bool:
        """Whether all pairs are expected to be here."""
        return not self.unfinished and self.missed < 0.5

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The pairs, the nearest first, one a row.

        Columns: `a`, `b`; and `similarity`, or `distance` with L2 (squared) and HAMMING (bits).
        """
        order = np.lexsort((*self._ends.T[::-1], -self._sign * self._values))
        a, b = self._names[self._ends[order]].T
        column = "similarity" if self._sign > 0 else "distance"
        return pd.DataFrame({"a": a, "b": b, column: self._values[order]})

    @cached_property
    def groups(self) -> list[list[Any]]:
        """The groups, each with the row first to which all others are near.

        A row belongs to the most connected row that it is near to, never to a chain of others.
        """
        similarity = dict(
            zip(map(tuple, self._ends.tolist()), (self._sign * self._values).tolist(), strict=True)
        )
        near: dict[int, dict[int, float]] = defaultdict(dict)
        clusters = Clusters()
        for (a, b), value in similarity.items():
            near[a][b] = near[b][a] = value
            clusters.join(a, b)
        members: dict[int, list[int]] = defaultdict(list)
        for row in sorted(near):
            members[clusters.find(row)].append(row)

        def central(rows: Sequence[int]) -> int:
            among = set(rows)
            links = {row: [near[row][other] for other in near[row] if other in among]
                     for row in rows}  # fmt: skip
            return min(rows, key=lambda row: (-len(links[row]), -sum(links[row]), row))

        found = group(
            members.values(),
            candidates=sorted(similarity, key=lambda pair: (-similarity[pair], pair)),
            decision=ByCosine(similarity, threshold=float(np.float32(self._sign * self.threshold))),
            choose=central,
        )
        return [self._names[rows].tolist() for rows in found.groups if len(rows) > 1]

    def at(self, threshold: float) -> "VectorDuplicates":
        """The same pairs at a stricter threshold; nothing is searched again.

        Raises
        ------
        InputError
            If it is less strict than the search was.
        """
        if self._sign * threshold < self._sign * self.threshold:
            raise InputError(
                f"threshold={threshold:g} is less strict than {self.threshold:g}, at which "
                "was searched: search again"
            )
        kept = self._sign * self._values >= self._sign * threshold
        return replace(
            self, threshold=threshold, _ends=self._ends[kept], _values=self._values[kept]
        )

    @property
    def _sign(self) -> int:
        return -1 if self.metric in ("L2", "HAMMING") else 1

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        text = (
            f"{counted(len(self._values), 'pair')} in {counted(len(self.groups), 'group')}, "
            f"{self.metric} threshold {self.threshold:g}"
        )
        if self.unfinished:
            rows = len(self.unfinished)
            text += f"; incomplete: {rows} rows have more neighbours than Milvus answers"
        if self.missed >= 0.5:
            text += f"; incomplete: the index may have missed about {self.missed:.0f} pairs"
        return text


def from_milvus(
    uri: str | os.PathLike[str],
    collection: str,
    *,
    threshold: float,
    vector_field: str | None = None,
    id_field: str | None = None,
    metric: str | None = None,
    where: str = "",
    token: str = "",
    work_folder: str | os.PathLike[str] | None = None,
) -> VectorDuplicates:
    """Find all near-duplicates inside a Milvus collection, whoever made it, of whatever.

    Nothing is written to it, no row and no index. A collection that is not loaded is loaded
    for the search, and released again.

    Parameters
    ----------
    uri : str or path
        The address of a server or of Zilliz Cloud, or a Milvus Lite file.
    collection : str
        Its name. Ids are numbers or texts.
    threshold : float
        Where a pair begins, in Milvus' own numbers: at least this COSINE or inner product
        (IP); or at most this distance, with L2 (Milvus gives its square) and HAMMING (bits).
    vector_field : str, optional
        The vectors that are compared; found if there is one such field.
    id_field : str, optional
        A field that names the rows in the result; by default the primary key.
    metric : {"COSINE", "IP", "L2", "HAMMING"}, optional
        Checked against that of the index.
    where : str, optional
        A Milvus filter: only these rows are compared.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud. By default what the
        environment variable MILVUS_TOKEN says.
    work_folder : str or path, optional
        A folder for what is found on the way: a search that was killed goes on from there.

    Returns
    -------
    VectorDuplicates
        With `.groups`, `.pairs`, `.complete` and `.at(threshold)`.

    Raises
    ------
    StoreUnavailable
        If Milvus does not answer, or refuses the token.
    StoreError
        If there is no such collection, or it has no index, no vectors that can be compared, or
        several such fields and none was named.
    InputError
        If the threshold is no number of the metric, or the index has another metric.

    Examples
    --------
    >>> import dedup
    >>> folder = getfixture("sample_folder")
    >>> with dedup.ImageIndex(folder.parent / "rows.db") as index:
    ...     print(index.add(folder))
    6 embedded, 2 copies recognised, 0 unchanged, 0 skipped
    >>> found = from_milvus(folder.parent / "rows.db", "dedup", threshold=0.6, id_field="path")
    >>> sorted(len(group) for group in found.groups), found.complete
    ([3, 5], True)
    """
    address = os.fspath(uri)
    if store_at(address) == "lite" and not os.path.exists(address):
        raise StoreError(f"{shown(address)}: there is no such Milvus Lite file")
    folder = None if work_folder is None else Path(work_folder)
    connection = connect(address, token=token)
    try:
        table = _checked(connection, collection, vector_field=vector_field, metric=metric)
        least = _least(table, threshold)
        with _loaded(table):
            parts = list(self_join(table, threshold=least, where=where, work_folder=folder))
            ends = np.concatenate([np.stack([part.a, part.b], axis=1) for part in parts])
            ids, places = np.unique(ends, return_inverse=True)
            names = ids
            if id_field is not None and id_field != table.layout.id_field:
                names = np.array(table.read_ids(ids.tolist(), field=id_field), object)
    finally:
        connection.close()
    values = np.concatenate([part.similarity for part in parts])
    return VectorDuplicates(
        threshold=threshold,
        metric=table.layout.index.metric,
        missed=parts[-1].missed,
        unfinished=parts[-1].unfinished,
        _names=names,
        _ends=places.reshape(-1, 2),
        _values=-values if table.holds_distances else values,
    )


def _checked(
    connection: Connection, name: str, *, vector_field: str | None, metric: str | None
) -> Table:
    """The collection, if it can be searched."""
    known = connection.call("list its collections", "list_collections")
    if name not in known:
        raise StoreError(
            f"{connection.uri} has no collection {name!r}; it has: {', '.join(known) or 'none'}"
        )
    table = Table(connection, name=name, vector_field=vector_field)
    table.forget_layout()
    index = table.layout.index
    field = table.layout.vector_field
    if not index.type:
        raise StoreError(
            f"{field} of the collection {name!r} has no index, without which Milvus does not "
            "search: create one (client.create_index)"
        )
    if metric is not None and metric.upper() != index.metric:
        raise InputError(
            f"metric={metric!r}: the index of {field} in {name!r} compares by {index.metric}"
        )
    if index.metric not in _METRICS:
        raise StoreError(
            f"{field} of the collection {name!r} is compared by {index.metric}; "
            f"supported: {', '.join(_METRICS)}"
        )
    return table


def _least(table: Table, threshold: float) -> float:
    """The least similarity, which is minus the most distance."""
    metric = table.layout.index.metric
    if metric == "COSINE" and not -1 <= threshold <= 1:
        raise InputError(f"threshold={threshold}: expected a cosine, -1 to 1")
    if table.holds_distances and threshold < 0:
        raise InputError(f"threshold={threshold}: expected a distance ({metric}), 0 or more")
    return -threshold if table.holds_distances else threshold


@contextmanager
def _loaded(table: Table) -> Iterator[None]:
    """With the collection loaded; released again if it was not."""
    connection, name = table.connection, table.name
    state = connection.call("look at it", "get_load_state", name)["state"]
    if state.name != "Loaded":
        table.load()
    if state.name in ("Loaded", "Loading"):
        yield
        return
    try:
        yield
    finally:
        connection.loaded.discard(name)
        connection.call("release it", "release_collection", name)
