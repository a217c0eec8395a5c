"""JPEG XL, read by pillow-jxl-plugin (the extra `jxl`).

The plugin decodes a file when it opens it, so the size is read from the file's head before:
a few bytes may stand for a picture that no memory holds.
"""

from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from dedup._base.extras import command
from dedup.errors import DecodeError
from dedup.pipelines.images import memory
from dedup.pipelines.images.limits import require_within

__all__ = ["accepts", "check", "depth_of", "read", "size_of"]

_CODESTREAM = b"\xff\x0a"
_CONTAINER = b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a"
_ORIENTATION = 0x0112
# Width over height, by the three bits that stand for it (ISO/IEC 18181-1, SizeHeader).
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIZE_BITS = (9, 13, 18, 30)
_DEPTHS = {False: (8, 10, 12), True: (32, 16, 24)}  # of whole numbers, of floats
_HEAD = 64


def accepts(head: bytes) -> bool:
    """Whether a file's first bytes are those of JPEG XL."""
    return head.startswith((_CODESTREAM, _CONTAINER))


def check(file: BinaryIO) -> None:
    """Raise a `DecodeError` if a file is too large or animated, or can't be read here."""
    require_within(size_of(file))
    depth_of(file)
    try:
        import pillow_jxl  # noqa: F401
    except ImportError:
        raise DecodeError(f"JPEG XL: to read it, {command('jxl')}") from None


def read(file: BinaryIO) -> Image.Image:
    """Decode a file.

    Raises
    ------
    DecodeError
        If it is too large, damaged, or the extra is not installed.
    """
    check(file)
    from pillow_jxl.JpegXLImagePlugin import JXLImageFile

    width, height = size_of(file)
    file.seek(0)
    with memory.room(width * height * memory.JXL):
        try:
            image: Image.Image = JXLImageFile(file)
            image.load()
        except Exception as error:  # its text is for those who build the plugin
            raise DecodeError("damaged image: not a whole JPEG XL file") from error
        except BaseException as error:  # a panic of the plugin's Rust code
            if type(error).__name__ != "PanicException":
                raise
            raise DecodeError("damaged image: not a whole JPEG XL file") from error
    image.info["bit_depth"] = depth_of(file)
    if not getattr(image, "jpeg", False):
        image.getexif().pop(_ORIENTATION, None)  # libjxl has turned it already
    return image


def size_of(file: BinaryIO) -> tuple[int, int]:
    r"""Width and height of a JPEG XL picture as it is stored, from its first bytes.

    Examples
    --------
    >>> from io import BytesIO
    >>> size_of(BytesIO(b"\xff\x0a\x7f"))
    (256, 256)
    """
    return _size(_Bits(_codestream(file)[2:]))


def depth_of(file: BinaryIO) -> int:
    r"""Bits of a channel, from a file's first bytes.

    Raises
    ------
    DecodeError
        If it is animated: the plugin reads one frame, and does not tell how many there are.

    Examples
    --------
    >>> from io import BytesIO
    >>> depth_of(BytesIO(b"\xff\x0a\x7f\xff"))
    8
    """
    bits = _Bits(_codestream(file)[2:])
    _size(bits)
    if bits.take(1):  # all is as it is by default
        return 8
    if bits.take(1):
        bits.take(3)  # orientation
        if bits.take(1):
            _size(bits)  # at which it is to be shown
        if bits.take(1):
            raise DecodeError("a JPEG XL with a preview inside, which is not read")
        if bits.take(1):
            raise DecodeError("an animated JPEG XL, of which the frames can't be read")
    depths, chosen = _DEPTHS[bits.take(1) == 1], bits.take(2)
    return depths[chosen] if chosen < len(depths) else bits.take(6) + 1


def _size(bits: "_Bits") -> tuple[int, int]:
    in_eights = bits.take(1) == 1
    height = _side(bits, in_eights=in_eights)
    ratio = bits.take(3)
    if ratio == 0:
        return _side(bits, in_eights=in_eights), height
    over, under = _RATIOS[ratio]
    return height * over // under, height


def _side(bits: "_Bits", *, in_eights: bool) -> int:
    if in_eights:
        return 8 * (bits.take(5) + 1)
    return bits.take(_SIZE_BITS[bits.take(2)]) + 1


class _Bits:
    """Bits of a few bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        """The number that the next bits are."""
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value


def _codestream(file: BinaryIO) -> bytes:
    """The first bytes of the coded picture, which a container holds in a box of its own."""
    file.seek(0)
    start = file.read(_HEAD)
    if start.startswith(_CODESTREAM):
        return start
    for kind, offset in _boxes(file):
        if kind in (b"jxlc", b"jxlp"):
            file.seek(offset + (4 if kind == b"jxlp" else 0))  # a part has a number first
            return file.read(_HEAD)
    raise DecodeError("damaged image: no JPEG XL picture in it")


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind of each box of a container, and where its content starts."""
    offset = 0
    while True:
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind, start = int.from_bytes(header[:4], "big"), header[4:8], 8
        if size == 1:
            size, start = int.from_bytes(header[8:16], "big"), 16
        yield kind, offset + start
        if size < start:  # 0: up to the end of the file
            return
        offset += size
