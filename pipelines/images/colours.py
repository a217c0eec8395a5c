"""Whatever a file's colours are, as 8-bit sRGB: what a colour-managed viewer shows.

Done after a picture was reduced, so that its cost does not grow with the file.
"""

from functools import lru_cache
from io import BytesIO
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms

__all__ = ["BLACK", "WHITE", "depth", "is_managed", "laid", "over", "resizable", "to_srgb"]

Pixels: TypeAlias = npt.NDArray[np.uint8]

WHITE: Final = 255
BLACK: Final = 0
"""The grounds that a transparent picture is laid over."""

_Transform: TypeAlias = ImageCms.ImageCmsTransform
# Grey values by which a picture differs from white on average, below which it is lost there.
_LOST = 24
_SIDE = 32
# Modes that a profile can describe, by its "colour space of data" (ICC.1:2022, table 19).
_MODES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}
# Printers' profiles hold a few tables of colours: the largest in use have 3 MB.
_LARGEST_PROFILE = 8 << 20
# Of 255. Profiles called sRGB differ by this much, which is not worth a conversion.
_VISIBLE = 2


def resizable(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB, RGBA, CMYK or LAB, in which it can be resized.

    In mode RGBA something of it is transparent.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(np.asarray(image)))
    image.load()  # a PNG may tell its transparency only at its end
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        return ImageChops.invert(image)  # Pillow takes all of them for Adobe's
    if image.has_transparency_data:
        image = image.convert("RGBA")
        is_opaque = image.getchannel("A").getextrema()[0] == 255
        return image.convert("RGB") if is_opaque else image
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
    elif profile is not None:
        transform = _transform(profile, image.mode)
    if transform is not None:
        return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB") if image.mode == "CMYK" else image


def is_managed(profile: bytes | None, mode: str) -> bool:
    """Whether a profile gives an image of a mode other colours than sRGB.

    Examples
    --------
    >>> is_managed(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), "RGB")
    False
    """
    return profile is not None and _transform(profile, mode) is not None


def laid(image: Image.Image) -> tuple[Pixels, Pixels | None, int]:
    """An image in mode L, RGB or RGBA as RGB, its alpha, and the ground that it was laid over.

    That is white, or black if what is to be seen would vanish over white. The alpha is None of
    an image that has none.

    Examples
    --------
    >>> rgb, alpha, ground = laid(Image.new("RGBA", (1, 1), (255, 255, 255, 51)))
    >>> rgb.tolist(), ground
    ([[[51, 51, 51]]], 0)
    """
    if image.mode != "RGBA":
        return np.array(image if image.mode == "RGB" else image.convert("RGB")), None, WHITE
    small = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    colours, weight = small[..., :3].mean(axis=-1), small[..., 3]
    is_lost = ((WHITE - colours) * weight).sum() < _LOST * weight.sum()
    ground = BLACK if is_lost else WHITE
    flat = Image.new("RGBA", image.size, (ground, ground, ground, 255))
    rgb = Image.alpha_composite(flat, image).convert("RGB")
    return np.array(rgb), np.array(image.getchannel("A")), ground


def over(pixels: Pixels, alpha: Pixels, *, before: int, ground: int) -> Pixels:
    """What was laid over one ground, over another: the same to a grey value.

    Examples
    --------
    >>> over(np.uint8([[[51, 51, 51]]]), np.uint8([[51]]), before=BLACK, ground=WHITE).tolist()
    [[[255, 255, 255]]]
    """
    if before == ground:
        return pixels
    shift = (255 - alpha.astype(np.int16))[..., np.newaxis] * (1 if ground > before else -1)
    return (pixels + shift).clip(0, 255).astype(np.uint8)


def depth(image: Image.Image) -> int:
    """Bits of a channel in the file of an image that was opened and not loaded; at least 8.

    Examples
    --------
    >>> depth(Image.new("I;16", (1, 1))), depth(Image.new("1", (1, 1)))
    (16, 8)
    """
    stated = image.info.get("bit_depth")  # pillow-heif's name for it
    if isinstance(stated, int):
        return max(8, stated)
    if "original_size" in image.info:
        return 16  # a camera's sensor tells 12 to 14
    if image.mode == "F":
        return 32
    decoder, how = next(((tile[0], tile[3]) for tile in getattr(image, "tile", [])), ("", ()))
    rawmode, *more = [how] if isinstance(how, str) else how or [""]
    deep = decoder.startswith("ppm") and int(more[0]) > 255
    return 16 if deep or image.mode.startswith("I") or ";16" in str(rawmode) else 8


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> _Transform | None:
    """How colours of a profile become sRGB; None if that changes nothing, or makes no sense."""
    if not 0 < len(profile) <= _LARGEST_PROFILE:
        return None
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
