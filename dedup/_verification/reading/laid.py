"""What one look of the second reading sees: two pictures laid over each other; what both are."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dedup._base.arrays import Grey, Matrix
from dedup._base.opencv import cv2
from dedup._verification.reading.frame import Frame
from dedup._verification.reading.nature import Nature, nature_of
from dedup._verification.reading.residual import WINDOW

__all__ = ["Box", "Grey", "Laid", "Matrix", "box_in"]

Box: TypeAlias = tuple[float, float, float, float]


@dataclass(slots=True)
class Laid:
    """Two pictures laid over each other, at one of the sizes at which they are read.

    Attributes
    ----------
    frame : Frame
    to_other : ndarray, shape (3, 3)
        From the frame's pixels to those of its other picture.
    laid : ndarray, uint8
        The other picture, as it is seen from the frame.
    covered : ndarray, uint8
        255 where both show the same thing.
    given : tuple of ndarray, uint8
        Both pictures, as they were given.
    rough : bool
        There is a closer look to come.
    known : str, optional
        What both pictures are, once it was asked for.
    """

    frame: Frame
    to_other: Matrix
    laid: Grey
    covered: Grey
    given: tuple[Grey, Grey]
    rough: bool
    known: Nature | None

    @property
    def nature(self) -> Nature:
        """What both pictures are."""
        if self.known is None:
            self.known = self._nature()
        return self.known

    def _nature(self) -> Nature:
        """The same of the box that both show: without what lies around sheets."""
        left, top, width, height = cv2.boundingRect(self.covered)
        if min(width, height) < WINDOW:
            return nature_of(self.given, (self.frame.base, self.laid))
        box = left, top, left + width, top + height
        there = self.frame.to_base, self.frame.given(self.to_other)
        # As they were given: in what was reduced or turned before, thin lines have many tones.
        one, two = (
            _cut(x, box_in(box, m, x.shape)) for x, m in zip(self.given, there, strict=True)
        )
        laid = _cut(self.frame.base, box), _cut(self.laid, box)
        return nature_of((one, two), laid, of=self.given)


def _cut(picture: Grey, box: Box) -> Grey:
    left, top, right, bottom = (round(side) for side in box)
    return picture[top:bottom, left:right]


def box_in(box: tuple[int, int, int, int], matrix: Matrix, shape: tuple[int, ...]) -> Box:
    """The box around what a homography makes of another one, within a picture of this shape."""
    left, top, right, bottom = box
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    there = cv2.perspectiveTransform(corners[None], matrix)[0]
    low = there.min(axis=0).clip(0, shape[1::-1])
    high = there.max(axis=0).clip(0, shape[1::-1])
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
