"""Fit the models of the verification's score, and print their coefficients.

    python benchmarks/fit_verification.py PHOTOS [SOURCES]

The recipe: edited copies and hard negatives of the first third of the photos (or of its first
SOURCES), which `verification.py` never reports on; pairs of a copy and its original, and of two
copies, are true; every other pair is false.

The alignment: each pair gives one row as it lies. A false pair and a scene, which is simulated by
moving the middle of a photo against the rest, give another as if its blocks could move, if they
show the parallax of a scene at all.

Pairs in doubt: besides, photos under overlays of which more is seen than of the photo, beside the
photo itself and a crop of it, and beside other photos under the same overlay. The row is the
cosine of the overlap. Both models, fitted, judge the second third too. Needs scikit-learn.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from sklearn.linear_model import LogisticRegression
from verification import Item, evaluation_set, item, pairs, parts_of

from dedup._base.arrays import SHORT_SIDE
from dedup._verification.align import best_registration
from dedup._verification.doubt import LEAST_DOUBTED, leaves_doubt
from dedup._verification.edits import SCENE_PARALLAX
from dedup._verification.evidence import BlockMatch
from dedup._verification.features import extract
from dedup._verification.overlap import overlap_of
from dedup.data import _overlays
from dedup.data.edits import apply_edit
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import engine

NAMES = ("agreement", "changed_area", "tone", "unrest", "elastic")
FALSE_WEIGHT = 20.0
"""A wrong pair costs more than a missed one."""
SCENE_WEIGHT = 30.0
"""There are few scenes: together they count as much as the false pairs beside them."""
DOUBTED_WEIGHT = 100.0
"""Of a wrong pair in doubt, of which there are few: others may be more alike than these."""
DOUBTED_FROM = LEAST_DOUBTED / 10
"""More false pairs are learnt from than are asked about."""
DRAWN = ("- text-pages", "- slides", "- flat", "- two-tone")
"""Of these the network is never asked."""
OVERLAYS = {
    "text": [partial(_overlays.text_over, height=0.18, lines=2)],
    "watermarks": [partial(_overlays.watermark, opacity=0.8)] * 3,
    "tiled-60": [partial(_overlays.tiled_watermark, opacity=0.6)],
    "tiled-90": [partial(_overlays.tiled_watermark, opacity=0.9)],
    "sticker": [partial(_overlays.sticker, area=0.35)],
    "stickers": [partial(_overlays.sticker, area=0.15)] * 3,
}
SAME_OVERLAY = 150
"""Pairs of different photos under each overlay, the most similar ones."""

Pairs = Iterator[tuple[Item, Item, str]]


def scene(photo: npt.NDArray[np.uint8], *, shift: float) -> npt.NDArray[np.uint8]:
    """The photo from another point of view: its middle moves by `shift` of its width."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    step = round(shift * width)
    near = np.roll((x / 0.5) ** 2 + (y / 0.7) ** 2 < 1, step, axis=1)
    return np.where(near[..., None], np.roll(photo, step, axis=1), photo)


def under_overlays(photos: Path, *, part: int, sources: int) -> Pairs:
    """Pairs of a photo, or a crop, and the photo under an overlay; and of two photos under one."""
    paths = parts_of(photos, part=part)[0][:sources]
    images = [Image.open(path).convert("RGB") for path in paths]
    originals = [item(path.read_bytes(), path.name, "original") for path in paths]
    crops = [
        item(_jpeg(apply_edit(image, edit="crop-70", seed=(part, n))), paths[n].name, "crop-70")
        for n, image in enumerate(images)
    ]
    for name, steps in OVERLAYS.items():
        for n, image in enumerate(images):
            covered = item(_overlaid(image, steps, seed=[part, n]), paths[n].name, name)
            yield originals[n], covered, name
            yield crops[n], covered, name
        framed = [
            item(_overlaid(ImageOps.fit(image, (480, 360)), steps, seed=[part]), path.name, name)
            for image, path in zip(images, paths, strict=True)
        ]
        vectors = np.stack([x.vector for x in framed])
        alike = np.argsort(-np.triu(vectors @ vectors.T, 1), axis=None)[:SAME_OVERLAY]
        for i, j in np.stack(np.unravel_index(alike, (len(framed),) * 2), axis=1).tolist():
            if i < j:
                yield framed[i], framed[j], f"- {name}"


