"""What of a picture is embedded."""

from typing import Literal, TypeAlias

__all__ = ["View"]

View: TypeAlias = Literal["whole", "small", "panel"]
"""All of it, as it is, or as small as it is seen where it was pasted into another picture; or the
largest photo on a plain ground, see `dedup.pipelines.images.panels`."""
