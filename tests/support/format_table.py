"""The table of `docs/formats.md`, made by building and reading every file in it.

uv run python tests/support/format_table.py    # writes it
"""

import re
import tempfile
from pathlib import Path
from string import Template

import format_files
import skimage.data
from PIL import Image

from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import decode

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
# What reads a format; Pillow, if it is not here.
_READERS = {"HEIF": "pillow-heif", "JXL": "pillow-jxl-plugin", "RAW": "rawpy"}


def photos():
    """The photo that all files show, and the one of their later frames."""
    return [
        Image.fromarray(getattr(skimage.data, name)()).resize((480, 320))
        for name in ("coffee", "rocket")
    ]


def build(kinds, folder):
    """Write the file of each kind, and give the folder back."""
    photo, other = photos()
    for kind in kinds:
        (folder / kind.name).write_bytes(kind.build(photo, other))
    return folder


def page(read, left):
    """The page as it should be, by folders in which the files of both kinds were built."""
    return Template(_PAGE).substitute(
        read=_rows(_read_row(kind, read / kind.name) for kind in format_files.READ),
        left=_rows(_left_row(kind, left / kind.name) for kind in format_files.NOT_READ),
    )


def _rows(rows):
    return "\n".join(dict.fromkeys(rows))


def _read_row(kind, path):
    reader = _READERS.get(decode(path, short_side=64).format, "Pillow")
    extra = f", extra `{kind.extra}`" if kind.extra else ""
    return f"| {kind.format} | {kind.what} | {reader}{extra} | {kind.shows} |"


def _left_row(kind, path):
    try:
        decode(path)
    except DecodeError as error:
        reason = re.sub(r" \(.*?\)", "", str(error))  # places in files, which vary
        return f"| {kind.format} | {kind.what} | {reason} |"
    raise AssertionError(f"{kind.name} is read")


