"""Where two pictures differ: neighbouring windows that have changed, and what they lie in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dedup._base.arrays import Floats
from dedup._base.opencv import cv2
from dedup._verification.reading.gate import Tones
from dedup._verification.reading.residual import STRIDE, WINDOW, Residual

__all__ = ["Region", "figures_at", "may_be_drawn", "regions"]


_LEAST: Final = 0.25 * WINDOW**2 / STRIDE**2
"""Windows of a region that counts."""
_TOP: Final = round(WINDOW**2 / 4 / STRIDE**2)
"""Windows that differ at least as much as a region is said to."""
_GROWN: Final = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, slots=True)
class Region:
    """Neighbouring windows that have changed.

    Attributes
    ----------
    box : tuple of int
        Left, top, right, bottom, in pixels.
    figures : mapping
        area : in pixels.
        top : how much of it differs, as a ratio of variances.
        ink : the smaller part of it in which either picture shows something.
        drawn, drawn_near : how few tones the unchanged ink has, of all and around the region.
        soft, soft_near : how much of its slopes is gentle.
        still : how much of its windows is flat ground.
        unchanged : part of the ink that has not changed.
        tones : how many tones the region has in the picture in which it has fewer, 0 to 1.
        likeness : correlation within it, -1 to 1.
    """

    box: tuple[int, int, int, int]
    figures: Mapping[str, float]


def regions(seen: Residual, tones_a: Tones, tones_b: Tones) -> list[Region]:
    """The regions of two compared pictures, those that differ most first."""
    surroundings = _Surroundings(seen, tones_a, tones_b)
    grown = cv2.dilate(seen.changed.astype(np.uint8), _GROWN)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
    found = []
    for label in range(1, count):
        left, top, width, height, _ = boxes[label].tolist()
        part = slice(top, top + height), slice(left, left + width)
        mine = (labels[part] == label) & seen.changed[part]
        values = np.sort(seen.ratio[part][mine])
        if len(values) < max(_LEAST, _TOP):
            continue
        inks = [(c[part][mine] > seen.least).mean() for c in (seen.contrast_a, seen.contrast_b)]
        figures = {
            "area": len(values) * STRIDE**2,
            "top": float(values[-_TOP]),
            "ink": float(min(inks)),
            "likeness": float(seen.likeness[part][mine].mean()),
            **surroundings.at(part),
        }
        right, bottom = left + width, top + height
        box = STRIDE * left, STRIDE * top, STRIDE * right, STRIDE * bottom
        found.append(Region(box, figures))
    return sorted(found, key=lambda region: -region.figures["top"])


def figures_at(
    place: tuple[slice, slice], seen: Residual, tones_a: Tones, tones_b: Tones
) -> dict[str, float]:
    """Figures of a place in which both pictures show something: of what is around it."""
    return {"ink": 1.0, **_Surroundings(seen, tones_a, tones_b).at(place)}


def may_be_drawn(a: Tones, b: Tones) -> bool:
    """Whether any region of two pictures could lie in what is drawn."""
    same = (a.ink & b.ink).astype(np.float32)
    drawn = _drawn(a, b) * same
    spread = max(same.shape) / 8
    near = cv2.GaussianBlur(np.stack([same, drawn], axis=-1).astype(np.float32), (0, 0), spread)
    most = float(np.percentile(near[..., 1] / np.maximum(near[..., 0], 1e-2), 90))
    return bool(drawn.sum() > 0.2 * same.sum()) or most > 0.4


def _drawn(a: Tones, b: Tones) -> Floats:
    """How few tones windows have, 0 to 1, in the picture that has fewer."""
    drawn: Floats = ((0.75 - np.minimum(a.entropy, b.entropy)) / 0.3).clip(0, 1)
    return drawn


class _Surroundings:
    """What is around a place: drawn on flat ground or photographed, by what has not changed."""

    def __init__(self, seen: Residual, a: Tones, b: Tones) -> None:
        self._rows, self._columns = seen.ratio.shape
        self._tones = np.minimum(a.entropy, b.entropy)
        height, width = self._tones.shape
        masks = np.stack([seen.changed, seen.covered], axis=-1).astype(np.float32)
        small = cv2.resize(masks, (width, height), interpolation=cv2.INTER_AREA)
        ink = a.ink & b.ink
        same = (ink & (small[..., 0] < 0.02) & (small[..., 1] > 0.5)).astype(np.float32)
        drawn = _drawn(a, b) * same
        soft = np.minimum(a.soft, b.soft) * same
        sheets = np.stack([same, drawn, soft], axis=-1).astype(np.float32)
        self._near = cv2.GaussianBlur(sheets, (0, 0), max(height, width) / 8)
        total = float(same.sum())
        self._whole = {
            "drawn": float(drawn.sum()) / max(total, 1),
            "soft": float(soft.sum()) / max(total, 1),
            "still": float((np.maximum(a.still, b.still) * same).sum()) / max(total, 1),
            "unchanged": total / max(int(ink.sum()), 1),
        }

    def at(self, part: tuple[slice, slice]) -> dict[str, float]:
        """Figures of a place, in windows."""
        height, width = self._tones.shape
        zoom_y, zoom_x = height / self._rows, width / self._columns
        rows = slice(int(part[0].start * zoom_y), int(part[0].stop * zoom_y) + 1)
        columns = slice(int(part[1].start * zoom_x), int(part[1].stop * zoom_x) + 1)
        middle = (
            min((rows.start + rows.stop) // 2, height - 1),
            min((columns.start + columns.stop) // 2, width - 1),
        )
        same, drawn, soft = self._near[middle].tolist()
        has_some = same > 1e-3
        return {
            **self._whole,
            "drawn_near": drawn / same if has_some else self._whole["drawn"],
            "soft_near": soft / same if has_some else self._whole["soft"],
            "tones": float(self._tones[rows, columns].mean()),
        }
