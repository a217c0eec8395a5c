"""Images drawn from chance alone: pages, slides, flat drawings, two-tone shapes.

`own` differs for every image and gives its content; `shared` starts anew for each and gives what
all images of a set have in common.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dedup.data._content import tint
from dedup.data._text import font, words, wrapped

_PAGE = 600, 800
_SLIDE = 640, 360
_DRAWING = 480, 360


def text_page(own: np.random.Generator, shared: np.random.Generator) -> Image.Image:
    """Draw a page of a magazine: running head and columns are shared, the words its own."""
    page = Image.new("RGB", _PAGE, "white")
    draw = ImageDraw.Draw(page)
    width, height = _PAGE
    margin, gutter, size = 40, 20, 12
    draw.text((margin, 24), words(shared, count=3).upper(), "black", font(14))
    draw.line((margin, 46, width - margin, 46), "black", 2)
    draw.text((width - margin, 24), str(own.integers(2, 200)), "black", font(14), "ra")

    y = 62
    for line in wrapped(words(own, count=5).capitalize(), size=34, width=width - 2 * margin):
        draw.text((margin, y), line, "black", font(34))
        y += 40
    columns = int(shared.integers(2, 4))
    column = (width - 2 * margin - (columns - 1) * gutter) / columns
    rows = (height - y - 2 * margin) // (size + 4)
    text = wrapped(words(own, count=640), size=size, width=column)
    for i in range(columns):
        lines = "\n".join(text[i * rows : (i + 1) * rows])
        draw.multiline_text(
            (margin + i * (column + gutter), y + 14), lines, "black", font(size), spacing=4
        )
    draw.text((width / 2, height - 26), words(shared, count=2), "#555555", font(12), "ma")
    return page


def slide(own: np.random.Generator, shared: np.random.Generator) -> Image.Image:
    """Draw a slide of one design: title, a few bullets, a bar chart, all but the design its own."""
    width, height = _SLIDE
    dark = tint(shared, 10, 110)
    accent = tint(shared, 120, 230)
    page = Image.new("RGB", _SLIDE, "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 64), dark)
    draw.rectangle((0, 64, width, 70), accent)
    draw.text((24, 34), words(own, count=4).capitalize(), "white", font(26), "lm")
    for i in range(int(own.integers(3, 6))):
        y = 104 + 44 * i
        draw.rectangle((28, y - 5, 38, y + 5), accent)
        text = words(own, count=int(own.integers(2, 5)))
        draw.text((50, y), wrapped(text, size=17, width=300)[0], "#222222", font(17), "lm")
    bars = own.uniform(0.1, 1, size=int(own.integers(3, 9)))
    step = 220 / len(bars)
    for i, bar in enumerate(bars):
        left = 390 + i * step
        draw.rectangle((left, 300 - 200 * bar, left + 0.7 * step, 300), dark)
    draw.line((385, 300, 615, 300), "#222222", 2)
    draw.rectangle((0, height - 26, width, height), "#eeeeee")
    draw.text((24, height - 13), words(shared, count=3), "#666666", font(12), "lm")
    draw.text((width - 24, height - 13), str(own.integers(1, 80)), "#666666", font(12), "rm")
    return page


def flat(own: np.random.Generator, _shared: np.random.Generator) -> Image.Image:
    """Draw two to five flat shapes on a flat ground, as in a logo."""
    width, height = _DRAWING
    scale = 3  # drawn larger and reduced, for smooth edges
    ground = tint(own, 0, 256)
    image = Image.new("RGB", (scale * width, scale * height), ground)
    draw = ImageDraw.Draw(image)
    for _ in range(int(own.integers(2, 6))):
        x, y = own.uniform(0.2, 0.8, size=2) * image.size
        radius = own.uniform(0.1, 0.32) * image.height
        ink = tint(own, 0, 256)
        match own.integers(4):
            case 0:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), ink)
            case 1:
                wide, high = own.uniform(0.4, 1.4, size=2) * radius
                draw.rectangle((x - wide, y - high, x + wide, y + high), ink)
            case 2:
                sides, turn = own.integers(3, 7), own.uniform(0, 360)
                draw.regular_polygon((x, y, radius), int(sides), turn, ink)
            case _:
                start, sweep = own.uniform(0, 360), own.uniform(60, 300)
                box = (x - radius, y - radius, x + radius, y + radius)
                draw.arc(box, start, start + sweep, ink, round(radius / 3))
    return image.resize(_DRAWING, Image.Resampling.BOX)


def two_tone(own: np.random.Generator, shared: np.random.Generator) -> Image.Image:
    """Draw blots of one colour on another: a smooth random field, cut at its median."""
    dark, light = tint(shared, 0, 90), tint(shared, 170, 256)
    coarse = own.random((7, 9), dtype=np.float32)
    field = Image.fromarray(coarse).resize(_DRAWING, Image.Resampling.BICUBIC)
    values = np.asarray(field)
    mask = Image.fromarray(np.where(values > np.median(values), 255, 0).astype(np.uint8))
    # The cut is a staircase of pixels: smoothed, as a drawing's edge is.
    mask = mask.filter(ImageFilter.GaussianBlur(0.7))
    return Image.composite(
        Image.new("RGB", _DRAWING, light), Image.new("RGB", _DRAWING, dark), mask
    )
