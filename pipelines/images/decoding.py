"""Decode one image: upright, 8-bit sRGB, near the size that the model needs.

`readers` opens the file and `colours` converts what is in it. Every failure is a `DecodeError`
whose message is the reason that a person reads in `found.skipped`.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dedup._base.arrays import Pixels
from dedup.errors import DecodeError
from dedup.pipelines.images import damage, frames, jpeg, memory
from dedup.pipelines.images.archives import open_file
from dedup.pipelines.images.colours import WHITE, depth, laid, over, resizable, to_srgb
from dedup.pipelines.images.readers import (
    ImageSource,
    check_before_decoding,
    check_header,
    open_image,
)
from dedup.pipelines.images.rows import Row

__all__ = [
    "Decoded",
    "ImageSource",
    "check_before_decoding",
    "check_header",
    "decode",
    "decode_frames",
    "pixel_digest",
]

# No side is kept twice as long as this many times the short side that is asked for, so that
# a 20,000 x 10 strip stays small.
_MAX_ASPECT = 4
_NEARLY_OPAQUE = 250
_EXIF_ORIENTATION = 0x0112
_LYING = 5  # from this orientation on, width and height change places
# The turn that makes a picture upright, by EXIF orientation (CIPA DC-008, section 4.6.4).
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded image.

    Attributes
    ----------
    image : ndarray, shape (height, width, 3), uint8
        sRGB, upright, laid over `ground`; reduced if a short side was asked for.
    width, height : int
        Size of the upright picture before it was reduced, in pixels. Of a camera's RAW file
        that of the sensor's picture, though a smaller preview may have been read.
    format : str
        Pillow's name of the file's format ("JPEG", "PNG", ...), "RAW", or "" for an image in
        memory.
    frames : int
        Frames of an animation, pages of a document, pictures in one file: how many there are.
    depth : int
        Bits of a channel in the file, of which 8 are read; at least 8.
    alpha : ndarray, shape (height, width), uint8, optional
        How opaque the picture is; None if it is so everywhere.
    ground : int
        The grey that it was laid over: white, or black for what would vanish over white.
    """

    image: Pixels
    width: int
    height: int
    format: str
    frames: int = 1
    depth: int = 8
    alpha: Pixels | None = None
    ground: int = WHITE

    @property
    def is_transparent(self) -> bool:
        """Whether a ground would show through anywhere: more than an edit's rounding leaves."""
        return self.alpha is not None and int(self.alpha.min()) < _NEARLY_OPAQUE

    def over(self, ground: int) -> Pixels:
        """The picture over a ground of this grey."""
        if self.alpha is None:
            return self.image
        return over(self.image, self.alpha, before=self.ground, ground=ground)


def decode(source: ImageSource, *, short_side: int | None = None) -> Decoded:
    """Decode an image to upright 8-bit sRGB.

    EXIF orientation and ICC profiles are applied, alpha is laid over white (or over black what
    would vanish there), 16-bit and float pictures are scaled to 8 bits, CMYK and palettes are
    converted, and of an animation or a document the first frame or page is taken.

    Parameters
    ----------
    source : str, Path, bytes, PIL.Image.Image, ndarray or Row
        A file's path, its bytes, an image in memory, shape (height, width) or
        (height, width, 3 or 4), uint8, or that of a data set's row.
    short_side : int, optional
        Reduce the picture to a half, a quarter, ... while its short side keeps as many pixels.
        JPEG files are then decoded at that fraction of their size, which is several times
        faster, and of other formats means are taken, which gives nearly the same.

    Raises
    ------
    DecodeError
        With the reason: no image, truncated, of size zero, too large, unreadable.

    Examples
    --------
    >>> from PIL import Image
    >>> decode(Image.new("RGBA", (640, 480)), short_side=240).image.shape
    (240, 320, 3)
    """
    with open_image(source) as image:
        return _decode(image, short_side)


def decode_frames(source: ImageSource, *, short_side: int | None = None) -> Iterator[Decoded]:
    """Decode an image as `decode` does, then its other frames or pages, one at a time.

    Raises
    ------
    DecodeError
        If one can't be read, or there are too many to look at.
    """
    with open_image(source) as image:
        if frames.too_many(image):
            raise DecodeError("too many frames to look at")
        for frame in frames.each(image):
            yield _decode(frame, short_side)


