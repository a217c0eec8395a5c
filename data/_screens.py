"""Edits that show the picture inside a user interface, as a screenshot of an app does.

All that is drawn comes from `rng` and the picture's size, so two pictures of one size under the
same `rng` differ in nothing but themselves: the hard negatives are made that way.
"""

import numpy as np
from PIL import Image, ImageDraw

from dedup.data._text import font, words


def phone(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Show as a post in a phone's feed: the full width, bars and text above and below."""
    unit = max(2, image.width // 25)
    bar, header, footer = 2 * unit, 3 * unit, 9 * unit
    top = bar + header
    screen = Image.new("RGB", (image.width, top + image.height + footer), "white")
    screen.paste(image, (0, top))
    draw = ImageDraw.Draw(screen)
    accent = _colour(rng)

    draw.rectangle((0, 0, image.width, bar), accent)
    clock = f"{rng.integers(24):02}:{rng.integers(60):02}"
    draw.text((unit, bar / 2), clock, "white", font(unit), "lm")
    for i in range(3):
        draw.rectangle(_box(image.width - (i + 2) * 1.4 * unit, bar / 2, unit / 2), "white")

    middle = bar + header / 2
    draw.ellipse(_box(2 * unit, middle, unit), _colour(rng))
    draw.text((3.7 * unit, middle), words(rng, count=2).title(), "black", font(unit), "lm")
    for i in range(3):
        draw.ellipse(_box(image.width - (i + 2) * unit, middle, unit / 5), "black")

    y = top + image.height + 1.5 * unit
    for i in range(3):
        draw.ellipse(
            _box((1.7 + 2.5 * i) * unit, y, 0.8 * unit), outline="black", width=unit // 5 or 1
        )
    draw.text((image.width - unit, y), f"{rng.integers(2, 999)} likes", "black", font(unit), "rm")
    for _ in range(3):
        y += 1.5 * unit
        draw.text((unit, y), words(rng, count=5), "#333333", font(unit), "lm")
    y = screen.height - 1.2 * unit
    draw.line((0, y - 1.2 * unit, image.width, y - 1.2 * unit), "#cccccc")
    for i in range(5):
        draw.rectangle(
            _box(image.width * (i + 0.5) / 5, y, 0.7 * unit), outline=accent, width=unit // 5 or 1
        )
    return screen


def window(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Show in a viewer's window: title bar with buttons, menu, list of folders, status."""
    unit = max(2, image.width // 28)
    side, top, bottom = 7 * unit, 4 * unit, 2 * unit
    size = side + image.width + 2 * unit, top + image.height + 2 * unit + bottom
    screen = Image.new("RGB", size, "#f2f2f2")
    draw = ImageDraw.Draw(screen)

    draw.rectangle((0, 0, size[0], 2 * unit), _colour(rng))
    title = f"{words(rng, count=2)} - viewer"
    draw.text((size[0] / 2, unit), title, "white", font(unit), "mm")
    for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        draw.ellipse(_box((1.2 + 1.6 * i) * unit, unit, unit / 2), colour)
    for i, entry in enumerate(("File", "Edit", "View", "Go", "Help")):
        draw.text(((1 + 3.4 * i) * unit, 3 * unit), entry, "#222222", font(unit), "lm")

    draw.rectangle((0, top, side, size[1] - bottom), "#dfe4ea")
    selected = int(rng.integers(8))
    for i in range(min(24, int(image.height / (2 * unit)))):
        y = top + (1.5 + 2 * i) * unit
        if i == selected:
            draw.rectangle((0, y - unit, side, y + unit), "#b8cdf0")
        draw.rectangle(_box(1.2 * unit, y, 0.5 * unit), _colour(rng))
        draw.text((2.2 * unit, y), words(rng, count=1), "#222222", font(unit), "lm")

    screen.paste(image, (side + unit, top + unit))
    y = size[1] - bottom / 2
    status = f"{rng.integers(1, 400)} of {rng.integers(400, 900)}   {words(rng, count=2)}"
    draw.text((unit, y), status, "#444444", font(unit), "lm")
    return screen


def _box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(20, 180, size=3).tolist()
    return red, green, blue
