"""What takes most of a small search is done once: hundreds of tests search the same few photos."""

import pickle
from hashlib import blake2b
from weakref import WeakKeyDictionary

import numpy as np

from dedup._verification.coverage import cover
from dedup.pipelines.models.openvino_engine import OpenVinoEngine

embed = OpenVinoEngine.__call__
coverage_of = cover.coverage_of
_vectors = WeakKeyDictionary()  # engine -> digest of pixels -> vector
_covered = {}


def remembered_vectors(engine, images):
    """What `OpenVinoEngine` gives: a vector depends on nothing but its own picture."""
    known = _vectors.setdefault(engine, {})
    digests = [_digest((image.shape, image.tobytes())) for image in images]
    new = dict(zip(digests, images, strict=True))
    new = {digest: image for digest, image in new.items() if digest not in known}
    known.update(zip(new, embed(engine, list(new.values())), strict=True))
    return np.array([known[digest] for digest in digests]).reshape(-1, engine.dimension)


def remembered_coverage(a, b, evidence):
    """What two pictures show of each other, which the library keeps by them and the evidence."""
    digest = _digest((a, b, evidence))
    if digest not in _covered:
        _covered[digest] = coverage_of(a, b, evidence)
    return _covered[digest]


def _digest(value):
    return blake2b(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)).digest()
