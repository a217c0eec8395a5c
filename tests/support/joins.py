"""Vectors with copies among them, stored, and all their pairs."""

import numpy as np
import pytest

from dedup._catalogue.record import SCHEMA, Record
from dedup._join.self_join import self_join
from dedup.pipelines.store.collection import Collection

DIMENSION = 32


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def vectors_with_copies(sizes, *, seed, noise=0.08):
    """Random directions; `sizes` of them have that many vectors near them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(sizes), DIMENSION))
    rows = np.repeat(unit(centres), sizes, axis=0)
    return unit(rows + noise * random.normal(size=rows.shape))


def make(connection, vectors, *, name="join", order=None, copies=(), storage=None):
    """A collection of these vectors, and their ids."""
    collection = Collection(connection, name=name, storage=storage)
    collection.ensure(dimension=vectors.shape[1], fields=SCHEMA, properties={"dedup.model": "test"})
    records = [
        Record(f"/{n}.jpg", 1, 1, "", "", 1, 1, b"", copy_of=7 if n in copies else 0)
        for n in range(len(vectors))
    ]
    rows = [
        {**record.row(), "vector": vector} for record, vector in zip(records, vectors, strict=True)
    ]
    collection.upsert([rows[n] for n in (range(len(rows)) if order is None else order)])
    return collection, np.array([record.id for record in records])


# All are compared with all in this process, or the store is asked, as of a large collection.
HERE, STORE = {}, {"exact_rows": 0}
anywhere = pytest.mark.parametrize("how", [HERE, STORE], ids=["here", "store"])


def joined(collection, threshold, how=HERE):
    """Pairs with their similarity, in the order in which they came."""
    return [
        (a, b, similarity)
        for found in self_join(collection, threshold=threshold, **how)
        for a, b, similarity in zip(
            found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True
        )
    ]


def pairs_of(vectors, ids, threshold):
    cosine = vectors @ vectors.T
    rows, columns = np.nonzero(np.triu(cosine >= threshold, 1))
    pairs = zip(ids[rows].tolist(), ids[columns].tolist(), strict=True)
    return {tuple(sorted(pair)) for pair in pairs}
