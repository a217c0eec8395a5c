"""What a file says of its picture: in its header (EXIF, IPTC, XMP), and in an XMP sidecar."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from dedup._catalogue.metadata import Metadata, date_of, place_of, rating_of, words_of
from dedup._catalogue.xmp import read_xmp
from dedup.errors import DecodeError
from dedup.pipelines.images.readers import open_image

__all__ = ["metadata_of"]

_LONGEST: Final = 4 << 20
"""Bytes of a sidecar that are read."""
_BROKEN: Final = (
    *(ArithmeticError, AttributeError, DecodeError, LookupError, OSError),
    *(SyntaxError, TypeError, ValueError),
)
_IPTC_KEYWORDS: Final = (2, 25)
_XP_KEYWORDS, _RATING = 0x9C9E, 0x4746


def metadata_of(path: str, sidecars: Iterable[str]) -> Metadata:
    """What a picture's XMP sidecars and its own header say; what can't be read says nothing."""
    found = Metadata()
    for sidecar in sidecars:
        with suppress(OSError), open(sidecar, "rb") as file:
            found |= read_xmp(file.read(_LONGEST))
    with suppress(*_BROKEN), open_image(path) as image:
        for read in (_of_packet, _of_exif, _of_iptc):
            found |= _tried(read, image)
    return found


def _tried(read: Callable[[Image.Image], Metadata], image: Image.Image) -> Metadata:
    """What one part of a header says, though another may be broken."""
    with suppress(*_BROKEN):
        return read(image)
    return Metadata()


def _of_packet(image: Image.Image) -> Metadata:
    packet = image.info.get("xmp") or b""
    return read_xmp(packet.encode() if isinstance(packet, str) else bytes(packet))


def _of_exif(image: Image.Image) -> Metadata:
    exif = image.getexif()
    camera, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    taken, zone = (
        str(camera.get(tag, "")).strip("\0 ")
        for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal)
    )
    words = bytes(exif.get(_XP_KEYWORDS, b"")).decode("utf-16-le", "ignore")
    return Metadata(
        date_of(taken + zone) or date_of(taken),
        place_of(_angle(gps, ExifTags.GPS.GPSLatitude), _angle(gps, ExifTags.GPS.GPSLongitude)),
        rating_of(exif.get(_RATING)),
        words_of(words.split(";")),
    )


def _of_iptc(image: Image.Image) -> Metadata:
    if not isinstance(image, ImageFile.ImageFile):
        return Metadata()
    said: Any = (IptcImagePlugin.getiptcinfo(image) or {}).get(_IPTC_KEYWORDS, [])
    several = said if isinstance(said, list) else [said]
    return Metadata(keywords=words_of(word.decode("utf-8", "replace") for word in several))


def _angle(gps: dict[int, Any], field: int) -> float | None:
    """Degrees of a latitude or longitude, whose sign is in the field before."""
    if field not in gps:
        return None
    with suppress(*_BROKEN):
        degrees, minutes, seconds = map(float, gps[field])
        angle = degrees + minutes / 60 + seconds / 3600
        return -angle if str(gps.get(field - 1, ""))[:1] in ("S", "W") else angle
    return None
