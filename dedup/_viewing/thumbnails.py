"""Small pictures of images, as JPEG: what pages and notebooks show."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from dedup._base.threads import threads
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import ImageSource, decode

__all__ = ["Thumbnail", "thumbnail", "thumbnails"]

_QUALITY = 70
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture; or why there is none.

    Attributes
    ----------
    data : str
        JPEG in base64; "" if the image can't be read.
    width, height : int
        In pixels.
    problem : str
        Why it can't be read.
    """

    data: str = ""
    width: int = 0
    height: int = 0
    problem: str = ""


def thumbnail(source: ImageSource, *, box: tuple[int, int]) -> Thumbnail:
    """A picture that fits into a box (width, height), in pixels; never an enlarged one.

    Examples
    --------
    >>> shown = thumbnail(Image.new("RGB", (600, 400)), box=(120, 120))
    >>> shown.width, shown.height, len(shown.data) < 2_000
    (120, 80, True)
    >>> thumbnail(b"no image", box=(120, 120)).problem
    'not an image that can be read'
    """
    try:
        picture = Image.fromarray(decode(source, short_side=min(box)).image)
    except DecodeError as error:
        return Thumbnail(problem=str(error))
    picture.thumbnail(box)
    data = BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY, optimize=True)
    return Thumbnail(base64.b64encode(data.getvalue()).decode(), picture.width, picture.height)


def thumbnails(sources: Sequence[ImageSource], *, box: tuple[int, int]) -> Iterator[Thumbnail]:
    """Pictures of several images, in their order, made on all cores."""
    with threads("thumbnails") as pool:
        for start in range(0, len(sources), _BATCH):  # what is not taken yet stays little
            some = sources[start : start + _BATCH]
            yield from pool.map(lambda source: thumbnail(source, box=box), some)
