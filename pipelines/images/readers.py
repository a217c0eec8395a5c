"""Open an image file: which library reads it, and why a file is not read.

Files are recognised by their first bytes, whatever they are called; the name tells only a
camera's RAW file from any other TIFF. What Pillow does not read comes with the extras `heif`,
`jxl` and `raw`. `docs/formats.md` lists all formats.
"""

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from dedup._base.arrays import Pixels
from dedup._base.extras import command
from dedup.errors import DecodeError, DedupError
from dedup.pipelines.images import camera_raw, jpeg_xl, limits, memory, patience
from dedup.pipelines.images.archives import LONGEST_REASON, open_file
from dedup.pipelines.images.rows import Row

__all__ = [
    "ImageSource",
    "check_before_decoding",
    "check_header",
    "open_image",
    "without_warnings",
]

ImageSource: TypeAlias = str | Path | bytes | Image.Image | Pixels | Row

_HEAD = 1024
_LARGEST_IN_MEMORY = 1 << 29  # bytes; a larger TIFF holds many pages
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
# Formats that Pillow knows by name, but hands to other programs (Ghostscript) or can't decode.
_NOT_READ = ("EPS", "WMF", "MPEG", "BUFR", "GRIB", "HDF5")
_DECODED_NEXT = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
# What people keep among their images, and what to do about it; by first bytes, at an offset.
_NO_PICTURE = (
    (0, b"%PDF-", "a PDF document: export its pages as images"),
    (0, b"%!PS", "a PostScript drawing: export it as PNG"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript drawing: export it as PNG"),
    (0, b"\x1f\x8b", "a compressed file: unpack it"),
    (0, b"PK\x03\x04", "an archive or document: unpack it, or name a zip to read what is in it"),
    (0, b"PAR1", "a table: name it to read the images in it"),
    (257, b"ustar", "an archive: unpack it, or name it to read what is in it"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"\0\0\x01\xba", "a video"),
    (0, b"\0\0\x01\xb3", "a video"),
    (8, b"AVI ", "a video"),
    (4, b"moov", "a video"),
    (4, b"ftypavif", "damaged image: not a whole AVIF file"),
    (4, b"ftyp3gp", "a video"),
    (4, b"ftypM4V", "a video"),
    (4, b"ftypiso", "a video"),
    (4, b"ftypmp4", "a video"),
    (4, b"ftypqt", "a video"),
)
_SUBFILE_TYPE, _SUBFILES, _DNG_VERSION = 0x00FE, 0x014A, 0xC612
_IS_REDUCED, _SEPARATE = 1, 2


@contextmanager
def open_image(source: ImageSource) -> Iterator[Image.Image]:
    """An image, opened; of a file most readers have not yet read the pixels.

    `info["original_size"]` is there if what was opened shows a picture of another size:
    (width, height), upright.

    Raises
    ------
    DecodeError
        With the reason, for whatever fails in here or while the image is used.
    """
    with _reasons(), without_warnings():
        if isinstance(source, Row):
            source = source.read()
        if isinstance(source, Image.Image):
            yield source.copy()  # the caller's image is neither closed nor turned
        elif isinstance(source, np.ndarray):
            yield _from_array(source)
        elif not isinstance(source, str | bytes | os.PathLike):
            raise DecodeError(f"no image, but a {type(source).__name__}")
        else:
            with _file(source) as file, _opened(file, _suffix(source)) as image:
                limits.require_within(image.size)
                yield image


def check_header(path: str | Path) -> None:
    """Read the head of a file only, to see whether it can be an image at all.

    Raises
    ------
    DecodeError
        With the reason if it can't.
    """
    with _reasons(), without_warnings(), _file(path) as file:
        head = _head(file)
        if jpeg_xl.accepts(head):
            jpeg_xl.check(file)
        elif camera_raw.accepts(head, _suffix(path)):
            camera_raw.check()
        else:
            with _opened(file, _suffix(path)) as image:
                limits.require_within(image.size)


def check_before_decoding(path: str | Path) -> None:
    """As `check_header`, but what begins as a JPEG or PNG is left to the decoder.

    It says the same, and to read these heads twice is a tenth of the work.
    """
    with _reasons(), _file(path) as file:
        known = file.read(8).startswith(_DECODED_NEXT)
    if not known:
        check_header(path)


def _from_array(array: Pixels) -> Image.Image:
    picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if array.dtype != np.uint8 or not picture or array.size == 0:
        raise DecodeError(
            f"an array of {array.dtype}, shape {array.shape}: "
            "expected uint8, (height, width) or (height, width, 3 or 4)"
        )
    return Image.fromarray(np.ascontiguousarray(array))


def _suffix(source: str | Path | bytes) -> str:
    return "" if isinstance(source, bytes) else os.path.splitext(source)[1].lower()


def _head(file: BinaryIO) -> bytes:
    head = file.read(_HEAD)
    file.seek(0)
    return head


def _file(source: str | Path | bytes) -> patience.InMemory | patience.OnDisk:
    return patience.InMemory(source) if isinstance(source, bytes) else open_file(source)


@contextmanager
def _opened(file: patience.InMemory | patience.OnDisk, suffix: str) -> Iterator[Image.Image]:
    head = _head(file)
    if jpeg_xl.accepts(head):
        yield jpeg_xl.read(file)
    elif camera_raw.accepts(head, suffix):
        yield camera_raw.read(file)
    elif _is_heif(head):
        with _open_heif(file) as image:
            yield image
    else:
        limits.let_pillow()
        try:
            with memory.room(memory.needed_to_open(file, head)):
                image = Image.open(file, formats=_formats())
        except UnidentifiedImageError:
            if not camera_raw.is_tiff(head):
                raise DecodeError(_why_not(head)) from None
            yield _unknown_tiff(file)
            return
        with image:
            if image.tile and image.tile[0][0] in Image.DECODERS:
                file.allow(math.inf)  # such a decoder, written in Python, reads byte by byte
            is_preview = _is_preview(image)
            if isinstance(image, TiffImagePlugin.TiffImageFile) and not is_preview:
                _require_right_planes(image)
                _without_mapping(image, file)
            yield camera_raw.read(file) if is_preview else image


def _formats() -> tuple[str, ...]:
    """Names of the formats that Pillow reads itself; also those that the user registered."""
    Image.preinit()  # the common ones come first, and the odd ones are seldom asked
    Image.init()
    return tuple(name for name in Image.ID if name not in _NOT_READ)


def _is_heif(head: bytes) -> bool:
    """Whether the first box names the brand of a coding that Pillow has no decoder of."""
    if head[4:8] != b"ftyp":
        return False
    brands = head[8 : min(int.from_bytes(head[:4], "big"), _HEAD)]
    return any(brand in brands for brand in _HEIF_BRANDS) and brands[:4] not in (b"avif", b"avis")


def _open_heif(file: BinaryIO) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise DecodeError(f"HEIC: to read it, {command('heif')}") from None
    image: Image.Image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    return image


def _is_preview(image: Image.Image) -> bool:
    """Whether the first page of a TIFF says that it is but a preview of a camera's RAW data."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    tags = image.tag_v2
    reduced = tags.get(_SUBFILE_TYPE) == _IS_REDUCED and _SUBFILES in tags
    return reduced or _DNG_VERSION in tags


def _unknown_tiff(file: BinaryIO) -> Image.Image:
    """A TIFF that Pillow does not know: a camera's RAW file, or one of an odd kind."""
    try:
        return camera_raw.read(file)
    except DecodeError as error:
        if not str(error).startswith("camera RAW"):
            raise
        raise DecodeError(f"a TIFF of a kind that is not read, or else {error}") from error


def _require_right_planes(image: TiffImagePlugin.TiffImageFile) -> None:
    """Refuse a TIFF of separate 16-bit planes: Pillow takes them for 8-bit ones."""
    bits = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (8,))
    if image.tag_v2.get(TiffImagePlugin.PLANAR_CONFIGURATION) == _SEPARATE and max(bits) > 8:
        raise DecodeError("a TIFF of separate 16-bit planes, which is not read")


