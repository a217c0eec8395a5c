"""Receipts as scanners see them: pale print on coloured paper, with noise, folds and stains."""

import zlib

import cv2
import numpy as np
from PIL import Image, ImageDraw

from dedup.data._content import Content, face

__all__ = ["thermal"]

_Rng = np.random.Generator
_Colour = tuple[int, int, int]

_PAPERS: tuple[_Colour, ...] = (
    (250, 232, 232),
    (250, 246, 222),
    (228, 242, 230),
    (226, 236, 248),
    (240, 238, 234),
)
_INKS: tuple[_Colour, ...] = (
    (150, 120, 200),
    (120, 150, 215),
    (150, 150, 156),
    (205, 140, 160),
)


def thermal(content: Content, layout: _Rng) -> Image.Image:
    """A strip out of a till, scanned: each page by itself, in noise, light and turn of its own."""
    paper = np.array(_PAPERS[int(layout.integers(len(_PAPERS)))], np.float32)
    ink = np.array(_INKS[int(layout.integers(len(_INKS)))], np.float32)
    print_ = _printed(content)
    rng = np.random.default_rng([zlib.crc32(repr(content.drawn).encode())])
    width, height = print_.size
    ground = paper + _stripes(width, layout) + _worn(width, height, rng)
    shown = np.asarray(print_, np.float32)[..., None] / 255
    faded = rng.uniform(0.55, 1.0) * _fading(width, height, rng)
    pixels = ground + (ink - paper) * shown * faded
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-0.6, 0.6), 1.0)
    turn = np.asarray(turn, np.float64)
    turn[:, 2] += rng.uniform(-4, 4, size=2)
    tone = tuple(float(x) for x in paper)
    laid = cv2.warpAffine(pixels, turn, (width, height), borderValue=tone)
    seen = np.asarray(cv2.GaussianBlur(laid, (0, 0), 0.7), np.float32)
    seen = seen + rng.normal(0, 4, seen.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))


def _printed(content: Content) -> Image.Image:
    """How much ink there is, 0 to 255."""
    page = Image.new("L", (590, 1180))
    draw = ImageDraw.Draw(page)
    draw.fontmode = "1"  # the dots of a printer have hard edges
    draw.text((295, 90), content.words(2).upper(), 255, face(36, "mono"), "mm")
    for row, text in enumerate((content.words(4), content.words(3), f"NO {content.digits(9)}")):
        draw.text((295, 140 + 26 * row), text.upper(), 255, face(19, "mono"), "mm")
    draw.text((295, 250), "SIMPLIFIED TAX INVOICE", 255, face(28, "mono"), "mm")
    date = f"{content.number(1, 29):02}/09/2017"
    for y, left, right in (
        (310, f"RECEIPT {content.digits(8)}", f"DATE {date}"),
        (336, f"CLERK {content.digits(2)}", f"{content.digits(2)}:{content.digits(2)}"),
    ):
        draw.text((40, y), left, 255, face(19, "mono"), "lm")
        draw.text((550, y), right, 255, face(19, "mono"), "rm")
    for y in (285, 365, 620, 760):
        draw.text((295, y), "-" * 42, 255, face(20, "mono"), "mm")
    for row in range(4):
        draw.text((40, 400 + 52 * row), content.words(3).upper(), 255, face(19, "mono"), "lm")
        price = f"{content.number(1, 90)}.{content.digits(2)}"
        draw.text((550, 424 + 52 * row), price, 255, face(19, "mono"), "rm")
    for row, name in enumerate(("TOTAL", "CASH", "CHANGE")):
        y = 655 + 34 * row
        draw.text((70, y), name, 255, face(30, "mono"), "lm")
        value = f"{content.number(1, 99)}.{content.digits(2)}"
        draw.text((550, y), value, 255, face(30, "mono"), "rm")
    for row in range(5):
        draw.text((295, 820 + 28 * row), content.words(4).upper(), 255, face(18, "mono"), "mm")
    return page


def _stripes(width: int, layout: _Rng) -> np.ndarray:
    """What is printed along the paper, in a darker tone."""
    places = np.zeros((1, width, 1), np.float32)
    for left in (layout.integers(20, 120), width - layout.integers(60, 160)):
        places[:, left : left + layout.integers(20, 60)] = -1
    tint = layout.uniform((0, 4, 4), (6, 16, 16)).astype(np.float32)
    return places * tint


def _worn(width: int, height: int, rng: _Rng) -> np.ndarray:
    """Fibres, crumples, and a stain."""
    soft = [
        gain * np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma)) * sigma
        for gain, sigma in ((8.0, 1.2), (7.0, 12.0))
        for noise in (rng.normal(0, 1, (height, width)).astype(np.float32),)
    ]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = rng.uniform(0, 1, 2) * (height, width)
    away = np.hypot(y - middle[0], x - middle[1]) / rng.uniform(40, 120)
    stain = rng.uniform(5, 25) / (1 + np.exp(12 * (away - 1)))
    return (sum(soft) - stain)[..., None]


def _fading(width: int, height: int, rng: _Rng) -> np.ndarray:
    """How much of the ink is left, from place to place."""
    coarse = rng.uniform(0.6, 1.0, (6, 3)).astype(np.float32)
    fading = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fading)[..., None].clip(0, 1)
