"""What the measurements of two aligned pictures mean: a score and a relation.

The score is a logistic model of a few named measurements, fitted by
`benchmarks/fit_verification.py`; `edits.py` puts the rest into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np

from dedup._verification import soft
from dedup._verification.blocks import Blocks
from dedup._verification.registration import Floats, Matrix

Relation: TypeAlias = Literal["near", "scene", "lookalike", "different", "uncertain"]
Box: TypeAlias = tuple[float, float, float, float]

DEFAULT_THRESHOLD: Final = 0.5
"""Score from which two images are taken for one picture."""

CONTAINERS: Final = frozenset(["shown in a screenshot", "pasted into another image"])
"""Edits that put one picture into another: a collage, a chat, a screenshot."""

COEFFICIENTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "intercept": -0.50,
        "agreement": 11.58,
        "changed_area": -11.19,
        "tone": 2.89,
        "unrest": -12.49,
        "elastic": -2.20,
    }
)
"""The model of the score, fitted by `benchmarks/fit_verification.py`.

Which pairs it is fitted on depends on the model before it, so that a rerun moves the figures: of
photos that neither had seen, one rerun missed more copies than this, at as many wrong pairs."""


RERANKED: Final[Mapping[str, float]] = MappingProxyType({"intercept": -13.54, "cosine": 28.04})
"""The model of a pair in doubt, fitted by the same: what decides is the cosine of a large network's
embeddings of the overlap, beside which the alignment's own measurements tell nothing more."""


@dataclass(frozen=True)
class BlockMatch:
    """One picture laid over another, and compared.

    Attributes
    ----------
    transform : ndarray, shape (3, 3)
        From a place in a to the same place in b, both in parts of the width and height.
    overlap_a, overlap_b : float
        Parts of the pictures' areas that show the overlap.
    canvas_a : ndarray, shape (3, 3)
        From a place in the blocks' canvas to a, in parts of its width and height.
    blocks : Blocks
        How like each other they are, block by block.
    askew : bool
        Whether one is a sheet that was photographed askew, straightened.
    """

    transform: Matrix
    overlap_a: float
    overlap_b: float
    canvas_a: Matrix
    blocks: Blocks
    askew: bool = False

    def swapped(self) -> "BlockMatch":
        """The same with a and b exchanged."""
        return BlockMatch(
            transform=np.linalg.inv(self.transform),
            overlap_a=self.overlap_b,
            overlap_b=self.overlap_a,
            canvas_a=self.transform @ self.canvas_a,
            blocks=self.blocks.swapped(),
            askew=self.askew,
        )

    @cached_property
    def in_place(self) -> dict[str, float]:
        """The measurements that a score is made from, where the blocks stay in place.

        agreement : part of the overlap's texture that both show.
        changed_area : part of the overlap in regions that differ (a sticker, or another photo
            within the same frame), flat parts included.
        tone : whether what is light in one is light in the other, -1 to 1.
        unrest : how far, in pixels of the canvas, blocks would move to agree better; blocks
            that are alike by chance want to go anywhere.
        elastic : 0; 1 if blocks may move, as then they are alike by chance more often.
        """
        return self._summary(self.blocks.rigid, unrest=self.blocks.unrest, elastic=0.0)

    @cached_property
    def elastic(self) -> dict[str, float]:
        """The same where each block moves a little, and moves count against its neighbours only.

        So does a scene that was taken from two points of view.
        """
        if not self.blocks.may_move:
            return {**self.in_place, "elastic": 1.0}
        return self._summary(self.blocks.elastic, unrest=self.blocks.jitter, elastic=1.0)

    def _summary(self, likeness: Floats, *, unrest: float, elastic: float) -> dict[str, float]:
        return {
            "agreement": self.blocks.agreement(likeness),
            "changed_area": self.blocks.changed_area(likeness),
            "tone": self.blocks.tone,
            "unrest": min(unrest, 3.0),
            "elastic": elastic,
        }

    @cached_property
    def near_score(self) -> float:
        """Likelihood that both are copies of one picture, 0 to 1."""
        return score(self.in_place)

    @cached_property
    def scene_score(self) -> float:
        """Likelihood that both show one scene, 0 to 1."""
        return score(self.elastic)

    @property
    def likelihood(self) -> float:
        """The likelier of the two."""
        return max(self.near_score, self.scene_score)

    def soft_score(self, *, lit: bool = False) -> float:
        """Likelihood that both show the same where they are soft, which neither score knows of.

        `lit` says that light of its own may lie on one of them, as on a page that was photographed.
        Shading does not count either where what is soft is surely the pictures' own: there filters
        that change colours each in its way, or clip them, make it.
        """
        if not lit:
            likelihood = score(self._light, soft.COEFFICIENTS)
            if likelihood >= DEFAULT_THRESHOLD or not self._is_woven:
                return likelihood
        return score(self._light, soft.LIT)

    @cached_property
    def _light(self) -> dict[str, float]:
        return soft.measured(self.blocks)

    @cached_property
    def _is_woven(self) -> bool:
        return soft.is_woven(self.blocks)


