"""The frames of an animation, the pages of a document: what a file shows beside the first."""

from collections.abc import Iterator

from PIL import Image, TiffImagePlugin

from dedup.errors import DecodeError
from dedup.pipelines.images import limits

__all__ = ["count", "each", "too_many"]

# Pillow calls a drawing's layers frames; they are shown together.
_LAYERED = ("PSD",)
# So many times the pixels that one image may have: some seconds of decoding.
_TIMES_THE_LIMIT = 10
_MOST = 500


def count(image: Image.Image) -> int:
    """How many frames, pages or pictures the file of an opened image holds.

    Raises
    ------
    DecodeError
        If that can't be told.

    Examples
    --------
    >>> count(Image.new("L", (2, 2)))
    1
    """
    if image.format in _LAYERED:
        return 1
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image._n_frames is None:
        return _pages(image)
    return max(1, getattr(image, "n_frames", 1))


def _pages(image: TiffImagePlugin.TiffImageFile) -> int:
    """Pages of a TIFF, which Pillow looks for one by one, each among all before it."""
    try:
        for place in range(1, _MOST + 1):
            image.seek(place)
    except EOFError:
        return image.tell() + 1
    except Exception as error:
        raise DecodeError("a TIFF with a page of a kind that is not read") from error
    finally:
        image.seek(0)
    return _MOST + 1


def too_many(image: Image.Image) -> bool:
    """Whether it would take too long to look at all frames of an opened image."""
    number, limit = count(image), limits.max_pixels()
    if number > _MOST:
        return True
    pixels = number * image.width * image.height
    return number > 1 and limit is not None and pixels > _TIMES_THE_LIMIT * limit


def each(image: Image.Image) -> Iterator[Image.Image]:
    """An opened image at each of its frames, the one that it was opened at first.

    Raises
    ------
    DecodeError
        If a frame is too large.
    """
    number = count(image)
    first = image.tell() if number > 1 else 0
    yield image
    for place in range(number):
        if place != first:
            if image.format == "MPO":
                image.decoderconfig = ()  # type: ignore[attr-defined]  # of a smaller first one
            image.seek(place)
            limits.require_within(image.size)
            yield image
