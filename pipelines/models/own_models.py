"""Models that users bring: a file, and how pictures are made ready for it."""

import numbers
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from dedup._base.views import View
from dedup.errors import InputError
from dedup.pipelines.models.engines import CHECKPOINTS, engine_of
from dedup.pipelines.models.fingerprints import fingerprint
from dedup.pipelines.models.networks import Network
from dedup.pipelines.models.preprocessing import Preprocessing, Triple

__all__ = ["Defaults", "Model", "OwnModel"]

# As torchvision and timm prepare pictures for networks that ImageNet trained.
_IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
_IMAGENET_STD: Triple = (0.229, 0.224, 0.225)


class Defaults(NamedTuple):
    """What is used where a search says nothing: cosines, or None if they are not known."""

    candidates: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Model:
    """An embedding model of your own: `find_duplicates("photos/", method=Model("net.onnx"))`.

    Its vectors are brought to unit length and compared by cosine.

    Parameters
    ----------
    path : str or Path
        An ONNX file, the folder of a TensorFlow SavedModel, a TFLite file (`.tflite`), or an
        OpenVINO IR (`.xml`, its `.bin` beside it); all run on OpenVINO. Or a checkpoint of torch
        (`.pth`, `.pt`, `.safetensors`; needs `pip install "dedup-vision[torch]"`): a ResNet-50 in
        torchvision's or timm's layout, Meta's SSCD, or TorchScript.
    size : int, optional
        Side of the square picture that it sees, in pixels; its own if that is fixed. 224 for
        checkpoints.
    mean, std : float or three, optional
        It sees (pixel * scale - mean) / std of each channel, in its own order of channels.
        By default 0 and 1; for checkpoints those of ImageNet.
    scale : float, optional
        What pixels, 0 to 255, are multiplied with; by default 1/255, or 1 if it takes bytes.
    channels : {"rgb", "bgr"}
        The order that it sees.
    fit : {"squash", "crop"}
        Squash the whole picture into the square, or take the square in its middle, without an
        eighth as margin. Squashing loses nothing of the picture.
    output : str, optional
        Name of the output that is the embedding, if it has several.
    metric : {"cosine"}
        How vectors are compared. At unit length the order by L2 distance is the same.
    candidates : float, optional
        The cosine from which a pair is proposed, where a search does not say it.
    threshold : float, optional
        The cosine from which a pair is accepted, with `verify=False`, where a search does not
        say it.
    trusted : bool
        Run TorchScript, which is a program. All other files are read as data.

    Raises
    ------
    InputError
        If a setting is out of its range. What is wrong with the file is told when it is used.

    Examples
    --------
    >>> Model("resnet50.onnx", size=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    Model(path='resnet50.onnx', size=224, ...)
    """

    path: str | Path
    _: KW_ONLY
    size: int | None = None
    mean: float | Sequence[float] | None = None
    std: float | Sequence[float] | None = None
    scale: float | None = None
    channels: Literal["rgb", "bgr"] = "rgb"
    fit: Literal["squash", "crop"] = "squash"
    output: str | None = None
    metric: Literal["cosine"] = "cosine"
    candidates: float | None = None
    threshold: float | None = None
    trusted: bool = False

    def __post_init__(self) -> None:
        if self.metric != "cosine":
            raise InputError(
                f'metric={self.metric!r}: vectors are compared by "cosine". For unit vectors '
                "that orders pairs as L2 does: cosine = 1 - distance ** 2 / 2"
            )
        for setting, known in (("channels", ("rgb", "bgr")), ("fit", ("squash", "crop"))):
            if getattr(self, setting) not in known:
                expected = " or ".join(map(repr, known))
                raise InputError(f"{setting}={getattr(self, setting)!r}: expected {expected}")
        if self.size is not None and not (isinstance(self.size, int) and self.size > 0):
            raise InputError(f"size={self.size!r}: expected the side of a square in pixels")
        for setting in ("candidates", "threshold"):
            value = getattr(self, setting)
            if value is not None and not -1 <= value <= 1:
                raise InputError(f"{setting}={value}: expected a cosine, -1 to 1")
        if self.scale == 0 or 0 in _triple("std", self.std, default=(1, 1, 1)):
            raise InputError("scale= and std= are not 0")
        _triple("mean", self.mean, default=(0, 0, 0))

    def on(self, device: str) -> "OwnModel":
        """The method that runs it on a device."""
        path = Path(self.path).expanduser().absolute()
        of_torch = path.suffix in CHECKPOINTS
        preprocessing = Preprocessing(
            size=self.size,
            mean=_triple("mean", self.mean, default=_IMAGENET_MEAN if of_torch else (0, 0, 0)),
            std=_triple("std", self.std, default=_IMAGENET_STD if of_torch else (1, 1, 1)),
            scale=self.scale,
            channels=self.channels,
            fit=self.fit,
        )
        network = Network(
            path, preprocessing, self.output, fingerprint(path), device=device, trusted=self.trusted
        )
        return OwnModel(path.name, network, Defaults(self.candidates, self.threshold))


@dataclass(frozen=True, slots=True)
class OwnModel:
    """The method of a model that a user brings; see `dedup.pipelines.models.methods.Method`."""

    measure: ClassVar[Literal["cosine"]] = "cosine"
    reranker: ClassVar[None] = None
    view: ClassVar[View] = "whole"
    views: ClassVar[tuple[()]] = ()
    method: str
    network: Network
    defaults: Defaults

    @property
    def dimension(self) -> int:
        """Length of a vector, as its network gives it."""
        return engine_of(self.network).dimension

    @property
    def short_side(self) -> int:
        """Pictures are decoded near the size that the network sees."""
        return engine_of(self.network).preprocessing.short_side

    @property
    def properties(self) -> dict[str, str]:
        """What a collection records of it: the digest of its file, and the preprocessing."""
        output = f", output {self.network.output}" if self.network.output else ""
        return {
            "dedup.model": f"{self.network.path.name}, blake2b {self.network.digest}{output}",
            "dedup.preprocessing": str(engine_of(self.network).preprocessing),
        }

    def require(self) -> None:
        """Raise an error that says why the network can't be run."""
        engine_of(self.network)


def _triple(setting: str, value: float | Sequence[float] | None, *, default: Triple) -> Triple:
    """One number for each channel."""
    if value is None:
        return default
    values = [value] * 3 if isinstance(value, numbers.Real) else list(value)  # type: ignore[arg-type]
    if len(values) != 3:
        raise InputError(f"{setting}={value!r}: expected a number, or three, one a channel")
    first, second, third = map(float, values)
    return first, second, third
