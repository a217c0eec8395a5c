"""The plots show what is in the scored pairs, whatever is in them."""

import os

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from dedup import plots
from dedup._search.threshold import Estimate, Threshold
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.errors import InputError
from dedup.pipelines.models.methods import DEFAULT
from dedup.plots._pair_picture import short_name

NAN = float("nan")
ALL = sorted(plots.__all__)


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


def scored(rows, *, quantity="score", **more):
    """Scored pairs from rows of (label, score) or (label, score, edit, family)."""
    columns = ["label", "score", "edit", "family"]
    table = pd.DataFrame([(*row, "", "")[:4] for row in rows], columns=columns)
    table["score"] = table["score"].astype(float)
    for end in ("a", "b"):
        table[end] = pd.Series([f"/gone/{end}{row}.jpg" for row in range(len(rows))], dtype=object)
    return ScoredPairs(table, quantity=quantity, **more)


def realistic(*, seed=0, duplicates=300, others=30_000):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"label": np.arange(duplicates + others) < duplicates})
    cosine = np.where(table["label"], rng.normal(0.85, 0.1, len(table)), NAN)
    cosine[duplicates:] = rng.normal(0.1, 0.1, others)
    table["score"] = np.where(cosine < 0.15, NAN, np.minimum(cosine, 1))
    edits = np.array(["crop-70", "crop-25", "mirror", "jpeg-40"])
    table["edit"] = np.where(table["label"], edits[np.arange(len(table)) % 4], "")
    table["family"] = table["edit"].str.partition("-")[0]
    table["a"] = table["b"] = "/gone.jpg"
    return ScoredPairs(table, quantity="cosine", negatives=others)


def draw(name, pairs, threshold):
    return np.ravel(getattr(plots, name)(pairs, threshold=threshold))


def texts(ax):
    return [text.get_text() for text in ax.texts]


def counts(ax):
    """What the bars of the histograms hold in all: of non-duplicates, then of duplicates."""
    filled = [patch for patch in ax.patches if getattr(patch, "get_data", None)]
    outlines = [patch for patch in filled if not patch.get_fill()]
    return [int(outline.get_data().values.sum()) for outline in outlines]


# Similarity histogram


def test_a_histogram_counts_every_pair_that_has_a_score():
    pairs = realistic()
    score, truth = pairs.table["score"], pairs.truth
    ax = plots.similarity_histogram(pairs, threshold=0.6)
    assert counts(ax) == [score[~truth].notna().sum(), score[truth].notna().sum()]


def test_pairs_without_a_score_have_bars_of_their_own():
    pairs = scored([(True, 0.9), (True, NAN), (False, NAN), (False, NAN)], negatives=10)
    ax = plots.similarity_histogram(pairs)
    bars = [patch.get_height() for bars in ax.containers for patch in bars]
    assert bars == [10, 1]  # eight of the non-duplicates are not in the table
    assert "no score" in [label.get_text() for label in ax.get_xticklabels()]
    assert "■ 10 non-duplicates (10 without a score)" in texts(ax)


def test_no_such_bars_where_every_pair_has_a_score():
    ax = plots.similarity_histogram(scored([(True, 0.9), (False, 0.1)]))
    assert not ax.containers
    assert "no score" not in [label.get_text() for label in ax.get_xticklabels()]


def test_a_histogram_tells_what_the_threshold_gets_wrong():
    pairs = scored([(True, 0.9), (True, 0.3), (True, NAN), (False, 0.6), (False, 0.2)])
    ax = plots.similarity_histogram(pairs, threshold=0.5)
    assert "■ 3 duplicates: 2 missed (1 without a score)" in texts(ax)
    assert "■ 2 non-duplicates: 1 accepted" in texts(ax)
    assert ax.lines[-1].get_xdata()[0] == 0.5
    assert any(text.startswith("threshold 0.5") for text in texts(ax))


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.37, 0.5, 0.9999, 1.0])
def test_the_threshold_lies_between_two_bins(threshold):
    rng = np.random.default_rng(0)
    score = [*rng.uniform(0, 1, 200), threshold, 0, 1]
    ax = plots.similarity_histogram(scored([(True, x) for x in score]), threshold=threshold)
    edges = ax.patches[0].get_data().edges
    assert threshold in edges
    assert counts(ax) == [0, len(score)]


def test_fewer_bits_are_accepted():
    pairs = scored([(True, 2), (True, 9), (False, 8), (False, 31)], quantity="bits")
    ax = plots.similarity_histogram(pairs, threshold=8)
    assert "■ 2 duplicates: 1 missed" in texts(ax)
    assert "■ 2 non-duplicates: 1 accepted" in texts(ax)
    assert 8 < ax.lines[-1].get_xdata()[0] < 9
    assert "threshold 8 bits\n← accepted" in texts(ax)


# Precision and recall


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


# Recall by edit


