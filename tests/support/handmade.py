"""Files that Pillow does not write, made byte by byte."""

import struct
import zlib

import numpy as np
from encoded import jpeg
from PIL import Image, ImageCms

# Passes of an interlaced PNG: first column and row, and the steps (PNG, section 8.2).
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
# Chromaticities of red, green and blue.
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_D65, _D50 = np.array([0.95047, 1.0, 1.08883]), np.array([0.96422, 1.0, 0.82521])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def png(pixels, *, interlaced=False, text=()):
    """A PNG of an array (height, width, 1 to 4), uint8 or uint16."""
    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(
        ">IIBBBBB", width, height, 8 * pixels.itemsize, kind, 0, 0, int(interlaced)
    )
    pixels = pixels.astype(pixels.dtype.newbyteorder(">"))
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    lines = b"".join(
        b"\0" + line.tobytes()  # filter type 0: none
        for left, top, across, down in passes
        for line in pixels[top::down, left::across]
        if line.size
    )
    return png_of_chunks((b"IHDR", header), *text, (b"IDAT", zlib.compress(lines)), (b"IEND", b""))


def png_of_chunks(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def png_of_size(width, height):
    """A PNG of 40 KB that claims a size: black, as far as it goes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(40_000_000), 9)
    return png_of_chunks((b"IHDR", header), (b"IDAT", lines), (b"IEND", b""))


def jpeg_segments(data):
    """A JPEG's segments before its picture data: (marker, start, end)."""
    place = 2
    while data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        yield data[place + 1], place, end
        place = end


def cmyk_jpeg_without_marker(image):
    """Inks as they are, as any program but Adobe's writes them."""
    inverted = Image.fromarray(255 - np.asarray(image.convert("CMYK")), "CMYK")
    data = jpeg(inverted)
    start, end = next((s, e) for marker, s, e in jpeg_segments(data) if marker == 0xEE)
    return data[:start] + data[end:]


def ycck_jpeg(image):
    """CMYK whose inks are coded as luminance and colour, as Adobe's programs write it."""
    inks = np.asarray(image.convert("CMYK"))
    coded = np.asarray(Image.fromarray(inks[..., :3]).convert("YCbCr"))
    stored = np.dstack([255 - coded, inks[..., 3]])  # Pillow inverts what it writes
    data = bytearray(jpeg(Image.fromarray(stored, "CMYK"), subsampling=0))
    end = next(e for marker, _, e in jpeg_segments(data) if marker == 0xEE)
    data[end - 1] = 2  # the marker's transform: YCCK
    return bytes(data)


def psd(image):
    """A flat Photoshop document."""
    planes = np.moveaxis(np.asarray(image), -1, 0)
    header = struct.pack(">4sH6sHIIHH", b"8BPS", 1, b"", 3, image.height, image.width, 8, 3)
    return header + struct.pack(">IIIH", 0, 0, 0, 0) + planes.tobytes()


def tiff(*pages):
    """A little-endian TIFF of pages: dictionaries of tag to (type, values); bytes are data."""
    data = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for tags in pages:
        entries = bytearray()
        for tag, (kind, values) in sorted(tags.items()):
            code, size = {"B": (1, 1), "H": (3, 2), "L": (4, 4), "R": (5, 8), "r": (10, 8)}[kind]
            raw = values if isinstance(values, bytes) else _packed(kind, values)
            count = len(raw) // size
            if len(raw) > 4:
                data += b"\0" * (len(data) % 2)
                offset = len(data)
                data += raw
                raw = struct.pack("<L", offset)
            entries += struct.pack("<HHL", tag, code, count) + raw.ljust(4, b"\0")
        data += b"\0" * (len(data) % 2)
        data[link : link + 4] = struct.pack("<L", len(data))
        data += struct.pack("<H", len(tags)) + entries
        link = len(data)
        data += b"\0\0\0\0"
    return bytes(data)


def _packed(kind, values):
    if kind in "Rr":
        pairs = [part for value in values for part in (round(value * 10_000), 10_000)]
        return struct.pack(f"<{len(pairs)}{'L' if kind == 'R' else 'l'}", *pairs)
    return struct.pack(f"<{len(values)}{kind}", *values)


def dng(image, *, preview=None):
    """A camera's RAW file: one colour a pixel, linear; with the camera's JPEG if one is given."""
    linear = (np.asarray(image) / 255.0) ** 2.2
    height, width = linear.shape[0] // 2 * 2, linear.shape[1] // 2 * 2
    mosaic = np.empty((height, width))
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[row::2, column::2] = linear[row:height:2, column:width:2, channel]
    raw = (mosaic * 65_535).astype("<u2").tobytes()
    to_camera = np.linalg.inv(_to_xyz(SRGB)).ravel()
    about = {
        0xC612: ("B", bytes([1, 4, 0, 0])),  # DNGVersion
        0xC614: ("B", b"Handmade\0"),  # UniqueCameraModel
        0xC621: ("r", to_camera),  # ColorMatrix1: XYZ to the camera's colours
        0xC628: ("R", [1, 1, 1]),  # AsShotNeutral
        0xC65A: ("H", [21]),  # CalibrationIlluminant1: D65
    }
    sensor = {
        0x00FE: ("L", [0]),
        0x0100: ("L", [width]),
        0x0101: ("L", [height]),
        0x0102: ("H", [16]),
        0x0103: ("H", [1]),
        0x0106: ("H", [32803]),  # PhotometricInterpretation: colour filter array
        0x0115: ("H", [1]),
        0x0116: ("L", [height]),
        0x0117: ("L", [len(raw)]),
        0x828D: ("H", [2, 2]),
        0x828E: ("B", bytes([0, 1, 1, 2])),  # red green, green blue
        0xC61D: ("L", [65_535]),  # WhiteLevel
    }
    small = {
        0x00FE: ("L", [1]),  # NewSubfileType: a reduced picture
        0x0100: ("L", [preview.width if preview else 0]),
        0x0101: ("L", [preview.height if preview else 0]),
        0x0102: ("H", [8, 8, 8]),
        0x0103: ("H", [7]),  # JPEG
        0x0106: ("H", [6]),
        0x0115: ("H", [3]),
    }
    return _with_data(about, sensor, raw, small if preview else None, preview)


def _with_data(about, sensor, raw, small, preview):
    """Lay out picture data right after the header, where its place is known."""
    shown = jpeg(preview) if preview else b""
    first, second = 8, 8 + len(raw)
    sensor = {**sensor, 0x0111: ("L", [first])}
    if small is None:
        body = tiff({**sensor, **about})
    else:
        small = {**small, 0x0111: ("L", [second]), 0x0117: ("L", [len(shown)])}
        body = tiff({**sensor, **about}, small)
    return _shifted(body, raw + shown)


def _shifted(body, data):
    """A TIFF with `data` put behind its header; every offset in it moves by as much."""
    shift = len(data) + len(data) % 2
    moved = bytearray(body)
    place = 4
    while (page := int.from_bytes(moved[place : place + 4], "little")) != 0:
        moved[place : place + 4] = struct.pack("<L", page + shift)
        entries = int.from_bytes(moved[page : page + 2], "little")
        for entry in range(page + 2, page + 2 + 12 * entries, 12):
            _, code, count, value = struct.unpack("<HHLL", moved[entry : entry + 12])
            if {1: 1, 3: 2, 4: 4, 5: 8, 10: 8}[code] * count > 4:
                moved[entry + 8 : entry + 12] = struct.pack("<L", value + shift)
        place = page + 2 + 12 * entries
    return bytes(moved[:8]) + data.ljust(shift, b"\0") + bytes(moved[8:])


def _to_xyz(primaries):
    """From linear colours of these primaries, white at D65, to XYZ."""
    xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    return xyz * np.linalg.solve(xyz, _D65)


def rgb_profile(primaries, *, gamma=2.2):
    """An ICC profile of three primaries and one gamma."""
    scale = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ _D65))
    adapted = np.linalg.inv(_BRADFORD) @ scale @ _BRADFORD
    columns = (adapted @ _to_xyz(primaries)).T
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256))
    tags = {kind: _xyz(xyz) for kind, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"RGB ", b"XYZ ", b"mntr", {b"wtpt": _xyz(_D50), **tags})


