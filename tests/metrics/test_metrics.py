"""The metrics count what they say, and what is undefined or wrong says so by name."""

import math
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dedup import metrics
from dedup._base.extras import require
from dedup.errors import DedupError, InputError, MissingExtra

pytestmark = pytest.mark.thorough

NAN = math.nan
# Few distinct scores, so that there are ties.
SCORES = st.sampled_from([NAN, -0.5, 0.0, 0.2, 0.4, 0.9])
PAIRS = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=30)
LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=20)


def with_a_true_pair(pairs):
    return [*pairs, (True, 0.2)]


def columns(pairs):
    return [truth for truth, _ in pairs], [score for _, score in pairs]


def worst_case_average_precision(pairs):
    ranking = sorted(
        ((truth, score) for truth, score in pairs if not math.isnan(score)),
        key=lambda pair: (-pair[1], pair[0]),
    )
    hits, total = 0, 0.0
    for rank, (truth, _) in enumerate(ranking, start=1):
        if truth:
            hits += 1
            total += hits / rank
    return total / sum(truth for truth, _ in pairs)


def figures(pairs, weight=None):
    truth, score = columns(pairs)
    by = ["high" if value > 0 else "low" for value in score]
    return (
        round(metrics.micro_average_precision(truth, score, weight=weight), 9),
        metrics.precision_recall_curve(truth, score, weight=weight).astype(float).to_dict("list"),
        metrics.recall_at_precision(truth, score, precision=0.5, weight=weight)[0],
        metrics.recall_by(truth, score, by=by, threshold=0.2, weight=weight).to_dict(),
        metrics.false_pairs_by(truth, score, by=by, threshold=0.2, weight=weight).to_dict(),
    )


@given(PAIRS.map(with_a_true_pair))
def test_micro_average_precision_puts_false_pairs_first_among_equal_scores(pairs):
    expected = worst_case_average_precision(pairs)
    assert metrics.micro_average_precision(*columns(pairs)) == pytest.approx(expected)


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=30, unique=True).flatmap(
        lambda scores: st.tuples(
            st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)), st.just(scores)
        )
    )
)
def test_micro_average_precision_is_scikit_learns_without_ties(pairs):
    from sklearn.metrics import average_precision_score

    truth, score = pairs
    truth = [True, *truth]
    score = [2.0, *score]
    expected = average_precision_score(truth, score)
    assert metrics.micro_average_precision(truth, score) == pytest.approx(expected)


def test_micro_average_precision_holds_among_millions_of_false_pairs():
    truth = np.r_[np.zeros(2_000_000), np.ones(1000)]
    score = np.r_[np.ones(2_000_000), np.linspace(0, 0.5, 1000)]
    ranks = np.arange(2_000_001, 2_001_001)
    expected = ((ranks - 2_000_000) / ranks).mean()
    assert metrics.micro_average_precision(truth, score) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=30)  # all figures, twice