def pixel_digest(source: ImageSource) -> str:
    """Digest of what an image shows: the upright full-size pixels, and alpha, of all its frames.

    It is the same for the same picture in any lossless container. What is hidden where alpha is
    0 does not count. A file that holds more than is read here (more than 8 bits a channel, too
    many frames), or that shows nothing at all, is the same as another of the same bytes only.

    Examples
    --------
    >>> from PIL import Image
    >>> grey = Image.new("L", (2, 2), 128)
    >>> pixel_digest(grey) == pixel_digest(grey.convert("RGBA"))
    True
    """
    if isinstance(source, Row):
        source = source.read()
    digest = hashlib.blake2b(digest_size=16)
    is_seen = False
    with open_image(source) as image:
        if depth(image) > 8 or frames.too_many(image):
            return _digest_of_bytes(source, image)
        for frame in frames.each(image):
            decoded = _decode(frame, None)
            digest.update(repr(decoded.image.shape).encode())
            digest.update(np.ascontiguousarray(decoded.image))
            if decoded.alpha is not None:
                digest.update(np.ascontiguousarray(decoded.alpha))
            is_seen = is_seen or decoded.alpha is None or bool(decoded.alpha.any())
        return digest.hexdigest() if is_seen else _digest_of_bytes(source, image)


def _digest_of_bytes(source: ImageSource, image: Image.Image) -> str:
    """Digest of all that there is, of a file or of an image in memory."""
    digest = hashlib.blake2b(b"bytes", digest_size=16)
    if isinstance(source, str | Path):
        with open_file(source) as file:
            while part := file.read(1 << 20):
                digest.update(part)
    elif isinstance(source, bytes):
        digest.update(source)
    else:
        digest.update(f"{image.mode} {image.size}".encode() + image.tobytes())
    return digest.hexdigest()


def _decode(image: Image.Image, short_side: int | None) -> Decoded:
    """Decode the frame that an image is at, as soon as there is room for it."""
    with memory.room(memory.needed(image, _reduced(image.size, short_side))):
        return _loaded(image, short_side)


def _loaded(image: Image.Image, short_side: int | None) -> Decoded:
    file_format = image.format or ""
    number, bits = frames.count(image), depth(image)
    if not isinstance(image, JpegImageFile):
        # Pillow turns a TIFF upright while it loads it; and it loads a PNG to look for its EXIF
        # data, where an error would be lost.
        if image.tell() == 0:  # the whole file is checked, with all its frames
            damage.check(image)
        image.load()
    width, height = image.size
    if width == 0 or height == 0:
        raise DecodeError(f"an image of size {width} x {height}")
    orientation = _orientation(image)
    target = _reduced((width, height), short_side)
    box = None
    if isinstance(image, JpegImageFile) and target != (width, height):
        # The last column and row of a drafted picture may lie partly outside: the box says where.
        _, box = image.draft(None, target) or (None, None)
    original, profile = image.info.get("original_size"), image.info.get("icc_profile")
    if isinstance(image, JpegImageFile) and image.mode == "RGB" and not (profile or original):
        is_whole = target == image.size and box in (None, (0, 0, *target))
        # Not by way of Pillow: to copy the pixels twice would take a quarter of the time.
        if is_whole and orientation not in _UPRIGHT and (read := jpeg.read(image)) is not None:
            return Decoded(read, width, height, file_format, number, bits)
    image = resizable(jpeg.load(image) if isinstance(image, JpegImageFile) else image)
    if target != image.size or box not in (None, (0, 0, *image.size)):
        image = image.resize(target, Image.Resampling.BILINEAR, box=box, reducing_gap=1.0)
    image = to_srgb(image, profile)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        if orientation >= _LYING:
            width, height = height, width
    if original is not None:
        (width, height), file_format = original, "RAW"
    pixels, alpha, ground = laid(image)
    return Decoded(pixels, width, height, file_format, number, bits, alpha, ground)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF data: the picture itself may be sound
        return 1


def _reduced(size: tuple[int, int], short_side: int | None) -> tuple[int, int]:
    if short_side is None:
        return size
    scale = max(1.0, min(size) / short_side, max(size) / (_MAX_ASPECT * short_side))
    by = 2 ** int(math.log2(scale))
    return max(1, round(size[0] / by)), max(1, round(size[1] / by))
