"""A small network proposes pairs, and the ResNet-50 says how similar they are."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

import dedup
from dedup.pipelines.models import engines

LARGE, SMALL, BOTH = "sscd", "sscd-fast", "sscd-cascade"


@pytest.fixture
def copies(folder, photos):
    """Six photos, two of which have copies."""
    photos["coffee"].crop((20, 10, 260, 180)).save(folder / "coffee-crop.jpg", quality=70)
    photos["rocket"].convert("L").save(folder / "rocket-grey.png")
    return folder


def similarities(folder, method, **settings):
    """Of each pair."""
    pairs = dedup.find_duplicates(folder, method=method, **settings).pairs
    return {(row.a, row.b): row.similarity for row in pairs.itertuples()}


def test_similarity_is_that_of_the_large_network(copies):
    large, small, both = (similarities(copies, method) for method in (LARGE, SMALL, BOTH))
    assert both.keys() == large.keys() == small.keys() != set()
    for pair, similarity in both.items():
        # Kept in half precision, whose 512 errors of 2 ** -12 at most hardly add up.
        assert similarity == pytest.approx(large[pair], abs=1e-3)
    assert any(abs(both[pair] - small[pair]) > 0.01 for pair in both)


def test_only_pictures_of_pairs_are_embedded_by_the_large_network(copies, cache_folder):
    found = dedup.find_duplicates(copies, method=BOTH)
    (file,) = cache_folder.glob("vectors-sscd-*.sqlite")
    with closing(sqlite3.connect(file)) as database:
        ((embedded,),) = database.execute("SELECT count(*) FROM kept")
    assert embedded == len({*found.pairs["a"], *found.pairs["b"]}) == 4
    assert found.embedded == 8


@pytest.mark.parametrize("verify", [True, False])
def test_second_run_embeds_nothing(copies, monkeypatch, verify):
    first = similarities(copies, BOTH, verify=verify)

    def no_engine(network):
        raise AssertionError(f"{network} was run")

    monkeypatch.setattr(engines, "engine_of", no_engine)
    assert similarities(copies, BOTH, verify=verify) == first != {}


@pytest.mark.parametrize("threshold", [0.5, 0.75, 0.95])
def test_unverified_pairs_are_those_of_the_large_network(copies, threshold):
    settings = {"verify": False, "threshold": threshold}
    large, both = (similarities(copies, method, **settings) for method in (LARGE, BOTH))
    assert both == pytest.approx(large, abs=1e-3)


def test_threshold_is_refused_below_what_the_small_network_proposed(copies):
    found = dedup.find_duplicates(copies, method=BOTH, verify=False, candidates=0.5)
    assert found.at(0.75).groups != []
    with pytest.raises(dedup.InputError, match=r"looked at pairs as far as 0\.75"):
        found.at(0.74)


@pytest.mark.parametrize("verify", [True, False])
def test_check_tells_the_similarity_of_the_large_network(copies, photos, tmp_path, verify):
    asked = np.asarray(photos["coffee"].rotate(2, expand=True).crop((15, 15, 285, 190)))
    matches = {}
    for method in (LARGE, BOTH):
        with dedup.ImageIndex(tmp_path / f"{method}.db", method=method) as index:
            index.add(copies)
            found = index.check(asked, threshold=0.5, verify=verify).matches
        matches[method] = {match.path: match.similarity for match in found}
    assert matches[BOTH] == pytest.approx(matches[LARGE], abs=1e-3)
    assert len(matches[BOTH]) == 2


def test_exact_copy_is_found_though_its_file_is_gone(copies, tmp_path):
    with dedup.ImageIndex(tmp_path / "a.db", method=BOTH) as index:
        index.add(copies)
        data = (copies / "coffee.png").read_bytes()
        (copies / "coffee.png").unlink()
        match = index.check(data, verify=False).matches[0]
    assert (match.relation, match.path) == ("exact", str(copies / "coffee.png"))
    assert match.similarity == pytest.approx(1)


def test_picture_that_is_gone_is_named_and_not_paired(copies, tmp_path):
    with dedup.ImageIndex(tmp_path / "a.db", method=BOTH) as index:
        index.add(copies)
        (copies / "rocket-grey.png").unlink()
        found = index.duplicates(verify=False, threshold=0.5)
    assert found.skipped["reason"].tolist() == ["gone since it was indexed"]
    assert not found.pairs["b"].str.contains("rocket-grey").any()
    assert len(found.groups) == 1


def test_index_of_the_small_network_serves_both(copies, tmp_path):
    with dedup.ImageIndex(tmp_path / "a.db", method=SMALL) as index:
        index.add(copies)
    with dedup.ImageIndex(tmp_path / "a.db", method=BOTH) as index:
        assert index.add(copies).unchanged == 8
        assert len(index.duplicates().groups) == 2


def test_thresholds_on_the_cosine_are_tuned_on_the_large_network(many_photos, tmp_path):
    photos = sorted(many_photos.iterdir())[:20]
    labels = dedup.make_labelled(
        photos, tmp_path / "labelled", edits=["grey", "crop-50"], negatives=[], sources=10
    )
    large, both = (
        dedup.score_pairs(labels, method=method, verify=False).table for method in (LARGE, BOTH)
    )
    assert both["score"].tolist() == large["score"].tolist()
