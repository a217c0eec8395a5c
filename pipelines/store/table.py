"""What is read of a Milvus collection: its rows, their vectors, the nearest rows of others."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Vectors
from dedup._base.bits import cosines
from dedup.errors import StoreError
from dedup.pipelines.store.connection import Connection
from dedup.pipelines.store.describe import describe
from dedup.pipelines.store.layout import Layout
from dedup.pipelines.store.storage import Index

__all__ = ["MAX_HITS", "Keys", "Row", "Table"]

Row = dict[str, Any]
Keys = npt.NDArray[Any]

# A server answers at most 16,384 rows or hits, and messages of at most 64 MB.
MAX_HITS = 16_384
_HITS_A_CALL = 500_000
# Searches a call: Milvus Lite spends up to 0.2 s on a call, however few they are.
_SEARCHES = 4_096
_READS = 1_024
# Where Milvus Lite compares searches with all rows, it holds each distance three times, 12 bytes.
_DISTANCES_A_CALL = 8_000_000
_VECTOR_BYTES = 8 * 2**20
_TINY = np.finfo(np.float32).tiny
# A server that builds no more of an index for so long is not waited for: a large part of one
# takes minutes.
_STALLED_SECONDS = 600.0


class Table:
    """A Milvus collection, for reading.

    Parameters
    ----------
    connection : Connection
        Where it lives.
    name : str
        Its name there.
    vector_field : str, optional
        The vectors that are searched, where it has several.
    """

    def __init__(
        self, connection: Connection, *, name: str, vector_field: str | None = None
    ) -> None:
        self.connection = connection
        self.name = name
        self._vector_field = vector_field

    @property
    def layout(self) -> Layout:
        """Where it holds what; looked up once a client."""
        key = (self.name, self._vector_field)
        if key not in self.connection.layouts:
            self.connection.layouts[key] = describe(
                self.connection, self.name, vector_field=self._vector_field
            )
        return self.connection.layouts[key]

    def forget_layout(self) -> None:
        """Look it up again when it is needed: it has changed."""
        self.connection.layouts.pop((self.name, self._vector_field), None)

    def load(self) -> None:
        """Make it ready for searches, once a client: a reopened file has it released."""
        if self.name not in self.connection.loaded:
            self._call("load it", "load_collection")
            self.connection.loaded.add(self.name)

    def await_index(self) -> None:
        """Wait until a server has built its index: without it, it compares all with all."""
        layout = self.layout
        pending, since = -1, time.monotonic()
        while not self.connection.is_local and layout.index.type:
            found = self._call("describe its index", "describe_index", index_name=layout.index.name)
            now = int(found.get("pending_index_rows", 0))
            if now != pending:
                pending, since = now, time.monotonic()
            if now == 0 or time.monotonic() - since > _STALLED_SECONDS:
                return
            time.sleep(0.2)

    def fields(self) -> list[Row]:
        """Its fields in their order: `name`, `type`, `auto_id` where Milvus fills it, ..."""
        fields: list[Row] = self._call("describe it", "describe_collection")["fields"]
        return fields

    def __len__(self) -> int:
        # Strong, which takes a server 0.2 s: from here on this client sees what was there now.
        rows = self._call(
            "count its rows",
            "query",
            filter="",
            output_fields=["count(*)"],
            consistency_level="Strong",
        )
        return int(rows[0]["count(*)"])

    def read(self, where: str, *, fields: Sequence[str]) -> list[Row]:
        """The rows that a filter selects, by ascending id; vectors are rows of floats."""
        rows: list[Row] = self._read(
            "read its rows", "query", filter=where, output_fields=list(fields)
        )
        layout = self.layout
        if rows and layout.vector_field in fields:
            vectors = layout.format.read([row[layout.vector_field] for row in rows])
            rows = [
                {**row, layout.vector_field: vector}
                for row, vector in zip(rows, vectors, strict=True)
            ]
        return sorted(rows, key=lambda row: row[layout.id_field])

    def read_vectors(self, where: str) -> tuple[list[Any], Vectors]:
        """The ids that a filter selects, ascending, and their vectors."""
        layout = self.layout
        rows = self.read(where, fields=[layout.id_field, layout.vector_field])
        vectors = np.array([row[layout.vector_field] for row in rows], np.float32)
        return [row[layout.id_field] for row in rows], vectors.reshape(-1, layout.dimension)

    def read_ids(self, ids: Sequence[Any], *, field: str) -> list[Any]:
        """What a field holds for each of these ids."""
        layout = self.layout
        found: dict[Any, Any] = {}
        for start in range(0, len(ids), _READS):
            block = _literal(list(ids[start : start + _READS]))
            rows = self.read(f"{layout.id_field} in {block}", fields=[layout.id_field, field])
            found.update((row[layout.id_field], row.get(field)) for row in rows)
        missing = sum(key not in found for key in ids)
        if missing:
            raise StoreError(f"{self.connection.uri} no longer holds {missing} of its rows")
        return [found[key] for key in ids]

    def vectors(self, ids: Sequence[Any]) -> Vectors:
        """The vectors of these ids, in their order; shape (n, dimension)."""
        values = self.read_ids(ids, field=self.layout.vector_field)
        return np.stack(values) if values else np.empty((0, 0), np.float32)

    def windows(self) -> list[str]:
        """Filters that cut it into parts that are read at once, by the order of the ids."""
        key = self.layout.id_field
        edges: list[Any] = []
        ordered = {"iterator": "True"} if self.connection.is_local else {}  # a server orders anyway
        while True:
            rows = self._read(
                "read its ids",
                "query",
                filter=f"{key} > {_literal(edges[-1])}" if edges else "",
                output_fields=[key],
                limit=self.window_rows,
                **ordered,
            )
            if len(rows) < self.window_rows:
                break
            edges.append(max(row[key] for row in rows))
        if not edges:
            return [f'{key} >= ""' if self.layout.has_text_ids else f"{key} < 0 or {key} >= 0"]
        texts = [_literal(edge) for edge in edges]
        inner = [f"{key} > {low} and {key} <= {high}" for low, high in pairwise(texts)]
        return [f"{key} <= {texts[0]}", *inner, f"{key} > {texts[-1]}"]

    @property
    def window_rows(self) -> int:
        """Rows that are read at once, so that an answer stays far below 64 MB."""
        return max(64, min(8_192, 2 * _VECTOR_BYTES // (4 * self.layout.dimension)))

    def hits(
        self, vectors: Vectors, *, limit: int, where: str = "", fields: Sequence[str] = ()
    ) -> Iterator[list[Row]]:
        """The nearest rows of each vector, best first: `id`, `score` and the fields asked for.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension)
        limit : int
            Hits for each vector, at most `MAX_HITS`.
        where : str, optional
            Milvus filter expression.
        fields : sequence of str, optional
            Fields to return.

        Yields
        ------
        list of dict
            `score` is Milvus' own number; of hashes it is the cosine.
        """
        for answer in self._answers(vectors, limit=limit, where=where, fields=fields):
            scores = self._scores(answer.distances).tolist()
            yield [
                {**hit["entity"], "id": key, "score": score}
                for hit, key, score in zip(answer, answer.ids, scores, strict=True)
            ]

    def search(
        self, vectors: Vectors, *, limit: int, where: str = ""
    ) -> list[tuple[Keys, Vectors]]:
        """The nearest rows of each vector as arrays: ids, and similarities, best first.

        Distances are returned as negative numbers, so that higher is always nearer.
        """
        sign = -1 if self.holds_distances else 1
        return [
            (self.keys(answer.ids), sign * self._scores(answer.distances))
            for answer in self._answers(vectors, limit=limit, where=where)
        ]

    def similarity_matrix(self, a: Vectors, b: Vectors) -> Vectors:
        """The exact similarities of two sets of vectors, as `search` gives them."""
        similarity: Vectors = a @ b.T
        metric = self.layout.index.metric
        squares = np.square(a).sum(axis=1)[:, None], np.square(b).sum(axis=1)[None]
        if metric == "L2":
            similarity = 2 * similarity - squares[0] - squares[1]
        elif metric == "COSINE":
            similarity /= np.sqrt(np.maximum(squares[0] * squares[1], _TINY))
        return self._of_bits(similarity)

    def similarities(self, a: Vectors, b: Vectors) -> Vectors:
        """The same, row by row."""
        metric = self.layout.index.metric
        similarity: Vectors = np.einsum("ij,ij->i", a, b)
        if metric == "L2":
            similarity = -np.square(a - b).sum(axis=1)
        elif metric == "COSINE":
            lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
            similarity /= np.maximum(lengths, _TINY)
        return self._of_bits(similarity)

    def _of_bits(self, similarity: Vectors) -> Vectors:
        """Where another's collection holds bits: from their cosine to minus their distance."""
        if self.layout.index.metric != "HAMMING" or self._holds_hashes:
            return similarity
        return (similarity - 1) * np.float32(self.layout.dimension / 2)

    def keys(self, ids: Sequence[Any]) -> Keys:
        """Ids as an array."""
        return np.array(ids, np.str_ if self.layout.has_text_ids else np.int64)

    @property
    def holds_distances(self) -> bool:
        """Whether its numbers are lower for what is nearer."""
        return self.layout.index.lower_is_nearer and not self._holds_hashes

    @property
    def _holds_hashes(self) -> bool:
        """Whether it holds hashes that are given as unit vectors, and compared by cosine."""
        return False

    def _scores(self, distances: Sequence[float]) -> Vectors:
        if self._holds_hashes:
            return cosines(distances, bits=self.layout.dimension)
        return np.array(distances, np.float32)

    def _answers(
        self, vectors: Vectors, *, limit: int, where: str, fields: Sequence[str] = ()
    ) -> Iterator[Any]:
        layout = self.layout
        step = min(
            _SEARCHES,
            max(1, _HITS_A_CALL // limit),
            max(1, _VECTOR_BYTES // (4 * layout.dimension)),
        )
        if self.connection.is_local and layout.index.is_exact and len(vectors) > 1:
            step = min(step, max(1, _DISTANCES_A_CALL // max(1, len(self))))
        for start in range(0, len(vectors), step):
            yield from self._read(
                "search",
                "search",
                data=layout.format.write(vectors[start : start + step]),
                anns_field=layout.vector_field,
                filter=where,
                limit=limit,
                # Without a field, Milvus Lite returns them all, vectors too.
                output_fields=[layout.id_field, *fields],
                search_params={"params": layout.index.search_params(limit=limit)},
            )

    def _read(self, action: str, method: str, **settings: Any) -> Any:
        """Call what waits for the writes of this client, which others may see seconds later.

        A server does not tell when it deleted something, so that reads wait for all writes, which
        takes it 0.2 s, until one of them is done.
        """
        deletion = self.connection.deleted.get(self.name)
        level = "Session" if deletion is None else "Strong"
        answer = self._call(action, method, consistency_level=level, **settings)
        if deletion is not None and self.connection.deleted.get(self.name) is deletion:
            self.connection.deleted.pop(self.name, None)
        return answer

    def with_index(self, index: Index) -> None:
        """Note an index that was built."""
        self.connection.layouts[self.name, self._vector_field] = replace(self.layout, index=index)

    def _call(self, action: str, method: str, **settings: Any) -> Any:
        return self.connection.call(
            f"{action} (collection {self.name!r})", method, self.name, **settings
        )


def _literal(value: Any) -> str:
    """A number, a text or a list of them in a Milvus filter."""
    return json.dumps(value, ensure_ascii=False)
