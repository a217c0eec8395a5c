"""One picture bent to lie on another: paper is not flat, and what a till prints moves with it."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey
from dedup._base.opencv import cv2
from dedup._verification.reading.homography import evened

__all__ = ["bent", "carried", "flow_between"]


_SMOOTH: Final = 0.02
"""Part of the longer side over which paper bends: a letter, or a bar of a chart, does not."""
_AROUND: Final = 9
"""Side of the windows in which it is seen whether what moved agrees."""
_AGREES: Final = 0.5
_CONTRAST: Final = 20.0


def bent(a: Grey, b: Grey) -> Grey:
    """Picture b, laid over a, and moved a little from place to place, to where most of it agrees.

    Where it shows something else it is moved as what is around it.
    """
    flow = flow_between(a, b)
    one, two = (evened(picture).astype(np.float32) - 128 for picture in (a, carried(b, flow)))
    around = [_means(x) for x in (one * two, one * one, two * two, np.abs(one))]
    likeness = around[0] / np.sqrt(around[1] * around[2] + 1)
    weight = (likeness - _AGREES).clip(0, 1) * np.minimum(around[3], _CONTRAST) + np.float32(1e-4)
    spread = _SMOOTH * max(a.shape)
    total = cv2.GaussianBlur(flow * weight[..., None], (0, 0), spread)
    smooth = total / cv2.GaussianBlur(weight, (0, 0), spread)[..., None]
    return np.asarray(carried(b, smooth.astype(np.float32)), np.uint8)


def flow_between(a: Grey, b: Grey, *, quick: bool = False) -> Floats:
    """Where each pixel of a went, shape (height, width, 2)."""
    how = cv2.DISOPTICAL_FLOW_PRESET_FAST if quick else cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    nothing = np.zeros((*a.shape, 2), np.float32)
    follower = cv2.DISOpticalFlow.create(how)
    return np.asarray(follower.calc(evened(a), evened(b), nothing), np.float32)


def carried(picture: npt.NDArray[Any], flow: Floats) -> npt.NDArray[Any]:
    """What a picture, or a field, shows where each pixel went."""
    rows, columns = np.indices(flow.shape[:2], np.float32)
    return np.asarray(
        cv2.remap(
            picture,
            columns + flow[..., 0],
            rows + flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _means(values: Floats) -> Floats:
    return np.asarray(cv2.boxFilter(values, -1, (_AROUND, _AROUND)), np.float32)
