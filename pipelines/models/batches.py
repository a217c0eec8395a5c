"""Batches that fit the memory of a graphics card, whatever its size, and engines that run them."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Pixels, Vectors
from dedup.pipelines.models.networks import Network, unit_rows
from dedup.pipelines.models.preprocessing import Preprocessing

__all__ = ["BatchEngine", "Batches"]

Raw = npt.NDArray[np.generic]


class Batches:
    """Calls a network with as many pictures at once as its memory holds.

    Parameters
    ----------
    run : callable
        From pictures, shape (n, size, size, 3), uint8, to what the network gives for them.
    is_full : callable
        Whether an exception says that memory was short.
    largest : int
        Pictures that are tried at once. Where they do not fit, half as many are, from then on.

    Examples
    --------
    >>> sums = Batches(lambda batch: batch.sum(axis=(1, 2, 3)), is_full=lambda error: False)
    >>> sums([np.ones((2, 2, 3), np.uint8)] * 3).tolist()
    [12, 12, 12]
    """

    def __init__(
        self,
        run: Callable[[Pixels], Raw],
        *,
        is_full: Callable[[Exception], bool],
        largest: int = 256,
    ) -> None:
        self._run = run
        self._is_full = is_full
        self.largest = largest

    def __call__(self, squares: Sequence[Pixels]) -> Raw:
        """What the network gives for pictures, in their order; there is at least one."""
        parts: list[Any] = []
        done = 0
        while done < len(squares):
            batch = np.stack(squares[done : done + self.largest])
            try:
                parts.append(self._run(batch))
            except Exception as error:
                if len(batch) == 1 or not self._is_full(error):
                    raise
                self.largest = len(batch) // 2
            else:
                done += len(batch)
        return np.concatenate(parts)


class BatchEngine:
    """A network that takes many pictures at once: images in, embeddings out; see `Engine`.

    Parameters
    ----------
    network : Network
    preprocessing : Preprocessing
        The network's, settled.
    batches : Batches
        What runs it.
    """

    def __init__(self, network: Network, preprocessing: Preprocessing, batches: Batches) -> None:
        self._network = network
        self.preprocessing = preprocessing
        self._batches = batches
        self._lock = threading.Lock()
        self.dimension = self([np.zeros((8, 8, 3), np.uint8)]).shape[1]

    def __call__(self, images: list[Pixels]) -> Vectors:
        """Embed RGB images of any size."""
        if not images:
            return np.empty((0, self.dimension), np.float32)
        with self._lock:
            raw = self._batches([self.preprocessing.square(image) for image in images])
        return unit_rows(raw, network=self._network)