def test_families_are_rows_the_worst_first_and_edits_go_from_weak_to_strong():
    rows = [(True, s, "jpeg-20", "jpeg") for s in (0.9, 0.9, 0.1, 0.9, 0.9)]
    rows += [(True, 0.9, "jpeg-40", "jpeg")] * 5 + [(True, 0.9, "mirror", "mirror")] * 5
    rows += [(True, 0.1, "crop-25", "crop"), (True, 0.9, "crop-70", "crop")]
    ax = plots.recall_by_edit(scored([*rows, (False, 0.9)]), threshold=0.5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["crop", "jpeg", "mirror"]
    cells = {tuple(np.floor(text.get_position())): text.get_text() for text in ax.texts[:5]}
    assert cells == {
        (0, 0): "70: 1.00 (n=1)",
        (1, 0): "25: 0.00 (n=1)",
        (0, 1): "40: 1.00",
        (1, 1): "20: 0.80",
        (0, 2): "1.00",
    }
    assert "15 of 17 edited copies are found" in texts(ax)


def test_edits_that_are_not_ours_go_by_their_number_or_name():
    names = ["rust-9", "rust-10", "torn"]
    rows = [(True, 0.9, name, "wear" if name == "torn" else "") for name in names]
    ax = plots.recall_by_edit(scored([*rows, (True, 0.9)]), threshold=0.5)
    assert texts(ax)[:3] == ["9: 1.00 (n=1)", "10: 1.00 (n=1)", "torn: 1.00 (n=1)"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rust", "wear"]
    assert "not counted: 1 duplicate without an edit" in texts(ax)[-1]


# Borderline pairs


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


def titles(column):
    return [ax.get_title("left") for ax in column]


def test_the_pairs_nearest_to_the_threshold_are_shown_the_nearest_first(pictures):
    grid = plots.borderline(pictures, threshold=0.51, count=2)
    assert titles(grid[:, 0]) == [
        "0.55: not duplicates, wrongly accepted",
        "0.6: duplicates, accepted",
    ]
    assert titles(grid[:, 1]) == [
        "0.48: not duplicates, rejected",
        "0.45: duplicates, wrongly rejected",
    ]
    assert all(len(ax.images) == 2 for ax in grid.flat)
    assert texts(grid[0, 0])[0].endswith("coins.jpg")
    assert texts(grid[0, 0])[1].endswith("rocket.jpg")


def test_wrong_decisions_have_a_colour_of_their_own(pictures):
    grid = plots.borderline(pictures, threshold=0.5, count=4)
    colours = {True: set(), False: set()}
    for text in (text for ax in grid.flat for text in ax.findobj(mpl.text.Text)):
        if "duplicates" in text.get_text():
            colours["wrongly" in text.get_text()].add(text.get_color())
    assert len(colours[True]) == len(colours[False]) == 1
    assert colours[True].isdisjoint(colours[False])


def test_fewer_pairs_than_asked_for_leave_places_empty(pictures):
    grid = plots.borderline(pictures, threshold=0.9, count=3)
    assert titles(grid[:, 0]) == ["0.95: duplicates, accepted", "no more pairs are accepted", ""]


def test_of_bits_the_fewer_are_accepted(pictures):
    pictures.table["score"] = np.arange(8.0)
    pairs = ScoredPairs(pictures.table, quantity="bits", method="phash")
    grid = plots.borderline(pairs, threshold=3, count=1)
    assert titles(grid[0]) == [
        "3 bits: not duplicates, wrongly accepted",
        "4 bits: not duplicates, rejected",
    ]


def test_a_file_that_cannot_be_read_shows_its_reason(pictures, tmp_path):
    (tmp_path / "notes.jpg").write_text("no image")
    pictures.table.loc[4, ["a", "b"]] = [str(tmp_path / "notes.jpg"), "/gone/away.jpg"]
    ax = plots.borderline(pictures, threshold=0.5, count=1)[0, 0]
    assert not ax.images
    assert {"file not found", "gone/away.jpg"} <= set(texts(ax))
    assert any("not an image" in text for text in texts(ax))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", [b"caf\xe9.jpg", "\u7167\u7247.jpg".encode(), b"$a_1$\n\t.jpg", b"W" * 250]
)
def test_any_file_name_can_be_drawn(pictures, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    try:
        os.rename(os.fsencode(pictures.table["a"][4]), path)
    except OSError:
        pytest.skip("the file system does not take this name")
    pictures.table["a"] = pictures.table["a"].astype(object)
    pictures.table.loc[4, "a"] = os.fsdecode(path)
    ax = plots.borderline(pictures, threshold=0.5, count=1)[0, 0]
    ax.figure.canvas.draw()
    assert len(ax.images) == 2
    one, other = (text.get_window_extent() for text in ax.texts)
    assert one.x1 < other.x0
    assert all(text.get_text().isprintable() for text in ax.texts)


def test_long_names_keep_both_ends():
    assert short_name("/photos/" + "begin" + 90 * "x" + "end.jpg").startswith("begin")
    assert short_name("/photos/" + "begin" + 90 * "x" + "end.jpg").endswith("end.jpg")


# All of them


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("quantity", ["score", "bits"])
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
@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_drawn_or_refused_with_a_reason(name, quantity, rows, threshold, tmp_path):
    try:
        axes = draw(name, scored(rows, quantity=quantity), threshold)
    except InputError as error:
        assert str(error)  # noqa: PT017  either is right
        assert rows[0:1] == [] or name != "similarity_histogram"
        return
    assert rows
    axes[0].figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


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
