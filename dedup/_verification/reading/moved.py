"""Something that moved between two shots of a scene: what one shows here, the other shows there.

It went to another place (`has_moved`), or turned and bent where it is (`has_shifted`).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Floats, Grey, Mask
from dedup._base.opencv import cv2
from dedup._verification.reading.bent import carried, flow_between
from dedup._verification.reading.regions import Region
from dedup._verification.reading.residual import STRIDE, WINDOW, residual, smoothed

__all__ = ["has_moved", "has_shifted"]


_LEAST_AREA: Final = 4 * WINDOW**2
_INNER: Final = 0.25
"""Part of a region's box at each side that may be ground."""
_FOUND: Final = 0.8
"""Correlation of a piece with where it went."""
_CONTRAST: Final = 6.0
"""Standard deviation, in grey values, below which a piece is found anywhere."""
_TONES: Final = 0.5
"""Tones of a region, as a part of what there could be, above which it was not drawn."""
_LIKE: Final = 0.6
"""Correlation of a region in which both pictures show the same."""
_SMALL: Final = 300
"""Pixels of the longer side at which motion is followed: noise is small, what moved is near."""
_CHANGED: Final = 0.3
"""Part of a window's variance that motion must explain."""
_FAR: Final = 1.0
"""Pixels by which it moved at least: less is how the pictures are laid over each other."""
_RETURN: Final = 1.5
"""Pixels by which what is followed there and back may miss itself."""
_SHIFTED: Final = 0.3
"""Part of a region that motion explains: under overlays it is below 0.1."""
_LEAST_WINDOWS: Final = 60


def has_moved(region: Region, others: Sequence[Region], a: Grey, b: Grey) -> bool:
    """Whether what either picture shows in a changed region is in another one of the other.

    What was laid over a picture is in one of them only.
    """
    if region.figures["area"] < _LEAST_AREA:
        return False
    left, top, right, bottom = region.box
    dx, dy = round(_INNER * (right - left)), round(_INNER * (bottom - top))
    inner = slice(top + dy, bottom - dy), slice(left + dx, right - dx)
    corner = left + dx, top + dy
    return any(
        _is_there(one[inner], corner, other, place.box)
        for one, other in ((a, b), (b, a))
        for place in others
        if place is not region and place.figures["area"] >= _LEAST_AREA
    )


def has_shifted(found: Sequence[Region], a: Grey, b: Grey, covered: Grey) -> bool:
    """Whether some part of a shows the same as b once it is moved and bent: two shots of a scene.

    What was laid over a picture is nowhere near in the other. `found` are the regions in which
    they differ; `covered` is 255 where both show the same scene.
    """
    if not any(_may_have_shifted(region.figures) for region in found):
        return False
    zoom = min(1.0, _SMALL / max(a.shape))
    size = round(zoom * a.shape[1]), round(zoom * a.shape[0])
    if min(size) < 4 * WINDOW:
        return False
    a, b, covered = (
        np.asarray(cv2.resize(x, size, interpolation=cv2.INTER_AREA), np.uint8)
        for x in (a, b, covered)
    )
    inner = np.asarray(cv2.erode(covered, np.ones((WINDOW, WINDOW), np.uint8), borderValue=0))
    inside = inner[::STRIDE, ::STRIDE] == 255
    before = residual(smoothed(a), smoothed(b), inside)
    changed = before.changed & (before.ratio > _CHANGED)
    if changed.sum() < _LEAST_WINDOWS:
        return False
    there = flow_between(a, b, quick=True)
    if not _is_much(changed & _is_explained(a, b, there), of=changed):
        return False
    there, back = flow_between(a, b), flow_between(b, a)
    missed = np.linalg.norm(there + carried(back, there), axis=-1)
    returns = missed[::STRIDE, ::STRIDE] < _RETURN
    return _is_much(changed & _is_explained(a, b, there) & returns, of=changed)


def _may_have_shifted(figures: Mapping[str, float]) -> bool:
    """Whether a region is large, shows many tones in both pictures, and nothing alike."""
    large = figures["area"] >= _LEAST_AREA
    return large and figures["tones"] > _TONES and figures["likeness"] < _LIKE


def _is_explained(a: Grey, b: Grey, there: Floats) -> Mask:
    """Windows that show the same in both, once what is in b comes back from far."""
    everywhere = np.ones(a[::STRIDE, ::STRIDE].shape, np.bool_)
    after = residual(smoothed(a), smoothed(carried(b, there)), everywhere)
    far = np.linalg.norm(there, axis=-1)[::STRIDE, ::STRIDE] > _FAR
    explained: Mask = far & (after.ratio < _CHANGED)
    return explained


def _is_much(explained: Mask, *, of: Mask) -> bool:
    """Whether motion explains enough of some connected part of what has changed."""
    count, labels = cv2.connectedComponents(of.astype(np.uint8), connectivity=8)
    places = np.asarray(labels, np.intp).ravel()
    windows = np.bincount(places, minlength=count)[1:]
    moved = np.bincount(places[explained.ravel()], minlength=count)[1:]
    return bool(((windows >= _LEAST_WINDOWS) & (moved > _SHIFTED * windows)).any())


def _fine(picture: Grey) -> npt.NDArray[np.float32]:
    """Without what changes slowly, which is alike in many places."""
    exact = picture.astype(np.float32)
    return np.asarray(exact - cv2.GaussianBlur(exact, (0, 0), 4.0), np.float32)


def _is_there(
    piece: Grey, corner: tuple[int, int], other: Grey, box: tuple[int, int, int, int]
) -> bool:
    """Whether a piece, which was at that corner, is in a box of the other, elsewhere."""
    left, top, right, bottom = box
    place = other[top:bottom, left:right]
    if min(piece.shape) < WINDOW:
        return False
    sought, around = _fine(piece), _fine(place)
    if sought.std() < _CONTRAST:
        return False
    if any(small > large for small, large in zip(sought.shape, around.shape, strict=True)):
        return False
    _, likeness, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(around, sought, cv2.TM_CCOEFF_NORMED))
    height, width = piece.shape
    went = abs(left + x - corner[0]) > width / 2 or abs(top + y - corner[1]) > height / 2
    return went and likeness > _FOUND