_PAGE = """\
# What is read

Files are recognised by their contents, whatever they are called. Every file of a folder is
looked at, and what is not read is in `found.skipped` with its reason. This page is made by
`tests/support/format_table.py`, which builds each of these files and reads it;
`tests/pipelines/images/test_formats.py` finds all of them to be one picture.

```sh
pip install "dedup-vision[heif]"  # HEIC, as iPhones write it: pillow-heif
pip install "dedup-vision[jxl]"   # JPEG XL: pillow-jxl-plugin, which is under the GPL
pip install "dedup-vision[raw]"   # camera RAW: rawpy, which is LibRaw
```

Without its extra a file is skipped, and the reason names the command.

| Format | Kind | Read with | What is seen |
|---|---|---|---|
$read

Other formats that Pillow reads (ICNS, FITS, XBM, ...) are read too, but not tested here.

- **Upright.** EXIF orientation is applied, and what HEIC, AVIF and JPEG XL have instead.
- **As sRGB.** ICC profiles are applied as a colour-managed viewer does it, after the picture was
  reduced. A profile that is damaged, makes no sense or belongs to another kind of image is
  ignored. CMYK without a profile is converted by the plain formula. What a PNG tells of its
  gamma, and HDR curves, are not applied.
- **Transparency.** A picture that is transparent is embedded over white, or over black if it would
  vanish over white. Two such pictures are one only if they look alike over both; one that is not
  transparent is a copy of one that is if they look alike over one of them, and it is never kept in
  its place. What is hidden where alpha is 0 does not count; of pictures that show nothing at all,
  only identical files are the same, and the others are in `found.uncertain`.
- **8 bits a channel** are compared. A file with more (16-bit PNG and TIFF, 10-bit HEIC and JPEG XL,
  camera RAW) has "identical pixels" with no other: only identical files are the same, and it is
  never removed for a copy with fewer bits. Of AVIF and of JPEG 2000 in colours the bits are not
  told apart.
- **Frames.** Pairs are proposed by the first frame of an animation, the first page of a document,
  or the picture that the file names as primary. A pair is accepted only if each frame of the one
  with fewer is seen in the other, in the same order, and a file is never removed for one that has
  fewer. That goes for all that Pillow calls frames: GIF, PNG, WebP and AVIF, TIFF pages, the
  pictures of HEIC and MPO files (another view, a preview, a gain map). How long a frame is shown
  does not count. Of files with more than 500 frames, or with more than ten times the pixels of
  `DEDUP_MAX_PIXELS` in all of them, only identical files are the same. The layers of a PSD and the
  sizes of an ICO are one picture. An animated JPEG XL is skipped: its frames can't be read.
- **Camera RAW.** The camera's own JPEG of at least 640 pixels is taken for the picture, as
  viewers do; else LibRaw develops the sensor's data. The size is the sensor's, so that a RAW file
  is kept before a JPEG of the same shot. A RAW file and its JPEG *are* found as duplicates: look
  at `found.groups` before you act, or leave the RAW files out with a pattern.
- **Warnings** of the readers are not shown. Damaged metadata do not matter: what counts is
  whether there is a picture. libtiff and LibRaw write some lines on damaged files to standard
  error themselves, and Pillow has no way to stop them; they hold no name of yours.

# What is left out

| Format | Kind | Reason |
|---|---|---|
$left

- **Damaged files** are not guessed at: half a photo is not a copy of the whole one, and must not
  be deleted as such, or kept in its place.
- **Size.** `DEDUP_MAX_PIXELS` in the environment is the most pixels an image may have. By default
  that is what Pillow allows, 178,956,970; raise it for the photos of a 200-megapixel phone
  (`DEDUP_MAX_PIXELS=210000000`), lower it to use less memory. The size is read from the file's
  head before memory is taken for the picture.
- **Memory.** What a picture takes depends on its format: up to 14 bytes a pixel, 20 with
  transparency, 21 of HEIC, 25 of JPEG XL, 26 of JPEG 2000, 28 of WebP, 30 with one layer of 16 or
  32 bits; a JPEG seldom a fraction of one, as it is decoded at a fraction of its size, and 6 more
  if it is progressive. A picture that would take more than 16 bytes for each pixel of the limit,
  2.9 GB, is left out. All that are read at once take 2.1 GB at the most: a larger one is read
  alone. Frames are decoded one at a time.
- **Time.** A JPEG of more than 100 scans is left out (encoders write up to some 20), and so is a
  file of too many small parts, such as a comment of 50 MB that is read byte by byte.
- **Links** are followed only on request: links in a folder are listed as skipped, and a linked
  folder is searched if it is named itself (`dedup.find_duplicates(["photos/", "photos/link"])`).
- **Pipes, sockets and devices** are never opened.
- **Archives.** An image in a named tar or zip file ([docs/data.md](data.md)) is read into memory,
  up to 256 MB of it, and never beyond the size that the archive declares. Links, devices, encrypted
  members, names that lead out of the archive, and names that are in it twice are left out; a
  damaged archive is left out as a whole.

# What is noticed of damage

Files were cut, overwritten with zeros from some place to their end, and with 512 foreign bytes (of
small files a twentieth) in the middle, 40 times each, at random places
(`python benchmarks/damage.py`). A damaged file is noticed, and left out; or the damage is
harmless, as the picture is the same; or it is silent: another picture is read.

Noticed / harmless / silent:

| Format | Kind | Cut | Zeros to the end | Overwritten |
|---|---|---|---|---|
| JPEG | baseline | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| JPEG | progressive | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| JPEG | CMYK | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| MPO | two pictures of a stereo camera | 30 / 10 / 0 | 30 / 10 / 0 | 21 / 19 / 0 |
| PNG | RGB | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| PNG | interlaced | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| PNG | animated (APNG) | 25 / 15 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| GIF | palette | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| GIF | animated | 21 / 19 / 0 | 21 / 19 / 0 | 17 / 23 / 0 |
| WebP | lossy | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| WebP | lossless | 40 / 0 / 0 | 4 / 0 / 36 | 18 / 0 / 22 |
| AVIF | lossy | 40 / 0 / 0 | 1 / 0 / 39 | 0 / 0 / 40 |
| HEIC | lossy | 40 / 0 / 0 | 1 / 0 / 39 | 0 / 0 / 40 |
| JPEG XL | lossy | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| JPEG XL | lossless | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| JPEG 2000 | JP2 | 40 / 0 / 0 | 40 / 0 / 0 | 1 / 0 / 39 |
| TIFF | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| TIFF | LZW | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| TIFF | JPEG inside | 40 / 0 / 0 | 38 / 0 / 2 | 1 / 0 / 39 |
| TIFF | BigTIFF | 40 / 0 / 0 | 40 / 0 / 0 | 33 / 0 / 7 |
| BMP | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| ICO | several sizes | 40 / 0 / 0 | 40 / 0 / 0 | 40 / 0 / 0 |
| PPM, PGM, PBM | PPM | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| Photoshop | PSD with a merged picture | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| PCX | RGB | 40 / 0 / 0 | 17 / 0 / 23 | 40 / 0 / 0 |
| TGA | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| QOI | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| SGI | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| DDS | RGB | 40 / 0 / 0 | 0 / 0 / 40 | 0 / 0 / 40 |
| Camera RAW | with the camera's JPEG | 40 / 0 / 0 | 40 / 0 / 0 | 0 / 40 / 0 |
| Camera RAW | without | 40 / 0 / 0 | 40 / 0 / 0 | 0 / 0 / 40 |

- **JPEG.** libjpeg's warnings are taken for errors, by simplejpeg; Pillow drops them. A JPEG that
  lacks no more than its end marker is whole, and so is one with other bytes behind it. What can
  still pass: a few foreign bytes after which the decoder finds its way back (8 bytes in a small
  photo: 143 of 400), in a progressive JPEG those of a later scan, which change little, and one
  that was closed exactly between two scans.
- **PNG.** The checksums of all chunks that the picture is made of are compared.
- **Formats without checksums** (BMP, PPM, TGA, uncompressed TIFF, ...) show what is in the file.
  So do lossy WebP, AVIF, HEIC and JPEG 2000, whose decoders accept nearly any bytes. A file of
  these that was overwritten, but not cut, cannot be told from a sound one.
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        read, left = build(format_files.READ, Path(one)), build(format_files.NOT_READ, Path(other))
        PAGE.write_text(page(read, left), encoding="utf-8")
