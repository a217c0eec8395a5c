"""Which pairs the alignment leaves in doubt, so that a large network should decide."""

import math
from typing import Final

from dedup._verification.edits import SCENE_PARALLAX
from dedup._verification.evidence import DEFAULT_THRESHOLD, BlockMatch
from dedup._verification.little_texture import LITTLE_TEXTURE

__all__ = ["LEAST_DOUBTED", "leaves_doubt"]

LEAST_DOUBTED: Final = 0.001
"""Score of an alignment below which two pictures are surely different."""
_MOVES: Final = 1.5
"""Log-odds that a pair in doubt may gain if its blocks move: two shots of one scene gain more (1.6
and above in 159 pairs of parts of a stereo pair), two of three copies under overlays less."""


def leaves_doubt(measured: BlockMatch, *, least: float = LEAST_DOUBTED) -> bool:
    """Whether a network should decide: the pictures are laid over each other, and too much differs.

    Not of two shots of one scene, of which it says that they are alike, nor where little is shown,
    or where what is soft is another sky or wall within one frame.
    """
    near, scene = measured.near_score, measured.scene_score
    if not least <= near < DEFAULT_THRESHOLD or scene >= DEFAULT_THRESHOLD:
        return False
    return (
        math.log(scene / (1 - scene)) - math.log(near / (1 - near)) <= _MOVES
        and measured.blocks.parallax <= SCENE_PARALLAX
        and float(measured.blocks.weight.sum()) >= LITTLE_TEXTURE
        and measured.soft_score(lit=True) >= DEFAULT_THRESHOLD
    )
