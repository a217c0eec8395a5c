"""What the soft parts of two aligned pictures say: sky, skin, blurred or dark ground.

Where two photos share a frame or a watermark, that is aligned and agrees, while what is soft has no
texture to object with. Here it has a say: by the light of the blocks alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.blocks import Blocks
from dedup._verification.registration import Floats

__all__ = [
    "COEFFICIENTS",
    "LIT",
    "has_one_shape",
    "is_held",
    "is_woven",
    "measured",
    "shading",
    "soft_change",
]

COEFFICIENTS: Final[Mapping[str, float]] = MappingProxyType(
    {"intercept": -4.2, "soft_change": -12.4, "shading": -3.1}
)
"""The model of the likelihood that soft parts are alike, fitted on 16 soft parts, and 8 blurred and
dark photos, in five frames; `benchmarks/soft_photos.py` has the recipe, and measures it."""
LIT: Final[Mapping[str, float]] = MappingProxyType(
    {"intercept": 9.0, "soft_change": -35.0, "shading": 0.0}
)
"""The same where light of its own may lie on one of the two, which shading is."""

_SOFT: Final = 0.25
"""Weight of a block, by its texture, below which it is soft."""
_AROUND: Final = 5
"""Blocks of a neighbourhood, across, in which light and dark are compared."""
_KNOWN: Final = 0.4
"""Part of a neighbourhood that must be soft and seen in both."""
_CONTRAST: Final = 1.0
"""Variance of a neighbourhood, in grey values squared, above which it shows something."""
_NOISE: Final = 0.25
"""What of it says nothing."""
_UNLIKE: Final = 0.3
"""Correlation below which both show something else."""
_TONES: Final = 12
_FEWEST: Final = 30
"""Steps of light in which tones are compared, and blocks that are asked at least."""
_OF_TEXTURE: Final = 0.5
"""Part of a block's own contrast by which its light may be off."""
_LEAST: Final = 0.03
"""Shading that is none."""
_ALIKE: Final = 0.7
_SURE: Final = 0.8
"""Correlations from which a block with texture, and light around a soft one, show the same."""
_WOVEN: Final = 0.5
_BETWEEN: Final = 0.1
_MOSTLY: Final = 0.9
_AGREES: Final = 0.98
"""Parts of the overlap with texture that both show, and with soft light that surely is the same;
part of all soft light that is; and of the texture, that which agrees."""
_MOST: Final = 0.55
_PURE: Final = 0.95
"""Parts of the overlap with soft light of one shape, and of all soft light with a shape. Of 1,868
false pairs of soft photos in one frame none has more than 0.48, at the edges of the frame; of nine
copies and parts of photos with little texture three have 0.55, one of them a part in the demo."""
_HALF: Final = 12
"""Soft blocks of a neighbourhood in which a shape is told from a slope."""


def measured(blocks: Blocks) -> dict[str, float]:
    """What the models are about."""
    return {
        "soft_change": soft_change(blocks) ** 0.5,
        "shading": float(np.log(shading(blocks) + _LEAST)),
    }


def soft_change(blocks: Blocks) -> float:
    """Part of the overlap where both pictures are soft, and are light and dark elsewhere."""
    shows, alike = _soft_light(blocks)
    return float((shows & (alike < _UNLIKE)).sum() / max(int(blocks.inside.sum()), 1))


def shading(blocks: Blocks) -> float:
    """How far, in grey values, half of the blocks are off the light that their tone has there.

    Light, contrast and gamma change all blocks of one tone alike; of two photos some are lighter,
    others darker. Of a block with contrast less is expected.
    """
    inside = blocks.inside
    if inside.sum() < _FEWEST:
        return 0.0
    a, b = blocks.mean_a[inside], blocks.mean_b[inside]
    off = (
        np.abs(other - _by_tone(own, other)) / (1 + _OF_TEXTURE * spread[inside])
        for own, other, spread in ((a, b, blocks.spread_b), (b, a, blocks.spread_a))
    )
    return max(median(x) for x in off)


