"""The tutorial's operators, under the tutorial's names, in the tutorial's own pipelines."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import towhee.hub
from PIL import Image
from pymilvus import DataType, MilvusClient
from towhee import DataCollection, ops, pipe

import dedup
from dedup.pipelines import call, compare_pair, output, search
from dedup.pipelines.images.decoding import Decoded


def run(operator, *items):
    """One item through a pipeline of one operator."""
    columns = tuple(f"c{n}" for n in range(len(items)))
    return call(output(pipe.input(*columns).map(columns, "y", operator), "y"), *items).get()[0]


@pytest.fixture
def milvus(tmp_path):
    """A Milvus Lite file with the tutorial's collection: ids, paths, vectors, L2."""
    uri = str(tmp_path / "tutorial.db")
    client = MilvusClient(uri)
    for name, auto_id in (("own_ids", False), ("auto_ids", True)):
        schema = MilvusClient.create_schema(auto_id=auto_id)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("path", DataType.VARCHAR, max_length=500)
        schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=512)
        indexes = client.prepare_index_params()
        indexes.add_index("embedding", index_type="FLAT", metric_type="L2")
        client.create_collection(name, schema=schema, index_params=indexes)
    yield uri
    client.close()


def test_decode_gives_a_towhee_image(folder, photos):
    image = run(ops.image_decode.cv2("rgb"), str(folder / "camera.png"))
    assert image.mode == "RGB"
    assert np.array_equal(image, np.asarray(photos["camera"]))
    reverse = run(ops.image_decode.cv2("bgr"), str(folder / "camera.png"))
    assert reverse.mode == "BGR"
    assert np.array_equal(reverse, np.asarray(photos["camera"])[:, :, ::-1])


def test_decode_takes_bytes(folder, photos):
    image = run(ops.image_decode.cv2("rgb"), (folder / "camera.png").read_bytes())
    assert np.array_equal(image, np.asarray(photos["camera"]))


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_decode_takes_an_address(folder, photos):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        image = run(ops.image_decode.cv2("rgb"), f"{address}/camera.png")
        with pytest.raises(dedup.DecodeError, match=r"not downloaded: .*404"):
            run(ops.image_decode.cv2("rgb"), f"{address}/none.png")
        server.shutdown()
    assert np.array_equal(image, np.asarray(photos["camera"]))


def test_decode_of_one_bad_item_raises(tmp_path):
    with pytest.raises(dedup.DecodeError, match="file not found"):
        run(ops.image_decode.cv2("rgb"), str(tmp_path / "none.jpg"))


def test_decode_of_a_chunk_gives_the_error_in_its_place(folder, tmp_path):
    chunk = [str(folder / "camera.png"), str(tmp_path / "none.jpg"), str(folder / "coffee.png")]
    first, second, third = run(ops.image_decode.cv2("rgb"), chunk)
    assert isinstance(first, Decoded)
    assert isinstance(third, Decoded)
    assert isinstance(second, dedup.DecodeError)


def test_embedding_has_unit_length_and_copies_are_near(photos):
    embed = ops.image_embedding.sscd()
    photo = np.asarray(photos["chelsea"])
    small = np.asarray(photos["chelsea"].resize((150, 100)))
    one, copy, other = (run(embed, x) for x in (photo, small, np.asarray(photos["coffee"])))
    assert one.shape == (512,)
    assert one.dtype == np.float32
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-3)
    assert one @ copy > 0.8
    assert one @ other < 0.25


def test_embedding_of_a_chunk_is_that_of_its_items(photos):
    images = [np.asarray(photo) for photo in photos.values()]
    chunk = run(ops.image_embedding.sscd("sscd-fast"), images)
    single = [run(ops.image_embedding.sscd("sscd-fast"), image) for image in images]
    assert np.array_equal(chunk, np.stack(single))


def test_embedding_of_an_empty_chunk_is_empty():
    assert run(ops.image_embedding.sscd("sscd-fast"), []).shape == (0, 512)


def test_timm_is_a_name_for_the_installed_models(photos):
    image = np.asarray(photos["chelsea"])
    timm = ops.image_embedding.timm(model_name="sscd-fast")
    assert np.array_equal(run(timm, image), run(ops.image_embedding.sscd("sscd-fast"), image))


def test_timm_says_that_it_has_no_imagenet_weights():
    with pytest.raises(dedup.ModelError, match="no weights here, and downloads none"):
        run(ops.image_embedding.timm(model_name="resnet50"), np.zeros((8, 8, 3), np.uint8))


