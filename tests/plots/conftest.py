"""Figures that are drawn and closed, and pairs of pictures to draw."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from scored import scored


@pytest.fixture(autouse=True)
def closed_figures():
    """Every figure of a test is drawn, so that what fails only then fails, and closed."""
    before = dict(mpl.rcParams)
    with mpl.rc_context({"backend": "agg"}):
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
        plt.close("all")
    assert dict(mpl.rcParams) == before


@pytest.fixture
def pictures(tmp_path, photos):
    """Eight scored pairs of files."""
    rows = [(False, 0.05), (False, 0.25), (True, 0.45), (False, 0.48)]
    rows += [(False, 0.55), (True, 0.6), (True, 0.75), (True, 0.95)]
    pairs = scored(rows)
    for name, photo in photos.items():
        photo.save(tmp_path / f"{name}.jpg")
    paths = [str(tmp_path / f"{name}.jpg") for name in photos]
    for end, shift in (("a", 0), ("b", 1)):
        pairs.table[end] = pd.Series([paths[(i + shift) % len(paths)] for i in range(8)])
    return pairs
