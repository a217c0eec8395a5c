"""Intervals of a metric: by bootstrap over sources, and of a share of trials."""

import math

import numpy as np
import pytest

from dedup import metrics

pytestmark = pytest.mark.thorough


def test_bootstrap_draws_sources_and_weighs_pairs_by_both_ends():
    a, b = ["x", "x", "y"], ["x", "y", "z"]
    seen = []
    metrics.bootstrap_interval(
        lambda weight: seen.append(weight.tolist()) or 0.0, sources=(a, b), replicates=200
    )
    drawn = [(x, y, z) for x in range(4) for y in range(4) for z in range(4) if x + y + z == 3]
    assert {tuple(weight) for weight in seen} <= {(x, x * y, y * z) for x, y, z in drawn}
    assert (3, 0, 0) in map(tuple, seen)


def test_bootstrap_over_sources_is_wider_than_over_pairs():
    found = np.repeat([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], 20)
    photos = np.repeat(np.arange(10), 20)
    pairs = np.arange(200)

    def width(sources):
        low, high = metrics.bootstrap_interval(
            lambda weight: np.average(found, weights=weight), sources=(sources, sources)
        )
        assert low < 0.7 < high
        return high - low

    assert width(photos) > 3 * width(pairs)


def test_bootstrap_is_repeated_by_its_seed():
    def interval(seed):
        return metrics.bootstrap_interval(
            lambda weight: float((weight**2).sum()),
            sources=(range(20), range(20)),
            replicates=50,
            seed=seed,
        )

    assert interval(1) == interval(1) != interval(2)


def test_undefined_replicates_are_dropped_and_only_nan_warns(recwarn):
    def recall(weight):
        return metrics.recall_at_precision([1, 0], [0.9, 0.1], precision=0.5, weight=weight)[0]

    photos = ["cat", "cup"]
    interval = metrics.bootstrap_interval(recall, sources=(photos, photos), replicates=200)
    assert interval == (1, 1)
    assert not recwarn
    with pytest.warns(metrics.UndefinedMetricWarning, match="interval"):
        assert np.isnan(
            metrics.bootstrap_interval(lambda _: math.nan, sources=(photos, photos), replicates=5)
        ).all()


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_proportion_interval_covers_at_least_as_often_as_it_says(level, share):
    trials = 60
    covered = 0.0
    for successes in range(trials + 1):
        low, high = metrics.proportion_interval(successes, trials, level=level)
        if low <= share <= high:
            chance = share**successes * (1 - share) ** (trials - successes)
            covered += math.comb(trials, successes) * chance
    assert level <= covered <= 1


def test_proportion_interval_of_no_trial_is_everything():
    assert metrics.proportion_interval(0, 0) == (0, 1)
