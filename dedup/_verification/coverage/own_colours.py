"""Whether a picture has colours, or a grey, that those of a copy of it do not give."""

from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.median import median
from dedup._base.opencv import cv2
from dedup._verification.common_part import CommonPart, Mask
from dedup._verification.registration import Floats
from dedup._verification.tints import CHROMA, FEW_SQUARES, is_toned

__all__ = ["has_own_colours"]

_COLOURFUL: Final = 30.0
"""Chroma, in grey values, of what has a colour; and the part of it that a pale copy has left."""
_PALE: Final = 0.1
_HUE: Final = float(np.cos(np.radians(40)))
"""Brightness, contrast and gamma turn hues by less than this; another colour is farther away."""
_BESIDE: Final = 2
"""Pixels of the canvas by which a colour may lie beside its place."""
_RECOLOURED: Final = 0.004
"""Part of a picture that has other hues, from which it has colours of its own."""
_OWN_COLOURS: Final = 6.0
"""Standard deviation of colour, in grey values, that can be seen."""
_SEVERAL: Final = 0.05
"""Part of what has a colour that is of other hues than most, if there are several."""
_LIGHT: Final = np.array(
    [[0.299, 0.587, 0.114], [0.213, 0.715, 0.072], [1 / 3, 1 / 3, 1 / 3]], np.float32
)
_AS_LIGHT: Final = 4.0
_ON_CURVE: Final = 12.0
"""Light that programs give red, green and blue; and grey values by which a grey copy is off it, and
off the curve that a program bent it by."""
_BLACK: Final = 60.0
_AS_BLACK: Final = 1.0
"""Light, in grey values, of what passes for black on a product; and by which a grey copy may be off
that of dark things of one hue: any black is nearly as light as navy or maroon. Of 300 photos, and
300 paler ones, at three sizes and qualities, three grey copies are off by more."""
_PALE_GROUND: Final = 10.0
_AS_BEFORE: Final = 5.0
"""Chroma of what is seen to have a colour; and by which that is as in the other, or as in grey."""
_GREYISH: Final = 20.0
"""Chroma below which what was of a colour is nearly grey, where others are as they were: of 75
photos in sepia, and as many of less saturation, none has both; in one sepia has 44."""
_GREYED: Final = 0.3
_DARK: Final = 4.0
"""The part of its saturation that a grey copy has left; of what is darker it can't be told."""


def has_own_colours(common: CommonPart, own: Floats, other: Floats) -> bool:
    """Whether the first picture of a common part has colours that the second's do not give.

    A copy in one tone, grey or sepia, has not; own and other are colours of small squares, (n, 3).
    """
    if _is_no_function(own, other) or _has_grey_of_its_own(own, other):
        return True
    if not _has_other_hues(common.a, common.b, common.alike):
        return False
    return not is_toned(own) or is_toned(other) or not _has_several_hues(other)


def _is_no_function(picture: Floats, other: Floats) -> bool:
    """Whether the differences between the channels are no smooth function of the other's colours.

    Grey and sepia give up what no function of them brings back; other tints do not.
    """
    if len(picture) < FEW_SQUARES:
        return False
    chroma = picture @ CHROMA
    chroma = chroma - chroma.mean(axis=0)
    terms = np.column_stack([other, other**2 / 255, np.ones(len(other))]).astype(np.float64)
    fit, *_ = np.linalg.lstsq(terms, chroma, rcond=1e-6)
    left, own = (float(np.sqrt((x**2).sum(axis=1).mean())) for x in (chroma - terms @ fit, chroma))
    return left > max(_OWN_COLOURS, 0.6 * own)


