"""What each of two aligned pictures shows that the other lacks, in parts of its own picture.

`common_part` compares what both show. What lies around it is picture too, but for grounds
(borders, letterboxes, blurred bars), of which only what is drawn on them counts.
"""

from dataclasses import astuple, dataclass, field, replace
from typing import Final

import numpy as np

from dedup._base.arrays import Pixels
from dedup._base.opencv import cv2
from dedup._verification.common_part import CANVAS, CommonPart, common_part
from dedup._verification.coverage.detail import Detail, compared
from dedup._verification.coverage.erased import erased_share
from dedup._verification.coverage.lost_tones import lost_steps, lost_tones, more_gaps
from dedup._verification.coverage.surroundings import SLACK, Around, surroundings
from dedup._verification.coverage.turned import is_turned
from dedup._verification.coverage.within import Within, as_aligned, within
from dedup._verification.evidence import Evidence
from dedup._verification.registration import Floats, Matrix
from dedup._verification.tints import contrast_of, tint_of, vividness_of
from dedup.pipelines.images.colours import BLACK, WHITE
from dedup.pipelines.images.decoding import Decoded

__all__ = ["COVER_SIDE", "Coverage", "Only", "coverage_of"]

COVER_SIDE: Final = 960
"""Pixels on the short side that a picture should still have to be looked at for this."""
_TINY: Final = 64
_ENLARGED: Final = 128
"""Pixels on the short side below which pictures are enlarged, and to how many."""


@dataclass(frozen=True, slots=True)
class Only:
    """What one picture shows that the other lacks.

    Attributes
    ----------
    within : float
        Part of its picture that lies within the other's frame, but shows something else.
    around : float
        Part of its picture that lies outside the other's frame.
    ground : str
        If what lies outside is a ground that the picture was put on, with what is drawn there,
        the edit that did so, as in `Evidence.edits`; else "".
    is_plain : bool
        Whether what lies outside has few grey values, as a ground and some skies.
    is_put : bool
        Whether it was most likely put on a ground; surely, if `ground` says on which.
    colours : bool
        Whether it has colours that the other's do not give.
    own : float
        Part of its picture within the other's frame where it shows something: no bar, mosaic or
        blur, which only hide, and no watermark that lets the other's picture through.
    letters : float
        Part of its picture within the other's frame over which it has small letters, or other
        fine ink, beside what is `own`.
    sharp : float
        Part of its picture within the other's frame that is sharp there, and not in the other's.
    veil : float
        Part of its picture within the other's frame that lies under a pale watermark.
    erased : float
        Part of its picture within the other's frame that is transparent there, though this shows
        more than a ground.
    """

    within: float = 0.0
    around: float = 0.0
    ground: str = ""
    is_plain: bool = False
    is_put: bool = False
    colours: bool = False
    own: float = 0.0
    letters: float = 0.0
    sharp: float = 0.0
    veil: float = 0.0
    erased: float = 0.0

    @property
    def share(self) -> float:
        """Part of its picture that the other lacks, 0 to 1."""
        return min(1.0, max(self.within, self.erased) + self.around)

    def joined(self, other: "Only") -> "Only":
        """With what another frame shows: of each the more."""
        most = (max(x, y) for x, y in zip(astuple(self), astuple(other), strict=True))
        return Only(*most)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What two pictures show of each other.

    Attributes
    ----------
    a, b : Only
        What only a, and only b, shows.
    detail : Detail
        How finely b resolves the common part, compared with a.
    tint : float
        How far the colours of a are from those of b, in grey values.
    is_turned : bool
        Whether one is mirrored or turned, and both are drawn, or stand on plain ground: an arrow,
        a letter, a sign is something else then.
    contrast : float
        Contrast of b in units of that of a; 1 if the one with more lost light or dark tones.
    lost : float
        Part of the values that b lost in white or black, though a tells them apart, less the part
        that a lost so.
    gaps : float
        How much more b's values leave out some, as those of a table of tones do.
    is_mirrored : bool
        Whether one is mirrored.
    vividness : float
        How colourful b is in units of a; 1 if neither has colours.
    steps : float
        Grey values by which a's tones differ where b is of one tone, as if in steps, less the same
        of a.
    stretch : float
        Ratio of the larger to the smaller scale along two axes; 1 where shape is kept.
    rotation : float
        Degrees by which b turns a, or the mirrored a, counter-clockwise, -180 to 180.
    """

    a: Only = field(default_factory=Only)
    b: Only = field(default_factory=Only)
    detail: Detail = field(default_factory=Detail)
    tint: float = 0.0
    is_turned: bool = False
    contrast: float = 1.0
    lost: float = 0.0
    gaps: float = 0.0
    is_mirrored: bool = False
    vividness: float = 1.0
    steps: float = 0.0
    stretch: float = 1.0
    rotation: float = 0.0

    def swapped(self) -> "Coverage":
        """The same with a and b exchanged."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            detail=self.detail.swapped(),
            contrast=1 / self.contrast,
            lost=-self.lost,
            gaps=-self.gaps,
            vividness=1 / self.vividness,
            steps=-self.steps,
            rotation=-self.rotation,
        )

    def joined(self, other: "Coverage") -> "Coverage":
        """With what other frames of the same files show of each other."""
        return replace(
            self,
            a=self.a.joined(other.a),
            b=self.b.joined(other.b),
            tint=max(self.tint, other.tint),
            is_turned=self.is_turned or other.is_turned,
            vividness=max(self.vividness, other.vividness, key=lambda v: max(v, 1 / v)),
            steps=max(self.steps, other.steps, key=abs),
        )