@given(PAIRS.map(with_a_true_pair), st.randoms(use_true_random=False))
def test_order_of_the_pairs_makes_no_difference(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert figures(pairs) == figures(shuffled)


@settings(max_examples=30)
@given(PAIRS.map(with_a_true_pair), st.data())
def test_weight_is_how_often_a_pair_counts(pairs, data):
    times = st.lists(st.integers(0, 3), min_size=len(pairs) - 1, max_size=len(pairs) - 1)
    weight = [*data.draw(times), 1]
    repeated = [pair for pair, count in zip(pairs, weight, strict=True) for _ in range(count)]
    assert figures(pairs, weight) == figures(repeated)


@given(PAIRS.map(with_a_true_pair))
def test_false_pair_that_is_not_proposed_changes_nothing_for_true_ones(pairs):
    before, after = columns(pairs), columns([*pairs, (False, NAN)])
    assert metrics.micro_average_precision(*before) == metrics.micro_average_precision(*after)
    pd.testing.assert_frame_equal(
        metrics.precision_recall_curve(*before), metrics.precision_recall_curve(*after)
    )


@given(PAIRS.map(with_a_true_pair), st.sampled_from([-1.0, 0.1, 0.5]))
def test_false_pair_that_is_rejected_changes_no_recall(pairs, threshold):
    def recall(pairs):
        truth, score = columns(pairs)
        by = ["edit"] * len(pairs)
        return metrics.recall_by(truth, score, by=by, threshold=threshold).loc["edit", "recall"]

    assert recall(pairs) == recall([*pairs, (False, threshold - 0.1)])


@given(PAIRS.map(with_a_true_pair))
def test_curve_counts_the_pairs_at_or_above_each_threshold(pairs):
    curve = metrics.precision_recall_curve(*columns(pairs))
    all_true = sum(truth for truth, _ in pairs)
    proposed = {score for _, score in pairs if not math.isnan(score)}
    assert list(curve["threshold"]) == sorted(proposed, reverse=True)
    for row in curve.itertuples():
        accepted = [truth for truth, score in pairs if score >= row.threshold]
        assert (row.true_pairs, row.false_pairs) == (sum(accepted), accepted.count(False))
        assert row.precision == pytest.approx(sum(accepted) / len(accepted))
        assert row.recall == pytest.approx(sum(accepted) / all_true)
        assert row.f1 == pytest.approx(2 * sum(accepted) / (len(accepted) + all_true))


@given(PAIRS.map(with_a_true_pair), st.floats(0.01, 1))
def test_recall_at_precision_is_the_best_point_of_the_curve(pairs, precision):
    curve = metrics.precision_recall_curve(*columns(pairs))
    recall, threshold = metrics.recall_at_precision(*columns(pairs), precision=precision)
    precise = curve[curve["precision"] >= precision]
    if precise.empty:
        assert recall == 0
        assert math.isnan(threshold)
    else:
        assert recall == precise["recall"].max()
        chosen = curve.set_index("threshold").loc[threshold]
        assert (chosen["recall"], chosen["precision"]) == (
            recall,
            precise["precision"][precise["recall"] == recall].max(),
        )


def test_threshold_never_splits_equal_scores():
    assert metrics.recall_at_precision([1, 1, 0], [0.9, 0.5, 0.5], precision=0.99) == (0.5, 0.9)


def test_true_pairs_that_were_not_proposed_are_missed():
    truth, score = [1, 1, 0], [0.9, NAN, 0.1]
    assert metrics.micro_average_precision(truth, score) == 0.5
    assert metrics.recall_at_precision(truth, score, precision=0.9) == (0.5, 0.9)
    assert metrics.precision_recall_curve(truth, score)["recall"].max() == 0.5
    by_edit = metrics.recall_by(truth, score, by=["a", "b", "c"], threshold=-1)
    assert by_edit["recall"].to_dict() == {"a": 1, "b": 0}


def test_score_at_the_threshold_is_accepted():
    kinds = ["kind", "kind"]
    found = metrics.recall_by([1, 1], [0.5, 0.4], by=kinds, threshold=0.5)
    accepted = metrics.false_pairs_by([0, 0], [0.5, 0.4], by=kinds, threshold=0.5)
    assert found.loc["kind"].tolist() == accepted.loc["kind"].tolist() == [2, 1, 0.5]


def test_kinds_without_a_name_are_not_dropped():
    table = metrics.recall_by([1, 1], [0.9, 0.9], by=["crop", None], threshold=0.5)
    assert table["pairs"].tolist() == [1, 1]


def test_no_threshold_accepts_nothing():
    table = metrics.false_pairs_by([0, 0], [0.9, 0.1], by=["text", "text"], threshold=NAN)
    assert table.loc["text"].tolist() == [2, 0, 0]


def test_rows_belong_together_by_position_not_by_index():
    truth = pd.Series([1, 0], index=[5, 6])
    score = pd.Series([0.9, 0.1], index=[6, 5])
    assert metrics.micro_average_precision(truth, score) == 1


def test_without_a_true_pair_recall_is_undefined():
    for name, metric in {
        "micro average precision": metrics.micro_average_precision,
        "recall": metrics.precision_recall_curve,
    }.items():
        with pytest.warns(metrics.UndefinedMetricWarning, match=f"{name} is undefined") as caught:
            value = metric([0, 0], [0.9, 0.1])
        assert np.isnan(value if isinstance(value, float) else value["recall"]).all()
        assert caught[0].filename == __file__
    with pytest.warns(metrics.UndefinedMetricWarning, match="recall is undefined"):
        assert math.isnan(metrics.recall_at_precision([0], [0.9], precision=0.9)[0])


@given(LABELS)
def test_group_scores_count_all_pairs_of_images(labels):
    pairs = [(a[0] == b[0], a[1] == b[1]) for a, b in combinations(labels, 2)]
    true, false, missed = (pairs.count(kind) for kind in [(1, 1), (0, 1), (1, 0)])
    assume(true + false and true + missed)
    scores = metrics.group_scores(*zip(*labels, strict=True))
    assert (scores.true_pairs, scores.false_pairs, scores.missed_pairs) == (true, false, missed)
    assert scores.precision == pytest.approx(true / (true + false))
    assert scores.recall == pytest.approx(true / (true + missed))
    assert scores.f1 == pytest.approx(2 * true / (2 * true + false + missed))


def test_precision_of_groups_is_undefined_if_nothing_is_predicted():
    with pytest.warns(metrics.UndefinedMetricWarning, match="precision is undefined"):
        scores = metrics.group_scores(["cat", "cat"], [1, 2])
    assert math.isnan(scores.precision)
    assert (scores.recall, scores.f1) == (0, 0)


def test_image_is_lost_unless_one_of_its_group_is_kept():
    truth = {"a1": "a", "a2": "a", "b1": "b", "b2": "b", "c": "c"}
    assert metrics.wrongly_removed(truth, keep=["a1", "c"], remove=["b2", "a2", "b1"]) == [
        "b1",
        "b2",
    ]
    assert metrics.wrongly_removed(truth, keep=truth, remove=[]) == []


@pytest.mark.parametrize(
    "places", [{"keep": ["a"], "remove": ["a"]}, {"keep": [], "remove": ["?"]}]
)
def test_images_that_are_in_both_or_unknown_are_named(places):
    with pytest.raises(InputError, match=repr(places["remove"][0]).replace("?", r"\?")):
        metrics.wrongly_removed({"a": 1}, **places)


@pytest.mark.parametrize(
    ("truth", "score", "settings", "message"),
    [
        ([1, 0], [0.5], {}, "2 of truth, 1 of score"),
        ([NAN, NAN], [0.5, 0.4], {}, r"truth\[0\] is nan"),
        ([1, None], [0.5, 0.4], {}, r"truth\[1\]"),
        (["True", "False"], [0.5, 0.4], {}, r"truth\[0\] is 'True'"),
        ([0, 2], [0.5, 0.4], {}, r"truth\[1\] is 2"),
        ([0, 1], ["high", "low"], {}, "score: .*high"),
        ([[0, 1]], [0.5], {}, "score|truth"),
        ([0, 1], [0.5, 0.4], {"weight": [1, -1]}, "weight"),
        ([0, 1], [0.5, 0.4], {"weight": [1, NAN]}, "weight"),
        ([0, 1], [0.5, 0.4], {"precision": 0}, "precision=0"),
        ([0, 1], [0.5, 0.4], {"precision": 99}, "precision=99"),
        ([0, 1], [0.5, 0.4], {"precision": NAN}, "precision=nan"),
    ],
)
def test_pairs_that_cannot_be_counted_say_why(truth, score, settings, message):
    with pytest.raises(InputError, match=message):
        metrics.recall_at_precision(truth, score, **({"precision": 0.9} | settings))


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.group_scores([1, 2], [1]),
        lambda: metrics.group_scores([1, None], [1, 1]),
        lambda: metrics.proportion_interval(3, 2),
        lambda: metrics.proportion_interval(0.5, 2),
        lambda: metrics.proportion_interval(1, 2, level=95),
        lambda: metrics.bootstrap_interval(np.sum, sources=([], [])),
        lambda: metrics.bootstrap_interval(np.sum, sources=(["a"], ["a", "b"])),
        lambda: metrics.bootstrap_interval(np.sum, sources=(["a"], [None])),
        lambda: metrics.bootstrap_interval(np.sum, sources=(["a"], ["a"]), replicates=0),
    ],
)
def test_input_that_cannot_be_used_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_missing_extra_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtra, match=r'pip install "dedup-vision\[tuning\]"') as caught:
        metrics.group_scores([1, 1], [1, 1])
    assert isinstance(caught.value, DedupError)
    assert caught.value.name == "sklearn"


def test_import_error_inside_an_installed_package_is_not_swallowed(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import something_it_lacks")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="something_it_lacks") as caught:
        require("half_installed", extra="tuning")
    assert not isinstance(caught.value, MissingExtra)
