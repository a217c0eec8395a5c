"""What an engine runs: a network's file, what its pixels go through, and what comes out.

The shapes of inputs and outputs are read here, for all engines alike, so that a network that
does not fit is told in one way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels, Vectors
from dedup.errors import ModelError
from dedup.pipelines.models.preprocessing import Preprocessing

__all__ = [
    "NO_DIRECTION",
    "Engine",
    "Input",
    "Network",
    "Shape",
    "chosen",
    "shown",
    "unit_rows",
]

Shape = Sequence[int | None]

NO_DIRECTION = "the model gives it no usable embedding (all zeros, or not finite)"
"""Why a picture is left out whose vector can't be brought to unit length."""


class Engine(Protocol):
    """A network that is ready to run. Threads may share it.

    Attributes
    ----------
    preprocessing : Preprocessing
        What it does with pictures, all of it settled.
    dimension : int
        Length of a vector.
    """

    preprocessing: Preprocessing
    dimension: int

    def __call__(self, images: list[Pixels]) -> Vectors:
        """Embed RGB images of any size.

        Parameters
        ----------
        images : list of ndarray, shape (height, width, 3), uint8

        Returns
        -------
        ndarray, shape (n, dimension), float32
            Rows of unit length; zeros where the network gave nothing that has a direction.
        """


@dataclass(frozen=True, slots=True)
class Network:
    """A network, and what it is run on.

    Attributes
    ----------
    path : Path
        Its file, or its folder.
    preprocessing : Preprocessing
    output : str, optional
        Name of the output that is the embedding, where there are several.
    digest : str
        Of what is at the path.
    device : str
        "cpu", "cuda" or "cuda:1".
    trusted : bool
        Whether files may be read that are programs.
    """

    path: Path
    preprocessing: Preprocessing
    output: str | None = None
    digest: str = ""
    device: str = "cpu"
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """What a network takes: one picture a time, or batches.

    Attributes
    ----------
    layout : {"NCHW", "NHWC"}
    is_float : bool
        Numbers, or bytes.
    preprocessing : Preprocessing
        The network's, settled.
    """

    layout: Literal["NCHW", "NHWC"]
    is_float: bool
    preprocessing: Preprocessing

    @classmethod
    def of(cls, network: Network, *, shape: Shape, kind: str) -> "Input":
        """The input of a network.

        Parameters
        ----------
        network : Network
        shape : sequence of int or None
            As the file has it; None where any length will do.
        kind : str
            Name of its type of numbers: "float32", "float16" or "uint8".

        Raises
        ------
        ModelError
            If pictures do not fit it.
        """
        name, seen = network.path.name, shown(shape)
        channels = [place for place in (1, 3) if len(shape) == 4 and shape[place] == 3]
        if len(channels) != 1:
            raise ModelError(
                f"{name} takes an input of shape {seen}: expected (batch, 3, height, width) or "
                "(batch, height, width, 3), with the 3 channels in one of the two places"
            )
        if kind not in ("float32", "float16", "uint8"):
            raise ModelError(f"{name} takes {kind}: expected float32, float16 or uint8")
        if kind == "uint8" and not network.preprocessing.is_plain:
            raise ModelError(
                f"{name} takes bytes (uint8), so that mean=, std= and scale= do not apply to it"
            )
        sides = {side for side in (shape[2:] if channels == [1] else shape[1:3]) if side}
        wanted = network.preprocessing.size
        if len(sides) > 1 or (sides and wanted not in (None, *sides)):
            raise ModelError(
                f"{name} takes an input of shape {seen}: "
                + ("only squares are supported" if len(sides) > 1 else f"size={wanted} is not it")
            )
        if not sides and wanted is None:
            raise ModelError(f"{name} takes pictures of any size: say which, size=224 for example")
        settled = network.preprocessing.settled(
            size=wanted or next(iter(sides)), scale=1 if kind == "uint8" else 1 / 255
        )
        return cls("NCHW" if channels == [1] else "NHWC", kind != "uint8", settled)


def chosen(network: Network, outputs: Sequence[tuple[str, Shape]]) -> int:
    """Which of a network's outputs is the embedding, by name or because it is the only one.

    Raises
    ------
    ModelError
        If there are several and none is named, or none of that name.
    """
    if network.output is None and len(outputs) == 1:
        return 0
    names = [name for name, _ in outputs]
    if network.output in names:
        return names.index(network.output)
    known = ", ".join(f"{name!r} {shown(shape)}" for name, shape in outputs)
    problem = "several outputs" if network.output is None else f"no output {network.output!r}"
    raise ModelError(f"{network.path.name} has {problem}: name one with output=, of {known}")


def unit_rows(raw: npt.NDArray[np.generic], *, network: Network) -> Vectors:
    """Vectors of unit length of what a network gave; zeros where it gave no direction.

    Parameters
    ----------
    raw : ndarray, shape (n, d), or (n, d, 1, 1), or (n, 1, 1, d)

    Raises
    ------
    ModelError
        If that is no vector a picture.
    """
    length = int(np.prod(raw.shape[1:]))
    if raw.ndim < 2 or max(raw.shape[1:]) != length:
        raise ModelError(
            f"{network.path.name} gives {shown(raw.shape)} for {raw.shape[0] if raw.ndim else 0} "
            "pictures: expected one vector a picture, (batch, length). Average a map of features "
            "over its places in the network, or name another output with output="
        )
    rows = raw.reshape(len(raw), length).astype(np.float32)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    usable = np.isfinite(lengths) & (lengths > 0)
    rows[~usable] = 0
    return (rows / np.where(usable, lengths, 1)[:, np.newaxis]).astype(np.float32)


def shown(shape: Shape) -> str:
    """A shape as people write it."""
    return "(" + ", ".join("any" if side is None else str(side) for side in shape) + ")"