def test_tutorials_pair_comparison_as_the_tutorial_writes_it(folder, photos):
    photos["chelsea"].resize((200, 133)).save(folder / "chelsea-small.png")
    candidates = [str(folder / name) for name in ("chelsea-small.png", "coffee.png")]
    compare = (
        pipe.input("target", "candidates")
        .map("target", "target_image", ops.image_decode.cv2("rgb"))
        .map("target_image", "target_vector", ops.image_embedding.timm(model_name="sscd"))
        .flat_map("candidates", "candidate", lambda paths: paths)
        .map("candidate", "image", ops.image_decode.cv2("rgb"))
        .map("image", "vector", ops.image_embedding.timm(model_name="sscd"))
        .map(("target_vector", "vector"), "distance", lambda a, b: np.linalg.norm(a - b))
        .map("distance", "duplicate", lambda distance: bool(distance < 0.7))
        .output("candidate", "distance", "duplicate")
    )
    rows = DataCollection(compare(str(folder / "chelsea.jpg"), candidates))
    assert [(row["candidate"], row["duplicate"]) for row in rows] == [
        (candidates[0], True),
        (candidates[1], False),
    ]


def test_compare_pair_is_that_pipeline(folder):
    paths = [str(folder / name) for name in ("chelsea.jpg", "coffee.png")]
    rows = DataCollection(call(compare_pair(threshold=0.7), paths[0], paths))
    assert [row["duplicate"] for row in rows] == [True, False]
    assert rows[0]["distance"] == 0


@pytest.mark.parametrize("collection", ["own_ids", "auto_ids"])
def test_insert_and_search_in_a_milvus_lite_file(milvus, folder, collection):
    own = collection == "own_ids"
    columns = ("id", "path", "vector") if own else ("path", "vector")
    embed = (
        pipe.input("id", "path")
        .map("path", "image", ops.image_decode.cv2("rgb"))
        .map("image", "vector", ops.image_embedding.sscd("sscd-fast"))
    )
    insert = embed.map(
        columns, "stored", ops.ann_insert.milvus_client(uri=milvus, collection_name=collection)
    ).output("stored")
    find = embed.map(
        "vector",
        "hits",
        ops.ann_search.milvus_client(
            uri=milvus, collection_name=collection, limit=2, output_fields=["path"]
        ),
    ).output("hits")
    paths = sorted(map(str, folder.iterdir()))
    for number, path in enumerate(paths):
        call(insert, number, path)
    for path in paths:
        best, second = call(find, 0, path).get()[0]
        assert best[1:] == [pytest.approx(0, abs=1e-5), path]  # id, distance, path
        assert second[1] > 0.5


def test_insert_of_a_row_that_does_not_fit(milvus):
    insert = ops.ann_insert.milvus_client(uri=milvus, collection_name="own_ids")
    with pytest.raises(dedup.StoreError, match="a row has 1 values, the collection 3 fields"):
        run(insert, 7)


def test_milvus_operators_work_on_after_another_user_closed_the_file(tmp_path, folder):
    with dedup.ImageIndex(tmp_path / "photos.db") as index:
        index.add(folder)
    find = search(method="sscd", uri=str(tmp_path / "photos.db"), collection="dedup")
    for _ in range(2):
        dedup.ImageIndex(tmp_path / "photos.db").close()
        best = call(find, str(folder / "coffee.png")).get()[0][0]
        assert best[2] == str(folder / "coffee.png")
    dedup.ImageIndex(tmp_path / "photos.db").close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"uri": "photos.db"}, "need a collection_name"),
        ({"collection_name": "x"}, "need a uri, or a host and a port"),
        ({"host": "127.0.0.1", "port": 9, "collection_name": "x"}, "is the server running"),
    ],
)
def test_milvus_operators_say_what_is_missing(settings, message):
    with pytest.raises(dedup.StoreError, match=message):
        run(ops.ann_search.milvus_client(**settings), np.zeros(512, np.float32))


def test_unknown_operator_is_an_error_before_the_hub_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(towhee.hub, "get_operator", lambda *a, **k: asked.append(a))
    monkeypatch.setattr(
        "towhee.runtime.operator_manager.operator_loader.get_operator",
        lambda *a, **k: asked.append(a),
    )
    for operator in (ops.image_decode.cv3("rgb"), ops.nobody.nothing()):
        with pytest.raises(dedup.OperatorError, match=r"no operator .*image_decode\.cv2"):
            output(pipe.input("x").map("x", "y", operator), "y")
    assert not asked


def test_errors_of_the_library_come_out_typed_and_others_as_towhee_has_them(tmp_path):
    def fail(_):
        raise KeyError("mine")

    (tmp_path / "bad.jpg").write_text("no image")
    decode = output(pipe.input("x").map("x", "y", ops.image_decode.cv2("rgb")), "y")
    with pytest.raises(dedup.DecodeError, match=r"^not an image that can be read"):
        call(decode, str(tmp_path / "bad.jpg"))
    with pytest.raises(RuntimeError, match="mine"):
        call(output(pipe.input("x").map("x", "y", fail), "y"), 1)


def test_image_in_memory_passes_a_pipeline():
    image = Image.new("RGB", (4, 3), "red")
    assert run(ops.image_decode.cv2("rgb"), image).shape == (3, 4, 3)
