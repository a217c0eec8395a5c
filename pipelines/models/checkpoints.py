"""Weights that torch has saved, read without running anything that is in the file.

Two layouts are known, both of a ResNet-50: torchvision's (and timm's), as ImageNet's weights are
saved, and the same with Meta's head for copy detection (SSCD, `*.torchvision.pt`). The network
itself is that of `towhee.models`, whose parameters have other names.
"""

import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dedup.errors import ModelError
from dedup.pipelines.logs import handlers_kept

__all__ = ["is_program", "resnet"]

# From the names of towhee.models to torchvision's, but that blocks are counted from 1 there.
_NAMES = (
    (re.compile(r"^stem\.conv\."), "conv1."),
    (re.compile(r"^stem\.bn\."), "bn1."),
    (re.compile(r"^head\.fc\."), "fc."),
    (re.compile(r"(?<=\d)\.proj\."), ".downsample.0."),
    (re.compile(r"(?<=\d)\.bn\."), ".downsample.1."),
    (re.compile(r"\.f\.([abc])\."), lambda m: f".conv{'abc'.index(m[1]) + 1}."),
    (re.compile(r"\.f\.([abc])_bn\."), lambda m: f".bn{'abc'.index(m[1]) + 1}."),
    (re.compile(r"^s(\d)\.b(\d)\."), lambda m: f"layer{m[1]}.{int(m[2]) - 1}."),
)
# Counts of training steps, and the power of the pooling, which is no weight in these files.
_UNUSED = ("num_batches_tracked", "head.pool.p")
_SHOWN = 3


def is_program(path: Path) -> bool:
    """Whether a file is a TorchScript archive: a program with its weights."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def resnet(path: Path) -> Any:
    """The ResNet-50 whose weights a file holds.

    SSCD's (arXiv 2202.10261): generalised mean pooling and 512 numbers. ImageNet's: its 2,048
    features, averaged over places; the layer of 1,000 classes is left off.

    Returns
    -------
    torch.nn.Module
        From (n, 3, height, width), float32, to (n, 512) or (n, 2048), and features.

    Raises
    ------
    ModelError
        If the weights are those of another network; names what is missing, or too much.
    """
    import torch

    with handlers_kept():
        from towhee.models.cvnet.resnet import ResNet

    weights = _weights(path)
    is_copy_detection = any(name.startswith("backbone.") for name in weights)
    if is_copy_detection:
        weights = {name.removeprefix("backbone."): one for name, one in weights.items()}
        head = weights.get("fc.bias", torch.empty(512))
        network = ResNet(50, head.numel())
    else:
        weights = {name: one for name, one in weights.items() if not name.startswith("fc.")}
        network = ResNet(50, 1)
        network.head.pool = torch.nn.AdaptiveAvgPool2d(1)
        network.head.fc = torch.nn.Identity()
    _load(network, weights, path=path)
    return network.eval()


def _load(network: Any, weights: Mapping[str, Any], *, path: Path) -> None:
    """Put weights in their places, all of them or none."""
    weights = {name: one for name, one in weights.items() if not name.endswith(_UNUSED)}
    places = {
        _torchvision(name): (name, one.shape)
        for name, one in network.state_dict().items()
        if not name.endswith(_UNUSED)
    }
    both = weights.keys() & places.keys()
    problems = {
        "lacks": places.keys() - weights.keys(),
        "has besides": weights.keys() - places.keys(),
        "has in another shape": {n for n in both if weights[n].shape != places[n][1]},
    }
    if any(problems.values()):
        names = "; ".join(
            f"it {problem} {_some(names)}" for problem, names in problems.items() if names
        )
        raise ModelError(
            f"{path.name} does not hold a ResNet-50 in torchvision's layout, nor SSCD's "
            f"(*.torchvision.pt): {names}"
        )
    network.load_state_dict({places[name][0]: weights[name] for name in places}, strict=False)


def _some(names: Collection[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more


def _torchvision(name: str) -> str:
    """What torchvision calls a parameter of towhee.models.

    Examples
    --------
    >>> _torchvision("s1.b1.bn.bias"), _torchvision("s4.b3.f.c_bn.weight")
    ('layer1.0.downsample.1.bias', 'layer4.2.bn3.weight')
    """
    for pattern, wanted in _NAMES:
        name = pattern.sub(wanted, name)
    return name


def _weights(path: Path) -> dict[str, Any]:
    """The tensors of a file by their names; nothing in it is executed.

    Raises
    ------
    ModelError
        If it holds anything else than tensors, or is no such file.
    """
    import torch

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of zipfile, pickle, struct, torch: junk ends in any of them
        raise ModelError(
            f"{path.name} can't be read as weights alone, and nothing else in it is run: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    for key in ("state_dict", "model"):  # as training scripts wrap them
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(map(torch.is_tensor, content.values())):
        raise ModelError(f"{path.name} is no state dict: expected tensors by their names")
    return {str(name).removeprefix("module."): tensor for name, tensor in content.items()}
