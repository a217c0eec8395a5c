"""What a file encloses beside its pictures: a film, sound, a depth map, the source of a drawing.

Phones put the film of a "motion photo" behind the picture, and depth maps there or into the header
(XMP); programs that draw put their document into a text chunk of a PNG file, those that generate
pictures the prompt, there or into EXIF. Nothing is decoded, and most of what is read are headers.
"""

import hashlib
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO, Final, NamedTuple

from PIL import ExifTags, Image

from dedup.pipelines.images.readers import without_warnings

__all__ = ["Enclosed", "enclosed"]

_MOST: Final = 1 << 29
_LONGEST: Final = 1 << 24
_PADDING: Final = 1 << 12
"""Bytes of a file, of a text, and at the end of a file, that are looked at."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_START, _END = b"\xff\xd8", b"\xff\xd9"
_SCAN, _APP1, _COMMENT = 0xDA, 0xE1, 0xFE
_FILL: Final = 0xFF
_EXIF: Final = b"Exif\0\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_FURTHER_XMP: Final = b"http://ns.adobe.com/xmp/extension/\0"
_FURTHER_AT: Final = len(_FURTHER_XMP) + 32 + 4 + 4  # after a digest, the size and the offset

_FILM, _SOUND, _DEPTH = "a film", "sound", "a depth map"
_MP4: Final = re.compile(rb"\0\0\0[\x08-\xff]ftyp([ -~]{4})")
_ONLY_SOUND: Final = (b"M4A ", b"M4B ")
_IN_XMP: Final = {
    b"http://ns.google.com/photos/1.0/depthmap/": _DEPTH,
    b"http://ns.google.com/photos/1.0/audio/": _SOUND,
    b"http://ns.google.com/photos/1.0/image/": "a second picture",
}
_DEPTH_BEHIND: Final = re.compile(rb"Semantic\W{1,4}Depth")  # an item of Google's Container
_DEPTH_OF_SAMSUNG: Final = b"DualShot_DepthMap"
_BOXES: Final = (b"meta", b"mdat", b"free", b"skip", b"idat")
_DEPTH_IN_HEIF: Final = (
    b"urn:mpeg:hevc:2015:auxid:2\0",
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0",
)

_LABEL: Final = 48
"""Characters of a text, up to which it is a name, a date or a version."""
_MARKUP: Final = ("{", "[", "<", "%3c", "%7b")
"""How documents begin (JSON, XML), also if they are encoded as in an address."""
_METADATA: Final = (b"XML:com.adobe.xmp", b"Raw profile type ")
_PROMPT: Final = re.compile(
    r'\bSteps: \d+, \w|"(prompt|class_type|nodes|seed|sampler(_name)?)"\s*:'
)
_SPOKEN: Final = (ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model)
"""Where programs that generate pictures write, beside the user's comment."""
_BROKEN: Final = (
    *(ArithmeticError, AttributeError, LookupError, OSError, SyntaxError, TypeError, ValueError),
    struct.error,
)


class Enclosed(NamedTuple):
    """Something that a file encloses.

    Attributes
    ----------
    what : str
        In words: "a film".
    digest : str
        Of its content; "" where that is not cut out.
    """

    what: str
    digest: str


def enclosed(file: BinaryIO) -> frozenset[Enclosed]:
    """What the file of an image encloses; what is damaged encloses nothing.

    Examples
    --------
    >>> import io
    >>> enclosed(io.BytesIO(b"no image"))
    frozenset()
    """
    head = file.read(12)
    if head.startswith(_PNG):
        return frozenset(_in_chunks(file, len(_PNG), is_png=True))
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return frozenset(_in_chunks(file, len(head), is_png=False))
    if head.startswith(_START):
        return frozenset(_in_jpeg(file))
    if head[4:8] == b"ftyp":
        return frozenset(_in_heif(file))
    return frozenset()


