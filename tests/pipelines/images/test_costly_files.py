"""Files that take much memory or time to read: a row with the reason, or one after the other."""

import struct
import subprocess
import sys
import zlib

import handmade
import numpy as np
import pytest
from encoded import saved
from PIL import Image

import dedup
from dedup.pipelines.images import memory
from dedup.pipelines.images.decoding import decode

pytestmark = pytest.mark.thorough

SIDE = 12_000  # within the limit of pixels


def _of_size(data, before, form, *, skip=0):
    place = data.index(before) + len(before) + skip
    claim = struct.pack(form, SIDE, SIDE)
    return data[:place] + claim + data[place + len(claim) :]


def float_tiff():
    place = {0x0100: ("L", [SIDE]), 0x0101: ("L", [SIDE]), 0x0102: ("H", [32]), 0x0103: ("H", [8])}
    strip = {0x0111: ("L", [8]), 0x0115: ("H", [1]), 0x0116: ("L", [SIDE]), 0x0117: ("L", [99])}
    return handmade.tiff({**place, 0x0106: ("H", [1]), **strip, 0x0153: ("H", [3])})


def deep_png():
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 0, 0, 0, 0)
    data = handmade.png_of_size(60_000, 60_000)
    place = data.index(b"IHDR")
    chunk = b"IHDR" + head
    return data[:place] + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[place + 21 :]


def icon():
    data = handmade.png_of_size(SIDE, SIDE)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(data), 22) + data


def webp(small):
    data = saved(small, "WEBP", lossless=True)
    place = data.index(b"VP8L") + 9
    return data[:place] + struct.pack("<I", SIDE - 1 | SIDE - 1 << 14) + data[place + 4 :]


def costly():
    small = Image.new("RGB", (64, 64))
    jp2 = _of_size(saved(small, "JPEG2000"), b"ihdr", ">II")
    return {
        "float.tif": float_tiff(),
        "deep.png": deep_png(),
        "icon.ico": icon(),
        "stream.jp2": _of_size(jp2, b"\xff\x51", ">II", skip=4),
        "flat.webp": webp(small),
    }


def test_what_takes_too_much_memory_is_a_row_with_its_reason(tmp_path, photos):
    for name, data in costly().items():
        (tmp_path / name).write_bytes(data)
    photos["coffee"].save(tmp_path / "photo.png")
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    reasons = {row.path.rsplit("/", 1)[-1]: row.reason for row in found.skipped.itertuples()}
    assert sorted(reasons) == sorted(costly())
    for reason in reasons.values():
        assert "GB of memory to read, more than the limit of 2.9 GB: set DEDUP_MAX_PIXELS" in reason


AT_ONCE = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from dedup.pipelines.images.decoding import decode

with ThreadPoolExecutor(3) as pool:
    seen = list(pool.map(lambda path: decode(path, short_side=224).width, [sys.argv[1]] * 3))
assert seen == [7000] * 3
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts in kilobytes")
def test_large_pictures_are_read_one_after_the_other(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.zeros((6000, 7000), np.uint16)).save(path, compress_level=1)
    child = subprocess.run(
        [sys.executable, "-c", AT_ONCE, path], capture_output=True, check=True, text=True
    )
    assert int(child.stdout) < 2_200  # one takes above a gigabyte, three at once above three


def test_reading_the_largest_does_not_wait_for_itself(photos, monkeypatch):
    monkeypatch.setenv("DEDUP_MAX_PIXELS", "100_000")
    monkeypatch.setattr(memory, "SHARED", 1 << 20)
    assert decode(photos["coffee"].resize((300, 300))).width == 300


COMMENT = b"P6\n#" + b"c" * 400_000 + b"\n4 4\n255\n" + bytes(48)
CHUNKS = 200_000 * (struct.pack(">I", 0) + b"teXt" + struct.pack(">I", zlib.crc32(b"teXt")))


def test_what_is_read_in_too_many_pieces_is_a_row_with_its_reason(tmp_path, photos):
    png = saved(photos["coffee"], "PNG")
    (tmp_path / "comment.ppm").write_bytes(COMMENT)
    (tmp_path / "chunks.png").write_bytes(png[:33] + CHUNKS + png[33:])
    (tmp_path / "a short comment.ppm").write_bytes(COMMENT.replace(b"c" * 390_000, b""))
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    reasons = {row.path.rsplit("/", 1)[-1]: row.reason for row in found.skipped.itertuples()}
    assert reasons == dict.fromkeys(
        ["comment.ppm", "chunks.png"], "a file of too many small parts, which is not read"
    )
    for data in (COMMENT, png[:33] + CHUNKS + png[33:]):
        with pytest.raises(dedup.DecodeError, match="too many small parts"):
            decode(data)
