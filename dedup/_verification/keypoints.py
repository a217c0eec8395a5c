"""Local features: corners of a picture, and which of another's they are like.

ORB (Rublee et al. 2011): a fifth of SIFT's time, for the same pairs (benchmarks/comparing.py).
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dedup._base.arrays import Grey
from dedup._base.opencv import cv2
from dedup._verification.registration import Floats

__all__ = ["Local", "dense_features", "local_features", "matches", "mirrored_features"]

Bits: TypeAlias = npt.NDArray[np.uint8]
Integers: TypeAlias = npt.NDArray[np.integer[Any]]
Local: TypeAlias = tuple[Floats, Bits]
"""Keypoints, shape (n, 4), and their descriptors, 256 bits each, shape (n, 32)."""

_MOST_FEATURES: Final = 400
_OCTAVES: Final = 6
_STEP: Final = 1.3
"""Local features of a picture at most, and the scales at which they are looked for."""
_MOST_DETECTED: Final = 6_000
_PARTS: Final = 4
_MOST_OF_PART: Final = 150
"""Of a larger picture: features that are looked for, parts of its width and height, and features
of a part at most."""
_CORNER: Final = 8
_PATCH: Final = 31
_MARGIN: Final = 15
"""Grey values by which a corner stands out, pixels that describe it, and those at the border
that have none."""
_RATIO: Final = 0.85
"""Of the distances to the best and second best descriptor (Lowe 2004), for a match."""


def local_features(grey: Grey) -> Local:
    """Keypoints in pixels of a picture, and their descriptors."""
    return _local(*_orb().detectAndCompute(grey, None))


def dense_features(grey: Grey) -> Local:
    """The same of a larger picture, from each of its parts some."""
    orb = _orb(_MOST_DETECTED)
    points = orb.detect(grey, None)
    if not points:
        return _local(points, None)
    order = np.argsort([-point.response for point in points], kind="stable")
    places = np.asarray(cv2.KeyPoint.convert(points), np.float64)[order]
    column, row = (places * _PARTS / grey.shape[::-1]).astype(int).T
    part = column * _PARTS + row
    kept = [order[part == one][:_MOST_OF_PART] for one in np.unique(part)]
    return _local(*orb.compute(grey, [points[i] for i in np.concatenate(kept).tolist()]))


def mirrored_features(grey: Grey, points: Floats) -> Local:
    """The same keypoints in the mirror image: to detect them anew would cost twice as much."""
    octaves = np.rint(np.log(points[:, 2] / _PATCH) / np.log(_STEP)).astype(int)
    flipped = points * [-1, 1, 1, -1] + [grey.shape[1] - 0.5, -0.5, 0, 180]
    flipped[:, 3] %= 360
    keypoints = [
        cv2.KeyPoint(x, y, size, angle, octave=octave)
        for (x, y, size, angle), octave in zip(flipped.tolist(), octaves.tolist(), strict=True)
    ]
    return _local(*_orb().compute(np.ascontiguousarray(grey[:, ::-1]), keypoints))


def _orb(most: int = _MOST_FEATURES) -> cv2.ORB:
    return cv2.ORB.create(
        nfeatures=most,
        scaleFactor=_STEP,
        nlevels=_OCTAVES,
        edgeThreshold=_MARGIN,
        fastThreshold=_CORNER,
        patchSize=_PATCH,
    )


def _local(points: Sequence[cv2.KeyPoint], descriptors: object) -> Local:
    if descriptors is None:
        return np.empty((0, 4), np.float32), np.empty((0, 32), np.uint8)
    keypoints = np.array([(*p.pt, p.size, p.angle) for p in points], np.float32)
    keypoints[:, :2] += 0.5  # pixel i is centred at i + 0.5
    return keypoints, np.asarray(descriptors, np.uint8)


def matches(a: Local, b: Local) -> tuple[Floats, Floats]:
    """The keypoints of a that are much more like one of b than like any other; the surest first."""
    (points_a, bits_a), (points_b, bits_b) = a, b
    if len(points_a) < 2 or len(points_b) < 2:
        return points_a[:0], points_b[:0]
    distances, places = _nearest_two(bits_a, bits_b)
    first, second = distances.T
    ratio = first / np.maximum(second, 1)
    good = np.flatnonzero(ratio < _RATIO)
    good = good[np.argsort(ratio[good], kind="stable")]
    return points_a[good], points_b[places[good, 0]]


def _nearest_two(a: Bits, b: Bits) -> tuple[Integers, Integers]:
    """Hamming distances to the two most like of b, and their places; shapes (n, 2).

    faiss takes a fifth of the time that OpenCV's matcher does.
    """
    import faiss  # slow to load, and what is known from earlier runs needs no matching

    before = faiss.omp_get_max_threads()  # of this thread, whose caller may use faiss too
    faiss.omp_set_num_threads(1)
    try:
        distances, places = faiss.knn_hamming(a, b, 2)
    finally:
        faiss.omp_set_num_threads(before)
    return distances, places
