"""What happened between two images: in words, in numbers, and as a picture."""

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from dedup._base.arrays import SHORT_SIDE
from dedup._verification.align import compare
from dedup._verification.evidence import DEFAULT_THRESHOLD, Evidence, describe, relation_of
from dedup._verification.frames import seen_in_all
from dedup._verification.full_size import FULL_SHORT_SIDE, greys_of
from dedup._verification.inside import (
    OUTER_SHORT_SIDE,
    outer_features,
    seen_inside,
)
from dedup._verification.pictures import features_of
from dedup._verification.rerank import reranked
from dedup._verification.second_reading import is_settled, read_over_grounds
from dedup._viewing.notebook import image_html
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded, ImageSource, decode, decode_frames
from dedup.pipelines.models.methods import Method

__all__ = ["Explanation", "explain"]

_HEIGHT = 280
_GAP = 12
_COMMON = "#1a9850"
_CHANGED = "#e6194b"
_NOTHING = (200, 200, 200)
_UNIT_SQUARE = np.array([[0.0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]])


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What two images have in common, and what differs.

    In a notebook it shows both, their common part outlined, and the second laid over the
    first, with the blocks marked that changed.

    Attributes
    ----------
    evidence : Evidence
        The measurements: score, relation, overlap, transformation, changed blocks.
    """

    evidence: Evidence
    _a: Image.Image
    _b: Image.Image

    @property
    def text(self) -> str:
        """What happened, in words."""
        return describe(self.evidence)

    def __repr__(self) -> str:
        return f"{relation_of(self.evidence)} ({self.evidence.score:.2f}): {self.text}"

    def to_dict(self) -> dict[str, object]:
        """What was seen, as plain data for JSON; see `Evidence`."""
        seen = self.evidence
        return {
            "relation": relation_of(seen),
            "score": seen.score,
            "text": self.text,
            "edits": list(seen.edits),
            "overlap_a": seen.overlap_a,
            "overlap_b": seen.overlap_b,
            "mirrored": seen.mirrored,
            "rotation": seen.rotation,
            "scale": seen.scale,
            "stretch": seen.stretch,
            "changed_share": seen.changed_share,
            "transform": None if seen.transform is None else seen.transform.tolist(),
        }

    def picture(self) -> Image.Image:
        """Both images side by side, and the second laid over the first."""
        panels = [self._a, self._b]
        if self.evidence.transform is not None:
            to_b = np.vstack([self.evidence.transform, [0, 0, 1]])
            panels = [
                _outlined(self._a, _UNIT_SQUARE @ np.linalg.inv(to_b).T),
                _outlined(self._b, _UNIT_SQUARE @ to_b.T),
                self._laid_over(to_b),
            ]
        width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
        sheet = Image.new("RGB", (width, max(panel.height for panel in panels)), "white")
        left = 0
        for panel in panels:
            sheet.paste(panel, (left, 0))
            left += panel.width + _GAP
        return sheet

    def _laid_over(self, to_b: npt.NDArray[np.float64]) -> Image.Image:
        """The second image in the frame of the first; grey where it shows nothing."""
        (wa, ha), (wb, hb) = self._a.size, self._b.size
        pixels = np.diag([wb, hb, 1.0]) @ to_b @ np.diag([1 / wa, 1 / ha, 1.0])
        laid = self._b.transform(
            (wa, ha),
            Image.Transform.AFFINE,
            tuple(pixels[:2].reshape(-1)),
            Image.Resampling.BILINEAR,
            fillcolor=_NOTHING,
        )
        draw = ImageDraw.Draw(laid)
        changed = self.evidence.changed
        for corners in [] if changed is None else changed:
            draw.polygon([(x * wa, y * ha) for x, y in corners], outline=_CHANGED, width=2)
        return laid

    def _repr_html_(self) -> str:
        return image_html(self.picture(), alt=repr(self), caption=repr(self))


def explain(a: ImageSource, b: ImageSource, *, reranker: Method | None = None) -> Explanation:
    """Align two images, and say what happened from the first to the second.

    Parameters
    ----------
    a, b : image
    reranker : Method, optional
        Of the network that scores pairs in doubt again.

    Raises
    ------
    DecodeError
        If one can't be read; a file is named.

    Examples
    --------
    >>> folder = getfixture("sample_folder")
    >>> explain(folder / "chelsea.png", folder / "chelsea-half.jpg").evidence.relation
    'near'
    """
    both = [_decoded(source) for source in (a, b)]
    evidence = seen_in_all(
        compare(*map(features_of, both)),
        *(map(features_of, decode_frames(one, short_side=SHORT_SIDE)) for one in (a, b)),
        counts=(both[0].frames, both[1].frames),
    )
    if reranker is not None and evidence.is_doubtful:
        (evidence,) = reranked([(evidence, both[0].image, both[1].image)], method=reranker)
    is_plain = all(one.frames == 1 and not one.is_transparent for one in both)
    if evidence.relation == "different" and is_plain:
        large = (decode(source, short_side=OUTER_SHORT_SIDE) for source in (a, b))
        features = dict(enumerate(map(features_of, both)))
        outer = {end: outer_features(one, features[end]) for end, one in enumerate(large)}
        inside = seen_inside((0, 1), 3, features=features, outer=outer)
        evidence = max(evidence, inside, key=lambda seen: seen.score)
    if evidence.score >= DEFAULT_THRESHOLD and not is_settled(evidence):
        large = (decode(source, short_side=FULL_SHORT_SIDE) for source in (a, b))
        evidence = read_over_grounds(evidence, *map(greys_of, large))
    shown = []
    for one in both:
        picture = Image.fromarray(one.image)
        picture.thumbnail((3 * _HEIGHT, _HEIGHT))
        shown.append(picture)
    return Explanation(evidence, *shown)


def _decoded(source: ImageSource) -> Decoded:
    try:
        return decode(source, short_side=SHORT_SIDE)
    except DecodeError as error:
        if not isinstance(source, str | os.PathLike):
            raise
        raise DecodeError(f"{os.fspath(source)}: {error}") from error


def _outlined(image: Image.Image, corners: npt.NDArray[np.float64]) -> Image.Image:
    outlined = image.copy()
    points = [(x * (image.width - 1), y * (image.height - 1)) for x, y in corners[:, :2]]
    ImageDraw.Draw(outlined).polygon(points, outline=_COMMON, width=3)
    return outlined
