"""Which files are the same picture to the pixel, though their bytes differ.

A PNG saved from a JPEG, or a JPEG whose metadata was edited: decoded in full, their pixels are
equal. Decoding every file in full is what this avoids: only pictures of the same size whose
8 x 8 thumbnails agree are decoded in full, and compared by a digest of all their pixels.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dedup._indexing.records import Record
from dedup.pipelines.decoding import ImageSource, Pixels, pixel_digest
from dedup.pipelines.errors import DecodeError

__all__ = ["Picture", "PictureBook", "exactly", "thumbnail"]

_SIDE = 8
# Decoding a JPEG at reduced size moves a cell's mean by less than this, of 255.
_TOLERANCE = 4


@dataclass(slots=True)
class Picture:
    """A picture that is already known, and the file that shows it."""

    id: int
    source: ImageSource
    width: int
    height: int
    thumbnail: Pixels
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
        self._pages: dict[tuple[int, int, int], _Page] = defaultdict(_Page)

    def add(self, picture: Picture) -> None:
        """Remember a picture."""
        self._pages[_page_key(picture, 0)].add(picture)

    def same(self, picture: Picture) -> Picture | None:
        """The picture in the book with the very same pixels, if there is one."""
        # Thumbnails that agree have means at most _TOLERANCE apart: a page either way.
        pages = (self._pages.get(_page_key(picture, step)) for step in (-1, 0, 1))
        alike = [known for page in pages if page for known in page.alike(picture)]
        return next((known for known in alike if known.pixels() == picture.pixels()), None)


class _Page:
    """Pictures of one size and about one brightness; their thumbnails in one buffer."""

    def __init__(self) -> None:
        self._pictures: list[Picture] = []
        self._thumbnails = bytearray()

    def add(self, picture: Picture) -> None:
        self._pictures.append(picture)
        self._thumbnails += picture.thumbnail.tobytes()

    def alike(self, picture: Picture) -> list[Picture]:
        known = np.frombuffer(self._thumbnails, np.uint8).reshape(-1, _SIDE * _SIDE)
        distance = np.abs(known.astype(np.int16) - picture.thumbnail).max(axis=1)
        return [self._pictures[row] for row in np.flatnonzero(distance <= _TOLERANCE)]


def _page_key(picture: Picture, step: int) -> tuple[int, int, int]:
    return picture.width, picture.height, int(picture.thumbnail.mean()) // _TOLERANCE + step


def exactly(a: Record, b: Record) -> str:
    """In what two files that show one picture to the pixel are the same, in words."""
    return "identical file" if a.digest == b.digest else "identical pixels"