def is_woven(blocks: Blocks) -> bool:
    """Whether what is soft lies between texture of the pictures themselves, and surely agrees.

    A frame leaves most of a soft photo bare, and a watermark that covers most of it nothing that
    is soft; light that shines through it disturbs its texture.
    """
    seen = max(int(blocks.inside.sum()), 1)
    shows, alike = _soft_light(blocks)
    sure = (shows & (alike > _SURE)).sum()
    return bool(
        _textured(blocks).sum() >= _WOVEN * seen
        and sure >= max(_BETWEEN * seen, _MOSTLY * shows.sum())
        and blocks.agreement(blocks.rigid) >= _AGREES
    )


def is_held(blocks: Blocks) -> bool:
    """Whether texture holds two photos together: it covers half of both, or all agrees.

    Where only words that lie over them do, what differs in the light of the rest is no filter's.
    """
    seen = max(int(blocks.inside.sum()), 1)
    return bool(
        _textured(blocks).sum() >= _WOVEN * seen or blocks.agreement(blocks.rigid) >= _AGREES
    )


def has_one_shape(blocks: Blocks) -> bool:
    """Whether most of the overlap is soft, and its light has one shape in both: more than a slope.

    Two skies may be lighter towards one side; they do not have the same clouds.
    """
    soft = blocks.inside & (blocks.weight < _SOFT)
    part = soft.astype(np.float64)
    count = _sums(part)
    places = blocks.centres.transpose(2, 0, 1) / blocks.step
    sheets = np.stack([*places, blocks.mean_a, blocks.mean_b]).astype(np.float64)
    sheets -= sheets.mean(axis=(1, 2), keepdims=True)  # less is rounded
    seen = np.maximum(count, 1)
    means = np.stack([_sums(part * sheet) for sheet in sheets]) / seen
    moments = np.array([[_sums(part * one * two) / seen for two in sheets] for one in sheets])
    moments = (moments - means[:, None] * means).transpose(2, 3, 0, 1)
    slopes = np.linalg.solve(moments[..., :2, :2] + 1e-3 * np.eye(2), moments[..., :2, 2:])
    rest = moments[..., 2:, 2:] - moments[..., 2:, :2] @ slopes
    a, b, both = (rest[..., i, j] for i, j in ((0, 0), (1, 1), (0, 1)))
    shows = soft & (count >= _HALF) & (np.minimum(a, b) > _CONTRAST)
    alike = shows & (both > _SURE * np.sqrt((a.clip(0) + _NOISE) * (b.clip(0) + _NOISE)))
    return bool(alike.sum() >= max(_MOST * blocks.inside.sum(), _PURE * shows.sum(), 1))


def _textured(blocks: Blocks) -> npt.NDArray[np.bool_]:
    """Where texture is alike."""
    return blocks.inside & (blocks.weight >= _SOFT) & (blocks.rigid > _ALIKE)


def _soft_light(blocks: Blocks) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Where both are soft and show something, and the correlation of their light around there."""
    soft = blocks.inside & (blocks.weight < _SOFT)
    part = soft.astype(np.float64)
    count = _sums(part)
    seen = np.maximum(count, 1)
    a, b = blocks.mean_a, blocks.mean_b
    mean_a, mean_b = _sums(part * a) / seen, _sums(part * b) / seen
    var_a = (_sums(part * a * a) / seen - mean_a**2).clip(0)
    var_b = (_sums(part * b * b) / seen - mean_b**2).clip(0)
    both = _sums(part * a * b) / seen - mean_a * mean_b
    shows = soft & (count >= _KNOWN * _AROUND**2) & (np.minimum(var_a, var_b) > _CONTRAST)
    return shows, both / np.sqrt((var_a + _NOISE) * (var_b + _NOISE))


def _by_tone(own: Floats, other: Floats) -> Floats:
    """What a block of this light usually is in the other picture."""
    order = np.argsort(own, kind="stable")
    steps = np.array_split(order, min(_TONES, len(own) // 10))
    light, became = (np.array([median(values[step]) for step in steps]) for values in (own, other))
    usual: Floats = np.interp(own, light, became)
    return usual


def _sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums over neighbourhoods."""
    sums = cv2.boxFilter(
        values, -1, (_AROUND, _AROUND), normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return np.asarray(sums, np.float64)
