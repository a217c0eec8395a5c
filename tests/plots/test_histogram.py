"""The histogram counts every pair, and tells what a threshold gets wrong."""

import numpy as np
import pytest
from scored import NAN, realistic, scored, texts

from dedup import plots


def counts(ax):
    """What the bars of the histograms hold in all: of non-duplicates, then of duplicates."""
    filled = [patch for patch in ax.patches if getattr(patch, "get_data", None)]
    outlines = [patch for patch in filled if not patch.get_fill()]
    return [int(outline.get_data().values.sum()) for outline in outlines]


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