def _in_jpeg(file: BinaryIO) -> Iterator[Enclosed]:
    segments = list(_segments(file))
    packets = [said for marker, said in segments if marker == _APP1]
    xmp = b"".join(said for said in packets if said.startswith(_XMP))
    further = b"".join(said[_FURTHER_AT:] for said in packets if said.startswith(_FURTHER_XMP))
    for space, what in _IN_XMP.items():
        # What tells of a depth map is in the first packet also after the map was cut off.
        if (space in xmp or space in further) and (further or b":Data" in xmp):
            yield Enclosed(what, _digest(further or xmp))
    is_depth_behind = _DEPTH_BEHIND.search(xmp) is not None
    behind = b"" if _is_over(file) and not is_depth_behind else file.read(_MOST).partition(_END)[2]
    yield from _film(behind)
    if _DEPTH_OF_SAMSUNG in behind or (is_depth_behind and _START in behind):
        yield Enclosed(_DEPTH, "")
    yield from _prompts(said.decode("utf-8", "ignore") for at, said in segments if at == _COMMENT)
    for said in packets:
        if said.startswith(_EXIF):
            yield from _in_exif(said)


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The segments of a JPEG before its first scan, where it is read then; by their markers."""
    file.seek(len(_START))
    while len(head := file.read(4)) == 4 and head[0] == _FILL:
        marker, size = head[1], int.from_bytes(head[2:], "big")
        if marker == _FILL:
            file.seek(-3, os.SEEK_CUR)
        elif marker == _SCAN or size < 2:
            return
        else:
            yield marker, file.read(size - 2)


def _is_over(file: BinaryIO) -> bool:
    """Whether nothing but zeros is behind the end of a picture; it is read on where it was."""
    place = file.tell()
    file.seek(max(place, file.seek(0, os.SEEK_END) - _PADDING))
    is_over = file.read().rstrip(b"\0").endswith(_END)
    file.seek(place)
    return is_over


def _film(data: bytes) -> Iterator[Enclosed]:
    """An MP4 file, with all that is behind it."""
    if found := _MP4.search(data):
        what = _SOUND if found[1] in _ONLY_SOUND else _FILM
        yield Enclosed(what, _digest(data[found.start() :]))


def _in_heif(file: BinaryIO) -> Iterator[Enclosed]:
    """What is in a HEIF or AVIF file, which is a row of boxes of which few are the picture's."""
    place = 0
    while True:
        file.seek(place)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if place and kind not in _BOXES:
            yield from _film(head + file.read(_MOST))
            return
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if kind == b"meta":
            said = head + file.read(min(size, _LONGEST))
            if any(name in said for name in _DEPTH_IN_HEIF):
                yield Enclosed(_DEPTH, "")
        if size < 8:  # it is the last one, or damaged
            return
        place += size


def _in_chunks(file: BinaryIO, place: int, *, is_png: bool) -> Iterator[Enclosed]:
    for kind, data in _chunks(file, place, is_png=is_png):
        if kind in (b"eXIf", b"EXIF"):
            yield from _in_exif(data)
        else:
            yield from _in_text(kind, data)


def _chunks(file: BinaryIO, place: int, *, is_png: bool) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG or WebP file, from a place on, that may say something."""
    while True:
        file.seek(place)
        head = file.read(8)
        kind = head[4:] if is_png else head[:4]
        if len(head) < 8 or kind == b"IEND":
            return
        size = int.from_bytes(head[:4], "big") if is_png else int.from_bytes(head[4:], "little")
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"EXIF"):
            yield kind, file.read(min(size, _LONGEST))
        place += 8 + size + (4 if is_png else size % 2)


def _in_text(kind: bytes, data: bytes) -> Iterator[Enclosed]:
    """A text of a PNG file, if it is a prompt or a document: other texts are titles, or dates."""
    keyword, _, said = data.partition(b"\0")
    if keyword.startswith(_METADATA):
        return
    is_packed = kind == b"zTXt"
    if kind == b"iTXt":
        is_packed, said = said[:1] == b"\1", said[2:].split(b"\0", 2)[-1]
    elif is_packed:
        said = said[1:]  # after the method, of which there is one
    if is_packed:
        with suppress(zlib.error):
            said = zlib.decompressobj().decompress(said, _LONGEST)
    text = said.decode("latin-1" if kind != b"iTXt" else "utf-8", "ignore").strip()
    is_document = len(text) > _LABEL and text.lower().startswith(_MARKUP)
    if _PROMPT.search(text):
        yield from _prompts([text])
    elif is_document:
        yield Enclosed("the source it was drawn from", _digest(text.encode()))


def _in_exif(data: bytes) -> Iterator[Enclosed]:
    exif = Image.Exif()
    with suppress(*_BROKEN), without_warnings():
        exif.load(data)
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
        yield from _prompts(map(_said, (comment, *map(exif.get, _SPOKEN))))


def _said(value: object) -> str:
    """A value of EXIF as text; the user's comment begins with the name of its coding."""
    if not isinstance(value, bytes):
        return str(value or "")
    coding, text = value[:8], value[8:]
    if coding == b"UNICODE\0":
        return text.decode("utf-16-be" if text[:1] == b"\0" else "utf-16-le", "ignore")
    return (text if coding == b"ASCII\0\0\0" else value).decode("utf-8", "ignore")


def _prompts(texts: Iterable[str]) -> Iterator[Enclosed]:
    for text in texts:
        if _PROMPT.search(text):
            yield Enclosed("the prompt it was made from", _digest(text.strip("\0 \n").encode()))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
