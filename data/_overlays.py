"""Edits that put something over the picture or beside it: text, watermarks, stickers, bands."""

from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from dedup.data._geometry import longer_side
from dedup.data._text import fitted, font, words, wrapped

_CLEAR = (255, 255, 255, 0)


def _whiten(image: Image.Image, mask: Image.Image) -> Image.Image:
    """Mix in white, by as much as `mask` says (0 to 255)."""
    edited = image.copy()
    edited.paste((255, 255, 255), mask=mask)
    return edited


def watermark(image: Image.Image, rng: np.random.Generator, *, opacity: float) -> Image.Image:
    """Write a line of half-transparent text across the picture, near its middle."""
    text = f"© {words(rng, count=2)}"
    face = fitted(text, width=0.8 * image.width)
    mask = Image.new("L", image.size)
    centre = image.width / 2, image.height * rng.uniform(0.35, 0.65)
    ImageDraw.Draw(mask).text(centre, text, round(255 * opacity), face, "mm")
    return _whiten(image, mask.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC))


def tiled_watermark(image: Image.Image, rng: np.random.Generator, *, opacity: float) -> Image.Image:
    """Repeat a slanted line of half-transparent text all over the picture."""
    text = words(rng, count=2).upper()
    side = longer_side(image)
    face = font(side // 18)
    # However it is turned, a canvas of twice the longer side still covers the picture.
    mask = Image.new("L", (2 * side, 2 * side))
    draw = ImageDraw.Draw(mask)
    step = int(face.getlength(text)) + side // 12
    for row, y in enumerate(range(0, 2 * side, max(1, side // 7))):
        for x in range(-(row % 2) * step // 2, 2 * side, step):
            draw.text((x, y), text, round(255 * opacity), face)
    left, top = side - image.width // 2, side - image.height // 2
    box = left, top, left + image.width, top + image.height
    return _whiten(image, mask.rotate(30, Image.Resampling.BICUBIC).crop(box))


def logo(image: Image.Image, rng: np.random.Generator, *, opacity: float) -> Image.Image:
    """Stamp a half-transparent ring with a triangle into a random corner."""
    size = max(4, min(image.size) // 3)
    ink = round(255 * opacity)
    stamp = Image.new("L", (4 * size, 4 * size))  # reduced later, for smooth edges
    draw = ImageDraw.Draw(stamp)
    draw.ellipse((0, 0, 4 * size - 1, 4 * size - 1), outline=ink, width=size // 2)
    draw.regular_polygon((2 * size, 2 * size, size), 3, rotation=int(rng.integers(360)), fill=ink)
    margin = size // 5
    left = margin if rng.random() < 0.5 else image.width - size - margin
    top = margin if rng.random() < 0.5 else image.height - size - margin
    mask = Image.new("L", image.size)
    mask.paste(stamp.resize((size, size), Image.Resampling.BOX), (left, top))
    return _whiten(image, mask)


def text_over(
    image: Image.Image, rng: np.random.Generator, *, height: float, lines: Literal[1, 2]
) -> Image.Image:
    """Write white capitals with a black outline at the bottom, and at the top for two `lines`.

    `height` is that of the letters, in parts of the picture's.
    """
    edited = image.copy()
    draw = ImageDraw.Draw(edited)
    places = [(image.height * 0.97, "md"), (image.height * 0.03, "ma")]
    for y, anchor in places[:lines]:
        text = words(rng, count=3).upper()
        face = fitted(text, width=0.94 * image.width)
        face = font(min(int(face.size), round(height * image.height)))
        outline = max(1, int(face.size) // 12)
        draw.text(
            (image.width / 2, y), text, "white", face, anchor, stroke_width=outline,
            stroke_fill="black",
        )  # fmt: skip
    return edited


def caption(
    image: Image.Image,
    rng: np.random.Generator,
    *,
    height: float,
    place: Literal["above", "below"],
) -> Image.Image:
    """Add a band with a few lines of text; `height` in parts of the picture's."""
    band = max(8, round(image.height * height))
    top = band if place == "above" else 0
    ground, ink = ("white", "black") if rng.random() < 0.7 else ("black", "white")
    edited = Image.new("RGB", (image.width, image.height + band), ground)
    edited.paste(image, (0, top))
    size = max(6, band // 4)
    lines = wrapped(words(rng, count=40), size=size, width=0.92 * image.width)[:3]
    y = band // 10 + (0 if place == "above" else image.height)
    ImageDraw.Draw(edited).multiline_text(
        (0.04 * image.width, y), "\n".join(lines), ink, font(size), spacing=band // 40
    )
    return edited


def sticker(image: Image.Image, rng: np.random.Generator, *, area: float) -> Image.Image:
    """Put an opaque smiley, heart or star on a random place; `area` is its share."""
    size = min(round((image.width * image.height * area / 0.7) ** 0.5), *image.size)
    size = max(4, size)
    drawing = [_smiley, _heart, _star][rng.integers(3)]()
    drawing = drawing.resize((size, size), Image.Resampling.LANCZOS)
    drawing = drawing.rotate(rng.uniform(-20, 20), Image.Resampling.BICUBIC)
    left = int(rng.integers(max(1, image.width - size + 1)))
    top = int(rng.integers(max(1, image.height - size + 1)))
    edited = image.copy()
    edited.paste(drawing, (left, top), drawing)
    return edited


def _smiley() -> Image.Image:
    drawing = Image.new("RGBA", (400, 400), _CLEAR)
    draw = ImageDraw.Draw(drawing)
    draw.ellipse((10, 10, 390, 390), "#ffcc33", "#a86a00", 12)
    for x in (140, 260):
        draw.ellipse((x - 28, 120, x + 28, 200), "#4a2c00")
    draw.chord((100, 150, 300, 330), 15, 165, "#7a1f1f")
    return drawing


def _heart() -> Image.Image:
    drawing = Image.new("RGBA", (400, 400), _CLEAR)
    t = np.linspace(0, 2 * np.pi, 100)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    outline = [(200 + 11.5 * a, 185 - 11.5 * b) for a, b in zip(x, y, strict=True)]
    ImageDraw.Draw(drawing).polygon(outline, "#e0245e", "#8a0f35", 10)
    return drawing


def _star() -> Image.Image:
    drawing = Image.new("RGBA", (400, 400), _CLEAR)
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2, 110, 195)
    outline = [
        (200 + r * np.cos(a), 200 + r * np.sin(a)) for a, r in zip(angles, radii, strict=True)
    ]
    ImageDraw.Draw(drawing).polygon(outline, "#3fa7d6", "#0b4f6c", 10)
    return drawing
