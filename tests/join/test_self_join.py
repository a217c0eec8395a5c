"""All pairs above a similarity are found, however many copies one picture has."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest

import dedup
from dedup._catalogue.record import SCHEMA, Record
from dedup._join import brute_force, spill
from dedup._join import self_join as joining
from dedup._join.inside import MARGIN
from dedup._join.self_join import self_join
from dedup.pipelines.store import storage
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.storage import Storage
from dedup.pipelines.store.table import Table

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


@pytest.fixture
def stored(tmp_path):
    """Makes collections in a Milvus Lite file."""
    connection = connect(tmp_path / "join.db")
    yield partial(make, connection)
    connection.close()


@pytest.fixture
def stored_anywhere(store):
    """Makes collections in a Milvus Lite file, and on a server."""
    connection = connect(store.uri, token=store.token)
    yield partial(make, connection)
    connection.close()


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


@anywhere
def test_pairs_are_those_of_brute_force(stored_anywhere, how):
    vectors = vectors_with_copies([1] * 300 + [2] * 40 + [17, 40, 130], seed=1)
    collection, ids = stored_anywhere(vectors)
    cosine = vectors @ vectors.T
    row = {key: n for n, key in enumerate(ids.tolist())}
    for threshold in (0.6, 0.9):
        # No pair lies on the threshold itself, where rounding decides.
        assert np.abs(cosine - threshold).min() > 1e-6
        found = joined(collection, threshold, how)
        wanted = pairs_of(vectors, ids, threshold)
        assert len(wanted) > 130
        assert {(a, b) for a, b, _ in found} == wanted
        assert len(found) == len(wanted)  # each once
        assert all(a < b for a, b, _ in found)
        assert all(abs(cosine[row[a], row[b]] - score) < 1e-5 for a, b, score in found)


@anywhere
def test_copies_that_are_equal(stored, how):
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 80, axis=0)
    collection, _ = stored(vectors)
    assert len(joined(collection, 0.9, how)) == 80 * 79 // 2


@anywhere
def test_order_of_storing_does_not_matter(stored, how):
    vectors = vectors_with_copies([1] * 50 + [30], seed=2)
    order = np.random.default_rng(3).permutation(len(vectors))
    first, _ = stored(vectors, name="first")
    second, _ = stored(vectors, name="second", order=order)
    pairs = [(a, b) for a, b, _ in joined(first, 0.7, how)]
    assert pairs == [(a, b) for a, b, _ in joined(second, 0.7, how)]
    assert len(pairs) > 100


@anywhere
def test_copies_to_the_pixel_take_no_part(stored, how):
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 4, axis=0)
    collection, ids = stored(vectors, copies={1, 2})
    pairs = [(a, b) for a, b, _ in joined(collection, 0.9, how)]
    assert pairs == [tuple(sorted(ids[[0, 3]].tolist()))]


@anywhere
@pytest.mark.parametrize("size", [0, 1])
def test_nothing_to_compare(stored, size, how):
    collection, _ = stored(np.eye(DIMENSION, dtype=np.float32)[:size].reshape(-1, DIMENSION))
    assert joined(collection, 0.0, how) == []


@anywhere
def test_rows_with_too_many_neighbours_are_told(stored, monkeypatch, how):
    monkeypatch.setattr(joining, "MAX_HITS", 20)
    vectors = np.repeat(unit(np.ones((1, DIMENSION))), 60, axis=0)
    collection, ids = stored(vectors)
    rounds = self_join(collection, threshold=0.5, **how)
    unfinished = [key for found in rounds for key in found.unfinished]
    assert len(joined(collection, 0.5, how)) < 60 * 59 / 2
    if how == STORE:
        assert sorted(unfinished) == sorted(ids.tolist())
    else:  # each has more than 20 neighbours, but only some lost one
        assert set() < set(unfinished) <= set(ids.tolist())


@anywhere
def test_collection_of_several_windows_is_read_in_full(stored, monkeypatch, how):
    monkeypatch.setattr(Table, "window_rows", 16)
    vectors = vectors_with_copies([1] * 60 + [3] * 30, seed=4)
    collection, ids = stored(vectors)
    windows = list(collection.rows(["id"]))
    assert len(windows) > 5
    assert [row["id"] for rows in windows for row in rows] == sorted(ids.tolist())
    assert {(a, b) for a, b, _ in joined(collection, 0.8, how)} == pairs_of(vectors, ids, 0.8)


@anywhere
def test_hits_are_merged_in_parts(stored, monkeypatch, how):
    vectors = vectors_with_copies([1] * 60 + [3] * 30 + [25], seed=5)
    collection, _ = stored(vectors)
    whole = joined(collection, 0.7, how)
    monkeypatch.setattr(spill, "_MERGED_AT_ONCE", 50)
    monkeypatch.setattr(spill, "_MAPPED_FROM", 500)
    parts = [len(found.a) for found in self_join(collection, threshold=0.7, **how)]
    assert len(parts) > 8
    assert max(parts) < len(whole) / 4
    assert sorted(joined(collection, 0.7, how)) == sorted(whole)


@anywhere
def test_only_rows_worth_it_are_searched_deeper(stored, how):
    vectors = vectors_with_copies([50], seed=6)
    collection, _ = stored(vectors)
    asked = []

    def deeper(rows, _):
        asked.append(len(rows))
        return rows[:1]

    rounds = list(self_join(collection, threshold=0.3, deeper=deeper, all_to=4, **how))
    assert asked == [50, 1]
    assert 50 * 3 / 2 < sum(len(found.a) for found in rounds) < 50 * 49 / 2
    assert sum(found.missed for found in rounds) == 0


# What an approximate index misses


def indexed(file, vectors, *, storage):
    """A collection, opened again: Milvus Lite builds an index later, but loads it at once."""
    connection = connect(file)
    collection, ids = make(connection, vectors, storage=storage)
    collection.flush()
    connection.close()
    collection = Collection(connect(file), name="join")
    collection.load()
    return collection, ids


@anywhere
def test_small_vectors_are_compared_with_all_others_both_ways(stored_anywhere, how):
    whole, small = (vectors_with_copies([1, 3, 40], seed=seed) for seed in (1, 2))
    small[5:9] = unit(whole[20:24] + 0.05)
    collection, ids = stored_anywhere(whole)
    inner, _ = stored_anywhere(small, name="small")
    rounds = self_join(collection, threshold=0.7 - MARGIN, small=inner, **how)
    found = {}
    for part in rounds:
        if part.ways is not None:
            found |= zip(zip(part.a, part.b, strict=True), part.ways.tolist(), strict=True)
    inside = small @ whole.T >= 0.7
    np.fill_diagonal(inside, False)
    wanted = {}
    for one, other in np.argwhere(inside):
        pair = tuple(sorted((ids[one], ids[other])))
        wanted[pair] = wanted.get(pair, 0) | (1 if ids[one] == pair[0] else 2)
    assert found == wanted != {}


@pytest.fixture(scope="module")
def starved(tmp_path_factory):
    """A collection whose index looks at few rows only, its vectors and their ids."""
    file = tmp_path_factory.mktemp("starved") / "join.db"
    random = np.random.default_rng(7)
    vectors = unit(np.repeat(random.normal(size=(1_500, DIMENSION)), 2, axis=0))
    vectors = unit(vectors + 0.12 * random.normal(size=vectors.shape))
    collection, ids = indexed(file, vectors, storage=Storage("IVF_FLAT", {"nlist": 256}))
    yield collection, vectors, ids
    collection.connection.close()


def test_pairs_that_both_sides_miss_are_estimated(starved, monkeypatch):
    collection, vectors, ids = starved
    wanted = pairs_of(vectors, ids, 0.7)
    for probes in (1, 4, 128):
        monkeypatch.setattr(storage, "_PROBES", probes)
        rounds = list(self_join(collection, threshold=0.7, **STORE))
        found = {pair for part in rounds for pair in zip(part.a, part.b, strict=True)}
        assert found <= wanted
        lost = len(wanted) - len(found)
        assert (lost > 50) == (probes < 128)
        assert 0.6 * lost <= rounds[-1].missed <= 1.6 * lost


def test_pair_found_from_one_side_is_not_lost(starved, monkeypatch):
    collection, vectors, ids = starved
    monkeypatch.setattr(storage, "_PROBES", 4)
    rows = {key: n for n, key in enumerate(ids.tolist())}
    pairs = {(a, b) for a, b, _ in joined(collection, 0.7, STORE)}

    def finds(a, b):
        ((found, _),) = collection.search(vectors[rows[a], None], limit=4, where="copy_of == 0")
        return b in found.tolist()

    sides = [(finds(a, b), finds(b, a)) for a, b in sorted(pairs)[:400]]
    assert {(True, False), (False, True), (True, True)} == set(sides)


def test_scores_of_an_index_that_shortens_vectors_are_computed_again(tmp_path):
    vectors = vectors_with_copies([1] * 300 + [2] * 100, seed=8)
    collection, ids = indexed(
        tmp_path / "join.db", vectors, storage=Storage("IVF_SQ8", {"nlist": 8})
    )
    cosine = vectors @ vectors.T
    row = {key: n for n, key in enumerate(ids.tolist())}
    ((hits, scores),) = collection.search(vectors[-1:], limit=9)
    cosines = [cosine[-1, row[key]] for key in hits.tolist()]
    assert np.abs(cosines - scores).max() > 1e-4  # as Milvus has it
    found = joined(collection, 0.8, STORE)
    assert {(a, b) for a, b, _ in found} == pairs_of(vectors, ids, 0.8)
    assert all(abs(cosine[row[a], row[b]] - score) < 1e-6 for a, b, score in found)
    collection.connection.close()


# Killed, and begun again

JOIN = """
import sys
from pathlib import Path
from dedup._join import brute_force
from dedup._join.self_join import self_join
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.table import Table

