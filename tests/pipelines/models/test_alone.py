"""A vector depends on nothing but its own picture: `tests/support/remembered.py` relies on it."""

import numpy as np
import pytest

from dedup.pipelines.models.methods import engine


@pytest.mark.parametrize("method", ["sscd-fast", "sscd"])
def test_vector_is_the_same_whatever_is_embedded_with_it(photos, method):
    images = [np.asarray(photo) for photo in photos.values()]
    embed = engine(method)
    together = embed(images)
    assert np.array_equal(embed(images[::-1])[::-1], together)
    assert np.array_equal([embed([image])[0] for image in images], together)
