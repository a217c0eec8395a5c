"""Duplicates are found inside any Milvus collection, and nothing in it is changed."""

import numpy as np
import pytest
from pymilvus import DataType, MilvusClient

import dedup
from dedup._join import brute_force as exact
from dedup.pipelines.store.table import Table

DIMENSION = 24


@pytest.fixture
def client(store):
    client = MilvusClient(store.uri, token=store.token)
    yield client
    client.close()


@pytest.fixture
def lite(tmp_path):
    client = MilvusClient(str(tmp_path / "lite.db"))
    yield client
    client.close()


def near_copies(sizes, *, seed, noise=0.05):
    """Vectors of several lengths; `sizes` of them lie near each other."""
    random = np.random.default_rng(seed)
    rows = np.repeat(random.normal(size=(len(sizes), DIMENSION)), sizes, axis=0)
    rows += noise * random.normal(size=rows.shape)
    return rows.astype(np.float32)


def collection(client, ids, vectors, *, name="others", metric="COSINE", index="FLAT", **fields):
    """A collection as another program would make it, and load it."""
    text = isinstance(ids[0], str)
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=True)
    if text:
        schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=200)
    else:
        schema.add_field("key", DataType.INT64, is_primary=True)
    kind = DataType.BINARY_VECTOR if isinstance(vectors[0], bytes) else DataType.FLOAT_VECTOR
    width = 8 * len(vectors[0]) if isinstance(vectors[0], bytes) else len(vectors[0])
    schema.add_field("embedding", kind, dim=width)
    params = client.prepare_index_params()
    params.add_index(
        "embedding", index_type=index, metric_type=metric, params=fields.pop("params", {})
    )
    client.create_collection(name, schema=schema, index_params=params)
    rows = [
        {"key": key, "embedding": vector, "colour": f"c{n % 7}", "title": f"title {n}"}
        for n, (key, vector) in enumerate(zip(ids, vectors, strict=True))
    ]
    client.insert(name, rows)
    client.flush(name)


def search(store, threshold, **settings):
    return dedup.from_milvus(
        store.uri, "others", token=store.token, threshold=threshold, **settings
    )


def as_set(found):
    return {tuple(sorted(pair)) for pair in zip(found.pairs["a"], found.pairs["b"], strict=True)}


def brute_force(values, ids, passes):
    rows, columns = np.nonzero(np.triu(passes(values), 1))
    return {tuple(sorted((ids[a], ids[b]))) for a, b in zip(rows, columns, strict=True)}


ODD = ['a"b', "c\\d", "e'f", "é ü", "new\nline", "", "k in [1]", "漢字", "Z" * 200]


def test_cosine_and_numbers_for_ids(store, client, monkeypatch):
    monkeypatch.setattr(Table, "window_rows", 64)
    vectors = near_copies([1] * 200 + [2] * 30 + [3] * 10 + [40], seed=1)
    ids = np.random.default_rng(2).permutation(len(vectors)) * 10**15 - 10**17
    index = {"lite": "IVF_FLAT", "server": "HNSW"}[store.kind]
    params = {"lite": {"nlist": 16}, "server": {"M": 16, "efConstruction": 200}}[store.kind]
    collection(client, ids.tolist(), vectors, index=index, params=params)
    found = search(store, 0.9)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    assert as_set(found) == brute_force(cosine, ids.tolist(), lambda c: c >= 0.9)
    row = {key: n for n, key in enumerate(ids.tolist())}
    for a, b, value in found.pairs.itertuples(index=False):
        assert value == pytest.approx(cosine[row[a], row[b]], abs=1e-5)
    assert found.pairs["similarity"].is_monotonic_decreasing
    assert sorted(map(len, found.groups)) == [2] * 30 + [3] * 10 + [40]
    assert found.complete
    strict = found.at(0.99)
    assert as_set(strict) == brute_force(cosine, ids.tolist(), lambda c: c >= 0.99)
    with pytest.raises(dedup.InputError, match=r"less strict than 0\.9"):
        found.at(0.8)


