"""All pairs above a similarity are found, however many copies one picture has."""

import numpy as np
import pytest

from dedup._join import self_join
from dedup._records import Record
from dedup.pipelines.milvus import Collection, connect

DIMENSION = 32


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def vectors_with_copies(sizes, *, seed, noise=0.08):
    """Random directions; `sizes` of them have that many vectors near them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(len(sizes), DIMENSION))
    rows = np.repeat(unit(centres), sizes, axis=0)
    return unit(rows + noise * random.normal(size=rows.shape))


@pytest.fixture
def stored(tmp_path):
    """Makes a collection of these vectors; returns it and its ids."""
    connection = connect(tmp_path / "join.db")

    def store(vectors, *, name="join", order=None, copies=()):
        collection = Collection(connection, name=name)
        collection.ensure(dimension=vectors.shape[1], properties={})
        records = [
            Record(
                path=f"/{n}.jpg",
                size=1,
                mtime_ns=1,
                digest="",
                format="",
                width=1,
                height=1,
                thumbnail=b"",
                copy_of=7 if n in copies else 0,
            )
            for n in range(len(vectors))
        ]
        rows = [
            {**record.row(), "vector": vector}
            for record, vector in zip(records, vectors, strict=True)
        ]
        collection.upsert([rows[n] for n in (range(len(rows)) if order is None else order)])
        return collection, np.array([record.id for record in records])

    yield store
    connection.close()


def joined(collection, threshold):
    """Pairs with their similarity, in the order in which they came."""
    return [
        (a, b, similarity)
        for found in self_join(collection, threshold=threshold)
        for a, b, similarity in zip(
            found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True
        )
    ]


def brute_force(vectors, ids, threshold):
    cosine = vectors @ vectors.T
    rows, columns = np.nonzero(np.triu(cosine >= threshold, 1))
    pairs = zip(ids[rows].tolist(), ids[columns].tolist(), strict=True)
    return {tuple(sorted(pair)) for pair in pairs}


@pytest.mark.parametrize("threshold", [0.6, 0.9])
def test_pairs_are_those_of_brute_force(stored, threshold):
    vectors = vectors_with_copies([1] * 300 + [2] * 40 + [17, 40, 130], seed=1)
    # No pair lies on the threshold itself, where rounding decides.
    threshold = float(threshold)
    cosine = vectors @ vectors.T
    assert np.abs(cosine - threshold).min() > 1e-6
    collection, ids = stored(vectors)
    found = joined(collection, threshold)
    wanted = brute_force(vectors, ids, threshold)
    assert len(wanted) > 130
    assert {(a, b) for a, b, _ in found} == wanted
    assert len(found) == len(wanted)  # each once
    assert all(a < b for a, b, _ in found)
    row = {key: n for n, key in enumerate(ids.tolist())}
    assert all(abs(cosine[row[a], row[b]] - score) < 1e-5 for a, b, score in found)


def test_copies_that_are_equal(stored):
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 80, axis=0)
    collection, _ = stored(vectors)
    assert len(joined(collection, 0.9)) == 80 * 79 // 2


def test_order_of_storing_does_not_matter(stored):
    vectors = vectors_with_copies([1] * 50 + [30], seed=2)
    order = np.random.default_rng(3).permutation(len(vectors))
    first, _ = stored(vectors, name="first")
    second, _ = stored(vectors, name="second", order=order)
    pairs = [(a, b) for a, b, _ in joined(first, 0.7)]
    assert pairs == [(a, b) for a, b, _ in joined(second, 0.7)]
    assert len(pairs) > 100


def test_copies_to_the_pixel_take_no_part(stored):
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 4, axis=0)
    collection, ids = stored(vectors, copies={1, 2})
    assert [(a, b) for a, b, _ in joined(collection, 0.9)] == [tuple(sorted(ids[[0, 3]].tolist()))]


@pytest.mark.parametrize("size", [0, 1])
def test_nothing_to_compare(stored, size):
    collection, _ = stored(np.eye(DIMENSION, dtype=np.float32)[:size].reshape(-1, DIMENSION))
    assert joined(collection, 0.0) == []


def test_rows_beyond_what_the_store_answers_are_told(stored, monkeypatch):
    monkeypatch.setattr("dedup._join.MAX_HITS", 20)
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 30, axis=0)
    collection, ids = stored(vectors)
    unfinished = [key for found in self_join(collection, threshold=0.5) for key in found.unfinished]
    assert sorted(unfinished) == sorted(ids.tolist())


def test_collection_of_several_windows_is_read_in_full(stored, monkeypatch):
    monkeypatch.setattr("dedup.pipelines.milvus._WINDOW_ROWS", 16)
    vectors = vectors_with_copies([1] * 60 + [3] * 30, seed=4)
    collection, ids = stored(vectors)
    windows = list(collection.rows(["id"]))
    assert len(windows) > 5
    assert [row["id"] for rows in windows for row in rows] == sorted(ids.tolist())
    assert {(a, b) for a, b, _ in joined(collection, 0.8)} == brute_force(vectors, ids, 0.8)
