"""Whatever a file's colours are, as 8-bit sRGB: what a colour-managed viewer shows.

Done after a picture was reduced, so that its cost does not grow with the file.
"""

from functools import lru_cache
from io import BytesIO
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms

__all__ = ["over_white", "resizable", "to_srgb"]

_Transform: TypeAlias = ImageCms.ImageCmsTransform
# Modes that a profile can describe, by its "colour space of data" (ICC.1:2022, table 19).
_MODES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}
# Printers' profiles hold a few tables of colours: the largest in use have 3 MB.
_LARGEST_PROFILE = 8 << 20
# Of 255. Profiles called sRGB differ by this much, which is not worth a conversion.
_VISIBLE = 2


def resizable(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB, RGBA, CMYK or LAB, in which it can be resized."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image)))
    image.load()  # a PNG may tell its transparency only at its end
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        return ImageChops.invert(image)  # Pillow takes all of them for Adobe's
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An image in mode L, RGB, RGBA, CMYK or LAB as sRGB in mode L, RGB or RGBA.

    Parameters
    ----------
    image : PIL.Image.Image
    profile : bytes, optional
        Its ICC profile. One that is damaged, or belongs to another kind of image, or makes
        all dark or light, is ignored; so is one that changes nothing.

    Examples
    --------
    >>> to_srgb(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), b"damaged").getpixel((0, 0))
    (255, 0, 0)
    """
    transform = None
    if image.mode == "LAB":
        transform = _from_lab()
    elif profile and len(profile) <= _LARGEST_PROFILE:
        transform = _transform(profile, image.mode)
    if transform is not None:
        return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB") if image.mode == "CMYK" else image


def over_white(image: Image.Image) -> Image.Image:
    """An image in mode L, RGB or RGBA as RGB: what is transparent shows white."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> _Transform | None:
    """How colours of a profile become sRGB; None if that changes nothing, or makes no sense."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if mode not in _MODES.get(source.profile.xcolor_space, ()):
            return None
        transform = _built(source, mode)
        samples = _samples(mode)
        seen = ImageCms.applyTransform(samples, transform)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    plain = np.asarray(samples.convert("RGB"), np.int16)
    managed = np.asarray(seen.convert("RGB") if seen else plain, np.int16)
    if not _is_sane(managed.mean(axis=-1)[0], plain.mean(axis=-1)[0]):
        return None
    return transform if np.abs(managed - plain).max() > _VISIBLE else None


def _is_sane(managed: npt.NDArray[np.float64], plain: npt.NDArray[np.float64]) -> bool:
    """Whether light stays light and dark stays dark; white itself always does."""
    light = managed[1:-1]
    return bool(np.ptp(light) > 128 and np.corrcoef(managed, plain)[0, 1] > 0.5)


@lru_cache(maxsize=1)
def _from_lab() -> _Transform:
    return _built(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")


def _built(source: ImageCms.ImageCmsProfile, mode: str) -> _Transform:
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGBA" if mode == "RGBA" else "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _samples(mode: str) -> Image.Image:
    """Colours from all over a mode's range in one row, white first, black last."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None, ::-1])
    steps = np.linspace(255, 0, 6).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    if mode == "CMYK":
        ink = np.concatenate([255 - colours, np.zeros_like(colours[..., :1])], axis=-1)
        ink[0, -1] = (0, 0, 0, 255)
        return Image.fromarray(ink, "CMYK")
    return Image.fromarray(np.ascontiguousarray(colours)).convert(mode)


def _eight_bits(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """16-bit, 32-bit and float grey values as 8 bits: by the range their values belong to."""
    grey = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    top = grey.max()
    if top > 65535 or grey.min() < 0:
        low = grey.min()
        grey = (grey - low) * (255.0 / max(top - low, 1e-9))
    elif top > 255 or values.dtype.itemsize == 2:
        grey = grey / 257.0
    elif values.dtype.kind == "f" and top <= 1:
        grey = grey * 255.0
    return np.rint(grey).astype(np.uint8)
