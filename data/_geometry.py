"""Edits of the framing: what part of the picture is seen, how large, and which way round."""

import numpy as np
from PIL import Image, ImageOps

_BLACK = (0, 0, 0)
_WHITE = (255, 255, 255)


def longer_side(image: Image.Image) -> int:
    """Length of the longer side in pixels."""
    return max(image.size)


def resize(
    image: Image.Image, _rng: np.random.Generator, *, width: float, height: float
) -> Image.Image:
    """Scale by `width` and `height`, both in parts of the picture's own."""
    size = max(1, round(image.width * width)), max(1, round(image.height * height))
    return image.resize(size, Image.Resampling.LANCZOS)


def crop(image: Image.Image, rng: np.random.Generator, *, area: float) -> Image.Image:
    """Cut a box of the picture's own shape at a random place; `area` is the share kept."""
    width, height = (max(1, round(side * area**0.5)) for side in image.size)
    left = int(rng.integers(image.width - width + 1))
    top = int(rng.integers(image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def zoom(image: Image.Image, rng: np.random.Generator, *, factor: float) -> Image.Image:
    """Enlarge by `factor` and cut a random part of the original's size."""
    part = crop(image, rng, area=1 / factor**2)
    return part.resize(image.size, Image.Resampling.BICUBIC)


def rotate(image: Image.Image, rng: np.random.Generator, *, degrees: float) -> Image.Image:
    """Turn counter-clockwise; the canvas grows, its corners are black or white."""
    ground = _BLACK if rng.random() < 0.5 else _WHITE
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)


def mirror(image: Image.Image, _rng: np.random.Generator) -> Image.Image:
    """Swap left and right."""
    return ImageOps.mirror(image)


def border(image: Image.Image, rng: np.random.Generator, *, width: float) -> Image.Image:
    """Put a plain frame around; `width` in parts of the longer side."""
    colours = [_BLACK, _WHITE, (196, 30, 58), (24, 78, 119), (222, 184, 135)]
    pixels = max(1, round(width * longer_side(image)))
    return ImageOps.expand(image, pixels, colours[rng.integers(len(colours))])


def letterbox(image: Image.Image, _rng: np.random.Generator, *, bars: float) -> Image.Image:
    """Add black bars above and below; `bars` is their sum in parts of the picture's height."""
    bar = max(1, round(image.height * bars / 2))
    return ImageOps.expand(image, (0, bar), _BLACK)


def paste(
    image: Image.Image, rng: np.random.Generator, *, background: Image.Image, width: float
) -> Image.Image:
    """Paste into another photo, of the same size, at a random place; `width` in parts of it."""
    ground = ImageOps.fit(background, image.size)
    part = resize(image, rng, width=width, height=width)
    left = int(rng.integers(ground.width - part.width + 1))
    top = int(rng.integers(ground.height - part.height + 1))
    ground.paste(part, (left, top))
    return ground
