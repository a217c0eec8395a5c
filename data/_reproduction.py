"""Pages that went over paper: photographed askew on a desk, or scanned."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["photographed", "scanned", "soft_oval"]

_Rng = np.random.Generator


def photographed(page: Image.Image, rng: _Rng, *, inset: float = 0.09) -> Image.Image:
    """Lay the page on a desk, and take it askew, in uneven light.

    `inset` is how far its corners are from the shot's, in parts of the shorter side, at most.
    """
    width, height = page.size
    margin = inset * min(width, height)
    ground = _desk(page.size, rng)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inwards = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * margin
    there = corners + inwards * rng.uniform(0.35, 1, size=(4, 2))
    matrix = cv2.getPerspectiveTransform(corners, there.astype(np.float32))
    pixels = np.asarray(page.convert("RGB"))
    laid = cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_AREA)
    white = np.full((height, width), 255, np.uint8)
    mask = cv2.warpPerspective(white, matrix, (width, height)).astype(np.float32)[..., None] / 255
    shot = ground * (1 - mask) + laid * mask
    slope = rng.uniform(-0.12, 0.12, size=2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 0.92 + slope[0] * x + slope[1] * y
    lit = np.asarray(cv2.GaussianBlur(shot * light[..., None], (0, 0), 0.7), np.float64)
    shot = lit + rng.normal(0, 3, size=lit.shape)
    return Image.fromarray(shot.clip(0, 255).astype(np.uint8))


def scanned(page: Image.Image, rng: _Rng) -> Image.Image:
    """Put the page on grey, noisy paper, turned by up to a degree and shifted, in one tone."""
    width, height = page.size
    grey = np.asarray(page.convert("L"), np.float32)
    paper = float(rng.uniform(180, 235))
    ink = float(rng.uniform(25, 70))
    tone = ink + (paper - ink) * grey / 255
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-1.2, 1.2), 1.0)
    turn = np.asarray(turn, np.float64)
    shift = rng.uniform(-0.008, 0.008, size=2) * np.array(page.size)
    turn[:, 2] = turn[:, 2] + shift
    size = width, height
    laid = cv2.warpAffine(tone, turn, size, flags=cv2.INTER_LINEAR, borderValue=(paper,))
    fibres = rng.normal(0, 1, size=(height, width)).astype(np.float32)
    printed = np.asarray(laid) + 9 * np.asarray(cv2.GaussianBlur(fibres, (0, 0), 1.5))
    soft = np.asarray(cv2.GaussianBlur(printed, (0, 0), 0.6), np.float64)
    soft += rng.normal(0, rng.uniform(3, 9), size=(height, width))
    return Image.fromarray(soft.clip(0, 255).astype(np.uint8)).convert("RGB")


def soft_oval(size: int) -> Image.Image:
    """An oval mask with a soft edge."""
    mask = Image.new("L", (size, size))
    inset = size // 12
    ImageDraw.Draw(mask).ellipse((inset, inset, size - inset, size - inset), 255)
    return mask.filter(ImageFilter.GaussianBlur(size / 60))


def _desk(size: tuple[int, int], rng: _Rng) -> np.ndarray:
    """The grain of wood, in brown."""
    width, height = size
    grain = rng.normal(0, 1, size=(height, width)).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), sigmaX=40, sigmaY=1.2), np.float32)
    grain /= grain.std()
    colour = np.array([120, 85, 55]) * rng.uniform(0.7, 1.3)
    return colour + 12 * grain[..., None]
