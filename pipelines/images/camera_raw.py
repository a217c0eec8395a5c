"""RAW files of cameras, read by LibRaw through rawpy (the extra `raw`).

A RAW file holds what the sensor saw, and nearly always the camera's own JPEG of it. That JPEG
is the picture which viewers show, and it is read many times faster than the sensor's data is
developed; so it is taken where it is large enough for everything that is done here.
"""

from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image

from dedup._base.extras import command
from dedup.errors import DecodeError
from dedup.pipelines.images import memory
from dedup.pipelines.images.limits import require_within

__all__ = ["RAW_SUFFIXES", "accepts", "check", "is_tiff", "read"]

# RAW files that say so themselves: Canon (CR2, CR3, CRW), Fujifilm, Olympus, Panasonic, Sigma,
# Minolta; by first bytes, at an offset.
_MAGIC = (
    (8, b"CR\x02"),
    (4, b"ftypcrx "),
    (6, b"HEAPCCDR"),
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"IIRO"),
    (0, b"IIRS"),
    (0, b"MMOR"),
    (0, b"IIU\0"),
    (0, b"FOVb"),
    (0, b"\0MRM"),
)
# The others look like TIFF files at first, and are told by their names.
_SUFFIXES = (
    *(".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef"),
    *(".mos", ".nef", ".nrw", ".pef", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw"),
)
RAW_SUFFIXES: Final = frozenset([*_SUFFIXES, ".cr3", ".crw", ".orf", ".raf", ".x3f"])
"""What the names of RAW files end in, of those that say so themselves, too."""
# Short side of the smallest JPEG that is taken for the picture, in pixels.
_LARGE_ENOUGH = 640
_QUARTER_TURNS = (5, 6)  # LibRaw's `flip`: a quarter turn left, right


def is_tiff(head: bytes) -> bool:
    """Whether a file's first bytes are those of a TIFF, which most RAW files are."""
    return head.startswith((b"II*\0", b"MM\0*"))


def accepts(head: bytes, suffix: str) -> bool:
    """Whether a file is a camera's RAW file, by its first bytes and its lower-case suffix."""
    if any(head[offset:].startswith(magic) for offset, magic in _MAGIC):
        return True
    return suffix in _SUFFIXES and is_tiff(head)


def check() -> Any:
    """The module `rawpy`; a `DecodeError` that names the command if it is not installed."""
    try:
        import rawpy
    except ImportError:
        raise DecodeError(f"camera RAW: to read it, {command('raw')}") from None
    return rawpy


def read(file: BinaryIO) -> Image.Image:
    """The picture of a RAW file; `info["original_size"]` is that of the sensor's picture.

    Raises
    ------
    DecodeError
        If LibRaw does not know the file, or the extra is not installed.
    """
    rawpy = check()
    file.seek(0)
    try:
        with rawpy.imread(file) as raw:
            sizes = raw.sizes
            size = (sizes.width, sizes.height)
            require_within(size)
            with memory.room(size[0] * size[1] * memory.RAW):
                image = _preview(rawpy, raw) or _developed(raw)
    except rawpy.LibRawError as error:
        raise DecodeError(f"camera RAW that LibRaw does not read: {_text(error)}") from error
    image.info["original_size"] = size[::-1] if sizes.flip in _QUARTER_TURNS else size
    return image


def _text(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _preview(rawpy: Any, raw: Any) -> Image.Image | None:
    """The camera's own JPEG, if it is large enough; LibRaw notes in it how it is turned."""
    try:
        preview = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if preview.format != rawpy.ThumbFormat.JPEG:
        return None
    try:
        image = Image.open(BytesIO(preview.data), formats=("JPEG",))
    except OSError:
        return None
    return image if min(image.size) >= _LARGE_ENOUGH else None


def _developed(raw: Any) -> Image.Image:
    """The sensor's data as a picture, upright; at half size where that is enough."""
    half = min(raw.sizes.width, raw.sizes.height) >= 2 * _LARGE_ENOUGH
    return Image.fromarray(raw.postprocess(use_camera_wb=True, half_size=half))
