"""Where two pictures have little texture in common: what of it tells that both show the same."""

from typing import Final

import numpy as np

from dedup._verification.blocks import Blocks
from dedup._verification.evidence import DEFAULT_THRESHOLD, BlockMatch
from dedup._verification.soft import has_one_shape

__all__ = ["LITTLE_TEXTURE", "WHOLE", "tells_enough"]

LITTLE_TEXTURE: Final = 40.0
"""Textured blocks, at full weight, of which fewer are little."""
WHOLE: Final = 0.96
"""Part of a picture's area from which all of it is seen."""
_ALIKE: Final = 0.9
"""Part of the texture that must agree."""
_TEXTURED: Final = 0.25
_REACH: Final = 0.5
"""Weight of a block that has some texture; and part of the overlap, across and down, through which
such blocks must reach that are alike."""


def tells_enough(measured: BlockMatch, *, photos: bool) -> bool:
    """Whether little texture tells that two pictures show the same, as drawings may share a circle.

    In one framing, or where soft light has one shape; or where a photo lies in the other, and the
    texture reaches through all of it, as a moon or a mark does not.
    """
    blocks = measured.blocks
    if blocks.agreement(blocks.rigid) < _ALIKE:
        return False
    inner, outer = sorted((measured.overlap_a, measured.overlap_b), reverse=True)
    if outer > WHOLE or has_one_shape(blocks):
        return True
    # What is soft has a say about its own light as well: skies may share a watermark.
    is_part = photos and inner > WHOLE and measured.soft_score() >= DEFAULT_THRESHOLD
    return is_part and _reaches_through(blocks)


def _reaches_through(blocks: Blocks) -> bool:
    alike = blocks.inside & (blocks.weight > _TEXTURED) & (blocks.rigid > _ALIKE)
    ends = zip(alike.nonzero(), blocks.inside.nonzero(), strict=True)
    return bool(alike.any()) and all(np.ptp(here) >= _REACH * np.ptp(there) for here, there in ends)
