"""An index lives alike on a Milvus Lite file and on a Milvus server, and says what fails."""

import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dedup
from dedup._catalogue.record import SCHEMA, Record
from dedup.pipelines.store import connection as connecting
from dedup.pipelines.store import storage
from dedup.pipelines.store.collection import Collection, _messages, connect
from dedup.pipelines.store.storage import Storage, store_at
from dedup.pipelines.store.vector_formats import FORMATS

DIMENSION = 16


def rows(vectors, *, first=0, path="/{}.jpg"):
    return [
        {**Record(path.format(n), 1, 1, "", "", 1, 1, b"").row(), "id": n, "vector": vector}
        for n, vector in enumerate(vectors, start=first + 1)
    ]


def random_vectors(count, *, seed=0, dimension=DIMENSION):
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def connection(store):
    with_store = connect(store.uri, token=store.token)
    yield with_store
    with_store.close()


@pytest.fixture
def lite(tmp_path):
    connection = connect(tmp_path / "store.db")
    yield connection
    connection.close()


def made(connection, *, name="made", storage=None, dimension=DIMENSION):
    collection = Collection(connection, name=name, storage=storage)
    collection.ensure(dimension=dimension, fields=SCHEMA, properties={"dedup.model": "test"})
    return collection


# What is stored, and what is read


def test_collection_that_was_dropped_meanwhile_is_made_and_loaded_anew(connection):
    made(connection)
    connection.call("drop it", "drop_collection", collection_name="made")
    assert len(made(connection)) == 0


def test_rows_are_there_when_they_were_written(connection):
    collection = made(connection)
    vectors = random_vectors(200)
    for first in range(0, 200, 20):
        collection.upsert(rows(vectors[first : first + 20], first=first))
        ids = list(range(first + 1, first + 21))
        assert np.allclose(
            collection.vectors(ids[::-1]), vectors[ids[::-1][0] - 1 : None : -1][:20]
        )
        (best,) = collection.hits(vectors[first : first + 1], limit=1)
        assert best[0]["id"] == first + 1
        assert best[0]["score"] == pytest.approx(1, abs=1e-5)
    assert len(collection) == 200
    collection.upsert(rows(-vectors[:1]))
    assert np.allclose(collection.vectors([1]), -vectors[:1])
    collection.delete([1, 2])
    ((ids, _),) = collection.search(vectors[1:2], limit=3)
    assert not {1, 2} & set(ids.tolist())
    collection.delete([])
    assert len(collection) == 198
    assert [row["id"] for part in collection.rows(["id"]) for row in part] == list(range(3, 201))
    with pytest.raises(dedup.StoreError, match="no longer holds 1 of its rows"):
        collection.vectors([2, 3])


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_vectors_that_say_nothing_are_refused(lite, bad):
    collection = made(lite)
    vectors = random_vectors(5)
    vectors[3] = bad
    with pytest.raises(dedup.StoreError, match="1 of 5 vectors hold no number or are zero"):
        collection.upsert(rows(vectors))
    assert len(collection) == 0


@pytest.mark.thorough
def test_long_paths_and_large_vectors_fit_the_messages(connection):
    collection = made(connection, dimension=2048)
    collection.upsert(rows(random_vectors(1_500, dimension=2048), path="/" + 4_000 * "é" + "{}"))
    assert sum(map(len, collection.rows(["id", "path", "vector"]))) == 1_500


def test_no_message_is_longer_than_a_server_takes():
    long = rows(random_vectors(4_000, dimension=2048), path="/" + 2_000 * "x" + "{}")
    messages = list(_messages(long))
    assert [row["id"] for message in messages for row in message] == list(range(1, 4_001))
    sizes = [sum(4 * 2048 + len(row["path"]) for row in message) for message in messages]
    assert 4 * 2**20 < max(sizes) < 16 * 2**20


def test_half_precision_keeps_three_digits():
    half = FORMATS["FLOAT16_VECTOR"]
    vectors = random_vectors(10)
    values = [value.tobytes() for value in half.write(vectors)]
    assert {len(value) for value in values} == {2 * DIMENSION}
    assert np.allclose(half.read(values), vectors, atol=1e-3)
    assert np.array_equal(half.read([[value] for value in values]), half.read(values))


