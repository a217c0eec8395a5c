"""Which engine runs a network: by the kind of its file, and the device."""

import ctypes
import os
import re
import threading
from importlib.util import find_spec

from dedup._base.extras import missing
from dedup.errors import InputError, ModelError
from dedup.pipelines.models.networks import Engine, Network

__all__ = ["CHECKPOINTS", "check_device", "engine_of"]

CHECKPOINTS = (".pt", ".pth", ".safetensors")
"""How the files of torch's weights end."""
_CAPACITY = 4

_engines: dict[Network, Engine] = {}
_making = [threading.Lock()]


def engine_of(network: Network) -> Engine:
    """The engine of a network, made once a process; the last four are kept.

    Threads may share it: one makes an engine, which takes up to half a second, and others wait.

    Raises
    ------
    ModelError
        If the network can't be read, does not take pictures or gives no vectors; if the
        device, or a package that it needs, is not here.
    """
    with _making[0]:
        if network not in _engines:
            while len(_engines) >= _CAPACITY:
                _engines.pop(next(iter(_engines)), None)
            _engines[network] = _made(network)
        return _engines[network]


def _made(network: Network) -> Engine:
    if network.path.suffix in CHECKPOINTS:
        if find_spec("torch") is None or find_spec("towhee.models") is None:
            raise missing(f"{network.path.name} needs torch", package="torch", extra="torch")
        from dedup.pipelines.models.torch_engine import TorchEngine

        return TorchEngine(network)
    if network.device == "cpu":
        from dedup.pipelines.models.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(network)
    if network.path.suffix == ".onnx":
        from dedup.pipelines.models.onnx_engine import OnnxEngine

        return OnnxEngine(network)
    raise ModelError(
        f'{network.path.name} runs with device="cpu" only: device={network.device!r} takes ONNX '
        f"files, and checkpoints of torch ({', '.join(CHECKPOINTS)})"
    )


def _begin_anew() -> None:
    """In a process that was forked, make other engines: the threads of these are not here.

    They are never destroyed, not even when the process ends: that would wait for the threads.
    """
    for inherited in _engines.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
    _engines.clear()
    _making[0] = threading.Lock()  # a thread that is not here may hold the other


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def check_device(device: str) -> str:
    """A device's name, if there can be one of that name.

    Raises
    ------
    InputError

    Examples
    --------
    >>> check_device("cuda:1")
    'cuda:1'
    """
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise InputError(f'device={device!r}: expected "cpu", "cuda" or "cuda:1"')
    return device
