"""Pictures that are something else when they are mirrored or turned: arrows, letters, signs."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._verification.common_part import CommonPart
from dedup._verification.evidence import Evidence

__all__ = ["is_turned"]

_TURNED: Final = 45.0
"""Degrees from which a sign may be another one."""
_TONE: Final = 16
_BORDER: Final = 0.9
_GROUND: Final = 0.4
"""Grey values by which a plain ground varies, and parts of the border and of all of a picture, at
least, that are such a ground: a soft or noisy sign passes for a photo otherwise."""


def is_turned(evidence: Evidence, common: CommonPart) -> bool:
    """Whether one of two pictures is mirrored or turned, and both are drawn, or on plain ground.

    Parameters
    ----------
    evidence : Evidence
        What was seen from the one to the other.
    common : CommonPart
        Both, laid over each other.
    """
    if not (evidence.mirrored or abs(evidence.rotation) > _TURNED):
        return False
    return evidence.drawn or _is_on_ground(common.a) or _is_on_ground(common.b)


def _is_on_ground(picture: Pixels) -> bool:
    """Whether a thing stands alone on a ground of one tone.

    Examples
    --------
    >>> sign = np.full((40, 40, 3), 250, np.uint8)
    >>> sign[10:30, 18:22] = 30
    >>> _is_on_ground(sign), _is_on_ground(sign[10:30, 14:26])
    (True, False)
    """
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    tone = np.median(border, axis=0)
    near, all_near = (
        float((np.abs(x - tone).max(axis=-1) < _TONE).mean()) for x in (border, picture)
    )
    return near >= _BORDER and all_near >= _GROUND
