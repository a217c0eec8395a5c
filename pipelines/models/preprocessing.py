"""How a picture becomes what a network sees: its square, and the numbers of its pixels."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2

__all__ = ["Preprocessing", "Triple"]

Triple = tuple[float, float, float]

# What "crop" leaves of the short side: 224 of 256, as networks for ImageNet are tested.
_MIDDLE: Final = 0.875
_FITTED: Final = {"squash": "squashed", "crop": "its middle cut and scaled"}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a network sees of a picture: (pixel * scale - mean) / std of each channel.

    Attributes
    ----------
    size : int, optional
        Side of the square that the network sees, in pixels; None if that is the network's to say.
    mean, std : (float, float, float)
        Of each channel, in the order that the network sees.
    scale : float, optional
        What pixels, 0 to 255, are multiplied with first; None if that is the network's to say.
    channels : {"rgb", "bgr"}
        The order that the network sees.
    fit : {"squash", "crop"}
        Squash the whole picture into the square, or take the square in its middle, without
        a margin.

    Examples
    --------
    >>> print(Preprocessing(224), Preprocessing(32, scale=1 / 255, fit="crop"), sep="; ")
    RGB, squashed to 224 x 224 by means and bilinear; RGB, its middle cut and scaled to 32 ...
    """

    size: int | None = None
    mean: Triple = (0, 0, 0)
    std: Triple = (1, 1, 1)
    scale: float | None = 1
    channels: Literal["rgb", "bgr"] = "rgb"
    fit: Literal["squash", "crop"] = "squash"

    @property
    def is_plain(self) -> bool:
        """Whether the values of pixels stay as they are."""
        return self.scale in (None, 1) and not any(self.mean) and self.std == (1, 1, 1)

    def settled(self, *, size: int, scale: float) -> "Preprocessing":
        """What is left open filled in."""
        return replace(
            self,
            size=size if self.size is None else self.size,
            scale=scale if self.scale is None else self.scale,
        )

    @property
    def short_side(self) -> int:
        """Pixels that the short side of a picture needs."""
        return self._side if self.fit == "squash" else round(self._side / _MIDDLE)

    @property
    def factor(self) -> float:
        """The scale, settled."""
        assert self.scale is not None
        return self.scale

    @property
    def _side(self) -> int:
        assert self.size is not None, "not settled"
        return self.size

    def square(self, image: Pixels) -> Pixels:
        """The square of a picture that the network sees, its channels in the network's order.

        Examples
        --------
        >>> Preprocessing(32, fit="crop").square(np.zeros((90, 160, 3), np.uint8)).shape
        (32, 32, 3)
        """
        if self.fit == "crop":
            image = _middle(image)
        image = _resized(image, self._side)
        return np.ascontiguousarray(image if self.channels == "rgb" else image[:, :, ::-1])

    def __str__(self) -> str:
        side = self._side
        fitted = f"{_FITTED[self.fit]} to {side} x {side} by means and bilinear"
        words = f"{self.channels.upper()}, {fitted}"
        if self.is_plain:
            return words
        mean, std = (" ".join(f"{x:.6g}" for x in values) for values in (self.mean, self.std))
        return f"{words}, (pixel x {self.factor:.6g} - [{mean}]) / [{std}]"


def _middle(image: Pixels) -> Pixels:
    """The square in the middle, without a margin."""
    height, width = image.shape[:2]
    side = max(1, round(min(width, height) * _MIDDLE))
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _resized(image: Pixels, side: int) -> Pixels:
    """Means of whole pixels while as many are left, then bilinear.

    A filter that is as wide as what it reduces takes six times as long and blurs a little: SSCD's
    networks then propose one or two copies of a thousand less.
    """
    height, width = image.shape[:2]
    down, across = max(1, height // side), max(1, width // side)
    if down > 1 or across > 1:
        smaller = max(side, round(width / across)), max(side, round(height / down))
        image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    if image.shape[:2] != (side, side):
        image = np.asarray(
            cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8
        )
    return image