def test_half_precision_is_refused_where_the_store_has_none(connection, store):
    reason = {"lite": "this is milvus_lite-3", "server": r"this is v2\.3\.5"}[store.kind]
    with pytest.raises(dedup.StoreError, match=f"no 16-bit vectors: .* from 2.4 on.*{reason}"):
        made(connection, storage=Storage(float16=True))


# Which index


def test_index_is_chosen_by_store_and_kept(connection, store):
    collection = made(connection)
    wanted = {"lite": "FLAT", "server": "HNSW"}[store.kind]
    assert collection.layout.index.type == wanted
    assert collection.layout.index.metric == "COSINE"
    assert collection.layout.index.is_exact == (store.kind == "lite")
    with pytest.raises(dedup.CollectionMismatch, match=f"with the index {wanted}; leave storage="):
        made(connection, storage=Storage("IVF_FLAT"))


@pytest.mark.thorough
@pytest.mark.parametrize("index_type", ["IVF_SQ8", "HNSW"])
def test_index_can_be_set(connection, store, index_type):
    if store.kind == "server" and index_type == "HNSW":
        pytest.skip("the one that it has anyway")
    params = {"M": 8, "efConstruction": 64} if index_type == "HNSW" else {"nlist": 32}
    collection = made(connection, storage=Storage(index_type, params))
    index = collection.layout.index
    assert index.type == index_type
    assert {key: int(index.params[key]) for key in params} == params
    vectors = random_vectors(1_500)
    collection.upsert(rows(vectors))
    collection.flush()
    found = collection.search(vectors[:50], limit=300)
    assert [ids[0] for ids, _ in found] == list(range(1, 51))
    assert made(connection).layout.index == index


def test_collection_of_other_vectors_is_refused(lite):
    made(lite, dimension=8)
    with pytest.raises(dedup.CollectionMismatch, match="holds vectors of 8 numbers, not 16"):
        made(lite, dimension=16)


def test_index_that_a_store_lacks_is_refused_before_anything_is_made(lite):
    with pytest.raises(
        dedup.StoreError, match="Milvus Lite has no index 'SCANN'; it has: FLAT, IVF_FLAT"
    ):
        made(lite, storage=Storage("SCANN"))
    assert lite.call("list", "list_collections") == []
    with pytest.raises(dedup.StoreError, match="Zilliz Cloud has no index 'HNSW'"):
        Storage("HNSW").index("zilliz", rows=0)
    with pytest.raises(dedup.InputError, match="go with an index_type="):
        Storage(params={"nlist": 8})


@pytest.mark.thorough
def test_lite_file_that_outgrows_flat_gets_another_index(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "_FLAT_ROWS", 1_000)
    vectors = random_vectors(1_500)
    connection = connect(tmp_path / "store.db")
    grown, asked = made(connection), made(connection, name="asked", storage=Storage("FLAT"))
    for collection in (grown, asked):
        for part in (slice(0, 800), slice(800, None)):
            assert collection.layout.index.type == "FLAT"
            collection.upsert(rows(vectors[part], first=part.start))
            collection.flush()
    connection.close()
    connection = connect(tmp_path / "store.db")
    grown, asked = made(connection), made(connection, name="asked")
    assert grown.layout.index.type == "IVF_FLAT"
    assert grown.layout.index.params == {"nlist": 155}
    assert asked.layout.index.type == "FLAT"
    assert [ids[0] for ids, _ in grown.search(vectors, limit=2)] == list(range(1, 1_501))
    connection.close()


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("photos.db", "lite"),
        ("http://localhost:19530", "server"),
        ("https://in03-abc.serverless.gcp-us-west1.cloud.zilliz.com", "zilliz"),
        ("https://in01-abc.aws-us-west-2.vectordb.zillizcloud.com:19530", "zilliz"),
    ],
)
def test_kind_of_store_is_seen_from_its_address(uri, kind):
    assert store_at(uri) == kind


# Images


