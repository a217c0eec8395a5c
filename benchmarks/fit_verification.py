"""Fit the model of the verification's score, and print its coefficients.

    python benchmarks/fit_verification.py PHOTOS

The recipe: edited copies and hard negatives of the first third of the photos, which
`verification.py` never reports on; pairs of a copy and its original, and of two copies, are
true; every other pair is false. Each pair gives one row as it lies. A false pair and a scene,
which is simulated by moving the middle of a photo against the rest, give another as if its
blocks could move, if they show the parallax of a scene at all. Needs scikit-learn.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from verification import decode, evaluation_set, pairs

from dedup._base.arrays import SHORT_SIDE
from dedup._verification.align import best_registration
from dedup._verification.edits import SCENE_PARALLAX
from dedup._verification.features import extract

NAMES = ("agreement", "changed_area", "tone", "unrest", "elastic")
FALSE_WEIGHT = 20.0
"""A wrong pair costs more than a missed one."""
SCENE_WEIGHT = 30.0
"""There are few scenes: together they count as much as the false pairs beside them."""


def scene(photo: npt.NDArray[np.uint8], *, shift: float) -> npt.NDArray[np.uint8]:
    """The photo from another point of view: its middle moves by `shift` of its width."""
    height, width = photo.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    step = round(shift * width)
    near = np.roll((x / 0.5) ** 2 + (y / 0.7) ** 2 < 1, step, axis=1)
    return np.where(near[..., None], np.roll(photo, step, axis=1), photo)


def main(photos: Path) -> None:
    """Print the coefficients."""
    items = evaluation_set(photos, part=0)
    rows: list[dict[str, float]] = []
    truth: list[bool] = []
    weight: list[float] = []

    def add(row: dict[str, float], *, true: bool, cost: float) -> None:
        rows.append(row)
        truth.append(true)
        weight.append(cost)

    for i, j, kind in pairs(items, seed=0):
        measured = best_registration(items[i].features, items[j].features)
        if measured is None:
            continue
        false = kind.startswith("- ")
        add(measured.in_place, true=not false, cost=FALSE_WEIGHT if false else 1.0)
        if false and measured.blocks.parallax > SCENE_PARALLAX:
            add(measured.elastic, true=False, cost=FALSE_WEIGHT)
    for number, path in enumerate(sorted({x.source for x in items if x.kind == "original"})):
        photo = decode(photos / path, short_side=SHORT_SIDE).image
        moved = scene(photo, shift=(0.02, 0.04)[number % 2])
        measured = best_registration(extract(photo), extract(moved))
        if measured is not None and measured.blocks.parallax > SCENE_PARALLAX:
            add(measured.elastic, true=True, cost=SCENE_WEIGHT)
    x = np.array([[row[name] for name in NAMES] for row in rows])
    y = np.array(truth)
    model = LogisticRegression(C=10.0, max_iter=10_000).fit(x, y, sample_weight=weight)
    accepted = model.predict(x)
    print(f"{y.sum()} true rows, {(y & ~accepted).sum()} missed; "
          f"{(~y).sum()} false rows, {(~y & accepted).sum()} accepted")  # fmt: skip
    print(f'    "intercept": {model.intercept_[0]:.2f},')
    for name, value in zip(NAMES, model.coef_[0], strict=True):
        print(f'    "{name}": {value:.2f},')


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