def coverage_of(a: Decoded, b: Decoded, evidence: Evidence) -> Coverage | None:
    """Measure what two pictures show of each other; None if they are not aligned.

    Parameters
    ----------
    a, b : Decoded
        With `COVER_SIDE` pixels on the short side, if they have as many.
    evidence : Evidence
        What was seen from a to b.
    """
    if evidence.transform is None:
        return None
    if not (a.is_transparent or b.is_transparent):
        return _over_one_ground(a, b, evidence)
    over = [
        _over_one_ground(_laid_over(a, ground), _laid_over(b, ground), evidence)
        for ground in (WHITE, BLACK)
    ]
    measured = [seen for seen in over if seen is not None]
    # A cut-out was laid over one of them; two are alike over both.
    chosen = max if a.is_transparent and b.is_transparent else min
    found = chosen(measured, key=lambda seen: seen.a.share + seen.b.share, default=None)
    return None if found is None else _with_erased(found, a, b, evidence.transform)


def _with_erased(seen: Coverage, a: Decoded, b: Decoded, transform: Matrix) -> Coverage:
    """With what only one of two has, as the other is transparent there."""
    to_b = np.vstack([transform, [0, 0, 1]])
    if not a.is_transparent:
        return replace(seen, a=replace(seen.a, erased=erased_share(a, b, to_b)))
    if not b.is_transparent:
        erased = erased_share(b, a, np.linalg.inv(to_b))
        return replace(seen, b=replace(seen.b, erased=erased))
    return seen


def _laid_over(picture: Decoded, ground: int) -> Decoded:
    return replace(picture, image=picture.over(ground), alpha=None)


def _over_one_ground(a: Decoded, b: Decoded, evidence: Evidence) -> Coverage | None:
    assert evidence.transform is not None
    to_b = np.vstack([evidence.transform, [0, 0, 1]]).astype(np.float64)
    pictures = _enlarged(a.image), _enlarged(b.image)
    common = common_part(*pictures, to_b)
    if common is None:
        return None
    around_a, around_b = surroundings(a, b, evidence, to_b)
    sure = _trimmed(common) if around_a.is_put or around_b.is_put else common
    colour_a, colour_b = _colours(sure)
    within_a, within_b = within(pictures, to_b, common, sure=sure, colour=(colour_a, colour_b))
    is_tiny = min(*a.image.shape[:2], *b.image.shape[:2]) < _TINY
    # The edge of a ground passes for an overlay, as pixels of an icon and letters of a page do.
    if not (is_tiny or evidence.drawn or around_a.is_put or around_b.is_put):
        within_a, within_b = as_aligned(within_a, within_b, evidence.changed_share)
    return Coverage(
        _only(within_a, around_a),
        _only(within_b, around_b),
        compared(a, b, to_b, common),
        tint_of(colour_a, colour_b),
        is_turned(evidence, common),
        contrast_of(colour_a.mean(axis=1), colour_b.mean(axis=1)),
        lost_tones(sure.b, sure.a, sure.alike) - lost_tones(sure.a, sure.b, sure.alike),
        more_gaps(a, b),
        evidence.mirrored,
        vividness_of(colour_a, colour_b),
        lost_steps(sure.b, sure.a, sure.alike) - lost_steps(sure.a, sure.b, sure.alike),
        evidence.stretch,
        evidence.rotation,
    )


def _enlarged(picture: Pixels) -> Pixels:
    """A tiny picture so many times as large that windows of a letter's size fit into it."""
    short, room = min(picture.shape[:2]), (CANVAS * 3 / picture.size) ** 0.5
    times = min(-(-_ENLARGED // short), int(room)) if short < _TINY else 1
    if times <= 1:
        return picture
    how = cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=times, fy=times, interpolation=how), np.uint8)


def _only(part: Within, around: Around) -> Only:
    return Only(
        part.share * around.within,
        around.outside,
        around.ground,
        around.is_plain,
        around.is_put,
        part.colours,
        part.own * around.within,
        part.letters * around.within,
        part.sharp * around.within,
        part.veil * around.within,
    )


def _trimmed(common: CommonPart) -> CommonPart:
    """Without its edges, where a coloured ground may be seen."""
    reach = round(SLACK * max(common.inside.shape))
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    inside = cv2.copyMakeBorder(common.inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return replace(common, inside=np.asarray(cv2.erode(inside, square), np.bool_)[1:-1, 1:-1])


def _colours(common: CommonPart) -> tuple[Floats, Floats]:
    """The colours of small squares of the common part that show the same, shape (n, 3)."""
    columns, rows = (max(4, side // 6) for side in common.alike.shape[::-1])
    seen, a, b = (
        cv2.resize(x.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
        for x in (common.alike, common.a, common.b)
    )
    whole = np.asarray(seen) > 0.99
    return np.asarray(a, np.float32)[whole], np.asarray(b, np.float32)[whole]
