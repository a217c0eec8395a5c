"""What pictures show of each other is measured in the processes that compare, if there are any."""

import os
import signal
import sys

import numpy as np
import pytest
from PIL import Image

from dedup._verification.align import compare
from dedup._verification.comparing import Comparers
from dedup._verification.coverage.cover import Aligned, cover_all
from dedup._verification.features import extract

pytestmark = pytest.mark.thorough

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def several_cores(cores):
    cores(2)


@pytest.fixture
def pairs(photos, tmp_path):
    """A photo, and parts of it, each smaller than the one before."""
    photo = next(iter(photos.values()))
    found = []
    for number in range(6):
        path = str(tmp_path / f"{number}.png")
        part = photo.crop((0, 0, photo.width - 8 * number, photo.height))
        part.save(path)
        with Image.open(path) as image:
            features = extract(np.asarray(image))
        found.append((path, features))
    (first, its), *others = found
    return [
        Aligned((0, number), (first, path), (1, 1), compare(its, features))
        for number, (path, features) in enumerate(others, 1)
    ]


def measured(comparers, pairs):
    return [seen for some in comparers.each(cover_all, pairs) for seen in some]


def test_processes_measure_what_threads_do_in_the_same_order(pairs):
    wanted = cover_all(pairs)
    assert len({seen.a.around for seen in wanted}) > 1
    assert measured(Comparers(), pairs) == wanted
    with Comparers() as comparers:
        comparers.expect_many()
        assert measured(comparers, pairs) == wanted
        assert comparers._processes is not None


@posix
def test_killed_process_costs_nothing_but_time(pairs):
    with Comparers() as comparers:
        comparers.expect_many()
        measured(comparers, pairs)
        os.kill(next(iter(comparers._processes._processes)), signal.SIGKILL)
        assert measured(comparers, pairs) == cover_all(pairs)


def test_none_is_measured_of_what_vanished(pairs):
    os.unlink(pairs[0].sources[1])
    first, *others = cover_all(pairs)
    assert first is None
    assert None not in others
