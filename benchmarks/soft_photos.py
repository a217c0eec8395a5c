"""Two soft photos in one frame, or under one watermark, are two: fit and measure what tells.

    python benchmarks/soft_photos.py PHOTOS [CROPS]

The softest part of each photo of PHOTOS is cut out. Of each half of the photos so many are put into
the frames of hard negatives: any two in one frame are a false pair. Framed ones, and the parts
themselves, are copied with edits, as true pairs. The model of `dedup/_verification/soft.py` is
fitted on the first half; what is printed is of both. Needs scikit-learn.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression

from dedup._base.arrays import SHORT_SIDE
from dedup._base.opencv import cv2
from dedup._verification import soft
from dedup._verification.align import best_registration, judged
from dedup._verification.evidence import DEFAULT_THRESHOLD, BlockMatch
from dedup._verification.features import Features, extract
from dedup.data.edits import EDITS, edited_file
from dedup.data.negatives import NEGATIVES, make_negatives
from dedup.pipelines.images.decoding import decode

FRAMES = ("app-window", "app-feed", "watermarked", "meme-frame", "meme-text")
SIDE = 432
_LOOK, _PART, _STEP = 300, 90, 30
"""Pixels of the picture in which soft parts are looked for, of a part, and between two."""
_CONTRAST = 6.0
_MOST_SLOPE = 1.3
"""Grey values by which a part varies at least, and slope a pixel, at most."""

_COLUMNS = ("aligned", "accepted")

Row = tuple[bool, bool, str, Features, Features]
"""Whether true, of the second half, its kind, and both pictures."""


def softest(photo: Image.Image) -> Image.Image | None:
    """The softest part of a photo that is not flat; None if none is soft."""
    grey = np.asarray(photo.convert("L").resize((_LOOK, _LOOK)), np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.2)
    slope = np.hypot(*(cv2.Sobel(smooth, cv2.CV_32F, *d, scale=1 / 8) for d in ((1, 0), (0, 1))))
    steps = range(0, _LOOK - _PART + 1, _STEP)
    parts = [(slice(y, y + _PART), slice(x, x + _PART)) for y in steps for x in steps]
    found = [(slope[p].mean(), p[1].start, p[0].start) for p in parts if grey[p].std() > _CONTRAST]
    if not found or min(found)[0] > _MOST_SLOPE:
        return None
    _, x, y = min(found)
    scale = np.tile(photo.size, 2) / _LOOK
    box = np.rint(np.array([x, y, x + _PART, y + _PART]) * scale).astype(int)
    return photo.crop(box.tolist()).resize((SIDE, SIDE))


def features(content: bytes) -> Features:
    """What is compared of a file."""
    decoded = decode(content, short_side=SHORT_SIDE)
    return extract(decoded.image, size=(decoded.width, decoded.height))


def rows(photos: list[Path], *, crops: int, held_out: bool) -> Iterator[Row]:
    """The pairs of a half of the photos."""
    found = (softest(Image.open(path).convert("RGB")) for path in photos)
    parts = [part for part in found if part is not None][:crops]
    edits = [name for name, edit in EDITS.items() if not edit.needs_background]
    for frame in FRAMES:
        encoding = NEGATIVES[frame].encoding
        images = list(make_negatives(frame, count=len(parts), seed=held_out, photos=iter(parts)))
        framed = [features(encoding.encode(image)) for image in images]
        for a, b in combinations(framed, 2):
            yield False, held_out, frame, a, b
        for number, image in enumerate(images[::4]):
            for edit in edits[::2]:
                copy = features(edited_file(image, edit=edit, seed=(held_out, number)))
                yield True, held_out, frame, framed[4 * number], copy
    for number, part in enumerate(parts):
        buffer = io.BytesIO()
        part.save(buffer, "JPEG", quality=92)
        for edit in edits:
            copy = features(edited_file(part, edit=edit, seed=(held_out, number)))
            yield True, held_out, "soft photo", features(buffer.getvalue()), copy


def main(photos: Path, crops: int = 16) -> None:
    """Fit, and print."""
    paths = sorted(p for p in photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    order = np.random.default_rng(5).permutation(len(paths))
    fitted: list[tuple[list[float], bool, bool]] = []
    counts: Counter[tuple[str, bool, bool, str]] = Counter()
    for half in (0, 1):
        for true, held_out, kind, a, b in rows(
            [paths[i] for i in order[half::2]], crops=crops, held_out=bool(half)
        ):
            measured = best_registration(a, b)
            if measured is None or measured.near_score < DEFAULT_THRESHOLD:
                continue
            seen = judged(measured, a, b)
            if seen.relation == "uncertain":
                continue
            counts[kind, true, held_out, "aligned"] += 1
            counts[kind, true, held_out, "accepted"] += seen.relation == "near"
            if not (a.is_photo() or b.is_photo()):
                fitted.append((_row(measured), true, held_out))
    print(f"{'':14}{'half':>12}{'true':>8}{'found':>8}{'false':>8}{'wrong':>8}")
    for kind, held_out in sorted({key[::2] for key in counts}):
        figures = [counts[kind, true, held_out, x] for true in (True, False) for x in _COLUMNS]
        half_name = "reported" if held_out else "fitted"
        print(f"{kind:14}{half_name:>12}" + "".join(f"{figure:8}" for figure in figures))
    x, truth, held = (np.array(column) for column in zip(*fitted, strict=True))
    weight = np.where(truth, 1.0, truth.sum() / (~truth).sum())
    model = LogisticRegression(C=10, max_iter=10_000)
    model.fit(x[~held], truth[~held], sample_weight=weight[~held])
    print(f"intercept {model.intercept_[0]:.1f}, coefficients {model.coef_[0].round(1)}")


def _row(measured: BlockMatch) -> list[float]:
    return list(soft.measured(measured.blocks).values())


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
