"""What happened between two pictures that show the same: framing, overlays, tones, colours.

From the alignment, block by block, and from what each image keeps of its own look. Words are
about how b differs from a, except those of framing, which say what one is of the other.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Grey
from dedup._verification.evidence import (
    CONTAINERS,
    DEFAULT_THRESHOLD,
    BlockMatch,
    Box,
    Evidence,
    Relation,
)
from dedup._verification.little_texture import LITTLE_TEXTURE, WHOLE, tells_enough
from dedup._verification.look import Look, colours_of
from dedup._verification.registration import Floats, Matrix
from dedup._verification.soft import is_held

_NO_TEXTURE: Final = 8.0
"""Textured blocks, at full weight, below which nothing can be told."""
_ASKEW: Final = 0.005
"""About 0.3 degrees. In one frame, or under one watermark, pictures lie straighter."""
_SHEET: Final = 0.7
"""Part of a photograph of a page that shows the page, at least."""
SCENE_PARALLAX: Final = 0.16
"""Parallax, in pixels of the canvas, that copies of one picture hardly show."""
SEAM: Final = 2.0
"""Step across the edge of a box, against the steps beside it, from which it was pasted."""
_SURE_LIGHT: Final = 0.95
"""Likelihood by light below which colours must agree: two walls may share a watermark."""
OVERLAID: Final = 0.02
"""Part of the overlap that differs from which something lies over it."""
_COVERED: Final = 0.05
"""Part of the overlap from which what covers it has colours of its own."""
_BESIDE: Final = 5
"""Pixels beside such an edge in which steps are looked at."""
_UNLIKE: Final = 0.75
"""A block below this likeness shows something else, where most blocks are more alike."""
FLATTENED: Final = "flattened"
CUT_OUT: Final = "on transparent ground"
"""What happened to transparency."""
GROUNDS: Final = CONTAINERS | {"border added", "caption added"}
"""What says that the one picture was put into another, or on a ground."""


def explained(
    measured: BlockMatch,
    *,
    looks: tuple[Look, Look],
    pictures: tuple[Grey, Grey],
    doubtful: bool = False,
    drawn: bool = False,
    photos: bool = False,
) -> Evidence:
    """Draw the conclusions from the best registration of a on b, two drawings or two photos."""
    transform = measured.transform
    (wa, ha), (wb, hb) = looks[0].size, looks[1].size
    pixels = np.diag([wb, hb]) @ transform[:2, :2] @ np.diag([1 / wa, 1 / ha])
    is_sheet = min(measured.overlap_a, measured.overlap_b) > _SHEET
    askew = measured.askew or (is_sheet and _is_askew(pixels))
    relation, score = _relation(measured, drawn=drawn, photos=photos, askew=askew)
    large, small = np.linalg.svd(pixels, compute_uv=False)
    changed = _changed(measured)
    evidence = Evidence(
        score=score,
        relation=relation,
        overlap_a=measured.overlap_a,
        overlap_b=measured.overlap_b,
        transform=transform[:2],
        mirrored=_is_mirrored(pixels),
        rotation=_rotation(pixels),
        scale=float((large * small) ** 0.5),
        stretch=float(large / small),
        box_a=_box(np.linalg.inv(transform)),
        box_b=_box(transform),
        changed=_outlines(measured, changed),
        changed_share=float(changed.sum() / max(int(measured.blocks.inside.sum()), 1)),
        measurements=measured.in_place,
        is_doubtful=doubtful,
        drawn=drawn,
    )
    if relation not in ("near", "scene") and not doubtful:
        return evidence
    is_dim = not (photos or askew) and measured.soft_score() < _SURE_LIGHT
    return _coloured(evidence, measured, looks=looks, pictures=pictures, is_dim=is_dim)


def _coloured(
    evidence: Evidence,
    measured: BlockMatch,
    *,
    looks: tuple[Look, Look],
    pictures: tuple[Grey, Grey],
    is_dim: bool,
) -> Evidence:
    """What was seen in grey, with what happened, in words; in doubt, if colours speak against it.

    `is_dim` says that light alone leaves some doubt.
    """
    colours = colours_of(measured, looks)
    if evidence.relation == "near" and is_dim and colours is not None and colours.are_unrelated:
        return replace(evidence, relation="uncertain")
    gain = _gain(measured)
    edits = [
        *_framing(evidence, measured.transform, pictures),
        *_overlay(evidence),
        *_tones(measured, gain),
    ]
    if colours is not None and evidence.changed_share < _COVERED:
        edits += colours.words(gain)
    edits += _finish(evidence, looks, gain)
    return evidence.with_edits(tuple(edits))


def _is_mirrored(pixels: Matrix) -> bool:
    return bool(np.linalg.det(pixels) < 0)


def _rotation(pixels: Matrix) -> float:
    """Degrees by which b turns a, or the mirrored a, counter-clockwise."""
    upright = pixels @ np.diag([-1, 1]) if _is_mirrored(pixels) else pixels
    turn = np.arctan2(upright[0, 1] - upright[1, 0], upright[0, 0] + upright[1, 1])
    return float(np.degrees(turn))


def _changed(measured: BlockMatch) -> npt.NDArray[np.bool_]:
    """The blocks that show something else, where most are more alike."""
    blocks = measured.blocks
    textured = blocks.weight > 0.5
    changed: npt.NDArray[np.bool_] = textured & (
        blocks.rigid < min(_UNLIKE, _median(blocks.rigid[textured]) - 0.1)
    )
    return changed


def _median(values: Floats) -> float:
    """The middle value, of an even number of values the higher one; of none 1."""
    return float(np.sort(values)[len(values) // 2]) if len(values) else 1.0


def _relation(
    measured: BlockMatch, *, drawn: bool, photos: bool, askew: bool
) -> tuple[Relation, float]:
    """What two pictures are to each other, and the score of that.

    A page that was photographed askew is no scene, but is laid over another like one.
    """
    soft = measured.soft_score(lit=askew or (photos and is_held(measured.blocks)))
    near, scene = min(measured.near_score, soft), min(measured.scene_score, soft)
    texture = float(measured.blocks.weight.sum())
    if texture < _NO_TEXTURE:
        return "uncertain", near
    if max(near, scene) < DEFAULT_THRESHOLD:
        return "different", near
    if texture < LITTLE_TEXTURE and not tells_enough(measured, photos=photos):
        return "uncertain", near
    is_askew = drawn and near < DEFAULT_THRESHOLD
    if scene >= DEFAULT_THRESHOLD and (is_askew or measured.blocks.parallax > SCENE_PARALLAX):
        return "scene", scene
    return ("near" if near >= DEFAULT_THRESHOLD else "different"), near


def _is_askew(pixels: Matrix) -> bool:
    """Whether the one was photographed again, so that light of its own may lie on it."""
    return bool(np.sort(np.abs(pixels), axis=None)[1] > _ASKEW * np.abs(pixels).max())


def _box(transform: Matrix) -> Box:
    """Left, top, right, bottom of what a transformed unit square covers of another."""
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) @ transform[:2].T
    (left, top), (right, bottom) = corners.min(axis=0).clip(0, 1), corners.max(axis=0).clip(0, 1)
    return float(left), float(top), float(right), float(bottom)


def _outlines(measured: BlockMatch, chosen: npt.NDArray[np.bool_]) -> Matrix:
    """Corners of blocks, in parts of a."""
    half = measured.blocks.step / 2
    square = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    corners = measured.blocks.centres[chosen][:, None] + square
    outlines: Matrix = corners @ measured.canvas_a[:2, :2].T + measured.canvas_a[:2, 2]
    return outlines


# Framing


def _framing(evidence: Evidence, transform: Matrix, pictures: tuple[Grey, Grey]) -> Iterator[str]:
    if evidence.mirrored:
        yield "mirrored"
    degrees = round(evidence.rotation)
    if abs(degrees) > 2:
        yield f"rotated by {degrees}°"
    inner, outer = sorted((evidence.overlap_a, evidence.overlap_b), reverse=True)
    if outer > WHOLE:
        return
    a_is_whole = evidence.overlap_a >= evidence.overlap_b
    whole, box = (1, evidence.box_b) if a_is_whole else (0, evidence.box_a)
    is_tilted = abs(evidence.rotation - 90 * round(evidence.rotation / 90)) > 2
    put = None if is_tilted else _surroundings(pictures[whole], box)
    cropped = f"cropped to {round(100 * outer)} %"
    if inner < 0.9:
        if put in CONTAINERS:  # a part of it in a collage
            yield put
        yield f"cropped differently, {round(100 * outer)} % in common"
    elif is_tilted:
        to_part = np.linalg.inv(transform) if a_is_whole else transform
        yield "border added" if plain_share(_outside(pictures[whole], to_part)) > 0.9 else cropped
    else:
        yield put or cropped


def _outside(picture: Grey, to_part: Matrix) -> Grey:
    """The pixels that a tilted part of the picture leaves free."""
    height, width = picture.shape
    y, x = np.indices((height, width)) + 0.5
    places = np.stack([x / width, y / height], axis=-1) @ to_part[:2, :2].T + to_part[:2, 2]
    return picture[((places < -0.02) | (places > 1.02)).any(axis=-1)]


def _surroundings(picture: Grey, box: Box) -> str | None:
    """What the part in the box was put into; None if it was cut out of the picture."""
    height, width = picture.shape
    left, top, right, bottom = np.array(box) * [width, height, width, height]
    inside = np.zeros(picture.shape, np.bool_)
    inside[round(top) : round(bottom), round(left) : round(right)] = True
    ratios = seams(picture, (left, top, right, bottom))
    if not ratios or np.mean(ratios) < SEAM:
        return None
    plain = plain_share(picture[~_grown(inside)])
    sides = sum(x > 0.02 for x in (box[0], box[1], 1 - box[2], 1 - box[3]))
    if plain > 0.93:
        return "border added"
    if plain < 0.5:
        return "pasted into another image"
    return "caption added" if sides == 1 else "shown in a screenshot"


def plain_share(values: Grey) -> float:
    """Part of the pixels that have one of three grey values, as drawn grounds have."""
    if values.size < 20:
        return 1.0
    counts = np.convolve(np.bincount(values, minlength=256), np.ones(3))[1:-1]
    share = 0.0
    for _ in range(3):
        top = int(counts.argmax())
        share += counts[top] / values.size
        counts[max(top - 2, 0) : top + 3] = 0
    return float(share)


def _grown(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    grown = np.zeros_like(inside)
    if rows.size:
        grown[max(rows[0] - 3, 0) : rows[-1] + 4, max(columns[0] - 3, 0) : columns[-1] + 4] = True
    return grown


def has_edges(size: tuple[int, int], box: Box) -> bool:
    """Whether any of a box's edges lies within a picture, of which there are `seams`."""
    return any(_is_within(round(edge), side) for edge, side in zip(box, 2 * size, strict=True))