def _without_mapping(image: TiffImagePlugin.TiffImageFile, file: BinaryIO) -> None:
    """Give libtiff the bytes and not the file, which it maps into memory: see `_file`."""
    compressed = image.tile and image.tile[0][0] == "libtiff"
    if compressed and file.seek(0, os.SEEK_END) <= _LARGEST_IN_MEMORY:
        file.seek(0)
        image.fp = image._fp = BytesIO(file.read())  # the latter for other pages


def _why_not(head: bytes) -> str:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in head:
        return "an SVG drawing: export it as PNG"
    for offset, magic, reason in _NO_PICTURE:
        if head[offset:].startswith(magic):
            return reason
    return "not an image that can be read" + ("" if head else ": the file is empty")


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn whatever fails into a `DecodeError` that says why."""
    try:
        yield
    except DedupError:
        raise
    except Image.DecompressionBombError:
        raise DecodeError(limits.too_large()) from None
    except FileNotFoundError:
        raise DecodeError("file not found") from None
    except PermissionError:
        raise DecodeError("permission denied") from None
    except MemoryError:
        raise DecodeError("not enough memory") from None
    except Exception as error:  # readers raise nearly anything on damaged files
        if isinstance(error, OSError) and error.strerror:
            raise DecodeError(error.strerror.lower()) from error
        text = " ".join(str(error).split())[:LONGEST_REASON] or type(error).__name__
        raise DecodeError(f"damaged image: {text}") from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep what readers warn of to themselves: whether a picture is read is what counts.

    `warnings.catch_warnings` would put back, in one thread, what another has changed. Each
    thread adds a filter here and takes one like it away.
    """
    filters: list[object] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, _QUIET)
    try:
        yield
    finally:
        with suppress(ValueError):  # the application has set filters of its own meanwhile
            filters.remove(_QUIET)


with warnings.catch_warnings():
    warnings.filterwarnings("ignore", module=r"(PIL|pillow_jxl)\.")
    _QUIET = warnings.filters[0]
