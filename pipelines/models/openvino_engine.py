"""Networks on OpenVINO: ONNX files, TensorFlow's SavedModel folders and TFLite files, and its IR.

It reads all of them by itself, and runs on the processor's cores.
"""

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np

from dedup._base.arrays import Pixels, Vectors
from dedup.errors import ModelError
from dedup.pipelines.models.networks import Input, Network, Shape, chosen, shown, unit_rows

__all__ = ["OpenVinoEngine"]

_KINDS = {"f32": "float32", "f16": "float16", "u8": "uint8"}


def _openvino() -> ModuleType:
    """OpenVINO, without the usage data that importing it sends to its makers.

    It does without where its telemetry package is missing, so that one is hidden meanwhile.
    """
    if "openvino_telemetry" in sys.modules:
        return importlib.import_module("openvino")
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("openvino")
    finally:
        del sys.modules["openvino_telemetry"]


class OpenVinoEngine:
    """A compiled network: images in, embeddings out; see `Engine`."""

    def __init__(self, network: Network) -> None:
        openvino = _openvino()
        self._network = network
        core = openvino.Core()
        model = _read(core, network)
        self._input = _input_of(network, model)
        self.preprocessing = self._input.preprocessing
        self._output = chosen(network, [_named(output) for output in model.outputs])
        model = _with_preprocessing(openvino, network, model, self._input)
        self.dimension = _dimension(network, model.outputs[self._output])
        compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
        # One image a request, a request a core: faster than batches of 16, and an embedding
        # never depends on which images it shared a batch with.
        self._queue = openvino.AsyncInferQueue(compiled)
        self._lock = threading.Lock()

    def __call__(self, images: list[Pixels]) -> Vectors:
        """Embed RGB images of any size."""
        raw = np.empty((len(images), self.dimension), np.float32)

        def keep(request: Any, row: int) -> None:
            raw[row] = request.get_output_tensor(self._output).data.reshape(-1)

        with self._lock:
            self._queue.set_callback(keep)
            for row, image in enumerate(images):
                self._queue.start_async({0: self.preprocessing.square(image)[None]}, row)
            self._queue.wait_all()
        return unit_rows(raw, network=self._network)


def _read(core: Any, network: Network) -> Any:
    try:
        return core.read_model(network.path)
    except RuntimeError as error:
        raise ModelError(
            f"{network.path.name} is no network that OpenVINO reads (ONNX, SavedModel, TFLite or "
            f"OpenVINO IR): {_last_line(error)}"
        ) from error


def _input_of(network: Network, model: Any) -> Input:
    """Its only input."""
    if len(model.inputs) != 1:
        known = ", ".join(f"{name!r} {shown(shape)}" for name, shape in map(_named, model.inputs))
        raise ModelError(f"{network.path.name} takes {len(model.inputs)} inputs, not one: {known}")
    port = model.inputs[0]
    kind = port.get_element_type().get_type_name()
    return Input.of(network, shape=_shape(port), kind=_KINDS.get(kind, kind))


def _with_preprocessing(openvino: ModuleType, network: Network, model: Any, taken: Input) -> Any:
    """The network for one square of bytes, its preprocessing inside, where it runs fastest."""
    settings = taken.preprocessing
    side = settings.size
    shape = [1, 3, side, side] if taken.layout == "NCHW" else [1, side, side, 3]
    try:
        model.reshape(shape)
        steps = openvino.preprocess.PrePostProcessor(model)
        pixels = steps.input().tensor()
        pixels.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        steps.input().model().set_layout(openvino.Layout(taken.layout))
        if taken.is_float:
            values = steps.input().preprocess().convert_element_type(openvino.Type.f32)
            values.scale(1 / settings.factor).mean(list(settings.mean)).scale(list(settings.std))
        return steps.build()
    except RuntimeError as error:
        raise ModelError(
            f"{network.path.name} does not take one picture of {side} x {side} pixels at a time "
            f"({shown(shape)}): {_last_line(error)}"
        ) from error


def _dimension(network: Network, output: Any) -> int:
    """Length of what one picture gives."""
    shape = _shape(output)
    if None in shape:
        raise ModelError(
            f"{network.path.name} gives {shown(shape)}: expected vectors of one length"
        )
    sample = np.ones([side or 0 for side in shape], np.float32)
    return int(unit_rows(sample, network=network).shape[1])


def _named(port: Any) -> tuple[str, Shape]:
    names = sorted(port.get_names())
    return (names[0] if names else str(port.get_index())), _shape(port)


def _shape(port: Any) -> Shape:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return ()
    return [None if side.is_dynamic else side.get_length() for side in shape]


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