def test_squared_distance_and_texts_for_ids(store, client, monkeypatch):
    monkeypatch.setattr(Table, "window_rows", 64)
    vectors = near_copies([1] * 200 + [2] * 30 + [25], seed=3)
    ids = [*ODD, *(f"row {n:04}" for n in range(len(vectors) - len(ODD)))]
    np.random.default_rng(4).shuffle(ids)
    collection(client, ids, vectors, metric="L2")
    found = search(store, 0.2, metric="l2", vector_field="embedding")
    squares = np.square(vectors[:, None] - vectors[None]).sum(axis=2)
    assert as_set(found) == brute_force(squares, ids, lambda d: d <= 0.2)
    assert len(found.pairs) > 100
    assert found.pairs["distance"].is_monotonic_increasing
    assert found.pairs["distance"].max() <= 0.2
    assert as_set(found.at(0.1)) == brute_force(squares, ids, lambda d: d <= 0.1)
    with pytest.raises(dedup.InputError, match=r"less strict than 0\.2"):
        found.at(0.3)


def test_inner_product_a_filter_and_another_name_for_rows(tmp_path, lite):
    vectors = near_copies([1] * 100 + [2] * 60, seed=5)
    collection(lite, list(range(1, 221)), vectors, metric="IP")
    found = dedup.from_milvus(
        tmp_path / "lite.db",
        "others",
        threshold=20,
        where='colour in ["c1", "c2", "c3"]',
        id_field="title",
    )
    product = vectors @ vectors.T
    taken = np.isin(np.arange(220) % 7, [1, 2, 3])
    wanted = brute_force(
        np.where(np.outer(taken, taken), product, -np.inf),
        [f"title {n}" for n in range(220)],
        lambda p: p >= 20,
    )
    assert len(wanted) > 3
    assert as_set(found) == wanted


def test_bits(server, store, client):
    if store.kind == "lite":
        pytest.skip("Milvus Lite has no vectors of bits")
    random = np.random.default_rng(6)
    bits = np.repeat(random.integers(0, 256, (100, 8), np.uint8), 2, axis=0)
    bits[1::2, 0] ^= 3
    collection(
        client,
        list(range(200)),
        [row.tobytes() for row in bits],
        metric="HAMMING",
        index="BIN_FLAT",
    )
    found = search(store, 2)
    assert as_set(found) == {(n, n + 1) for n in range(0, 200, 2)}
    assert found.pairs["distance"].tolist() == [2] * 100
    assert len(search(store, 1).pairs) == 0


def test_nothing_is_changed(store, client):
    vectors = near_copies([2] * 20, seed=7)
    collection(client, list(range(40)), vectors)

    def state():
        return (
            client.get_load_state("others")["state"],
            client.list_indexes("others"),
            client.describe_collection("others")["fields"],
            client.list_collections(),
        )

    before = state()
    assert len(search(store, 0.9).groups) == 20
    assert state() == before
    rows = client.query("others", filter="key >= 0", output_fields=["*"])
    assert len(rows) == 40
    assert all(np.allclose(row["embedding"], vectors[row["key"]]) for row in rows)
    client.release_collection("others")
    released = state()
    assert released[0] != before[0]
    assert len(search(store, 0.9).groups) == 20
    assert state() == released


def test_group_is_no_chain(tmp_path, lite):
    angles = np.radians([0, 18, 36, 60, 78, 96])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    collection(lite, list(range(6)), vectors)
    found = dedup.from_milvus(tmp_path / "lite.db", "others", threshold=0.9)
    assert len(found.pairs) == 5
    assert found.groups == [[1, 0, 2], [4, 3, 5]]


def test_search_that_was_cut_short_goes_on(tmp_path, lite, monkeypatch):
    for name in ("_STRIP_ROWS", "_TILE_ROWS"):
        monkeypatch.setattr(exact, name, 32)
    vectors = near_copies([2] * 100, seed=8)
    ids = [f"row {n:04}" for n in range(200)]
    collection(lite, ids, vectors)
    whole = dedup.from_milvus(tmp_path / "lite.db", "others", threshold=0.9)
    calls = []
    compare = exact.Matrix.pairs

    def failing(*arguments, **settings):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return compare(*arguments, **settings)

    settings = {"threshold": 0.9, "work_folder": tmp_path / "work"}
    monkeypatch.setattr(exact.Matrix, "pairs", failing)
    with pytest.raises(KeyboardInterrupt):
        dedup.from_milvus(tmp_path / "lite.db", "others", **settings)
    resumed = dedup.from_milvus(tmp_path / "lite.db", "others", **settings)
    assert len(calls) == 4 + 4  # seven strips, three of which were done
    assert resumed.pairs.equals(whole.pairs)


