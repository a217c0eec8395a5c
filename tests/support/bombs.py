"""Files of a few bytes that claim 60,000 x 60,000 pixels, in every format that can."""

import struct

import handmade
from encoded import jpeg, saved
from format_files import heif, jxl
from PIL import Image

SIDE = 60_000


def _patched(data, place, claim):
    return data[:place] + claim + data[place + len(claim) :]


def _claims(data, before, form, *, skip=0):
    """A file with the size behind some marker replaced."""
    place = data.index(before) + len(before) + skip
    return _patched(data, place, struct.pack(form, SIDE, SIDE))


def _tiff():
    size = {0x0100: ("L", [SIDE]), 0x0101: ("L", [SIDE])}
    grey = {0x0102: ("H", [8]), 0x0103: ("H", [5]), 0x0106: ("H", [1])}
    strip = {0x0111: ("L", [8]), 0x0115: ("H", [1]), 0x0116: ("L", [SIDE]), 0x0117: ("L", [99])}
    return handmade.tiff({**size, **grey, **strip})


def _raw(data):
    """A RAW file whose sensor is said to be large."""
    small = struct.pack("<HHLL", 0x0100, 4, 1, 64)
    place = data.index(small)
    for entry in (place, place + 12):
        data = _patched(data, entry + 8, struct.pack("<L", SIDE))
    return data


def bombs(extras):
    """Files by name; those of the extras that are there."""
    image = Image.new("RGB", (64, 64))
    photo = jpeg(image)
    start = next(start for marker, start, _ in handmade.jpeg_segments(photo) if marker == 0xC0)
    made = {
        "bomb.png": handmade.png_of_size(SIDE, SIDE),
        "bomb.jpg": _patched(photo, start + 5, struct.pack(">HH", SIDE, SIDE)),
        "bomb.gif": _claims(saved(image, "GIF"), b"GIF87a", "<HH"),
        "bomb.bmp": _patched(saved(image, "BMP"), 18, struct.pack("<ii", SIDE, SIDE)),
        "bomb.tif": _tiff(),
        "bomb.ppm": b"P6 60000 60000 255\n" + bytes(99),
        "bomb.psd": _patched(handmade.psd(image), 14, struct.pack(">II", SIDE, SIDE)),
        "bomb.tga": _patched(saved(image, "TGA"), 12, struct.pack("<HH", SIDE, SIDE)),
        "bomb.qoi": _claims(saved(image, "QOI"), b"qoif", ">II"),
        "bomb.dds": _patched(saved(image, "DDS"), 12, struct.pack("<II", SIDE, SIDE)),
        "bomb.sgi": _patched(saved(image, "SGI"), 6, struct.pack(">HH", SIDE, SIDE)),
        "bomb.pcx": _patched(saved(image, "PCX"), 8, struct.pack("<HH", SIDE - 1, SIDE - 1)),
        "bomb.jp2": _claims(_claims(saved(image, "JPEG2000"), b"ihdr", ">II"), b"\xff\x51",
            ">II", skip=4),
        "bomb.ico": _ico(),
        "bomb.webp": _webp(saved(image, "WEBP")),
        "bomb.avif": _claims(saved(image, "AVIF"), b"ispe", ">II", skip=4),
    }  # fmt: skip
    if "heif" in extras:
        made["bomb.heic"] = _claims(heif(image), b"ispe", ">II", skip=4)
    if "jxl" in extras:
        # The lowest bit first: not in eights; height of 18 bits; no fixed ratio; width the same.
        size = 2 << 1 | (SIDE - 1) << 3 | 2 << 24 | (SIDE - 1) << 26
        made["bomb.jxl"] = b"\xff\x0a" + size.to_bytes(6, "little") + jxl(image)[8:]
    if "raw" in extras:
        made["bomb.dng"] = _raw(handmade.dng(image))
    return made


def _ico():
    inside = handmade.png_of_size(SIDE, SIDE)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(inside), 22) + inside


def _webp(data):
    """An extended header before the picture claims a canvas of 16,384 x 16,384, the largest."""
    side = (16_384 - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I4x", 10) + side + side + data[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body
