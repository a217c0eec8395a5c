"""Where pictures lie on each other, by what was seen of two pairs."""

from types import SimpleNamespace

import numpy as np
import pytest

from dedup._search.decisions import ByAlignment
from dedup._verification.evidence import Evidence

PASTED, PAGE, SCENE = 0, 1, 2  # a picture, the collage that it was put into, and what is behind it
AT = (0.2, 0.3, 0.8, 0.9)


def evidence(changed):
    """Two pictures in one frame, and the blocks of 5 % of a side that differ in part of them."""
    steps = np.arange(20) / 20
    corners = np.array([(x, y) for x in steps for y in steps if changed(x, y)]).reshape(-1, 2)
    square = np.array([[0, 0], [0.05, 0], [0.05, 0.05], [0, 0.05]])
    return Evidence(1.0, "near", transform=np.eye(3)[:2], changed=corners[:, None] + square)


def decision(between):
    to_page = np.array([[0.6, 0, AT[0]], [0, 0.6, AT[1]]])
    seen = {
        (PASTED, PAGE): Evidence(1.0, "near", transform=to_page),
        (PAGE, SCENE): between,
    }
    verifier = SimpleNamespace(
        evidence=seen.get,
        directed=lambda pair: pair,
        frames=lambda picture: 1,
        verify=lambda pairs: None,
        read_again=lambda pairs, threshold: None,
    )
    asked = ByAlignment(verifier, threshold=0.5)
    asked.verify(seen)
    return asked


@pytest.mark.parametrize(
    "changed",
    [lambda x, y: False, lambda x, y: x < AT[0] or y < AT[1], lambda x, y: 0.4 < x < 0.5],
    ids=["nothing", "elsewhere", "a line"],
)
def test_picture_lies_on_what_the_keeper_shows_there(changed):
    assert decision(evidence(changed)).lies_on(PASTED, PAGE, SCENE)


def test_picture_that_was_pasted_over_the_keeper_does_not_lie_on_it():
    pasted = evidence(lambda x, y: AT[0] <= x < AT[2] and AT[1] <= y < AT[3])
    assert not decision(pasted).lies_on(PASTED, PAGE, SCENE)
