"""Checkpoints of torch, on the processor or on a graphics card."""

from typing import Any

from dedup._base.arrays import Pixels
from dedup.errors import ModelError
from dedup.pipelines.models.batches import BatchEngine, Batches
from dedup.pipelines.models.checkpoints import is_program, resnet
from dedup.pipelines.models.networks import Network

__all__ = ["TorchEngine"]


class TorchEngine(BatchEngine):
    """A network of torch's: images in, embeddings out; see `Engine`."""

    def __init__(self, network: Network) -> None:
        import torch

        preprocessing = network.preprocessing.settled(size=224, scale=1 / 255)
        self._device = _device(network)
        self._module = _module(network).to(self._device)
        self._mean, self._std = (
            torch.tensor(x, device=self._device).reshape(1, 3, 1, 1)
            for x in (preprocessing.mean, preprocessing.std)
        )
        super().__init__(network, preprocessing, Batches(self._run, is_full=_is_full))

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
