"""Precision and recall: the chosen point is on the curve, and both are in sight."""

import numpy as np
import pytest
from scored import NAN, realistic, scored, texts

from dedup import plots


def test_the_chosen_point_is_at_its_precision_and_recall():
    pairs = scored([(True, 0.9), (True, 0.8), (False, 0.7), (True, 0.6), (False, 0.1), (True, NAN)])
    ax = plots.precision_recall(pairs, threshold=0.6)
    point = ax.lines[-1]
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.75, 0.75)
    assert "threshold 0.6\nprecision 0.750, recall 0.750" in texts(ax)
    assert "25.0% of the duplicates have no score" in " ".join(texts(ax))


def test_the_chosen_point_is_on_the_curve_for_bits_too():
    pairs = scored([(True, 1), (True, 6), (False, 9), (True, 12)], quantity="bits")
    ax = plots.precision_recall(pairs, threshold=6)
    assert "threshold 6 bits\nprecision 1.000, recall 0.667" in texts(ax)
    curve = max(ax.lines, key=lambda line: line.get_linewidth())
    assert (2 / 3, 1.0) in list(zip(curve.get_xdata(), curve.get_ydata(), strict=True))


def test_lines_of_equal_f1_have_their_value():
    ax = plots.precision_recall(realistic())
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    labels = [float(text.removeprefix("F1 ")) for text in texts(ax) if text.startswith("F1 ")]
    assert len(dotted) == len(labels) >= 3
    for line, f1 in zip(dotted, labels, strict=True):
        recall, precision = line.get_xdata(), line.get_ydata()
        np.testing.assert_allclose(2 * precision * recall / (precision + recall), f1)


def test_a_curve_in_the_corner_is_seen():
    rows = [(True, 0.5 + i / 4000) for i in range(2000)] + [(False, 0.51), (False, 0.52)]
    rows += [(False, i / 4000) for i in range(2000)]
    ax = plots.precision_recall(scored(rows), threshold=0.5)
    assert ax.get_ylim()[0] >= 0.9
    assert f"from {ax.get_ylim()[0]:g}" in ax.get_ylabel()


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8, 0.95])
def test_the_chosen_point_is_inside_the_axes(threshold):
    ax = plots.precision_recall(realistic(), threshold=threshold)
    (x,), (y,) = ax.lines[-1].get_data()
    assert ax.get_xlim()[0] < x < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < y < ax.get_ylim()[1]


def test_a_threshold_that_accepts_nothing_is_told():
    ax = plots.precision_recall(scored([(True, 0.9), (False, 0.1)]), threshold=0.95)
    assert "threshold 0.95 accepts no pair" in texts(ax)
