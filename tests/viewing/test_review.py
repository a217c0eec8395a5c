"""`found.review()`: answers on the pairs next to the threshold are kept, and change the result."""

import base64
import io
import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from report_page import PHOTOS
from skimage import data

import dedup
from dedup._duplicates import Duplicates
from dedup.labels import read_labels


@pytest.fixture(scope="module")
def found(edited):
    return dedup.find_duplicates(edited, cache=False)


def duplicates(edited, name):
    return str(edited / f"{name}.png"), str(edited / f"{name} edited.jpg")


def strangers(edited, a, b):
    return str(edited / f"{a}.png"), str(edited / f"{b}.png")


def test_pairs_next_to_the_threshold_come_first(found):
    review = found.review()
    scores = [review.pairs.rating(pair) for pair in review.waiting]
    distances = [abs(score - found.threshold) for score in scores]
    assert distances == sorted(distances)
    assert len(distances) >= 6


def test_answers_are_kept_and_change_the_groups(found, edited):
    review = found.review()
    apart, joined = duplicates(edited, "coffee"), strangers(edited, "rocket", "retina")
    review.answer(*apart, duplicate=False)
    review.answer(*joined, duplicate=True)
    assert review.answers["label"].tolist() == [False, True]
    assert set(review.answers.loc[0, ["a", "b"]]) == set(apart)
    groups = [set(group.paths) for group in review.found.groups]
    assert not any(set(apart) <= group for group in groups)
    assert any(set(joined) <= group for group in groups)
    assert any(set(apart) <= set(group.paths) for group in found.groups)  # as it was


def test_last_word_on_a_pair_counts(found, edited):
    review = found.review()
    for duplicate in (False, True):
        review.answer(*duplicates(edited, "coffee"), duplicate=duplicate)
    assert review.answers["label"].tolist() == [True]
    assert len(review.found) == len(found)


