"""What lies around the part that two aligned pictures share: more of the picture, or a ground.

Grounds are borders, letterboxes, blurred bars: of these only what is drawn on them counts.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dedup._base.arrays import Grey, Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CANVAS, Mask
from dedup._verification.edits import GROUNDS, SEAM, has_edges, plain_share, seams
from dedup._verification.evidence import Box, Evidence
from dedup._verification.registration import Floats, Matrix
from dedup.pipelines.images.decoding import Decoded

__all__ = ["SLACK", "Around", "surroundings"]

SLACK: Final = 0.015
"""Parts of a picture's sides by which the common part may be wrong."""
_DRAWN: Final = 5.0
"""Contrast of what is drawn on a ground, in grey values."""
_PLAIN: Final = 0.5
"""Part of what lies around a picture that has few grey values, of a ground at least."""
_FINE: Final = 300_000
"""Pixels in which the edges of a pasted picture are looked for."""
_UPRIGHT: Final = 2.0
"""Degrees by which a picture may be turned there."""
_MARGIN: Final = 10
"""Pixels around a tilted picture that are looked at."""
_PASTED: Final = "pasted into another image"


@dataclass(frozen=True, slots=True)
class Around:
    """Parts of a picture outside the other's frame and within it, grounds left out."""

    outside: float
    within: float
    ground: str = ""
    is_plain: bool = False
    is_put: bool = False


def surroundings(a: Decoded, b: Decoded, evidence: Evidence, to_b: Matrix) -> tuple[Around, Around]:
    """What is around the common part in each of two pictures."""
    b_is_whole = evidence.overlap_a >= evidence.overlap_b
    put = next((edit for edit in evidence.edits if edit in GROUNDS), "")
    is_put = bool(put)
    is_upright = abs(evidence.rotation - 90 * round(evidence.rotation / 90)) < _UPRIGHT
    if is_upright:
        framed = _is_framed(*((b, evidence.box_b) if b_is_whole else (a, evidence.box_a)))
        put = (put or _PASTED) if framed else ""
    elif not put:
        framed = _is_framed_askew(*((b, to_b) if b_is_whole else (a, np.linalg.inv(to_b))))
        put = _PASTED if framed else ""
    is_put = is_put or bool(put)
    puts = ("", put) if b_is_whole else (put, "")
    around_a = _around(a.image, to_b, put=puts[0], is_put=is_put and not b_is_whole)
    around_b = _around(b.image, np.linalg.inv(to_b), put=puts[1], is_put=is_put and b_is_whole)
    if not is_upright:  # what is plain around it is no scene that was cut at a tilt
        around_a, around_b = (
            replace(x, is_put=x.is_put or x.is_plain) for x in (around_a, around_b)
        )
    return around_a, around_b


def _is_framed(whole: Decoded, box: Box) -> bool:
    """Whether there are steps along the edges of a box, as around a picture that was pasted.

    Their mean: between two pictures of a collage there is none where both are dark.
    """
    size = _size(whole.image, _FINE)
    left, top, right, bottom = (np.array(box) * [*size, *size]).tolist()
    if not has_edges(size, (left, top, right, bottom)):
        return False
    ratios = seams(_grey(whole.image, size), (left, top, right, bottom))
    return bool(ratios) and float(np.mean(ratios)) >= SEAM


def _is_framed_askew(whole: Decoded, to_whole: Matrix) -> bool:
    """The same along the edges of a picture that lies at a tilt in the whole one."""
    whole_size = _size(whole.image, _FINE)
    grey = _grey(whole.image, whole_size)
    to_pixels = np.diag([*whole_size, 1.0]) @ to_whole
    width, height = np.linalg.norm(to_pixels[:2, :2], axis=0).clip(1)  # of the part, in the whole
    place = np.diag([1 / width, 1 / height, 1.0])
    place[:2, 2] = (0.5 - _MARGIN) / width, (0.5 - _MARGIN) / height
    matrix = (to_pixels @ place)[:2] - [[0, 0, 0.5]]  # pixel i is centred at i + 0.5
    size = round(width) + 2 * _MARGIN, round(height) + 2 * _MARGIN
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    upright = np.asarray(
        cv2.warpAffine(grey, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    ratios = seams(upright, (_MARGIN, _MARGIN, _MARGIN + width, _MARGIN + height))
    return bool(ratios) and float(np.mean(ratios)) >= SEAM


def _size(picture: Pixels, pixels: int) -> tuple[int, int]:
    height, width = picture.shape[:2]
    zoom = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(1, round(width * zoom)), max(1, round(height * zoom))


def _grey(picture: Pixels, size: tuple[int, int]) -> Grey:
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def _around(picture: Pixels, to_other: Matrix, *, put: str, is_put: bool) -> Around:
    """What is around the common part; `put` says if the picture was surely put on a ground."""
    size = _size(picture, CANVAS)
    x, y = (np.arange(size[0]) + 0.5) / size[0], (np.arange(size[1])[:, None] + 0.5) / size[1]
    if not _outside(to_other, x[[0, -1]], y[[0, -1]]).any():  # the corners are farthest away
        return Around(0.0, 1.0)
    outside = _outside(to_other, x, y)
    share = float(outside.mean())
    grey = _grey(picture, size)
    if not put:
        is_plain = plain_share(grey[outside]) > _PLAIN
        return Around(share, 1 - share, is_plain=is_plain, is_put=is_put)
    # The step at the picture's edge is none of the ground's.
    ground = np.where(outside, grey, np.median(grey[outside])).astype(np.float32)
    fine = ground - np.asarray(cv2.GaussianBlur(ground, (0, 0), 3))
    far = np.asarray(cv2.erode(outside.astype(np.uint8), np.ones((13, 13), np.uint8)), np.bool_)
    drawn = float((far & (np.asarray(cv2.blur(fine * fine, (9, 9))) > _DRAWN**2)).mean())
    total = drawn + 1 - share
    return Around(drawn / total, (1 - share) / total, put, is_put=is_put)


def _outside(to_other: Matrix, x: Floats, y: Floats) -> Mask:
    """Which places of a picture are surely outside of the other's frame."""
    u, v = (row[0] * x + row[1] * y + row[2] for row in to_other[:2])
    slack = np.linalg.norm(to_other[:2, :2], axis=1) * SLACK
    outside: Mask = (u < -slack[0]) | (u > 1 + slack[0]) | (v < -slack[1]) | (v > 1 + slack[1])
    return outside
