"""What a record says of the picture that a file shows, and not of the file."""

from typing import Any, Final

from dedup._catalogue.exact_copies import thumbnail
from dedup.pipelines.images.decoding import Decoded

__all__ = ["SHOWN", "shown"]

SHOWN: Final = ("format", "width", "height", "thumbnail", "frames", "depth", "alpha")
"""The names of these fields of `Record`."""


def shown(decoded: Decoded) -> dict[str, Any]:
    """Their values of a file that was decoded."""
    values = (
        decoded.format,
        decoded.width,
        decoded.height,
        thumbnail(decoded.image).tobytes(),
        decoded.frames,
        decoded.depth,
        decoded.is_transparent,
    )
    return dict(zip(SHOWN, values, strict=True))