def grey_profile(*, gamma):
    """An ICC profile of greys."""
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256))
    return _profile(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": _xyz(_D50), b"kTRC": curve})


def cmyk_profile(*, dark=False):
    """An ICC profile of four inks, which is to say a table of 2 x 2 x 2 x 2 colours."""
    lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    corners = np.indices((2, 2, 2, 2)).reshape(4, -1).T
    shown = (1 - corners[:, :3]) * (1 - corners[:, 3:]) * (40 if dark else 255)
    table = Image.fromarray(shown[None].astype(np.uint8))
    colours = np.asarray(ImageCms.applyTransform(table, lab))
    colours = np.dstack([colours[..., :1], colours[..., 1:] ^ 128])  # Pillow's a and b are signed
    straight = bytes(range(256))
    identity = struct.pack(">9i", *(65_536 * np.eye(3, dtype=int)).ravel())
    lut = struct.pack(">4sIBBBB", b"mft1", 0, 4, 3, 2, 0) + identity
    lut += straight * 4 + colours.tobytes() + straight * 3
    return _profile(b"CMYK", b"Lab ", b"prtr", {b"wtpt": _xyz(_D50), b"A2B0": lut})


def _xyz(values):
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(value * 65_536) for value in values))


def _profile(colours, connection, kind, tags):
    text = b"handmade\0"
    tags = {
        b"desc": struct.pack(">4sII", b"desc", 0, len(text)) + text + bytes(78),
        b"cprt": struct.pack(">4sI", b"text", 0) + text,
        **tags,
    }
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(data))
        body += data.ljust((len(data) + 3) // 4 * 4, b"\0")
    header = struct.pack(
        ">I4sI4s4s4s", place + len(body), b"", 0x02400000, kind, colours, connection
    )
    header = (header + bytes(12) + b"acsp" + bytes(28) + _xyz(_D50)[8:]).ljust(128, b"\0")
    return header + struct.pack(">I", len(tags)) + table + body
