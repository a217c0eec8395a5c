"""Measure what the comparison of two pictures rests on: its features, their matching, processes.

    python benchmarks/comparing.py PHOTOS

On the set of `verification.py`, every fifth of its pairs: local features by ORB and by SIFT, the
time of an image, and the pairs that are accepted with each, true and false; the nearest two
descriptors by faiss and by OpenCV, the time of a pair; and pairs a second compared by one thread,
by a thread a core, and by a process a core, whose start is not counted.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from verification import Item, evaluation_set, pairs

from dedup._base.threads import cores
from dedup._verification import align, features, keypoints
from dedup._verification.comparing import Comparers
from dedup._verification.evidence import DEFAULT_THRESHOLD
from dedup._verification.features import Features
from dedup._verification.registration import Floats

EVERY = 5
FEATURES = 400
RATIO = 0.85
PARALLEL = 1_000
"""Pairs compared side by side."""

Local = tuple[Floats, np.ndarray]


def sift_features(grey: np.ndarray) -> Local:
    """What `keypoints.local_features` gives, by SIFT."""
    points, descriptors = cv2.SIFT.create(nfeatures=FEATURES).detectAndCompute(grey, None)
    if descriptors is None:
        return np.empty((0, 4), np.float32), np.empty((0, 128), np.float32)
    places = np.array([(*p.pt, p.size, p.angle) for p in points], np.float32)
    return places + np.array([0.5, 0.5, 0, 0], np.float32), descriptors


def mirrored_sift(grey: np.ndarray, points: Floats) -> Local:
    """What `keypoints.mirrored_features` gives, by SIFT, which has to look for them anew."""
    del points
    return sift_features(np.ascontiguousarray(grey[:, ::-1]))


def sift_matches(a: Local, b: Local) -> tuple[Floats, Floats]:
    """What `keypoints.matches` gives, of SIFT's descriptors."""
    (points_a, of_a), (points_b, of_b) = a, b
    if len(points_a) < 2 or len(points_b) < 2:
        return points_a[:0], points_b[:0]
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(of_a, of_b, k=2)
    near = [(m.distance / max(n.distance, 1e-6), m.queryIdx, m.trainIdx) for m, n in found]
    good = sorted(match for match in near if match[0] < RATIO)
    return points_a[[i for _, i, _ in good]], points_b[[j for _, _, j in good]]


def fresh(items: Sequence[Item]) -> list[Features]:
    """Features that have computed nothing yet."""
    return [Features(x.features.grey, x.features.look) for x in items]


def milliseconds(work: Callable[[], object], *, count: int) -> float:
    """Of one of so many."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start) / count


def accepted(known: Sequence[Features], chosen: Sequence[tuple[int, int, str]]) -> str:
    """How many pairs are accepted, and the time of a pair, its features included."""
    start = time.perf_counter()
    seen = [(align.compare(known[i], known[j]), kind) for i, j, kind in chosen]
    spent = 1000 * (time.perf_counter() - start) / len(chosen)
    near = [kind for e, kind in seen if e.relation == "near" and e.score >= DEFAULT_THRESHOLD]
    false = sum(kind.startswith("- ") for _, kind in seen)
    wrong = sum(kind.startswith("- ") for kind in near)
    return (
        f"{len(near) - wrong} of {len(seen) - false} true pairs and {wrong} of {false} false ones "
        f"accepted, {spent:.2f} ms a pair"
    )


def each(find: Callable[[np.ndarray], Local], greys: Sequence[np.ndarray]) -> list[Local]:
    """The local features of pictures."""
    return [find(grey) for grey in greys]


def compare_features(items: Sequence[Item], chosen: Sequence[tuple[int, int, str]]) -> None:
    """ORB against SIFT."""
    greys = [x.features.grey for x in items[::EVERY]]
    for name, find in (("ORB", keypoints.local_features), ("SIFT", sift_features)):
        spent = milliseconds(partial(each, find, greys), count=len(greys))
        print(f"{name}: {spent:.2f} ms an image", flush=True)
    print(f"ORB: {accepted(fresh(items), chosen)}", flush=True)
    with (
        patch.object(features, "local_features", sift_features),
        patch.object(features, "mirrored_features", mirrored_sift),
        patch.object(align, "matches", sift_matches),
    ):
        print(f"SIFT: {accepted(fresh(items), chosen)}", flush=True)


def compare_matching(known: Sequence[Features], chosen: Sequence[tuple[int, int, str]]) -> None:
    """OpenCV against faiss, one thread each."""
    bits = [(known[i].local()[1], known[j].local()[1]) for i, j, _ in chosen]
    bits = [(a, b) for a, b in bits if min(len(a), len(b)) >= 2]
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
    ours = milliseconds(lambda: [keypoints._nearest_two(*b) for b in bits], count=len(bits))
    theirs = milliseconds(lambda: [matcher.knnMatch(*b, k=2) for b in bits], count=len(bits))
    print(f"nearest two of 400: faiss {ours:.3f} ms, OpenCV {theirs:.3f} ms", flush=True)


def compare_workers(items: Sequence[Item], chosen: Sequence[tuple[int, int, str]]) -> None:
    """One thread, a thread a core, a process a core."""
    directed = [(i, j) for i, j, _ in chosen[:: max(1, len(chosen) // PARALLEL)]]

    def alone() -> None:
        known = fresh(items)
        for i, j in directed:
            align.compare(known[i], known[j])

    def together(comparers: Comparers) -> None:
        deque(comparers.compare(directed, dict(enumerate(fresh(items)))), maxlen=0)

    spent = {"one thread": milliseconds(alone, count=len(directed))}
    outside = Comparers()  # it starts processes in a `with` block only
    spent[f"{cores()} threads"] = milliseconds(lambda: together(outside), count=len(directed))
    with Comparers() as inside:
        inside.expect_many()
        together(inside)
        spent[f"{cores()} processes"] = milliseconds(lambda: together(inside), count=len(directed))
    for name, each in spent.items():
        print(f"{name}: {1000 / each:.0f} pairs/s, {spent['one thread'] / each:.2f} times")


def main() -> None:
    """Print all three."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cv2.setNumThreads(1)
    items = evaluation_set(Path(sys.argv[1]), part=1)
    chosen = list(pairs(items, seed=0))[::EVERY]
    compare_features(items, chosen)
    compare_matching([x.features for x in items], chosen)
    compare_workers(items, chosen)


if __name__ == "__main__":
    main()
