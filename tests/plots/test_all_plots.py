"""Each plot: drawn or refused with a reason, whatever is in the pairs, and nothing is cut off."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import select_figure_formats
from scored import NAN, realistic, scored

from dedup import plots
from dedup._base.options import DEFAULT
from dedup._search.threshold import Estimate, Threshold
from dedup.errors import InputError

pytestmark = pytest.mark.thorough

ALL = sorted(plots.__all__)
TITLES = {
    "borderline": "The pairs nearest to the threshold 0.5: accepted left, rejected right. 0.5",
    "precision_recall": "Precision and recall of every threshold. 300 duplicates",
    "recall_by_edit": "Recall by edit at threshold 0.5, worst family first. 300 of 300",
    "similarity_histogram": "Duplicates and non-duplicates. 300 duplicates: ",
}


def draw(name, pairs, threshold):
    return np.ravel(getattr(plots, name)(pairs, threshold=threshold))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("quantity", "threshold"), [("score", 0.5), ("score", 1.0), ("bits", 1.0)])
@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(True, 0.9, "grey", "grey"), (True, NAN, "grey", "grey")],
        [(False, 0.9), (False, NAN)],
        [(True, 0.9, "grey", "grey"), (False, 0.2)],
        [(True, NAN, "grey", "grey"), (False, NAN)],
        [(True, NAN, "grey", "grey"), (False, 0.2)],
        [(True, 0.5, "grey", "grey"), (False, 0.5)],
    ],
    ids=[
        "empty",
        "duplicates",
        "others",
        "all scored",
        "none scored",
        "others scored",
        "one score",
    ],
)
def test_drawn_or_refused_with_a_reason(name, quantity, rows, threshold, tmp_path):
    try:
        axes = draw(name, scored(rows, quantity=quantity), threshold)
    except InputError as error:
        assert str(error)  # noqa: PT017  either is right
        assert rows[0:1] == [] or name != "similarity_histogram"
        return
    assert rows
    axes[0].figure.savefig(tmp_path / "plot.png", dpi=50)
    assert (tmp_path / "plot.png").stat().st_size > 1000
    plt.close(axes[0].figure)  # it was drawn


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("precision_recall", "labelled as duplicates"),
        ("recall_by_edit", "names its edit"),
    ],
)
def test_what_a_plot_needs_is_said(name, why):
    with pytest.raises(InputError, match=why):
        draw(name, scored([(False, 0.9), (False, 0.1)]), 0.5)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.99])
def test_no_text_is_cut_off_or_lies_on_another(name, threshold, monkeypatch):
    figure = draw(name, realistic(), threshold)[0].figure
    figure.canvas.draw()
    drawn = []
    draw_text = mpl.text.Text.draw
    monkeypatch.setattr(
        mpl.text.Text, "draw", lambda text, to: drawn.append(text) or draw_text(text, to)
    )
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in drawn if text.get_text()]
    assert len(boxes) > 8
    for number, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
        for other in boxes[:number]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert width <= 1 or height <= 4
    plt.close(figure)  # it was drawn


@pytest.mark.parametrize("name", [name for name in ALL if name != "borderline"])
def test_drawn_into_the_axes_that_are_given(name):
    _, (_, mine) = plt.subplots(1, 2)
    assert getattr(plots, name)(realistic(), threshold=0.6, ax=mine) is mine
    assert len(plt.get_fignums()) == 1


def test_borderline_is_drawn_into_the_axes_that_are_given(pictures):
    _, mine = plt.subplots(4, 1)
    grid = plots.borderline(pictures, threshold=0.5, count=2, axes=mine)
    assert list(grid.flat) == list(mine)
    with pytest.raises(InputError, match="3 x 2"):
        plots.borderline(pictures, threshold=0.5, count=3, axes=mine)


@pytest.mark.parametrize("name", ALL)
def test_a_tuned_threshold_is_taken_for_its_own_quantity_only(name):
    estimate = Estimate(0.99, 0.98, 1.0)
    tuned = Threshold(
        value=0.6,
        quantity="cosine",
        method=DEFAULT,
        properties={},
        goal="precision 0.99",
        precision=estimate,
        recall=estimate,
        images=100,
        sources=10,
        collection=100,
    )
    assert draw(name, realistic(), tuned).size
    with pytest.raises(InputError, match="cosine of sscd"):
        draw(name, scored([(True, 3), (False, 30)], quantity="bits", method="phash"), tuned)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("threshold", [NAN, float("inf")])
def test_a_threshold_is_a_number(name, threshold):
    with pytest.raises(InputError, match="expected a number"):
        draw(name, realistic(), threshold)


@pytest.mark.parametrize("name", ALL)
def test_notebook_gets_a_text_in_place_of_the_picture(name):
    """IPython shows it to those who can't see the figure, and where there is none."""
    figure = draw(name, realistic(), 0.5)[0].figure
    shell = InteractiveShell()
    select_figure_formats(shell, {"png"})
    data, metadata = shell.display_formatter.format(figure)
    assert "image/png" in data
    assert metadata["image/png"]["alt"].startswith(TITLES[name])
    plt.close(figure)  # it was drawn
