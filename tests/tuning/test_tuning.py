"""A threshold is tuned for a goal, keeps its promise on other photos, and knows its limits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup import InputError, ScoredPairs, Threshold, sweep, tune
from dedup._base.options import DEFAULT
from dedup.pipelines.models.methods import model

pytestmark = pytest.mark.thorough


def scored(*, sources=60, copies=4, quantity="score", seed=0, hard=1):
    """Copies that score high, and pairs of two sources that score low; harder: they overlap."""
    random = np.random.default_rng(seed)
    true = [(s, s, True, random.beta(12 / hard, 2)) for s in range(sources) for _ in range(copies)]
    false = [(a, b, False, random.beta(2, 24 / hard)) for a in range(sources) for b in range(a)]
    table = pd.DataFrame(true + false, columns=["source_a", "source_b", "label", "score"])
    table["source_a"] = table["source_a"].astype(str)
    table["source_b"] = table["source_b"].astype(str)
    table["similarity"] = table["score"]
    if quantity == "bits":
        table["score"] = np.rint((1 - table["score"]) * 32)
    table["a"] = [f"a{n}.jpg" for n in range(len(table))]
    table["b"] = [f"b{n}.jpg" for n in range(len(table))]
    table["edit"] = np.where(table["label"], "grey", "")
    table["family"] = np.where(table["label"], "grey", "")
    method = "phash" if quantity == "bits" else DEFAULT
    return ScoredPairs(
        table,
        quantity=quantity,
        method=method,
        properties=model(method).properties,
        images=sources * (copies + 1),
        negatives=len(false),
        distinct=len(false),
    )


@pytest.fixture
def tuned():
    return tune(scored(), precision=0.99)


def test_precision_is_reached_with_the_highest_recall():
    pairs = scored(hard=3)
    for precision in (0.9, 0.99, 1.0):
        accepted = pairs.accepted(tune(pairs, precision=precision))
        assert pairs.truth[accepted].mean() >= precision
        reached = sweep(pairs).query("precision >= @precision")
        assert accepted[pairs.truth].mean() == reached["recall"].max()


def test_recall_is_reached_at_the_highest_threshold():
    pairs = scored()
    value = tune(pairs, recall=0.9).value
    assert pairs.accepted(value)[pairs.truth].mean() >= 0.9
    assert pairs.accepted(value + 0.01)[pairs.truth].mean() < 0.9


def test_best_f1_is_that_of_the_sweep():
    pairs = scored(hard=3)
    accepted = pairs.accepted(tune(pairs, f1=True))
    precision, recall = pairs.truth[accepted].mean(), accepted[pairs.truth].mean()
    assert 2 * precision * recall / (precision + recall) == pytest.approx(sweep(pairs)["f1"].max())


def test_sweep_tells_scores_near_one_apart():
    table = pd.DataFrame({"label": [True, True, False], "score": [0.9999995, 0.9999991, 0.5]})
    assert sweep(ScoredPairs(table))["log_odds"].round(1).tolist() == [14.5, 13.9, 0.0]
    assert "log_odds" not in sweep(ScoredPairs(table, quantity="cosine"))


def test_dear_mistakes_make_the_threshold_stricter():
    pairs = scored(hard=3)
    values = [
        tune(pairs, cost={"wrongly_removed": price, "missed": 1}).value for price in (0.1, 1, 100)
    ]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_larger_collection_needs_a_stricter_threshold():
    pairs = scored(hard=3)
    values = [tune(pairs, precision=0.9, collection=n).value for n in (4, 12, 40)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_threshold_lies_between_what_it_accepts_and_the_next():
    table = pd.DataFrame({"label": [True, True, False], "score": [0.9, 0.7, 0.3]})
    table["source_a"], table["source_b"] = ["x", "y", "x"], ["x", "y", "y"]
    assert tune(ScoredPairs(table), precision=1.0, folds=2).value == pytest.approx(0.5)


def test_fewer_bits_are_surer():
    pairs = scored(quantity="bits")
    threshold = tune(pairs, precision=0.99)
    assert threshold.value == int(threshold.value)
    assert pairs.truth[pairs.table["score"] <= threshold.value].mean() >= 0.99
    assert threshold.probability([0])[0] > 0.9 > threshold.probability([40])[0]


@pytest.mark.parametrize("seed", range(5))
def test_promise_holds_on_other_sources(seed):
    promised = tune(scored(seed=seed, hard=3), precision=0.98, seed=seed)
    other = scored(seed=seed + 100, hard=3)
    accepted = other.accepted(promised)
    assert promised.precision.low <= other.truth[accepted].mean()
    assert promised.recall.low <= accepted[other.truth].mean()


def test_nothing_false_seen_is_no_proof_that_there_is_nothing():
    pairs = scored(sources=12, seed=3)
    clean = ScoredPairs(pairs.table.query("label or score < 0.3"), negatives=66, images=60)
    threshold = tune(clean, precision=1.0)
    assert threshold.precision.value == 1
    assert threshold.precision.low < 0.97


@given(seed=st.integers(0, 1_000))
@settings(max_examples=10, deadline=None)
def test_order_of_the_pairs_does_not_matter(seed):
    pairs = scored(sources=20)
    shuffled = pairs.table.sample(frac=1, random_state=seed, ignore_index=True)
    again = ScoredPairs(shuffled, negatives=pairs.negatives)
    assert tune(again, precision=0.97).value == tune(pairs, precision=0.97).value


def test_probability_rises_with_the_score_and_is_never_certain(tuned):
    probability = tuned.probability(np.linspace(-0.5, 1.5, 50))
    assert (np.diff(probability) >= 0).all()
    assert 0 < probability[0] < 0.1
    assert 0.9 < probability[-1] < 1


@pytest.mark.parametrize("goal", [{}, {"precision": 0.9, "f1": True}, {"recall": 1.5}])
def test_one_goal_is_asked_for(goal):
    with pytest.raises(InputError, match=r"one of precision=|recall=1\.5"):
        tune(scored(), **goal)


def test_cost_names_both_mistakes():
    with pytest.raises(InputError, match=r"wrongly_removed and missed"):
        tune(scored(), cost={"missed": 1})


def test_goal_out_of_reach_says_what_can_be_had():
    table = pd.DataFrame({"label": [False, True, True], "score": [0.9, 0.8, np.nan]})
    table["source_a"], table["source_b"] = ["x", "x", "y"], ["y", "x", "y"]
    with pytest.raises(InputError, match=r"precision of 0\.9 .* highest is 0\.5000"):
        tune(ScoredPairs(table), precision=0.9, folds=2)
    with pytest.raises(InputError, match=r"recall of 0\.9 .* highest is 0\.5000.*candidates="):
        tune(ScoredPairs(table), recall=0.9, folds=2)


def test_fewer_sources_than_folds_is_refused():
    with pytest.raises(InputError, match=r"folds=5.*sources, which is 3"):
        tune(scored(sources=3), precision=0.9)


def test_one_class_only_is_refused():
    pairs = scored()
    with pytest.raises(InputError, match=r"no pair is labelled as duplicates"):
        tune(ScoredPairs(pairs.table.query("not label")), precision=0.9)


def test_saved_threshold_is_the_same(tuned, tmp_path):
    tuned.save(tmp_path / "threshold.json")
    assert Threshold.load(tmp_path / "threshold.json") == tuned


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "another"}'])
def test_other_files_are_no_threshold(tmp_path, content):
    (tmp_path / "threshold.json").write_text(content)
    with pytest.raises(InputError, match=r"no threshold that dedup saved"):
        Threshold.load(tmp_path / "threshold.json")
    with pytest.raises(InputError, match=r"no such file"):
        Threshold.load(tmp_path / "none.json")


def test_threshold_refuses_what_it_was_not_tuned_for(tuned, folder):
    with pytest.raises(InputError, match=r"tuned for method='sscd-cascade', not 'sscd-fast'"):
        dedup.find_duplicates(folder, method="sscd-fast", threshold=tuned)
    with pytest.raises(InputError, match=r"cuts the score: use it with verification"):
        dedup.find_duplicates(folder, verify=False, threshold=tuned)
    bits = tune(scored(quantity="bits"), precision=0.99)
    with pytest.raises(InputError, match=r"cuts the bits: use it with verify=False"):
        dedup.find_duplicates(folder, method="phash", threshold=bits)


def test_threshold_of_another_model_is_refused(tuned, folder):
    other = Threshold(**{**vars(tuned), "properties": {"dedup.model": "another"}})
    with pytest.raises(InputError, match=r"tuned with another; installed here is .*tune it again"):
        dedup.find_duplicates(folder, threshold=other)


def test_found_pairs_have_probabilities(tuned, sample_folder):
    found = dedup.find_duplicates(sample_folder, threshold=tuned)
    assert found.threshold == tuned.value
    near = found.pairs.query("relation == 'near'")
    assert near["probability"].tolist() == pytest.approx(tuned.probability(near["score"]))
    assert set(found.pairs.query("relation == 'exact'")["probability"]) == {1.0}
    assert found.at(0.5).pairs["probability"].isna().all()


def test_labels_are_scored_and_tuned_in_one_call(labelled):
    threshold = tune(labelled, precision=0.99, folds=2, cache=False)
    assert 0 < threshold.value < 1
    assert threshold.images == len(labelled.paths)


@pytest.mark.parametrize(
    ("settings", "quantity"),
    [
        ({}, "score"),
        ({"verify": False}, "cosine"),
        ({"method": "phash", "verify": False}, "bits"),
    ],
)
def test_scored_pairs_decide_as_a_search_does(labelled, settings, quantity):
    pairs = dedup.score_pairs(labelled, **settings)
    assert pairs.quantity == quantity
    threshold = {"score": 0.5, "cosine": 0.75, "bits": 8}[quantity]
    found = dedup.find_duplicates(labelled.paths, threshold=threshold, **settings).pairs
    reported = {frozenset(pair) for pair in zip(found["a"], found["b"], strict=True)}
    for a, b, accepted in zip(
        pairs.table["a"], pairs.table["b"], pairs.accepted(threshold), strict=True
    ):
        if not accepted:  # a search may join an accepted pair through others
            assert frozenset((a, b)) not in reported
    assert pairs.accepted(threshold)[pairs.truth].any()


def test_without_verification_all_pairs_are_listed(labelled):
    pairs = dedup.score_pairs(labelled, verify=False)
    assert (len(pairs) - pairs.truth.sum(), pairs.truth.sum()) == labelled.counts[::-1]


def test_labelled_pairs_are_scored_as_groups_are(labelled):
    groups = dedup.score_pairs(labelled)
    table = groups.table[["a", "b", "label"]]
    pairs = dedup.score_pairs(dedup.Labels.of_pairs(table, folder="/"))
    assert pairs.table["score"].tolist() == pytest.approx(
        groups.table["score"].tolist(), nan_ok=True
    )


def test_image_that_cannot_be_read_is_warned_of(folder, tmp_path):
    labelled = dedup.make_labelled(
        folder, tmp_path / "set", edits=["grey", "jpeg-40"], negatives=[], sources=2
    )
    broken = next(path for path in labelled.paths if "grey" in path)
    with open(broken, "wb") as file:
        file.write(b"no image")
    with pytest.warns(UserWarning, match=r"grey.*its labels are left out"):
        pairs = dedup.score_pairs(labelled)
    assert pairs.truth.sum() == 3


@pytest.fixture(scope="module")
def labelled(photos, tmp_path_factory):
    """Three photos with four copies each, and three others."""
    photo_folder = tmp_path_factory.mktemp("photos")
    for name, photo in photos.items():
        photo.save(photo_folder / f"{name}.png")
    out = tmp_path_factory.mktemp("labelled") / "set"
    edits = ["grey", "crop-50", "resize-50", "mirror"]
    return dedup.make_labelled(photo_folder, out, edits=edits, negatives=["flat"], sources=3)
