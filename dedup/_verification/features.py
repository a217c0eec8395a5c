"""What the alignment keeps of an image: a small grey picture, and its look."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Grey, Pixels
from dedup._base.opencv import cv2
from dedup._verification.keypoints import Local, local_features, mirrored_features
from dedup._verification.look import Look
from dedup._verification.reading.gate import is_photo
from dedup._verification.sheet import Corners, sheet_of

__all__ = [
    "LEAST_PICTURE",
    "PICTURE",
    "SPECK",
    "Features",
    "extract",
    "grey_of",
    "one_thread",
    "reduced",
]


PICTURE: Final = 67_200
"""Pixels of the grey picture, 224 x 300: an area, so that a strip costs what a square does."""
LEAST_PICTURE: Final = 9_600
"""Smaller pictures are enlarged to this many pixels."""
_THUMBNAIL: Final = 24
"""Side of the thumbnails, in pixels."""
SPECK: Final = 60
"""Grey values by which a speck of salt or pepper differs from its neighbours."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the alignment needs of one image, about 70 kB, and 60 kB more once compared closely.

    Attributes
    ----------
    grey : ndarray, uint8
        The picture, denoised, reduced (or enlarged) to about `PICTURE` pixels.
    look : Look
        What the explanation needs besides.
    over_black : Features, optional
        The same of a transparent picture over black; else it is over white.
    computed : dict
        What was computed since, by its name.
    """

    grey: Grey
    look: Look
    over_black: "Features | None" = None
    computed: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def as_known(self) -> "Features":
        """A copy that does not learn what this one computes from now on."""
        black = None if self.over_black is None else self.over_black.as_known()
        return replace(self, over_black=black, computed=dict(self.computed))

    def half(self) -> Grey:
        """`grey` in half its width and height; computed once."""
        if "half" not in self.computed:
            height, width = self.grey.shape
            half = cv2.resize(self.grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            self.computed["half"] = np.asarray(half, np.uint8)
        known: Grey = self.computed["half"]
        return known

    def is_photo(self) -> bool:
        """Whether it is surely a photo, in which nothing is drawn; computed once."""
        if "photo" not in self.computed:
            self.computed["photo"] = is_photo(self.grey)
        return bool(self.computed["photo"])

    def sheet(self) -> Corners | None:
        """Corners of a sheet that lies on something else, `sheet_of`; computed once."""
        if "sheet" not in self.computed:
            self.computed["sheet"] = sheet_of(self.grey)
        known: Corners | None = self.computed["sheet"]
        return known

    def local(self, *, mirrored: bool = False) -> Local:
        """Keypoints in pixels of `grey`, or of its mirror image, and their descriptors.

        Computed once.
        """
        name = "mirrored" if mirrored else "local"
        if name not in self.computed:
            self.computed[name] = (
                mirrored_features(self.grey, self.local()[0])
                if mirrored
                else local_features(self.grey)
            )
        known: Local = self.computed[name]
        return known


def one_thread() -> None:
    """Align with one thread in this process, for all that use OpenCV in it."""
    cv2.setNumThreads(1)


def extract(
    image: npt.NDArray[np.uint8], *, size: tuple[int, int] | None = None, pixels: int = PICTURE
) -> Features:
    """Reduce an image to what `compare` needs.

    Pure, may run in several threads, and leaves the interpreter's lock free while it works.

    Parameters
    ----------
    image : ndarray, shape (height, width, 3), uint8
        RGB, with `SHORT_SIDE` pixels (of `decoding.py`) on the short side if it has as many.
    size : tuple of int, optional
        Width and height of the image before it was reduced, which `Evidence.scale` is about.
    pixels : int
        Of the grey picture, about.

    Examples
    --------
    >>> extract(np.zeros((300, 400, 3), np.uint8)).grey.shape
    (224, 299)
    """
    height, width = image.shape[:2]
    grey = grey_of(image)
    clean = _denoised(grey)
    finest = cv2.absdiff(grey, clean)
    thumbnail = cv2.resize(image, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    look = Look(
        size=size or (width, height),
        thumbnail=np.asarray(thumbnail, np.uint8),
        grain=cv2.mean(finest)[0],
        detail=cv2.norm(clean, cv2.GaussianBlur(clean, (5, 5), 1.0), cv2.NORM_L1) / grey.size,
        specks=np.count_nonzero(np.asarray(finest) >= SPECK) / grey.size,
    )
    return Features(grey=_resized(clean, pixels), look=look)


def reduced(image: Pixels, *, pixels: int = PICTURE) -> Grey:
    """`Features.grey` of an image, in about so many pixels."""
    return _resized(_denoised(grey_of(image)), pixels)


def grey_of(picture: Pixels) -> Grey:
    """A picture in grey values."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _denoised(grey: Grey) -> Grey:
    """A picture without impulse noise, which would cost most keypoints; little else is lost."""
    return np.asarray(cv2.medianBlur(grey, 3), np.uint8)


def _resized(grey: Grey, pixels: int) -> Grey:
    """The picture in about so many pixels."""
    height, width = grey.shape
    zoom = min(1.0, (pixels / (width * height)) ** 0.5)
    zoom = max(zoom, (LEAST_PICTURE / (width * height)) ** 0.5)
    size = max(8, round(width * zoom)), max(8, round(height * zoom))
    # A bilinear filter would be faster, but moves edges: a few copies then look like a scene's.
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)