Table.window_rows = brute_force._STRIP_ROWS = brute_force._TILE_ROWS = 16
collection = Collection(connect(sys.argv[1]), name="join")
collection.load()
how = {"exact_rows": 0} if sys.argv[3] == "store" else {}
for found in self_join(collection, threshold=0.5, work_folder=Path(sys.argv[2]), **how):
    pass
"""


@pytest.mark.kill
@pytest.mark.timeout(120)
@anywhere
def test_join_that_was_killed_goes_on(tmp_path, stored, monkeypatch, how):
    vectors = vectors_with_copies([1] * 800 + [2] * 100 + [12] * 20, seed=9)
    collection, _ = stored(vectors)
    collection.flush()
    monkeypatch.setattr(Table, "window_rows", 16)
    monkeypatch.setattr(brute_force, "_STRIP_ROWS", 16)
    monkeypatch.setattr(brute_force, "_TILE_ROWS", 16)
    whole = joined(collection, 0.5, how)
    collection.connection.close()
    work = tmp_path / "work"

    def blocks():
        pattern = "*.hits.npy" if how else "*-whole.hits.npy"
        return {path: path.stat().st_mtime_ns for path in work.glob(pattern)}

    for _ in range(3):
        before = blocks()
        where = "store" if how else "here"
        child = subprocess.Popen([sys.executable, "-c", JOIN, tmp_path / "join.db", work, where])
        while len(blocks()) < len(before) + 5:
            assert child.poll() is None
            time.sleep(0.002)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert before.items() <= blocks().items()  # none is done twice
    assert 15 <= len(blocks()) < 1_240 // 16 + 1
    again = Collection(connect(tmp_path / "join.db"), name="join")
    again.load()
    before = blocks()
    resumed = list(self_join(again, threshold=0.5, work_folder=work, **how))
    assert before.items() <= blocks().items()
    pairs = [(a, b) for found in resumed for a, b in zip(found.a, found.b, strict=True)]
    assert pairs == [(a, b) for a, b, _ in whole]
    again.connection.close()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"threshold": 0.6}, r"threshold 0\.5, not 0\.6"),
        ({"where": ""}, "where 'copy_of == 0', not ''"),
    ],
)
def test_work_of_another_join_is_refused(tmp_path, stored, other, message):
    collection, _ = stored(vectors_with_copies([2] * 10, seed=10))
    list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    with pytest.raises(dedup.InputError, match=message):
        list(self_join(collection, **{"threshold": 0.5, **other}, work_folder=tmp_path / "work"))


def test_work_of_a_collection_that_changed_is_refused(tmp_path, stored):
    collection, ids = stored(vectors_with_copies([2] * 10, seed=10))
    list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    collection.delete([int(ids[0])])
    with pytest.raises(dedup.InputError, match=r"rows 20, not 19.*name another folder"):
        list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    with pytest.raises(dedup.InputError, match="is not empty, and holds no work of a join"):
        list(self_join(collection, threshold=0.5, work_folder=tmp_path))
