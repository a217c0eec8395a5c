"""How large an image may be: what bounds the memory that one image takes."""

import os
from typing import Final

from PIL import Image

from dedup.errors import DecodeError, InputError

__all__ = ["LARGEST", "let_pillow", "max_pixels", "require_within", "too_large", "too_much_memory"]

LARGEST: Final = 1 << 28
"""Bytes of the largest file that is held in memory as a whole: in an archive, or at an address."""

_VARIABLE = "DEDUP_MAX_PIXELS"


def max_pixels() -> int | None:
    """The most pixels that an image may have; None for any number.

    The environment variable DEDUP_MAX_PIXELS, or else what Pillow refuses: 178,956,970 pixels,
    unless `PIL.Image.MAX_IMAGE_PIXELS` was changed. What that is in bytes, `memory` knows.

    Raises
    ------
    InputError
        If the variable holds no number.

    Examples
    --------
    >>> max_pixels()
    178956970
    """
    pillows = None if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS
    text = os.environ.get(_VARIABLE, "")
    if not text:
        return pillows
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{_VARIABLE}={text}: expected a number of pixels") from None


def let_pillow() -> None:
    """Raise Pillow's own limit, which no reader can pass, to what was asked for."""
    limit = max_pixels()
    if Image.MAX_IMAGE_PIXELS is not None and limit is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, (limit + 1) // 2)


def require_within(size: tuple[int, int]) -> None:
    """Raise a `DecodeError` if an image of this size, in pixels, is too large."""
    limit = max_pixels()
    if limit is not None and size[0] * size[1] > limit:
        raise DecodeError(too_large(size))


def too_large(size: tuple[int, int] | None = None) -> str:
    """The reason why an image is not read; the size is not always known."""
    shown = f" ({size[0]:,} x {size[1]:,})" if size else ""
    return f"more pixels than the limit of {max_pixels():,}{shown}: set {_VARIABLE} to raise it"


def too_much_memory(size: int, limit: int) -> str:
    """The reason why an image is not read that takes so many bytes."""
    return (
        f"takes {size / 1e9:.1f} GB of memory to read, more than the limit of {limit / 1e9:.1f} GB:"
        f" set {_VARIABLE} to raise it"
    )