def _is_within(edge: int, side: int) -> bool:
    return _BESIDE <= edge <= side - _BESIDE


def seams(picture: Grey, box: Box) -> list[float]:
    """Step across each of the box's edges that is within the picture, in steps beside it."""
    left, top, right, bottom = (round(x) for x in box)
    ratios = []
    for values, edge, first, last in (
        (picture.T, left, top, bottom),
        (picture.T, right, top, bottom),
        (picture, top, left, right),
        (picture, bottom, left, right),
    ):
        if not _is_within(edge, len(values)):
            continue
        lines = values[edge - _BESIDE : edge + _BESIDE, max(first, 0) : last].astype(np.float32)
        steps = np.abs(np.diff(lines, axis=0)).mean(axis=1)
        at, beside = steps[2:7].max(), np.concatenate([steps[:2], steps[7:]])
        ratios.append(float((at + 1) / (beside.mean() + 1)))
    return ratios


# Content, tones, colours


def _overlay(evidence: Evidence) -> Iterator[str]:
    if evidence.changed_share > 0.02:
        yield f"text or overlay on {round(100 * evidence.changed_share)} %"


def _gain(measured: BlockMatch) -> float:
    """Contrast of b in units of that of a."""
    blocks = measured.blocks
    same = blocks.inside & (blocks.rigid > 0.7)
    return _median((blocks.spread_b / blocks.spread_a)[same])


