"""The arrays that all rooms speak of."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["SHORT_SIDE", "Floats", "Grey", "Mask", "Matrix", "Pixels", "Vectors"]

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""A picture: shape (height, width, 3), sRGB, if nothing else is said."""

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Embeddings: shape (n, dimension), rows of unit length; or one of them, shape (dimension,)."""

Grey: TypeAlias = npt.NDArray[np.uint8]
"""One channel of a picture: shape (height, width)."""

Floats: TypeAlias = npt.NDArray[np.float32]
"""What is measured of pictures, at each place or of each thing."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Where something is so: shape (height, width)."""

Matrix: TypeAlias = npt.NDArray[np.float64]
"""A homography: shape (3, 3)."""

SHORT_SIDE: Final = 240
"""Pixels on the short side that an image should still have to be embedded and aligned."""
