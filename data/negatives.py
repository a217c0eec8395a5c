"""Hard negatives: images that look alike and are no duplicates.

Two pages of one layout, two photos in one app's frame, two drawings of a few flat shapes: their
embeddings lie close together, and a threshold alone can't tell them from copies.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from dedup.data import _drawings, _geometry, _overlays, _pixels, _screens
from dedup.data.edits import JPEG, Encoding

# All photos of a family are cut to one size, so that what is around or over them is the same.
_PHOTO = 480, 360
_Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Negative:
    """One family of images that must not match each other.

    Attributes
    ----------
    family : str
        Its name, such as "text-pages".
    make : callable
        A pure function (own, shared) -> RGB image, of two numpy Generators: `own` differs for
        every image, `shared` starts anew for each and gives what they have in common, such as
        a layout. If `needs_photos`, (photo, own, shared) -> RGB image.
    needs_photos : bool
        Each image is made from a photo of its own.
    encoding : Encoding
        How its images are saved.
    """

    family: str
    make: Callable[..., Image.Image]
    needs_photos: bool = False
    encoding: Encoding = JPEG


def make_negatives(
    family: str,
    *,
    count: int,
    seed: int | Sequence[int],
    photos: Iterable[Image.Image] = (),
) -> Iterator[Image.Image]:
    """Make `count` images that look alike, of which no two are duplicates.

    Parameters
    ----------
    family : str
        A name in `NEGATIVES`, which also says whether it `needs_photos`, and how to save it.
    count : int
        Number of images.
    seed : int or sequence of int
        The same seed gives the same images.
    photos : iterable of PIL.Image.Image
        For families made from photos: at least `count`, no two of them duplicates. Read one by
        one, so that a generator keeps a single photo in memory.

    Yields
    ------
    PIL.Image.Image
        An RGB image.

    Raises
    ------
    KeyError
        If there is no such family.
    ValueError
        If there are fewer photos than images to be made from them.

    Examples
    --------
    >>> [page.size for page in make_negatives("text-pages", count=2, seed=0)]
    [(600, 800), (600, 800)]
    """
    chosen = NEGATIVES[family]
    entropy = [seed] if isinstance(seed, int) else list(seed)
    entropy.append(zlib.crc32(family.encode()))
    supply = iter(photos)
    for number in range(count):
        own = np.random.default_rng([*entropy, 1 + number])
        shared = np.random.default_rng([*entropy, 0])
        if chosen.needs_photos:
            photo = next(supply, None)
            if photo is None:
                raise ValueError(f"{family!r} needs {count} photos, and has {number}")
            yield chosen.make(photo.convert("RGB"), own, shared)
        else:
            yield chosen.make(own, shared)


def _nearly_black(photo: Image.Image, own: _Rng, _shared: _Rng) -> Image.Image:
    return _pixels.noise(_pixels.brightness(photo, own, factor=0.06), own, sigma=1.5)


def _in_one_window(photo: Image.Image, _own: _Rng, shared: _Rng) -> Image.Image:
    return _screens.window(ImageOps.fit(photo, _PHOTO), shared)


def _in_one_feed(photo: Image.Image, _own: _Rng, shared: _Rng) -> Image.Image:
    return _screens.phone(ImageOps.fit(photo, _PHOTO), shared)


def _under_one_watermark(photo: Image.Image, _own: _Rng, shared: _Rng) -> Image.Image:
    marked = _overlays.tiled_watermark(ImageOps.fit(photo, _PHOTO), shared, opacity=0.5)
    return _overlays.watermark(marked, shared, opacity=0.9)


def _in_one_meme(photo: Image.Image, _own: _Rng, shared: _Rng) -> Image.Image:
    framed = _overlays.caption(ImageOps.fit(photo, _PHOTO), shared, height=0.4, place="above")
    return _geometry.border(framed, shared, width=0.08)


def _under_one_text(photo: Image.Image, _own: _Rng, shared: _Rng) -> Image.Image:
    return _overlays.text_over(ImageOps.fit(photo, _PHOTO), shared, height=0.18, lines=2)


_PNG = Encoding(".png")
_NEGATIVES = [
    Negative("text-pages", _drawings.text_page, encoding=_PNG),
    Negative("slides", _drawings.slide, encoding=_PNG),
    Negative("flat", _drawings.flat, encoding=_PNG),
    Negative("two-tone", _drawings.two_tone, encoding=_PNG),
    Negative("dark", _nearly_black, needs_photos=True),
    Negative("app-window", _in_one_window, needs_photos=True),
    Negative("app-feed", _in_one_feed, needs_photos=True),
    Negative("watermarked", _under_one_watermark, needs_photos=True),
    Negative("meme-frame", _in_one_meme, needs_photos=True),
    Negative("meme-text", _under_one_text, needs_photos=True),
]

NEGATIVES: Final[dict[str, Negative]] = {negative.family: negative for negative in _NEGATIVES}
"""All families of hard negatives by name."""
