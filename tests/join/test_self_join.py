"""All pairs above a similarity are found, however many copies one picture has."""

import numpy as np
import pytest
from joins import DIMENSION, STORE, anywhere, joined, make, pairs_of, unit, vectors_with_copies

from dedup._join import self_join as joining
from dedup._join import spill
from dedup._join.inside import MARGINS
from dedup._join.self_join import self_join
from dedup.pipelines.store import storage
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.storage import Storage
from dedup.pipelines.store.table import Table
from dedup.pipelines.store.view_table import ViewTable, view_name

pytestmark = pytest.mark.thorough


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
@pytest.mark.parametrize("view", ["small", "panel"])
def test_views_are_compared_with_all_others_both_ways(stored_anywhere, how, view):
    whole, small = (vectors_with_copies([1, 3, 40], seed=seed) for seed in (1, 2))
    small[5:9] = unit(whole[20:24] + 0.05)
    collection, ids = stored_anywhere(whole)
    stored_anywhere(small, name=view_name(collection.name, view))
    views = [ViewTable(collection.connection, images=collection.name, view=view)]
    rounds = self_join(collection, threshold=0.7 - MARGINS[view], views=views, **how)
    found = {}
    for part in rounds:
        if part.ways is not None:
            found |= zip(zip(part.a, part.b, strict=True), part.ways.tolist(), strict=True)
    inside = small @ whole.T >= 0.7
    np.fill_diagonal(inside, False)
    wanted = {}
    for one, other in np.argwhere(inside):
        pair = tuple(sorted((ids[one], ids[other])))
        lies_inside = ids[one] if view == "small" else ids[other]
        wanted[pair] = wanted.get(pair, 0) | (1 if lies_inside == pair[0] else 2)
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

    sides = [(finds(a, b), finds(b, a)) for a, b in sorted(pairs)[:200]]
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
