"""What a second reading at full resolution makes of the evidence of a pair."""

from dataclasses import replace
from typing import Final

import numpy as np

from dedup._verification.evidence import Evidence
from dedup._verification.placement import Matrix
from dedup._verification.reading.reading import Box, read

__all__ = ["is_settled", "needs_pixels", "read_again"]

_ALL: Final = 0.002
"""Part of a scene's ink that may differ if it is flat, a page that was photographed askew."""
_OVERLAID: Final = 0.01
"""Part of two photos that must differ before it is looked whether something moved there."""


def is_settled(evidence: Evidence) -> bool:
    """Whether a second reading would add nothing, whatever the score must be."""
    return evidence.read or evidence.transform is None or evidence.relation == "uncertain"


def needs_pixels(evidence: Evidence) -> bool:
    """Whether a second reading looks at the pictures: not at two photos that nothing covers."""
    if evidence.photos:
        return evidence.relation != "scene" and evidence.changed_share >= _OVERLAID
    return True


def read_again(
    evidence: Evidence, a: np.ndarray | None = None, b: np.ndarray | None = None
) -> Evidence:
    """The evidence of a pair as the second reading leaves it.

    Parameters
    ----------
    evidence : Evidence
        With a placement.
    a, b : ndarray, shape (height, width), uint8, optional
        Both pictures in grey, where `needs_pixels`.
    """
    if a is None or b is None or evidence.transform is None:
        return replace(evidence, read=True)
    seen = read(a, b, evidence.transform, photos=evidence.photos)
    if seen.kind == "copy":
        flat = evidence.relation == "scene" and seen.figures["changed"] < _ALL
        return replace(evidence, read=True, relation="near" if flat else evidence.relation)
    if seen.kind == "unreadable":
        reason = "too few pixels to tell pages of one layout apart"
        return replace(evidence, read=True, relation="uncertain", edits=(reason,))
    height, width = a.shape
    changed = _outlines(seen.changed, width, height)
    relation = "scene" if seen.kind == "scene" else "lookalike"
    places = f"{len(changed)} place{'s' if len(changed) > 1 else ''}"
    edits = ("something moved",) if relation == "scene" else (f"other content in {places}",)
    return replace(evidence, read=True, relation=relation, changed=changed, edits=edits)


def _outlines(boxes: tuple[Box, ...], width: int, height: int) -> Matrix:
    """Corners of boxes, in parts of a picture, shape (n, 4, 2)."""
    corners = [
        [(left, top), (right, top), (right, bottom), (left, bottom)]
        for left, top, right, bottom in boxes
    ]
    return np.array(corners, np.float64).reshape(-1, 4, 2) / (width, height)
