"""`found.at(t)` is a fresh search at t, and links between two groups say what keeps them apart."""

import os
import random

import pytest
import skimage.data
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image

import dedup
from dedup.data.negatives import make_negatives

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CROPS = 6
MODES = [("sscd-fast", True), ("sscd-fast", False), ("phash", True), ("phash", False)]
ANY_MODE = pytest.mark.parametrize(("method", "verify"), MODES)


@pytest.fixture(scope="module")
def pictures(photos, tmp_path_factory):
    """Crops of photos that overlap, or don't; copies and pages, of more neighbours than 64."""
    folder, draw = tmp_path_factory.mktemp("pictures"), random.Random(0)
    for name, photo in photos.items():
        photo.save(folder / f"{name}.png")
        for number in range(CROPS):
            part = draw.uniform(0.4, 0.8)
            left, top = (int(draw.uniform(0, 1 - part) * side) for side in photo.size)
            box = left, top, left + int(part * photo.width), top + int(part * photo.height)
            photo.crop(box).save(folder / f"{name} {number}.jpg")
    for number, page in enumerate(make_negatives("text-pages", count=70, seed=0)):
        page.reduce(3).save(folder / f"page {number}.png")
    for number in range(70):
        copy = photos["coffee"].rotate(number % 9, expand=True)
        copy.resize((150, 100 + number)).save(folder / f"coffee copy {number}.jpg", quality=60)
    stars = Image.fromarray(skimage.data.hubble_deep_field()).resize((700, 612))
    for number in range(4):  # of a pan: the first and the last share little
        stars.crop((105 * number, 0, 105 * number + 350, 612)).save(folder / f"pan {number}.png")
    return folder


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return tmp_path_factory.mktemp("seen")


@pytest.fixture(autouse=True)
def cache_folder(seen, monkeypatch):
    """One for all: what a pair shows depends neither on thresholds nor on what proposed it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(seen))


@pytest.fixture(scope="module")
def indexes(pictures, tmp_path_factory):
    """An index for each method; of some files that are gone by now."""
    made = {}
    for method in sorted({method for method, _ in MODES}):
        path = tmp_path_factory.mktemp("indexes") / f"{method}.db"
        made[method] = dedup.ImageIndex(path, method=method, progress=False)
        made[method].add(pictures)
    for name in ("coffee copy 7.jpg", "page 7.png", "rocket 3.jpg"):
        os.unlink(pictures / name)
    yield made
    for index in made.values():
        index.close()


def thresholds(method, verify):
    """Any, down to what a search at any other has looked at."""
    if verify:
        return st.one_of(st.floats(0, 1), st.floats(0.999, 1))
    return st.integers(0, 18) if method == "phash" else st.floats(0.15, 1)


def groups(found):
    return [group.paths for group in found.groups]


def same(one, other):
    assert groups(one) == groups(other)
    for table in ("pairs", "uncertain", "skipped"):
        frames = getattr(one, table), getattr(other, table)
        assert_frame_equal(*frames, rtol=0, atol=1e-6)


@ANY_MODE
def test_at_is_a_fresh_search_whatever_was_asked_before(indexes, method, verify):
    index = indexes[method]

    @settings(max_examples=4, database=None, derandomize=True, phases=[Phase.generate])
    @given(
        first=thresholds(method, verify),
        between=st.lists(thresholds(method, verify), max_size=2),
        then=thresholds(method, verify),
        asks=st.booleans(),
    )
    def holds(first, between, then, asks):
        found = index.duplicates(threshold=first, verify=verify)
        for threshold in between:
            other = found.at(threshold)
            found = other if asks else found
            assert len(other.to_frame()) >= len(other.groups)
        same(found.at(then), index.duplicates(threshold=then, verify=verify))
        same(found.at(first), index.duplicates(threshold=first, verify=verify))

    holds()


@pytest.mark.parametrize("floor", [0.0, 0.05])
def test_at_is_a_fresh_search_though_less_was_proposed_there(indexes, floor):
    found = indexes["sscd-fast"].duplicates(threshold=floor, verify=False)
    for threshold in (0.1, 0.3, 0.6):
        fresh = indexes["sscd-fast"].duplicates(threshold=threshold, verify=False)
        same(found.at(threshold), fresh)


def explained(found):
    """Each accepted pair is in one group, or another member of a group keeps it apart."""
    home = {path: number for number, group in enumerate(found.groups) for path in group.paths}
    accepted = found.pairs[found.pairs["relation"] != "scene"]
    for a, b, apart in accepted[["a", "b", "apart"]].itertuples(index=False):
        ends = home.get(a), home.get(b)
        if ends[0] is not None and ends[0] == ends[1]:
            assert apart == ""
        else:
            assert apart not in ("", a, b)
            assert home[apart] in ends
            keepers = {found.groups[number].keep for number in ends if number is not None}
            matches = accepted[(accepted["a"] == apart) | (accepted["b"] == apart)]
            assert not {a, b} | keepers <= {*matches["a"], *matches["b"]}
    return len(accepted), (accepted["apart"] != "").sum()


@ANY_MODE
def test_pair_is_in_one_group_or_it_is_said_what_keeps_it_apart(indexes, method, verify):
    found = indexes[method].duplicates(verify=verify)
    steps = (0, 2, 8, 16) if method == "phash" and not verify else (0.2, 0.9, 0.999999)
    counts = [explained(found.at(threshold)) for threshold in steps]
    assert max(accepted for accepted, _ in counts) > 0
    if (method, verify) != ("phash", True):  # hashes propose few pairs that alignment then splits
        assert max(apart for _, apart in counts) > 0