def _overlaid(image: Image.Image, steps: list[partial[Image.Image]], *, seed: list[int]) -> bytes:
    rng = np.random.default_rng(seed)
    for step in steps:
        image = step(image, rng)
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


class Rows:
    """Rows to fit a model on."""

    def __init__(self) -> None:
        self.x: list[list[float]] = []
        self.truth: list[bool] = []
        self.weight: list[float] = []

    def add(self, row: list[float], *, true: bool, cost: float = 1.0) -> None:
        """Another one."""
        self.x.append(row)
        self.truth.append(true)
        self.weight.append(cost)

    def print_errors(self, model: LogisticRegression, title: str) -> None:
        """How many of these rows the model gets wrong."""
        truth, accepted = np.array(self.truth), model.predict(np.array(self.x))
        print(f"{title}: {truth.sum()} true rows, {(truth & ~accepted).sum()} missed; "
              f"{(~truth).sum()} false rows, {(~truth & accepted).sum()} accepted")  # fmt: skip


def cosine_of(a: Item, b: Item, measured: BlockMatch) -> float | None:
    """Of the overlap, as the large network sees it."""
    image_a, image_b = (decode(x.content, short_side=SHORT_SIDE).image for x in (a, b))
    both = overlap_of(image_a, image_b, measured.transform[:2])
    if both is None:
        return None
    one, other = engine("sscd")(list(both))
    return float(one @ other)


def rows_of(photos: Path, *, part: int, sources: int) -> tuple[Rows, Rows]:
    """Rows of the alignment, and of pairs in doubt."""
    items = evaluation_set(photos, part=part, sources=sources)
    aligned, doubted = Rows(), Rows()

    def add(a: Item, b: Item, kind: str) -> BlockMatch | None:
        measured = best_registration(a.features, b.features)
        false = kind.startswith("- ")
        drawn = any(x.kind in DRAWN for x in (a, b))
        if measured is not None and not drawn and leaves_doubt(measured, least=DOUBTED_FROM):
            cosine = cosine_of(a, b, measured)
            if cosine is not None:
                doubted.add([cosine], true=not false, cost=DOUBTED_WEIGHT if false else 1.0)
        return measured

    for i, j, kind in pairs(items, seed=part):
        measured = add(items[i], items[j], kind)
        if measured is None:
            continue
        false = kind.startswith("- ")
        row = [measured.in_place[name] for name in NAMES]
        aligned.add(row, true=not false, cost=FALSE_WEIGHT if false else 1.0)
        if false and measured.blocks.parallax > SCENE_PARALLAX:
            row = [measured.elastic[name] for name in NAMES]
            aligned.add(row, true=False, cost=FALSE_WEIGHT)
    for number, path in enumerate(sorted({x.source for x in items if x.kind == "original"})):
        photo = decode(photos / path, short_side=SHORT_SIDE).image
        moved = scene(photo, shift=(0.02, 0.04)[number % 2])
        measured = best_registration(extract(photo), extract(moved))
        if measured is not None and measured.blocks.parallax > SCENE_PARALLAX:
            row = [measured.elastic[name] for name in NAMES]
            aligned.add(row, true=True, cost=SCENE_WEIGHT)
    for a, b, kind in under_overlays(photos, part=part, sources=sources):
        add(a, b, kind)
    return aligned, doubted


def print_model(title: str, names: Sequence[str], fitted: Rows, held_out: Rows) -> None:
    """Fit a model, and print what it gets wrong, and its coefficients."""
    model = LogisticRegression(C=10.0, max_iter=10_000)
    model.fit(np.array(fitted.x), np.array(fitted.truth), sample_weight=fitted.weight)
    fitted.print_errors(model, f"{title}, fitted")
    held_out.print_errors(model, f"{title}, held out")
    print(f'    "intercept": {model.intercept_[0]:.2f},')
    for name, value in zip(names, model.coef_[0], strict=True):
        print(f'    "{name}": {value:.2f},')


def main(photos: Path, sources: int = 100) -> None:
    """Print the coefficients."""
    (aligned, doubted), (aligned_too, doubted_too) = (
        rows_of(photos, part=part, sources=sources) for part in (0, 1)
    )
    print_model("alignment", NAMES, aligned, aligned_too)
    print_model("pairs in doubt", ["cosine"], doubted, doubted_too)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