@pytest.mark.parametrize("method", ["sscd-fast", "phash"])
def test_index_of_images(store, folder, method):
    shutil.copy(folder / "coffee.png", folder / "copy.png")

    def opened():
        return dedup.ImageIndex(store.uri, token=store.token, method=method)

    with opened() as index:
        assert index.add(folder).embedded == 6
        assert index.check(folder / "copy.png").relation == "exact"
    with opened() as index:
        assert len(index) == 7
        assert index.add(folder).unchanged == 7
        (group,) = index.duplicates().groups
        assert set(group.paths) == {str(folder / "coffee.png"), str(folder / "copy.png")}
        index.remove(group.paths)
        assert index.check(folder / "coffee.png").relation == "new"
        assert index.duplicates().complete


# What fails


@pytest.mark.timeout(30)
@pytest.mark.parametrize("listening", [False, True])
def test_address_without_an_answer_is_told_soon(listening, monkeypatch):
    monkeypatch.setattr(connecting, "_CONNECT_SECONDS", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listening:
            silent.listen()
        with pytest.raises(dedup.StoreUnavailable, match="is the server running at that address"):
            dedup.ImageIndex(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_wrong_token_is_told(server):
    with pytest.raises(dedup.StoreUnavailable, match="is the token right"):
        dedup.ImageIndex(server.uri, token="root:wrong")


def test_password_in_an_address_is_not_shown(server):
    with_password = server.uri.replace("//", "//root:Milvus@")
    connection = connect(with_password)
    assert (connection.uri, connection.token) == (server.uri, "root:Milvus")
    connection.close()
    with pytest.raises(dedup.StoreUnavailable) as told:
        connect(with_password.replace("Milvus", "secret"))
    assert "secret" not in str(told.value)


def test_address_and_token_come_from_the_environment(store, monkeypatch):
    monkeypatch.delenv("MILVUS_URI", raising=False)
    with pytest.raises(
        dedup.StoreError, match="no address of Milvus: give uri=, or set MILVUS_URI"
    ):
        connect()
    monkeypatch.setenv("MILVUS_URI", store.uri)
    monkeypatch.setenv("MILVUS_TOKEN", store.token)
    connection = connect()
    assert (connection.uri, connection.token) == (store.uri, store.token)
    connection.close()


@pytest.mark.thorough
def test_file_as_address_in_the_environment_does_not_stop_pymilvus(tmp_path, monkeypatch):
    monkeypatch.setenv("MILVUS_URI", "photos.db")
    code = (
        "import os; from dedup.pipelines.store.collection import connect; connect().close();"
        "print(os.environ['MILVUS_URI'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("photos.db\n", 0), done.stderr
    assert (tmp_path / "photos.db").is_dir()


@pytest.mark.timeout(120)
def test_server_that_dies_loses_nothing_that_was_reported(server, folder):
    settings = {"token": server.token, "method": "sscd-fast", "collection": "dying"}
    late = [folder / "rocket.png", folder / "coins.jpg"]
    early = [path for path in folder.iterdir() if path not in late]
    index = dedup.ImageIndex(server.uri, **settings)
    try:
        assert index.add(early).embedded == 4
        server.kill()
        with pytest.raises(dedup.StoreUnavailable, match="is the server running"):
            index.add(late)
        with pytest.raises(dedup.StoreUnavailable, match="is the server running"):
            index.check(early[0])
    finally:
        index.close()
        server.start()
    with dedup.ImageIndex(server.uri, **settings) as index:
        assert len(index) == 4
        added = index.add(folder)
        assert (added.embedded, added.unchanged) == (2, 4)
        assert index.check(folder / "rocket.png").relation == "exact"


def test_what_was_removed_is_seen_by_no_thread(store, folder):
    data = (folder / "coffee.png").read_bytes()
    with dedup.ImageIndex(store.uri, token=store.token) as index:
        index.add(folder)
        assert index.check(data).relation == "exact"
        index.remove(folder / "coffee.png")
        with ThreadPoolExecutor(8) as threads:
            seen = [check.relation for check in threads.map(index.check, [data] * 8)]
    assert seen == ["new"] * 8