def _tones(measured: BlockMatch, gain: float) -> Iterator[str]:
    blocks = measured.blocks
    same = blocks.inside & (blocks.rigid > 0.7)
    if same.sum() < 8:
        return
    shift = float((blocks.mean_b - blocks.mean_a)[same].mean())
    if gain > 1.2 and abs(shift) < 25:
        yield "more contrast"
    elif gain < 0.83 and abs(shift) < 12:
        yield "less contrast"
    elif abs(shift) > 10:
        yield "brighter" if shift > 0 else "darker"


# The image as a whole


def _finish(evidence: Evidence, looks: tuple[Look, Look], gain: float) -> Iterator[str]:
    if evidence.stretch > 1.06:
        yield f"stretched {evidence.stretch:.2f} : 1"
    if min(evidence.overlap_a, evidence.overlap_b) < WHOLE:
        return  # what follows depends on the size
    if not 0.97 < evidence.scale < 1.03:
        if evidence.stretch <= 1.06:
            yield f"resized to {round(100 * evidence.scale)} %"
        return
    a, b = looks
    detail = (b.detail + 0.1) / (a.detail + 0.1) / gain
    grain = (b.grain + 0.1) / (a.grain + 0.1) / gain
    if grain > 1.3 * detail or (b.specks > a.specks + 0.01 and detail < 1.4):
        yield "noise"
    elif evidence.changed_share > 0.02:
        return  # the edges of what covers the picture are sharp
    elif detail > 1.4:
        yield "sharper"
    elif detail < 0.7:
        yield "blurred"
