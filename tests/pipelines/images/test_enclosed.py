"""What a file encloses beside its pictures is found without decoding, and garbage is nothing."""

import io
import struct

import numpy as np
import pytest
from encoded import saved
from PIL import Image, PngImagePlugin

from dedup.pipelines.images.enclosed import enclosed

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 20
PROMPT = "a lighthouse\nSteps: 30, Sampler: Euler a, CFG scale: 7, Seed: 12345"
DRAWING = "<mxfile><diagram>7Vxbc9o4FP41zLQPyfgCGB4Tkm52p93pTC7d1</diagram></mxfile>"
JPEG = saved(Image.linear_gradient("L"), "JPEG")
UUID = b"0" * 32


def segment(said):
    return b"\xff\xe1" + struct.pack(">H", len(said) + 2) + said


def with_xmp(packet, *, further=b""):
    parts = segment(b"http://ns.adobe.com/xap/1.0/\0" + packet)
    if further:
        ahead = b"http://ns.adobe.com/xmp/extension/\0" + UUID + struct.pack(">II", len(further), 0)
        parts += segment(ahead + further)
    return JPEG[:2] + parts + JPEG[2:]


def with_text(keyword, text, *, packed=False, international=False):
    info = PngImagePlugin.PngInfo()
    add = info.add_itxt if international else info.add_text
    add(keyword, text, zip=packed)
    return saved(Image.linear_gradient("L"), "PNG", pnginfo=info)


def with_comment(file_format, text):
    """The user's comment as programs that generate pictures write it."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    return saved(Image.linear_gradient("L"), file_format, exif=exif)


def box(kind, data):
    return struct.pack(">I", len(data) + 8) + kind + data


def heic(*boxes):
    return b"".join([box(b"ftyp", b"heic\0\0\0\0mif1heic"), *boxes, box(b"mdat", b"\0" * 99)])


DEPTH_SPACE = b'<x xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Near="1"/>'
DIRECTORY = b'<Container:Item Item:Mime="image/jpeg" Item:Semantic="Depth" Item:Length="99"/>'
FILM, DEPTH, SOUND = ["a film"], ["a depth map"], ["sound"]
SOURCE, MADE_FROM = ["the source it was drawn from"], ["the prompt it was made from"]
FILES = {
    "film behind a JPEG": (JPEG + MP4, FILM),
    "film of Samsung": (JPEG + b"\0\0\x30\x0aMotionPhoto_Data" + MP4 + b"SEFHk\0\0\0SEFT", FILM),
    "film behind a second JPEG": (JPEG + JPEG + MP4, FILM),
    "sound behind a JPEG": (JPEG + MP4.replace(b"mp42", b"M4A "), SOUND),
    "film in a HEIC": (heic(box(b"meta", b"\0" * 50)) + box(b"mpvd", MP4), FILM),
    "depth in a HEIC": (heic(box(b"meta", b"urn:mpeg:hevc:2015:auxid:2\0")), DEPTH),
    "depth in further XMP": (with_xmp(DEPTH_SPACE, further=b"depth" * 99), DEPTH),
    "depth in XMP": (with_xmp(DEPTH_SPACE.replace(b"Near", b"Data")), DEPTH),
    "depth cut off": (with_xmp(DEPTH_SPACE), []),
    "depth behind a JPEG": (with_xmp(DIRECTORY) + JPEG, DEPTH),
    "depth no longer behind it": (with_xmp(DIRECTORY), []),
    "depth of Samsung": (JPEG + b"\0\0\x01\x0aDualShot_DepthMap_1\0\0SEFT", DEPTH),
    "film that only XMP tells of": (with_xmp(b'<x GCamera:MotionPhoto="1"/>'), []),
    "second JPEG": (JPEG + JPEG, []),
    "padded JPEG": (JPEG + b"\0" * 999, []),
    "garbage behind a JPEG": (JPEG + np.random.default_rng(0).bytes(9_999), []),
    "drawing": (with_text("mxfile", DRAWING), SOURCE),
    "packed drawing": (with_text("mxGraphModel", DRAWING.replace("<", "%3C"), packed=True), SOURCE),
    "drawing in UTF-8": (with_text("mxfile", DRAWING, international=True), SOURCE),
    "prompt": (with_text("parameters", PROMPT), MADE_FROM),
    "graph": (with_text("prompt", '{"3": {"class_type": "KSampler"}}'), MADE_FROM),
    "prompt in a JPEG": (with_comment("JPEG", PROMPT), MADE_FROM),
    "prompt in a WebP": (with_comment("WEBP", PROMPT), MADE_FROM),
    "title": (with_text("Title", "What a person called the picture, at whatever length " * 3), []),
    "program": (with_text("Software", "<some program>"), []),
    "XMP of a PNG": (with_text("XML:com.adobe.xmp", f"<x:xmpmeta>{' ' * 99}</x:xmpmeta>"), []),
    "comment of a person": (with_comment("JPEG", "A walk of many steps: 30 of us went"), []),
}


def whats(data):
    return [its.what for its in enclosed(io.BytesIO(data))]


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_encloses(name):
    data, expected = FILES[name]
    assert whats(data) == expected


def test_chunks_behind_the_picture_are_read():
    data = with_text("mxfile", DRAWING)
    start = data.index(b"tEXt") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    assert whats(data[:start] + data[end:-12] + data[start:end] + data[-12:]) == SOURCE


def test_one_prompt_is_the_same_in_any_file():
    files = with_text("parameters", PROMPT), with_comment("JPEG", PROMPT)
    a, b = (enclosed(io.BytesIO(data)) for data in files)
    assert a == b


@pytest.mark.parametrize("name", FILES)
def test_what_is_cut_or_changed_anywhere_raises_nothing(name):
    data = FILES[name][0]
    random = np.random.default_rng(0)
    for end in random.integers(0, len(data), 50).tolist():
        enclosed(io.BytesIO(data[:end]))
        changed = bytearray(data)
        changed[end : end + 4] = random.bytes(4)
        enclosed(io.BytesIO(bytes(changed)))
