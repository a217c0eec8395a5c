"""Decode one image with Pillow: upright, 8-bit RGB, near the size that the model needs.

The one place that knows about file formats. Every failure is a `DecodeError` whose message
is the reason that a person reads in `found.skipped`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from dedup.pipelines.errors import DecodeError

__all__ = [
    "SHORT_SIDE",
    "Decoded",
    "ImageSource",
    "Pixels",
    "check_header",
    "decode",
    "pixel_digest",
]

Pixels: TypeAlias = npt.NDArray[np.uint8]
ImageSource: TypeAlias = str | Path | bytes | Image.Image | Pixels

SHORT_SIDE: Final = 320
"""Pixels on the short side that an image should still have to be embedded and aligned."""

# No side is kept longer than this many times the short side that is asked for, so that
# a 20,000 x 10 strip stays small.
_MAX_ASPECT = 4
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
        RGB, upright, alpha laid over white; reduced if a short side was asked for.
    width, height : int
        Size of the upright picture before it was reduced, in pixels.
    format : str
        Pillow's name of the file's format ("JPEG", "PNG", ...), or "" for an image in memory.
    """

    image: Pixels
    width: int
    height: int
    format: str


def decode(source: ImageSource, *, short_side: int | None = None) -> Decoded:
    """Decode an image to upright 8-bit RGB.

    EXIF orientation is applied, alpha is laid over white, 16-bit and float pictures are scaled
    to 8 bits, CMYK and palettes are converted, and of an animation the first frame is taken.

    Parameters
    ----------
    source : str, Path, bytes, PIL.Image.Image or ndarray
        A file's path, its bytes, or an image in memory: shape (height, width), or
        (height, width, 3 or 4), uint8.
    short_side : int, optional
        Reduce the picture so that its short side has this many pixels (never enlarge it).
        JPEG files are then decoded at a fraction of their size, which is several times faster.

    Raises
    ------
    DecodeError
        With the reason: no image, truncated, of size zero, above Pillow's limit, unreadable.

    Examples
    --------
    >>> from PIL import Image
    >>> decode(Image.new("RGBA", (640, 480)), short_side=240).image.shape
    (240, 320, 3)
    """
    with _reasons(), _open(source) as image:
        return _decode(image, short_side)


def check_header(path: str | Path) -> None:
    """Read the head of a file only, to see whether it can be an image at all.

    Raises
    ------
    DecodeError
        With the reason if it can't.
    """
    with _reasons(), Image.open(path):
        pass


def pixel_digest(source: ImageSource) -> str:
    """Digest of an image's upright full-size RGB pixels.

    It is the same for the same picture in any lossless container.

    Examples
    --------
    >>> from PIL import Image
    >>> grey = Image.new("L", (2, 2), 128)
    >>> pixel_digest(grey) == pixel_digest(grey.convert("RGB"))
    True
    """
    image = decode(source).image
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image))
    return digest.hexdigest()


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn whatever fails into a `DecodeError` that says why."""
    try:
        yield
    except DecodeError:
        raise
    except UnidentifiedImageError:
        raise DecodeError("not an image that can be read") from None
    except Image.DecompressionBombError:
        raise DecodeError(
            "more pixels than Pillow's limit (raise PIL.Image.MAX_IMAGE_PIXELS to read it)"
        ) from None
    except FileNotFoundError:
        raise DecodeError("file not found") from None
    except PermissionError:
        raise DecodeError("permission denied") from None
    except OSError as error:
        reason = error.strerror.lower() if error.strerror else f"damaged image: {error}"
        raise DecodeError(reason) from error
    except Exception as error:  # Pillow's readers raise nearly anything on damaged files
        raise DecodeError(f"damaged image: {str(error) or type(error).__name__}") from error


def _open(source: ImageSource) -> Image.Image:
    if isinstance(source, Image.Image):
        return source.copy()  # the caller's image is neither closed nor turned
    if isinstance(source, bytes):
        return Image.open(BytesIO(source))
    if isinstance(source, np.ndarray):
        picture = source.ndim == 2 or (source.ndim == 3 and source.shape[2] in (3, 4))
        if source.dtype != np.uint8 or not picture or source.size == 0:
            raise DecodeError(
                f"an array of {source.dtype}, shape {source.shape}: "
                "expected uint8, (height, width) or (height, width, 3 or 4)"
            )
        return Image.fromarray(np.ascontiguousarray(source))
    return Image.open(source)


def _decode(image: Image.Image, short_side: int | None) -> Decoded:
    file_format = image.format or ""
    if file_format == "TIFF":
        image.load()  # Pillow turns a TIFF upright while it loads it
    width, height = image.size
    if width == 0 or height == 0:
        raise DecodeError(f"an image of size {width} x {height}")
    orientation = _orientation(image)
    target = _reduced((width, height), short_side)
    box = None
    if file_format in ("JPEG", "MPO") and target != (width, height):
        # The last column and row of a drafted picture may lie partly outside: the box says where.
        _, box = image.draft(None, target) or (None, None)
    image = _plain_mode(image)
    if target != image.size or box is not None:
        image = image.resize(target, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)
    image = _over_white(image)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
        if orientation >= _LYING:
            width, height = height, width
    return Decoded(np.array(image), width, height, file_format)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF data: the picture itself may be sound
        return 1


def _reduced(size: tuple[int, int], short_side: int | None) -> tuple[int, int]:
    if short_side is None:
        return size
    scale = min(1.0, short_side / min(size), _MAX_ASPECT * short_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _plain_mode(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB or RGBA, so that it can be resized."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image)))
    image.load()  # a PNG may tell its transparency only at its end
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _eight_bits(values: npt.NDArray[np.generic]) -> Pixels:
    """16-bit, 32-bit and float grey values as 8 bits: by the range their values belong to."""
    grey = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    top = grey.max()
    if top > 65535 or grey.min() < 0:
        low = grey.min()
        grey = (grey - low) * (255.0 / max(top - low, 1e-9))
    elif top > 255 or values.dtype.itemsize == 2:
        grey = grey / 257.0
    elif values.dtype.kind == "f" and top <= 1:
        grey = grey * 255.0
    return np.rint(grey).astype(np.uint8)


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