def test_answers_outlast_another_threshold(found, edited):
    review = found.review()
    review.answer(*duplicates(edited, "coffee"), duplicate=True)
    review.at(1.0)
    (group,) = (g for g in review.found.groups if "coffee" in g.keep)
    assert set(group.paths) == set(duplicates(edited, "coffee"))
    assert review.found.threshold == 1.0


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Two groups of copies, the second of which has an exact one too, and a single photo."""
    folder = tmp_path_factory.mktemp("crowd")
    for name in ("coffee", "chelsea"):
        photo = Image.fromarray(getattr(data, name)()).resize((150, 100))
        for number in range(4):
            photo.rotate(number, fillcolor="white").save(folder / f"{name} {number}.png")
    shutil.copy(folder / "chelsea 0.png", folder / "chelsea copy.png")
    Image.fromarray(data.rocket()).resize((150, 100)).save(folder / "rocket.png")
    return dedup.find_duplicates(folder, cache=False)


@pytest.mark.thorough
@settings(max_examples=12, database=None)
@given(data=st.data())
def test_any_answers_are_followed_as_far_as_they_agree(crowd, data):
    names = sorted(path for path in crowd._outcome.records if "copy" not in path)
    pairs = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)
    review = crowd.review()
    for (a, b), same in data.draw(st.lists(st.tuples(pairs, st.booleans()), max_size=8)):
        review.answer(a, b, duplicate=same)
    found = review.found
    home = {path: number for number, group in enumerate(found.groups) for path in group.paths}
    table = found.pairs[["a", "b", "apart"]].itertuples(index=False)
    accepted = {frozenset((a, b)): apart for a, b, apart in table}
    verdicts = {frozenset((row.a, row.b)): row.label for row in review.answers.itertuples()}
    for (a, b), same in verdicts.items():
        together = home.get(a, a) == home.get(b, b)
        assert same or not together
        if same:
            apart = accepted[frozenset((a, b))]
            assert together == (apart == "")
            assert together or not all(verdicts.values())
    for pair, apart in accepted.items():
        assert (apart == "") == (len({home.get(path, path) for path in pair}) == 1)
    moved = review.found.at(0.9)
    again = crowd.at(0.9).review()
    for a, b, same in review.answers.itertuples(index=False):
        again.answer(a, b, duplicate=same)
    assert [group.paths for group in moved.groups] == [g.paths for g in again.found.groups]


def test_labels_are_written(found, edited, tmp_path):
    review = found.review()
    with pytest.raises(dedup.InputError, match="no pair was answered"):
        review.labels()
    review.answer(*duplicates(edited, "coffee"), duplicate=True)
    review.labels().write(tmp_path / "labels.csv")  # all alike: kept, though not to tune on
    assert read_labels(tmp_path / "labels.csv").counts == (1, 0)
    review.answer(*strangers(edited, "coffee", "rocket"), duplicate=False)
    review.labels().write(tmp_path / "labels.csv")
    labels = read_labels(tmp_path / "labels.csv")
    assert labels.counts == (1, 1)
    assert set(labels.paths) == {*review.answers["a"], *review.answers["b"]}


def answered(review, edited):
    """Every pair that waits, as it is."""
    for pair in review.waiting:
        a, b = (name for name, *_ in review.pairs.files(pair))
        same = os.path.basename(a).split()[0].split(".")[0] in os.path.basename(b)
        review.answer(a, b, duplicate=same)
    review.answer(*strangers(edited, "coffee", "rocket"), duplicate=False)


@pytest.mark.thorough
def test_threshold_is_tuned_on_the_answers(found, edited):
    review = found.review()
    answered(review, edited)
    threshold = review.tune(precision=1.0, folds=2)
    assert review.found.threshold == threshold.value
    assert threshold.quantity == "score"
    assert not review.found.pairs["probability"].isna().all()
    true = {frozenset(duplicates(edited, name)) for name in PHOTOS}
    accepted = review.found.pairs[["a", "b"]].itertuples(index=False)
    assert {frozenset(pair) for pair in accepted} <= true


def test_too_few_answers_to_tune_are_told(found, edited):
    review = found.review()
    review.answer(*duplicates(edited, "coffee"), duplicate=True)
    with pytest.raises(dedup.InputError, match="every pair is labelled as duplicates"):
        review.tune()
    review.answer(*strangers(edited, "coffee", "rocket"), duplicate=False)
    with pytest.raises(dedup.InputError, match="folds"):
        review.tune()


def test_files_that_are_not_of_the_result_are_refused(found, edited):
    with pytest.raises(dedup.InputError, match=r"no image of this result: x\.jpg"):
        found.review().answer("x.jpg", duplicates(edited, "coffee")[0], duplicate=True)


def test_answers_are_remembered_in_the_index(edited, tmp_path):
    with dedup.ImageIndex(tmp_path / "index.db", method="phash") as index:
        index.add(edited)
        review = index.duplicates().review(index=index)
        review.answer(*duplicates(edited, "coffee"), duplicate=False)
        review.answer(*strangers(edited, "rocket", "retina"), duplicate=True)
        assert sorted(index.verdicts()["label"]) == [False, True]
        groups = [set(group.paths) for group in index.duplicates().groups]
    assert any(set(strangers(edited, "rocket", "retina")) <= group for group in groups)


@pytest.mark.parametrize(("method", "step"), [("sscd-fast", 0.01), ("phash", 1)])
def test_without_verification_the_slider_has_the_unit_of_the_search(edited, method, step):
    found = dedup.find_duplicates(edited, method=method, verify=False, cache=False)
    review = found.review()
    view = review._widget.view
    assert view["step"] == step
    assert view["low"] <= found.threshold <= view["high"]
    review.at(view["high"])
    review.at(view["low"])
    assert review.found.threshold == view["low"]


def test_widget_does_what_it_is_told(found):
    review = found.review()
    widget = review._widget
    first = widget.view["pair"]["files"]
    widget._handle(widget, {"act": "skip"}, [])
    assert widget.view["pair"]["files"] != first
    assert review.answers.empty
    widget._handle(widget, {"act": "back"}, [])
    assert widget.view["pair"]["files"] == first
    widget._handle(widget, {"act": "answer", "duplicate": True}, [])
    assert widget.view["duplicates"] == 1
    assert review.answers.loc[0, ["a", "b"]].tolist() == [file["path"] for file in first]
    widget._handle(widget, {"act": "tune"}, [])
    assert "every pair is labelled as duplicates" in widget.view["message"]
    widget._handle(widget, {"act": "threshold", "value": 0.9}, [])
    assert review.found.threshold == 0.9


def test_error_in_the_kernel_is_shown_and_later_clicks_work(found, monkeypatch):
    review = found.review()
    widget, sent = review._widget, []
    first = widget.view["pair"]["files"]
    monkeypatch.setattr(widget, "send", sent.append)
    with monkeypatch.context() as broken:
        broken.setattr(Duplicates, "groups", property(lambda found: 1 / 0))
        with pytest.raises(ZeroDivisionError):
            widget._handle(widget, {"act": "answer", "duplicate": False}, [])
    assert widget.view["message"] == "ZeroDivisionError: division by zero"
    assert widget.view["pair"]["files"] == first
    assert sent == [{"done": "answer"}]
    assert review.answers.empty
    widget._handle(widget, {"act": "answer", "duplicate": True}, [])
    assert (widget.view["message"], widget.view["duplicates"]) == ("", 1)


def test_widget_sends_one_pair_and_four_groups_in_small(found, edited):
    review = found.review()
    for name in PHOTOS:
        review.answer(*duplicates(edited, name), duplicate=True)
    view = review._widget.view
    assert (view["groups"], len(view["shown"])) == (6, 4)
    groups = [file for group in view["shown"] for file in group["files"]]
    for files, box in ((view["pair"]["files"], (400, 320)), (groups, (120, 72))):
        for file in files:
            shown = Image.open(io.BytesIO(base64.b64decode(file["thumbnail"])))
            assert (file["width"], file["height"]) == (400, 300)
            assert shown.height == min(300, box[1])
            assert shown.width <= box[0]
    assert len(str(view)) < 300_000
