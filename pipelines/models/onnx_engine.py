"""ONNX files on a graphics card of NVIDIA's, by ONNX Runtime."""

import re
from importlib.util import find_spec
from typing import Any

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.extras import command, missing
from dedup.errors import ModelError
from dedup.pipelines.models.batches import BatchEngine, Batches
from dedup.pipelines.models.networks import Input, Network, Shape, chosen, shown

__all__ = ["OnnxEngine"]

_CUDA = "CUDAExecutionProvider"
_KINDS = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
}


class OnnxEngine(BatchEngine):
    """A session of ONNX Runtime: images in, embeddings out; see `Engine`."""

    def __init__(self, network: Network) -> None:
        session = _session(network)
        if len(session.get_inputs()) != 1:
            known = ", ".join(f"{i.name!r} {shown(_shape(i))}" for i in session.get_inputs())
            raise ModelError(f"{network.path.name} takes several inputs, not one: {known}")
        (taken,) = session.get_inputs()
        kind = _KINDS.get(taken.type, taken.type)
        self._session, self._name, self._kind = session, taken.name, kind
        self._input = Input.of(network, shape=_shape(taken), kind=kind)
        outputs = session.get_outputs()
        number = chosen(network, [(output.name, _shape(output)) for output in outputs])
        self._output = outputs[number].name
        self._fixed = _shape(taken)[0]
        batches = Batches(self._run, is_full=_is_full, largest=self._fixed or 256)
        super().__init__(network, self._input.preprocessing, batches)

    def _run(self, squares: Pixels) -> Any:
        missing = (self._fixed or len(squares)) - len(squares)
        whole = np.pad(squares, ((0, missing), (0, 0), (0, 0), (0, 0)))
        given = self._session.run([self._output], {self._name: self._numbers(whole)})[0]
        return given[: len(squares)]

    def _numbers(self, squares: Pixels) -> Any:
        """What the network takes for squares of bytes."""
        settings = self.preprocessing
        numbers: Any = squares
        if self._input.is_float:
            mean, std = (np.array(x, np.float32) for x in (settings.mean, settings.std))
            numbers = ((squares * np.float32(settings.factor) - mean) / std).astype(self._kind)
        return numbers if self._input.layout == "NHWC" else numbers.transpose(0, 3, 1, 2)


def _session(network: Network) -> Any:
    """The file on its device, and never on the processor instead of the card."""
    if find_spec("onnxruntime") is None:
        raise missing(
            f"device={network.device!r} needs ONNX Runtime for NVIDIA's cards",
            package="onnxruntime",
            extra="gpu",
        )
    import onnxruntime

    if network.device == "cpu":
        providers: list[Any] = ["CPUExecutionProvider"]
    elif _CUDA not in onnxruntime.get_available_providers():
        raise ModelError(
            f"device={network.device!r}: the ONNX Runtime that is installed knows no CUDA. "
            f"Replace it with: pip uninstall --yes onnxruntime && {command('gpu')}"
        )
    else:
        onnxruntime.preload_dlls()  # CUDA and cuDNN, from the packages that the extra brings
        number = int(network.device.partition(":")[2] or 0)
        providers = [(_CUDA, {"device_id": number})]
    try:
        session = onnxruntime.InferenceSession(network.path, providers=providers)
    except Exception as error:  # its own exceptions have no common base
        raise ModelError(
            f"{network.path.name} is no network that ONNX Runtime reads: {error}"
        ) from error
    if network.device != "cpu" and _CUDA not in session.get_providers():
        raise ModelError(
            f"device={network.device!r}: there is no such NVIDIA card here, or its driver does "
            f"not fit what {command('gpu')} brings (nvidia-smi says what is there)"
        )
    return session


def _shape(port: Any) -> Shape:
    return [side if isinstance(side, int) else None for side in port.shape]


def _is_full(error: Exception) -> bool:
    """Whether the card's memory was short. ONNX Runtime says so in words only."""
    return bool(re.search(r"out of memory|allocate memory|ALLOC_FAILED|than requested", str(error)))
