"""Checkpoints of torch, on the processor or on a graphics card."""

import threading
from typing import Any

import numpy as np

from dedup._base.arrays import Pixels, Vectors
from dedup.errors import ModelError
from dedup.pipelines.models.batches import Batches
from dedup.pipelines.models.checkpoints import is_program, resnet
from dedup.pipelines.models.networks import Network, unit_rows

__all__ = ["TorchEngine"]


class TorchEngine:
    """A network of torch's: images in, embeddings out; see `Engine`."""

    def __init__(self, network: Network) -> None:
        import torch

        self._network = network
        self.preprocessing = network.preprocessing.settled(size=224, scale=1 / 255)
        self._device = _device(network)
        self._module = _module(network).to(self._device)
        self._mean, self._std = (
            torch.tensor(x, device=self._device).reshape(1, 3, 1, 1)
            for x in (self.preprocessing.mean, self.preprocessing.std)
        )
        self._batches = Batches(self._run, is_full=_is_full)
        self._lock = threading.Lock()
        self.dimension = self([np.zeros((8, 8, 3), np.uint8)]).shape[1]

    def __call__(self, images: list[Pixels]) -> Vectors:
        """Embed RGB images of any size."""
        if not images:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            raw = self._batches([self.preprocessing.square(image) for image in images])
        return unit_rows(raw, network=self._network)

    def _run(self, squares: Pixels) -> Any:
        import torch

        with torch.inference_mode():
            pixels = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2).float()
            scaled = pixels * self.preprocessing.factor
            given = self._module((scaled - self._mean) / self._std)
            embedding = given[0] if isinstance(given, tuple) else given
            return embedding.float().cpu().numpy()


def _module(network: Network) -> Any:
    import torch

    path = network.path
    if not is_program(path):
        return resnet(path)
    if not network.trusted:
        raise ModelError(
            f"{path.name} is TorchScript, a program with its weights. If you trust where it is "
            "from, say so with trusted=True; or take the weights alone (SSCD: *.torchvision.pt)"
        )
    try:
        return torch.jit.load(path, map_location="cpu").eval()
    except RuntimeError as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"{path.name} is no TorchScript that torch reads: {first}") from error


def _device(network: Network) -> Any:
    import torch

    number = int(network.device.partition(":")[2] or 0)
    if network.device == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available() or number >= torch.cuda.device_count():
        raise ModelError(
            f"device={network.device!r}: torch {torch.__version__} finds no such NVIDIA card "
            "(nvidia-smi says what is there). If it was built without CUDA: pip install "
            '--force-reinstall "dedup-vision[torch]"'
        )
    return torch.device(network.device)


def _is_full(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError)