def score(
    measurements: Mapping[str, float], coefficients: Mapping[str, float] = COEFFICIENTS
) -> float:
    """The logistic model.

    Examples
    --------
    >>> same = {"agreement": 1.0, "changed_area": 0.0, "tone": 1.0}
    >>> score(same) > 0.99
    True
    """
    total = sum(coefficients[name] * value for name, value in measurements.items())
    return float(1 / (1 + np.exp(-total - coefficients["intercept"])))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the comparison of two images, a and b, has found.

    Attributes
    ----------
    score : float
        0 to 1: the likelihood that both show one picture, what `threshold` cuts.
    relation : {"near", "scene", "lookalike", "different", "uncertain"}
        "near": one picture, edited. "scene": one scene, taken twice. "lookalike": one layout
        with other content, such as one form filled in twice. "uncertain": too little texture, or
        too few pixels, to tell.
    overlap_a, overlap_b : float
        Part of each picture's area that the other shows too, 0 to 1.
    transform : ndarray, shape (2, 3)
        From a place in a, (x, y) in parts of its width and height, to the same place in b.
    mirrored : bool
        Whether b shows a mirrored.
    rotation : float
        Degrees by which b turns a counter-clockwise, -180 to 180; of the mirrored a.
    scale : float
        Length in b, in pixels of the full-size images, of what is one pixel long in a.
    stretch : float
        Ratio of the larger to the smaller scale along two axes; 1 where shape is kept.
    box_a, box_b : tuple of float
        Left, top, right, bottom of the overlap in each picture, in parts of its size.
    changed : ndarray, shape (n, 4, 2)
        Corners of the blocks that differ, in parts of a's width and height.
    changed_share : float
        Part of the overlap's area that they cover.
    edits : tuple of str
        What happened between a and b, in words; see `describe`.
    measurements : mapping
        What the score was made from (`BlockMatch.in_place`); of a pair that was in doubt also
        `cosine`, of a large network's embeddings of what both show.
    read : bool
        Whether the second reading is done: at full resolution, unless both are surely photos.
    is_doubtful : bool
        Whether a large network may still change the score.
    drawn : bool
        Neither is surely a photo, and a closer look may show how they lie.
    """

    score: float
    relation: Relation
    overlap_a: float = 0.0
    overlap_b: float = 0.0
    transform: Matrix | None = None
    mirrored: bool = False
    rotation: float = 0.0
    scale: float = 1.0
    stretch: float = 1.0
    box_a: Box = (0.0, 0.0, 0.0, 0.0)
    box_b: Box = (0.0, 0.0, 0.0, 0.0)
    changed: Matrix | None = None
    changed_share: float = 0.0
    edits: tuple[str, ...] = ()
    measurements: Mapping[str, float] | None = None
    read: bool = False
    is_doubtful: bool = False
    drawn: bool = False

    def reranked(self, cosine: float) -> "Evidence":
        """The same of a pair in doubt, once a network has compared what both show."""
        likelihood = score({"cosine": cosine}, RERANKED)
        return replace(
            self,
            score=likelihood,
            relation="near" if likelihood >= DEFAULT_THRESHOLD else "different",
            measurements={**(self.measurements or {}), "cosine": cosine},
            is_doubtful=False,
        )

    def with_edits(self, edits: tuple[str, ...]) -> "Evidence":
        """The same with words for what happened."""
        return replace(self, edits=edits)


def describe(evidence: Evidence) -> str:
    """Say in a few words what happened between the two images.

    Examples
    --------
    >>> describe(Evidence(0.98, "near", edits=("mirrored", "brighter")))
    'mirrored, brighter'
    >>> describe(Evidence(0.01, "different"))
    'different pictures'
    """
    if evidence.relation == "different":
        return "different pictures"
    if evidence.relation == "uncertain":
        return ", ".join(evidence.edits) if evidence.read else "too little texture to tell"
    if evidence.relation == "lookalike":
        return ", ".join(("the same layout", *evidence.edits))
    words = ", ".join(evidence.edits) or "re-encoded"
    return words if evidence.relation == "near" else f"the same scene, taken twice ({words})"


def relation_of(seen: Evidence, *, accepted: bool = False) -> str:
    """How two pictures are related, as users are told.

    A pair that was accepted is one picture, though its evidence says "different" below its default
    threshold.

    Examples
    --------
    >>> relation_of(Evidence(0.9, "near", edits=("brighter", "shown in a screenshot")))
    'contains'
    """
    alike = accepted and seen.relation not in ("scene", "lookalike")
    relation = "near" if alike else seen.relation
    is_put_into = relation == "near" and not CONTAINERS.isdisjoint(seen.edits)
    return "contains" if is_put_into else relation
