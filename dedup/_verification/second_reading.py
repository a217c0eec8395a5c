"""What a second reading at full resolution makes of the evidence of a pair."""

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from dedup._verification.evidence import Evidence, Relation
from dedup._verification.reading.reading import Box, Grey, read
from dedup._verification.registration import Matrix

__all__ = ["Grounds", "is_settled", "read_again", "read_over_grounds"]

Grounds: TypeAlias = tuple[Grey, ...]
"""A picture in grey; of a transparent one, over white and over black."""

_ALL: Final = 0.002
"""Part of a scene's ink that may differ if it is flat, a page that was photographed askew."""


def is_settled(evidence: Evidence) -> bool:
    """Whether a second reading would add nothing, whatever the score must be."""
    return evidence.read or evidence.transform is None or evidence.relation == "uncertain"


def read_again(evidence: Evidence, a: Grey, b: Grey, *, photos: bool = False) -> Evidence:
    """The evidence of a pair, given with a registration, as the second reading leaves it.

    Parameters
    ----------
    evidence : Evidence
    a, b : ndarray, shape (height, width), uint8
        Both pictures in grey: at full size, or, of two photos, small.
    photos : bool
        Both are photos; it is looked only whether something moved.
    """
    if evidence.transform is None:
        return evidence
    seen = read(a, b, np.asarray(evidence.transform, np.float64), photos=photos)
    if seen.kind == "copy":
        flat = evidence.relation == "scene" and seen.figures["changed"] < _ALL
        return replace(evidence, read=True, relation="near" if flat else evidence.relation)
    if seen.kind == "unreadable":
        reason = "too little can be read to tell pages of one layout apart"
        return replace(evidence, read=True, relation="uncertain", edits=(reason,))
    height, width = a.shape
    changed = _outlines(seen.changed, width, height)
    relation: Relation = "scene" if seen.kind == "scene" else "lookalike"
    places = f"{len(changed)} place{'s' if len(changed) > 1 else ''}"
    edits = ("something moved",) if relation == "scene" else (f"other content in {places}",)
    return replace(evidence, read=True, relation=relation, changed=changed, edits=edits)


def read_over_grounds(evidence: Evidence, a: Grounds, b: Grounds) -> Evidence:
    """The same of pictures that may be transparent, and are given over white and over black.

    Two transparent ones must be copies over both grounds, a transparent one and another over one.
    """
    both = zip(a * (3 - len(a)), b * (3 - len(b)), strict=True)
    grounds = list(both) if len(a) + len(b) > 2 else [(a[0], b[0])]
    readings = (read_again(evidence, *pair) for pair in grounds)
    all_must = len(a) == len(b)
    last = evidence
    for last in readings:
        if (last.relation == "near") != all_must:
            break
    return last


def _outlines(boxes: tuple[Box, ...], width: int, height: int) -> Matrix:
    """Corners of boxes, in parts of a picture, shape (n, 4, 2)."""
    corners = [
        [(left, top), (right, top), (right, bottom), (left, bottom)]
        for left, top, right, bottom in boxes
    ]
    return np.array(corners, np.float64).reshape(-1, 4, 2) / (width, height)
