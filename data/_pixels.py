"""Edits of colours and pixel values: the framing stays as it is."""

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from dedup.data._geometry import longer_side


def same(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Change nothing: the edit is the file format alone."""
    return image


def brightness(image: Image.Image, _rng: np.random.Generator, *, factor: float) -> Image.Image:
    """Multiply all values by `factor`."""
    return ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image, _rng: np.random.Generator, *, factor: float) -> Image.Image:
    """Stretch the values around the mean grey by `factor`."""
    return ImageEnhance.Contrast(image).enhance(factor)


def gamma(image: Image.Image, _rng: np.random.Generator, *, power: float) -> Image.Image:
    """Raise values, scaled to 0 to 1, to `power`: below 1 brightens the shadows."""
    table = (np.linspace(0, 1, 256) ** power * 255).round().astype(np.uint8)
    return image.point(table.tolist() * 3)


def saturation(image: Image.Image, _rng: np.random.Generator, *, factor: float) -> Image.Image:
    """Move colours away from grey by `factor`; 0 is a grey picture."""
    return ImageEnhance.Color(image).enhance(factor)


def hue(image: Image.Image, _rng: np.random.Generator, *, degrees: float) -> Image.Image:
    """Turn all colours on the colour wheel."""
    h, s, v = image.convert("HSV").split()
    shift = round(degrees * 256 / 360)
    h = h.point([(value + shift) % 256 for value in range(256)])
    return Image.merge("HSV", (h, s, v)).convert("RGB")


def sepia(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Brown tones for grey ones, as old-photo filters do."""
    return ImageOps.colorize(
        image.convert("L"), black=(30, 15, 5), mid=(150, 110, 75), white=(255, 240, 205)
    )


def blur(image: Image.Image, _rng: np.random.Generator, *, radius: float) -> Image.Image:
    """Blur with a Gaussian; `radius` in thousandths of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(radius * longer_side(image) / 1000))


def sharpen(image: Image.Image, _rng: np.random.Generator, *, percent: int) -> Image.Image:
    """Mask unsharply; `radius` is 4 thousandths of the longer side."""
    return image.filter(ImageFilter.UnsharpMask(4 * longer_side(image) / 1000, percent, 2))


def noise(image: Image.Image, rng: np.random.Generator, *, sigma: float) -> Image.Image:
    """Add Gaussian noise of standard deviation `sigma`, in values of 0 to 255."""
    pixels = np.asarray(image, dtype=np.float32)
    pixels = pixels + sigma * rng.standard_normal(pixels.shape, dtype=np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def salt_and_pepper(image: Image.Image, rng: np.random.Generator, *, share: float) -> Image.Image:
    """Set `share` of the pixels to black or white, half of them each."""
    pixels = np.array(image)
    chance = rng.random(pixels.shape[:2])
    pixels[chance < share / 2] = 0
    pixels[chance > 1 - share / 2] = 255
    return Image.fromarray(pixels)
