"""Near-duplicates among vectors of one's own are all found, and named as the user names them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup._join import brute_force
from dedup._search import from_embeddings as module


def test_groups_and_pairs_have_the_names_that_were_given():
    names = [Path("a.jpg"), Path("b.jpg"), Path("c.jpg")]
    found = dedup.from_embeddings(names, [[2, 0], [0, 3], [5, 0.5]], threshold=0.9)
    assert found.groups == [[names[0], names[2]]]
    assert found.pairs["similarity"].tolist() == pytest.approx([0.995], abs=1e-3)
    assert found.complete
    assert found.at(0.999).groups == []
    tuples = dedup.from_embeddings([(1, 2), (3, 4)], [[1, 0], [1, 0]], threshold=0.9)
    assert tuples.groups == [[(1, 2), (3, 4)]]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.floats(-1, 1))
def test_all_pairs_are_found_and_no_other(seed, rows, threshold):
    vectors = np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)
    found = dedup.from_embeddings(range(rows), vectors, threshold=threshold)
    unit = vectors.astype(float) / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    near = {(a, b) for a in range(rows) for b in range(a + 1, rows)}
    sure = {pair for pair in near if cosines[pair] > threshold + 1e-5}
    pairs = set(map(tuple, found.pairs[["a", "b"]].to_numpy().tolist()))
    assert sure <= pairs
    assert all(cosines[pair] > threshold - 1e-5 for pair in pairs)


def test_rows_beyond_the_first_tiles_are_compared(monkeypatch):
    monkeypatch.setattr(brute_force, "_STRIP_ROWS", 4)
    monkeypatch.setattr(brute_force, "_TILE_ROWS", 2)
    vectors = np.eye(21)[[*range(20), 3]]
    assert dedup.from_embeddings(range(21), vectors, threshold=0.5).groups == [[3, 20]]


def test_crowd_that_is_too_large_is_told(monkeypatch):
    monkeypatch.setattr(module, "MAX_HITS", 3)
    found = dedup.from_embeddings("abcdefgh", np.ones((8, 2)), threshold=0.9)
    assert not found.complete
    assert set(found.unfinished) <= set("abcdefgh")


@pytest.mark.parametrize(
    ("names", "vectors", "message"),
    [
        ("ab", [[1, 2]], "2 names for 1 vectors"),
        ("aa", [[1, 2], [1, 2]], "same name: a"),
        ("ab", [1, 2], r"shape \(2,\)"),
        ("ab", [[0, 0], [1, 2]], "of a has no direction"),
        ("ab", [[1, 2], [np.nan, 2]], "of b has no direction"),
        ("ab", [["x", "y"], ["z", "w"]], "expected numbers"),
    ],
)
def test_what_does_not_fit_is_told(names, vectors, message):
    with pytest.raises(dedup.InputError, match=message):
        dedup.from_embeddings(names, vectors, threshold=0.9)


def test_threshold_is_a_cosine():
    with pytest.raises(dedup.InputError, match="expected a cosine"):
        dedup.from_embeddings("a", [[1]], threshold=2)
