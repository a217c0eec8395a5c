"""Which files are the same picture to the pixel, though their bytes differ.

A PNG saved from a JPEG, or a JPEG whose metadata was edited: decoded in full, their pixels are
equal. Decoding every file in full is what this avoids: only pictures of the same kind (size,
frames, depth, transparency) whose 8 x 8 thumbnails agree are decoded in full, and compared by a
digest of all their pixels. Those of two JPEGs are made in one way and must be equal: other formats
are allowed a little, and so much many edits move them, too.
"""

from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from dedup._base.arrays import Pixels
from dedup._catalogue.record import Record
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import ImageSource, pixel_digest

__all__ = ["Picture", "PictureBook", "exactly", "thumbnail"]

_SIDE = 8
# Decoding a JPEG at reduced size moves a cell's mean by no more than this, of 255.
_TOLERANCE = 2
_ROWS = 256

_PageKey: TypeAlias = tuple[int, ...]


@dataclass(slots=True)
class Picture:
    """A picture that is already known, and the file that shows it.

    Two of different kinds (width, height, frames, depth, transparency) are never the same.
    """

    id: int
    source: ImageSource
    kind: tuple[int, ...]
    thumbnail: Pixels
    is_jpeg: bool
    digest: str | None = None

    def pixels(self) -> str:
        """Digest of the full-size pixels, computed once; unique if they can't be read."""
        if self.digest is None:
            try:
                self.digest = pixel_digest(self.source)
            except DecodeError:
                self.digest = f"unreadable {self.id}"
        return self.digest


def thumbnail(image: Pixels) -> Pixels:
    """Grey means of 8 x 8 cells of an RGB image, shape (64,), uint8."""
    grey = Image.fromarray(image).convert("L")
    return np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX)).reshape(-1)


class PictureBook:
    """The distinct pictures seen so far, and the question whether another is one of them."""

    def __init__(self) -> None:
        self._pages: dict[_PageKey, _Page] = {}

    def add(self, picture: Picture) -> None:
        """Remember a picture."""
        key = (*picture.kind, *_steps(picture, 0))
        self._pages.setdefault(key, _Page()).add(picture)

    def same(self, picture: Picture) -> Picture | None:
        """The picture in the book with the very same pixels, if there is one."""
        # Thumbnails that agree have means at most _TOLERANCE apart: half a step either way.
        ends = zip(_steps(picture, -_TOLERANCE), _steps(picture, _TOLERANCE), strict=True)
        for steps in product(*(sorted(set(both)) for both in ends)):
            page = self._pages.get((*picture.kind, *steps))
            same = page.same(picture) if page is not None else None
            if same is not None:
                return same
        return None


class _Page:
    """Pictures of one kind whose quarters are about as bright.

    Ten thousand edits of one picture lie on one page: each is decoded in full once, when first
    another looks like it, and from then on found by the digest of its pixels.
    """

    __slots__ = ("_are_jpeg", "_decoded", "_thumbnails", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Picture] = []  # not decoded in full
        self._decoded: dict[str, Picture] = {}  # by the digest of their pixels
        self._thumbnails = bytearray()  # of those that were decoded
        self._are_jpeg = bytearray()  # one byte each

    def add(self, picture: Picture) -> None:
        if picture.digest is None:
            self._waiting.append(picture)
        elif self._decoded.setdefault(picture.digest, picture) is picture:
            self._thumbnails += picture.thumbnail.tobytes()
            self._are_jpeg.append(picture.is_jpeg)

    def same(self, picture: Picture) -> Picture | None:
        alike = self._alike_waiting(picture)
        if not alike and not self._looks_decoded(picture):
            return None
        for known in alike:
            known.pixels()
            self.add(known)
        return self._decoded.get(picture.pixels())

    def _alike_waiting(self, picture: Picture) -> list[Picture]:
        """Take out those that may be the same picture."""
        if not self._waiting:
            return []
        is_alike = _alike(
            np.stack([known.thumbnail for known in self._waiting]),
            np.array([known.is_jpeg for known in self._waiting]),
            picture,
        )
        if not is_alike.any():
            return []
        alike = [self._waiting[row] for row in np.flatnonzero(is_alike)]
        self._waiting = [self._waiting[row] for row in np.flatnonzero(~is_alike)]
        return alike

    def _looks_decoded(self, picture: Picture) -> bool:
        """Whether one that was decoded looks like it; the last ones are the likeliest."""
        known = np.frombuffer(self._thumbnails, np.uint8).reshape(-1, _SIDE * _SIDE)
        are_jpeg = np.frombuffer(self._are_jpeg, np.bool_)
        parts = (np.s_[max(0, end - _ROWS) : end] for end in range(len(known), 0, -_ROWS))
        return any(_alike(known[part], are_jpeg[part], picture).any() for part in parts)


def _alike(
    thumbnails: Pixels, are_jpeg: npt.NDArray[np.bool_], picture: Picture
) -> npt.NDArray[np.bool_]:
    """Which thumbnails, shape (n, 64), a picture's own agrees with."""
    distance = np.abs(thumbnails.astype(np.int16) - picture.thumbnail).max(axis=1)
    allowed = np.where(are_jpeg & picture.is_jpeg, 0, _TOLERANCE)
    agrees: npt.NDArray[np.bool_] = distance <= allowed
    return agrees


def _steps(picture: Picture, shift: int) -> tuple[int, ...]:
    """The brightness of the four quarters, in steps of twice the tolerance."""
    half = _SIDE // 2
    quarters = picture.thumbnail.reshape(2, half, 2, half).mean(axis=(1, 3), dtype=np.float64)
    return tuple(((quarters.reshape(-1) + shift) // (2 * _TOLERANCE)).astype(int).tolist())


def exactly(a: Record, b: Record) -> str:
    """In what two files that show one picture to the pixel are the same, in words."""
    return "identical file" if a.digest == b.digest else "identical pixels"
