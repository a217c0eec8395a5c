"""Names of edits: their family, and which of a family is the stronger."""

import math
import re
from typing import Final

from dedup.data.edits import EDITS

__all__ = ["family_of", "label_of", "order_of"]

# Families whose strength is a percentage of the picture as it was: 100 changes nothing.
_OF_ORIGINAL: Final = frozenset(
    [
        "jpeg",
        "resize",
        "aspect",
        "zoom",
        "crop",
        "brightness",
        "contrast",
        "gamma",
        "saturation",
        "paste",
    ]
)
_NUMBERED: Final = re.compile(r"(.*?)-?(\d+(?:\.\d+)?)")


def family_of(edit: str, *, labelled: str = "") -> str:
    """Family of an edit: as `EDITS` knows it, as it is labelled, or its name without the number.

    Examples
    --------
    >>> family_of("mirror-crop-jpeg"), family_of("rust-3"), family_of("rust-3", labelled="wear")
    ('combined', 'rust', 'wear')
    """
    if edit in EDITS:
        return EDITS[edit].family
    numbered = _NUMBERED.fullmatch(edit)
    return labelled or (numbered[1] if numbered else "") or edit


def label_of(edit: str, *, family: str) -> str:
    """What tells an edit from the others of its family; empty if it is named like the family.

    Examples
    --------
    >>> label_of("crop-50", family="crop"), label_of("mirror", family="mirror")
    ('50', '')
    """
    return edit.removeprefix(family).strip("-")


def order_of(edit: str) -> tuple[float, str]:
    """Sorts the edits of a family from weak to strong.

    Examples
    --------
    >>> sorted(["crop-25", "crop-70", "crop-50"], key=order_of)
    ['crop-70', 'crop-50', 'crop-25']
    >>> sorted(["rotate-90", "rotate-10"], key=order_of)
    ['rotate-10', 'rotate-90']
    """
    numbered = _NUMBERED.fullmatch(edit)
    strength = float(numbered[2]) if numbered else 0.0
    if edit in EDITS:
        strength = EDITS[edit].strength
    if family_of(edit) in _OF_ORIGINAL and strength > 0:
        # Half and double are as far from the original as each other.
        strength = abs(math.log(strength / 100))
    return strength, edit
