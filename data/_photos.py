"""Photos of a folder: found, and opened one at a time."""

import hashlib
import os
import re
import warnings
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps


def open_photo(path: Path, *, max_side: int) -> Image.Image:
    """Open a photo the right way up, in sRGB over white, its longer side at most `max_side`.

    Raises
    ------
    ValueError
        If the file is no image that Pillow reads, or is damaged.
    """
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (max_side, max_side))  # a JPEG is decoded near the size wanted
            image = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"can't read the photo {path}: {error}") from error
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = _in_srgb(image, profile)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that a viewer shows, since copies are written without the photo's profile."""
    if profile and image.mode in ("L", "RGB", "CMYK"):
        try:
            managed = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
        except (ImageCms.PyCMSError, OSError):
            pass  # damaged, or of another kind of image: viewers ignore it, too
        else:
            return managed or image.convert("RGB")
    return image.convert("RGB")


def list_photos(photos: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Path]:
    """List the image files of a folder and the folders in it, or the files given, sorted.

    Of files with identical bytes the first is taken, with a warning: two names for one picture
    would be labelled as different.
    """
    if isinstance(photos, (str, os.PathLike)):
        folder = Path(photos)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder of photos")
        formats = Image.registered_extensions()
        readable = {suffix for suffix, name in formats.items() if name in Image.OPEN}
        files = [path for path in folder.rglob("*") if path.suffix.lower() in readable]
        files = [path for path in files if path.is_file()]
    else:
        files = [Path(path) for path in photos]
    distinct: dict[bytes, Path] = {}
    for path in sorted(files):
        with path.open("rb") as file:
            distinct.setdefault(hashlib.file_digest(file, "sha256").digest(), path)
    if not distinct:
        raise ValueError(f"there are no photos in {photos}")
    if len(distinct) < len(files):
        left_out = len(files) - len(distinct)
        warnings.warn(f"left out {left_out} files identical to others", stacklevel=3)
    return list(distinct.values())


def unique_names(paths: Iterable[Path]) -> dict[Path, str]:
    """Name each photo by its file's stem, safe in a path and a table; numbered where two agree."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path in paths:
        stem = re.sub(r"[^\w-]+", "-", path.stem).strip("-") or "photo"
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names[path] = name
    return names
