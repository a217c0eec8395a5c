"""Lookalikes: pages of one template that differ in as little as a digit, and true copies of each.

A form that was filled in twice is not one picture. The families are cut in two by a fixed list:
what decides about such pages is fitted on `FITTING`, and reported on `REPORTING`.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from PIL import Image

from dedup.data import _apps, _boards, _geometry, _papers, _pixels, _reproduction, _till
from dedup.data._content import Content

__all__ = [
    "COPIES",
    "FAMILIES",
    "FITTING",
    "REPORTING",
    "WORN",
    "copy_of",
    "make_lookalikes",
    "moved_subject",
]

_Rng = np.random.Generator
_Draw = Callable[[Content, _Rng], Image.Image]

FITTING: Final[dict[str, _Draw]] = {
    "invoice": _papers.invoice,
    "id-card": _papers.id_card,
    "form": _papers.form,
    "chess": _boards.chess,
    "bar-chart": _boards.bar_chart,
    "floor-plan": _boards.floor_plan,
    "code": _apps.code,
    "barcode": _apps.barcode,
    "timetable": _apps.timetable,
}
REPORTING: Final[dict[str, _Draw]] = {
    "certificate": _papers.certificate,
    "receipt": _papers.receipt,
    "ticket": _papers.ticket,
    "sheet-music": _boards.sheet_music,
    "map-tile": _boards.map_tile,
    "slide": _boards.slide,
    "chat": _apps.chat,
    "spreadsheet": _apps.spreadsheet,
}
WORN: Final[dict[str, _Draw]] = {
    "thermal": _till.thermal,
}
"""Scanned paper, of which even templates are fitted on, and odd ones reported."""
FAMILIES: Final[dict[str, _Draw]] = FITTING | REPORTING | WORN
"""What draws a page of a family, given its content and the template's generator."""

# How many values a page has of its own, by its number; the last has all.
_OWN: Final = (1, 1, 2, 4, 1, 12, 1, 10_000)

COPIES: Final[dict[str, Callable[[Image.Image, _Rng], bytes]]] = {
    "jpeg-40": lambda page, _: _jpeg(page, 40),
    "resize-60": lambda page, rng: _jpeg(_geometry.resize(page, rng, width=0.6, height=0.6), 90),
    "grey": lambda page, rng: _jpeg(_pixels.saturation(page, rng, factor=0), 90),
    "crop-90": lambda page, rng: _jpeg(_geometry.crop(page, rng, area=0.9), 90),
    "border-6": lambda page, rng: _jpeg(_geometry.border(page, rng, width=0.06), 90),
    "photographed": lambda page, rng: _jpeg(_reproduction.photographed(page, rng), 85),
    "scanned": lambda page, rng: _jpeg(_reproduction.scanned(page, rng), 75),
}
"""What makes the file of a true copy from a page."""


def make_lookalikes(
    family: str, *, count: int, seed: int, template: int = 0
) -> Iterator[Image.Image]:
    """Draw pages of one template, of which no two are duplicates.

    Parameters
    ----------
    family : str
        A name in `FAMILIES`.
    count : int
        Number of pages. The first few differ from the first one in one value, such as a digit.
    seed, template : int
        Another template of a family has other words and colours. The same numbers give the same
        pages, with the same fonts installed.

    Yields
    ------
    PIL.Image.Image
        An RGB image.

    Examples
    --------
    >>> [page.size for page in make_lookalikes("certificate", count=2, seed=0)]
    [(1200, 850), (1200, 850)]
    """
    draw = FAMILIES[family]
    entropy = [seed, zlib.crc32(family.encode()), template]
    content = Content(entropy)
    yield draw(content, np.random.default_rng(entropy))
    values = len(content.drawn)
    known = {repr(content.drawn)}
    rng = np.random.default_rng([*entropy, count])
    number = 1
    while number < count:
        own = min(_OWN[(number - 1) % len(_OWN)], values)
        places = rng.choice(values, own, replace=False).tolist()
        content = Content(entropy, {place: int(rng.integers(1 << 30)) for place in places})
        page = draw(content, np.random.default_rng(entropy))
        if repr(content.drawn) not in known:
            known.add(repr(content.drawn))
            yield page
            number += 1


def copy_of(page: Image.Image, *, kind: str, seed: int) -> bytes:
    """A true copy of a page, as the content of a JPEG file; `kind` is a name in `COPIES`.

    Examples
    --------
    >>> page = Image.new("RGB", (300, 200), "white")
    >>> Image.open(io.BytesIO(copy_of(page, kind="resize-60", seed=0))).size
    (180, 120)
    """
    return COPIES[kind](page, np.random.default_rng([seed, zlib.crc32(kind.encode())]))


def moved_subject(
    ground: Image.Image, subject: Image.Image, *, seed: int
) -> tuple[Image.Image, Image.Image]:
    """Two exposures of one scene, in which something has moved: other pictures, not copies."""
    rng = np.random.default_rng(seed)
    shots = []
    size = round(0.3 * min(ground.size))
    oval = _reproduction.soft_oval(size)
    piece = subject.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    left, right = 0.1 + 0.1 * rng.random(), 0.55 + 0.1 * rng.random()
    top = 0.2 + 0.4 * rng.random()
    for place in (left, right):
        shot = ground.convert("RGB").copy()
        shot.paste(piece, (round(place * ground.width), round(top * ground.height)), oval)
        shots.append(_pixels.noise(shot, rng, sigma=2.5))
    return shots[0], shots[1]


def _jpeg(page: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