def test_collection_without_pairs_or_rows(tmp_path, lite):
    collection(lite, [1, 2], np.eye(2, DIMENSION, dtype=np.float32))
    found = dedup.from_milvus(tmp_path / "lite.db", "others", threshold=0.9)
    assert (len(found.pairs), found.groups, found.complete) == (0, [], True)
    lite.delete("others", ids=[1, 2])
    assert len(dedup.from_milvus(tmp_path / "lite.db", "others", threshold=0.9).pairs) == 0


# What can't be searched


def bare(client, name, **vectors):
    """A collection with these vector fields, and indexes where a metric is given."""
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("key", DataType.INT64, is_primary=True)
    params = client.prepare_index_params()
    for field, (kind, metric) in vectors.items():
        size = {} if kind == DataType.SPARSE_FLOAT_VECTOR else {"dim": 8}
        schema.add_field(field, kind, **size)
        index = "SPARSE_INVERTED_INDEX" if kind == DataType.SPARSE_FLOAT_VECTOR else "FLAT"
        if metric:
            params.add_index(field, index_type=index, metric_type=metric)
    client.create_collection(name, schema=schema, index_params=params)


DENSE = DataType.FLOAT_VECTOR


@pytest.mark.parametrize(
    ("vectors", "settings", "message"),
    [
        ({"v": (DENSE, None)}, {}, "v of the collection 'odd' has no index"),
        ({"v": (DENSE, "IP"), "w": (DENSE, "IP")}, {}, "has 2 vector fields: name one of v, w"),
        ({"v": (DENSE, "IP")}, {"vector_field": "w"}, "has no vector field 'w'; it has: v"),
        ({"v": (DENSE, "IP")}, {"metric": "L2"}, "metric='L2': the index of v in 'odd' .* by IP"),
        ({"v": (DENSE, "COSINE")}, {"threshold": 2}, "threshold=2: expected a cosine"),
        ({"v": (DENSE, "L2")}, {"threshold": -1}, r"threshold=-1: expected a distance \(L2\)"),
        (
            {"s": (DataType.SPARSE_FLOAT_VECTOR, "IP")},
            {},
            "s of the collection 'odd' is a SPARSE_FLOAT_VECTOR; supported: FLOAT_VECTOR",
        ),
    ],
)
def test_what_cannot_be_searched_is_told(tmp_path, lite, vectors, settings, message):
    bare(lite, "odd", **vectors)
    with pytest.raises(dedup.DedupError, match=message):
        dedup.from_milvus(tmp_path / "lite.db", "odd", **{"threshold": 0.5, **settings})


def test_one_of_several_vector_fields(tmp_path, lite):
    bare(lite, "odd", v=(DENSE, "IP"), w=(DENSE, "COSINE"))
    other = near_copies([2] * 4, seed=9)[:, :8]
    lite.insert(
        "odd",
        [{"key": n, "v": np.eye(8)[n].tolist(), "w": row.tolist()} for n, row in enumerate(other)],
    )
    found = dedup.from_milvus(tmp_path / "lite.db", "odd", threshold=0.9, vector_field="w")
    assert found.metric == "COSINE"
    assert found.groups == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_missing_collection_and_file_are_told(tmp_path, lite):
    collection(lite, [1], np.ones((1, 8), np.float32), name="known")
    with pytest.raises(dedup.StoreError, match="has no collection 'others'; it has: known"):
        dedup.from_milvus(tmp_path / "lite.db", "others", threshold=0.5)
    with pytest.raises(dedup.StoreError, match=r"none\.db: there is no such Milvus Lite file"):
        dedup.from_milvus(tmp_path / "none.db", "others", threshold=0.5)
    assert not (tmp_path / "none.db").exists()
