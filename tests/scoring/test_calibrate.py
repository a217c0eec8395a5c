"""`calibrate` tunes on one's own photos, and says what their number can support."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dedup
from dedup import InputError, ScoredPairs
from dedup._tuning.shrinkage import Shrinkage
from dedup._tuning.tail import false_pairs

pytestmark = pytest.mark.thorough

EDITS = ["crop-50", "grey", "caption-20"]


@pytest.fixture(scope="module")
def calibration(many_photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("calibration") / "labelled"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* photos are few to tune on")
        return dedup.calibrate(many_photos, edits=EDITS, out=out)


def test_report_says_what_was_learnt(calibration):
    for line in ("threshold", "precision", "recall", "false pairs", "labelled pairs", "weakest"):
        assert line in str(calibration)
    assert calibration.threshold.precision.low <= calibration.threshold.precision.value
    assert set(calibration.recall_by_edit.index) == {"crop-50", "grey", "caption-20"}
    assert calibration.recall_by_edit["recall"].mean() > 0.5
    assert "text-pages" in calibration.false_by_family.index


def test_threshold_can_be_used_at_once(calibration, many_photos):
    found = dedup.find_duplicates(many_photos, threshold=calibration.threshold)
    assert found.threshold == calibration.threshold.value


def test_own_duplicates_are_set_aside(many_photos, calibration, tmp_path):
    photos = sorted(many_photos.iterdir())
    copies = []
    for number, photo in enumerate(photos[:3]):
        copies.append(tmp_path / f"copy{number}.png")
        copies[-1].write_bytes(photo.read_bytes())
    again = dedup.calibrate([*photos, *copies], edits=["grey"], images=len(photos))
    assert again.images == calibration.images
    assert len(again.pairs.table.query("label")["source_a"].unique()) == len(photos) // 5


def test_few_photos_move_the_threshold_only_part_of_the_way_from_the_default(many_photos):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        one = dedup.calibrate(many_photos, edits=["tiled-30", "crop-25"])
    believed = Shrinkage(0.5, photos=30).of(one.tuned, quantity="score")
    assert one.threshold.value == believed
    moved = believed != one.tuned
    assert moved == (one.tuned < 0.5)
    assert moved == any("30 photos are few to tune on" in str(one.message) for one in told)
    assert moved == ("moved towards the default, as photos are few" in str(one))


def test_false_pairs_that_were_seen_outweigh_the_default():
    few, many = Shrinkage(0.5, photos=30), Shrinkage(0.5, photos=100_000)
    assert few.of(0.9, quantity="score") == many.of(0.9, quantity="score") == 0.9
    assert 0.05 < few.of(2e-6, quantity="score") < 0.5
    assert many.of(2e-6, quantity="score") == pytest.approx(2e-6, rel=0.05)


@given(
    st.sampled_from([("score", 0.5), ("cosine", 0.75), ("bits", 8)]),
    st.floats(0, 1),
    st.lists(st.integers(1, 10**6), min_size=2, max_size=2),
)
def test_more_photos_are_believed_more_and_strictness_always(kind, part, photos):
    quantity, default = kind
    loosest = {"score": 1e-8, "cosine": 0.0, "bits": 30}[quantity]
    looser = default + part * (loosest - default)
    looser = float(round(looser)) if quantity == "bits" else looser
    few, many = (Shrinkage(default, photos=n).of(looser, quantity=quantity) for n in sorted(photos))
    least, most = sorted((looser, float(default)))
    slack = 0.01 * most
    assert least - slack <= many <= most + slack
    assert abs(few - default) <= abs(many - default) + slack
    stricter = {"score": 0.9, "cosine": 0.9, "bits": 3.0}[quantity]
    assert Shrinkage(default, photos=photos[0]).of(stricter, quantity=quantity) == stricter


def test_more_pairs_of_each_edit_can_be_asked_for(many_photos, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = dedup.calibrate(many_photos, edits=["grey"], sources=4, out=tmp_path / "set")
    assert one.recall_by_edit["pairs"].tolist() == [4]
    with pytest.raises(InputError, match=r"30 distinct .* sources=20 needs 100 or more"):
        dedup.calibrate(many_photos, edits=["grey"], sources=20)


def test_too_few_photos_are_refused(folder):
    with pytest.raises(InputError, match=r"6 distinct photos can be read; .* needs 20 or more"):
        dedup.calibrate(folder)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"precision": 2}, "precision=2"),
        ({"images": 1}, "images=1"),
        ({"edits": ["melt-3"]}, "no edit 'melt-3', only"),
        ({"edits": []}, "one or more, or None for all"),
        ({"sources": 0}, "sources=0"),
        ({"out": "."}, r"\. is not empty"),
    ],
)
def test_arguments_are_refused_before_the_photos_are_looked_at(wrong, message):
    with pytest.raises(InputError, match=message):
        dedup.calibrate("there is no such folder", **wrong)


@pytest.mark.parametrize("package", ["scipy", "sklearn"])
def test_missing_extra_is_told_before_the_photos_are_looked_at(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(dedup.MissingExtra, match=rf"needs {package}.*dedup-vision\[tuning\]"):
        dedup.calibrate("there is no such folder")


def normal_pairs(size, *, seed=0, listed=2_000):
    """Cosines of unrelated photos, of which the highest are listed."""
    cosines = np.sort(np.random.default_rng(seed).normal(0, 0.05, size))[::-1][:listed]
    table = pd.DataFrame({"label": False, "score": cosines, "edit": "", "family": ""})
    return ScoredPairs(table, quantity="cosine", negatives=size, distinct=size)


def test_false_pairs_that_were_seen_are_counted():
    found = false_pairs(normal_pairs(50_000), threshold=0.15, images=317)
    assert found.basis == "counted"
    # 317 images are 50,086 pairs; beyond three standard deviations lie 0.00135 of them.
    assert found.low < 67.6 < found.high


@pytest.mark.parametrize("seed", range(3))
def test_few_more_are_extrapolated(seed):
    found = false_pairs(normal_pairs(50_000, seed=seed), threshold=0.225, images=2_000)
    assert found.basis == "extrapolated"
    # Beyond 4.5 standard deviations lie 3.4e-6 of 1,999,000 pairs.
    assert found.low <= 6.8 <= found.high
    assert found.low <= found.expected <= found.high


def test_what_the_data_cannot_support_is_said():
    for pairs in (normal_pairs(50_000), normal_pairs(40)):
        found = false_pairs(pairs, threshold=0.9, images=1_000_000)
        assert found.basis == "unsupported"
        assert np.isnan(found.expected)
        # 0 of n: at most 3.7 of n with 97.5 % confidence.
        assert found.high == pytest.approx(3.7 / pairs.distinct * 5e11, rel=0.05)
        assert "too few to tell" in str(found)


def test_bits_are_extrapolated_downwards():
    bits = np.random.default_rng(0).binomial(64, 0.5, 100_000).astype(float)
    table = pd.DataFrame({"label": False, "score": np.sort(bits)[:2_000], "edit": "", "family": ""})
    pairs = ScoredPairs(table, quantity="bits", distinct=100_000)
    near, far = (false_pairs(pairs, threshold=t, images=1_000).expected for t in (12, 20))
    assert near < far


def test_false_pairs_grow_with_the_square_of_the_images():
    pairs = normal_pairs(50_000)
    one, ten = (false_pairs(pairs, threshold=0.16, images=n).expected for n in (1_000, 10_000))
    assert ten / one == pytest.approx(100, rel=0.01)
