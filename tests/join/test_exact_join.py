"""All with all in this process: each row's nearest neighbours are there, whatever the limit."""

from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup._catalogue.record import SCHEMA
from dedup._join import brute_force as exact
from dedup._join.brute_force import Matrix
from dedup.pipelines.store.collection import Collection
from dedup.pipelines.store.connection import connect

DIMENSION = 4


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A collection, for its metric; it need not hold what is compared."""
    connection = connect(tmp_path_factory.mktemp("exact") / "a.db")
    collection = Collection(connection, name="rows")
    collection.ensure(dimension=DIMENSION, fields=SCHEMA, properties={"dedup.model": "test"})
    yield collection
    connection.close()


@st.composite
def rows(draw):
    """Vectors near a few directions, many of them equal."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centres = random.normal(size=(draw(st.integers(1, 4)), DIMENSION))
    count = draw(st.integers(0, 60))
    noise = draw(st.sampled_from([0.0, 0.05, 0.3]))
    vectors = centres[random.integers(0, len(centres), count)]
    return (vectors + noise * random.normal(size=vectors.shape)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(vectors=rows(), limit=st.sampled_from([1, 3, 1_000]), strip=st.sampled_from([7, 64]))
def test_nearest_neighbours_are_found(table, tmp_path_factory, vectors, limit, strip):
    ids = list(range(100, 100 + len(vectors)))
    folder = tmp_path_factory.mktemp("vectors")
    sizes = {"_STRIP_ROWS": strip, "_TILE_ROWS": 5, "_SLICE_ROWS": 3, "_BLOCK_HITS": 20}
    with mock.patch.multiple(exact, **sizes):
        matrix = Matrix.of(table, [(ids[:9], vectors[:9]), (ids[9:], vectors[9:])], folder / "a")
        blocks = [
            block
            for number in matrix.strips
            for block in matrix.pairs(number, limit=limit, threshold=0.8)
        ]
    blocks = [matrix.nearest(block, limit=limit) for block in blocks]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = np.where(np.eye(len(unit)), -1, unit @ unit.T)
    wanted = {(100 + a, 100 + b) for a, b in np.argwhere(np.triu(cosine >= 0.8)).tolist()}
    hits = [hit for block in blocks for hit in block.hits.tolist()]
    found = {(a, b) for a, b, *_ in hits}
    assert len(hits) == len(found)  # each once
    assert found <= wanted
    lost = {row for block in blocks for row in block.full_rows.tolist()}
    assert {row for pair in wanted - found for row in pair} == lost
    for a, b in wanted - found:  # either has that many that are nearer
        for row in (a - 100, b - 100):
            nearer = cosine[row] >= cosine[a - 100, b - 100] - 1e-6
            assert nearer.sum() > limit


def test_search_gives_the_nearest(table, tmp_path):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(50, DIMENSION)).astype(np.float32)
    matrix = Matrix.of(table, [(list(range(50)), vectors)], tmp_path / "a")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row, (ids, cosines) in enumerate(matrix.search(range(50), limit=6, threshold=0.5)):
        order = np.argsort(-(unit @ unit[row]))[:6]
        wanted = [other for other in order.tolist() if unit[other] @ unit[row] >= 0.5]
        assert ids.tolist() == wanted
        assert cosines == pytest.approx(unit[wanted] @ unit[row], abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "value"),
    [("IP", lambda a, b: a @ b), ("L2", lambda a, b: -np.square(a - b).sum())],
)
def test_metrics_of_other_collections(table, tmp_path, metric, value):
    index = SimpleNamespace(metric=metric)
    layout = SimpleNamespace(index=index, dimension=DIMENSION, has_text_ids=False)
    random = np.random.default_rng(1)
    vectors = random.normal(size=(30, DIMENSION)).astype(np.float32)
    with mock.patch.object(Collection, "layout", layout):
        matrix = Matrix.of(table, [(list(range(30)), vectors)], tmp_path / "a")
        (block,) = matrix.pairs(0, limit=100, threshold=-4.0)
    found = {(a, b): similarity for a, b, similarity, _ in block.hits.tolist()}
    wanted = {
        (a, b): value(vectors[a], vectors[b])
        for a in range(30)
        for b in range(a + 1, 30)
        if value(vectors[a], vectors[b]) >= -4
    }
    assert found == pytest.approx(wanted, abs=1e-5)
    assert 0 < len(wanted) < 30 * 29 / 2