def _has_grey_of_its_own(own: Floats, other: Floats) -> bool:
    """Whether squares are grey that are of a colour in another picture, and no copy of it in grey.

    Such as a grey shirt beside a blue one. Of few hues any grey is a function: then it must be as
    light as usual programs would make it. A black-and-white photo of many hues may have curves.

    Examples
    --------
    >>> blue, grey = np.full((20, 3), (30, 60, 180)), np.full((20, 3), 128)
    >>> _has_grey_of_its_own(grey, blue), _has_grey_of_its_own(grey - 40, blue)
    (True, False)
    """
    own_chroma, chroma = own @ CHROMA, other @ CHROMA
    coloured = _squared(chroma) > _COLOURFUL**2
    greyed = coloured & (_saturation(own) < _GREYED * _saturation(other))
    if greyed.sum() <= _RECOLOURED * len(own):
        return False
    left = (_squared(chroma) > _PALE_GROUND**2) & (_squared(own_chroma - chroma) < _AS_BEFORE**2)
    chroma_left = median(_squared(own_chroma[greyed]))
    if chroma_left < _GREYISH**2 and left.sum() > _SEVERAL * len(own):
        return True  # a grey copy has no colour anywhere
    is_grey = chroma_left < _AS_BEFORE**2
    light, greys = own.mean(axis=1), _greys(other)
    usual = greys[greyed, : len(_LIGHT) + 1]
    lights = [light] if is_grey else [light, own.max(axis=1)]  # sepia takes some of the light
    off = min(abs(x[greyed, None] - usual).mean(axis=0).min() for x in lights)
    if off <= _AS_LIGHT:
        is_black = is_grey and median(light[greyed]) < _BLACK
        return bool(is_black and off > _AS_BLACK) and not _has_several_hues(other)
    beside = (_beside_curve(light, grey)[greyed] for grey in greys.T)
    is_fit = min(float(np.sqrt((x**2).mean())) for x in beside) <= _ON_CURVE
    return not (is_fit and _has_several_hues(other))


def _greys(colours: Floats) -> Floats:
    """What programs make of colours that they turn into grey, a column each; channels last."""
    middle = (colours.max(axis=1) + colours.min(axis=1)) / 2
    greys: Floats = np.column_stack([colours @ _LIGHT.T, middle, colours])
    return greys


def _beside_curve(light: Floats, grey: Floats) -> Floats:
    """What a curve of tones, from a grey to light, leaves."""
    terms = np.column_stack([np.ones_like(grey), grey / 128, (grey / 128) ** 2])
    fit, *_ = np.linalg.lstsq(terms, light, rcond=1e-4)
    left: Floats = light - terms @ fit
    return left


def _saturation(colours: Floats) -> Floats:
    saturation: Floats = np.sqrt(_squared(colours @ CHROMA)) / (colours.mean(axis=1) + _DARK)
    return saturation


def _has_several_hues(colours: Floats) -> bool:
    chroma = colours @ CHROMA
    chroma = chroma[_squared(chroma) > _COLOURFUL**2]
    most = chroma.sum(axis=0)
    strength = np.sqrt(_squared(chroma) * (most @ most))
    return len(chroma) > 0 and bool((chroma @ most < _HUE * strength).mean() > _SEVERAL)


def _has_other_hues(picture: Pixels, other: Pixels, alike: Mask) -> bool:
    """Whether a picture has colours where another has none, or those of another hue.

    Parameters
    ----------
    picture, other : ndarray, shape (height, width, 3), uint8
        Laid over each other.
    alike : ndarray of bool, shape (height, width)
        Where they show the same, but for colours.

    Examples
    --------
    >>> red = np.full((64, 64, 3), (200, 40, 40), np.uint8)
    >>> blue, dark_red = red[..., ::-1], red // 2
    >>> where = np.ones((64, 64), np.bool_)
    >>> _has_other_hues(blue, red, where), _has_other_hues(dark_red, red, where)
    (True, False)
    """
    side = 2 * _BESIDE + 1
    where = np.asarray(cv2.erode(alike.astype(np.uint8), np.ones((side, side), np.uint8)), np.bool_)
    own, its = (x.astype(np.float32) @ CHROMA for x in (picture, other))
    places = np.flatnonzero(where & (_squared(own) > _COLOURFUL**2))
    height, width = where.shape
    own = own.reshape(-1, 2).take(places, axis=0)  # three times as fast as an index of rows
    strength = np.sqrt(_squared(own))
    few = _RECOLOURED * where.sum()
    steps = range(-_BESIDE, _BESIDE + 1)
    # Most pictures are told at the first place.
    for dy, dx in sorted(((y, x) for y in steps for x in steps), key=lambda yx: max(map(abs, yx))):
        if len(places) <= few:
            return False
        beside = places
        if dy or dx:
            y, x = np.divmod(places, width)
            beside = (y - dy) % height * width + (x - dx) % width
        near = its.reshape(-1, 2).take(beside, axis=0)
        its_strength = np.sqrt(_squared(near))
        along = own[:, 0] * near[:, 0] + own[:, 1] * near[:, 1]
        left = np.flatnonzero(
            (its_strength < _PALE * strength) | (along < _HUE * strength * its_strength)
        )
        places, own, strength = places[left], own.take(left, axis=0), strength[left]
    return bool(len(places) > few)


def _squared(chroma: Floats) -> Floats:
    one, two = chroma[..., 0], chroma[..., 1]
    squared: Floats = one * one + two * two
    return squared
