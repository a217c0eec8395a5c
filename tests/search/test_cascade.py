"""A small network proposes pairs; where these are in doubt, the ResNet-50 ranks them again."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from PIL import ImageDraw

import dedup
from dedup.pipelines.models import engines, methods

pytestmark = pytest.mark.thorough

LARGE, SMALL, BOTH = "sscd", "sscd-fast", "sscd-cascade"


@pytest.fixture
def copies(folder, photos):
    """Six photos, two of which have copies."""
    photos["coffee"].crop((20, 10, 260, 180)).save(folder / "coffee-crop.jpg", quality=70)
    photos["rocket"].convert("L").save(folder / "rocket-grey.png")
    return folder


@pytest.fixture
def doubtful(folder, photos):
    """Six photos, and three of them under so many discs that the alignment is in doubt."""
    for name, discs in {"camera": 4, "coins": 8, "rocket": 6}.items():
        photo = photos[name].copy()
        random = np.random.default_rng(1)
        for _ in range(discs):
            left, top = random.uniform(0, 0.7, 2) * photo.size
            box = [left, top, left + 0.3 * photo.width, top + 0.3 * photo.height]
            ImageDraw.Draw(photo).ellipse(box, fill=tuple(random.integers(0, 256, 3).tolist()))
        photo.save(folder / f"{name}-covered.png")
    return folder


def similarities(folder, method, **settings):
    """Of each pair."""
    pairs = dedup.find_duplicates(folder, method=method, **settings).pairs
    return {(row.a, row.b): row.similarity for row in pairs.itertuples()}


def test_similarity_of_verified_pairs_is_that_of_what_proposed_them(copies):
    small, both = (similarities(copies, method) for method in (SMALL, BOTH))
    assert both == small != {}


def test_large_network_is_not_run_where_the_alignment_is_sure(copies, monkeypatch):
    large = methods.model(LARGE).network
    engine_of = engines.engine_of

    def small_only(network):
        assert network != large, "the large network was run"
        return engine_of(network)

    monkeypatch.setattr(engines, "engine_of", small_only)
    assert len(dedup.find_duplicates(copies, method=BOTH).groups) == 2


def test_unverified_only_what_is_proposed_is_embedded_by_the_large_network(copies, cache_folder):
    found = dedup.find_duplicates(copies, method=BOTH, verify=False, candidates=0.5)
    (file,) = cache_folder.glob("vectors-*.sqlite")
    with closing(sqlite3.connect(file)) as database:
        counts = database.execute("SELECT count(*) FROM kept GROUP BY made_by ORDER BY 1")
        large, small = (count for (count,) in counts)
    assert large == len({*found.pairs["a"], *found.pairs["b"]}) == 4
    assert small == found.embedded == 8


@pytest.mark.parametrize("verify", [True, False])
def test_second_run_embeds_nothing(doubtful, monkeypatch, verify):
    first = similarities(doubtful, BOTH, verify=verify)

    def no_engine(network):
        raise AssertionError(f"{network} was run")

    monkeypatch.setattr(engines, "engine_of", no_engine)
    assert similarities(doubtful, BOTH, verify=verify) == first != {}


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


@pytest.mark.parametrize(("verify", "as_of"), [(True, SMALL), (False, LARGE)])
def test_check_tells_the_similarity_of_what_proposes_or_decides(
    copies, photos, tmp_path, verify, as_of
):
    asked = np.asarray(photos["coffee"].rotate(2, expand=True).crop((15, 15, 285, 190)))
    matches = {}
    for method in (as_of, BOTH):
        with dedup.ImageIndex(tmp_path / f"{method}.db", method=method) as index:
            index.add(copies)
            found = index.check(asked, threshold=0.5, verify=verify).matches
        matches[method] = {match.path: match.similarity for match in found}
    assert matches[BOTH] == pytest.approx(matches[as_of], abs=1e-3)
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


def test_pairs_in_doubt_are_decided_by_the_large_network(doubtful):
    found = {method: dedup.find_duplicates(doubtful, method=method) for method in (SMALL, BOTH)}
    assert found[SMALL].groups == []
    assert sorted(len(group) for group in found[BOTH].groups) == [2, 2, 2]
    pairs = found[BOTH].pairs
    assert (pairs["relation"] == "near").all()
    assert (pairs["score"] >= 0.5).all()
    assert pairs["edit"].str.contains("overlay").all()
    # At its own end of the scale, an alignment alone gives them away, and a wrong pair with them.
    assert len(found[SMALL].at(0.01).groups) == 3


def test_pair_in_doubt_has_one_score_everywhere(doubtful, tmp_path):
    found = dedup.find_duplicates(doubtful, method=BOTH)
    with dedup.ImageIndex(tmp_path / "a.db", method=BOTH) as index:
        index.add([path for path in doubtful.iterdir() if "covered" not in path.name])
        for row in found.pairs.itertuples():
            original, covered = sorted([row.a, row.b], key=lambda path: "covered" in path)
            explained = found.explain(row.a, row.b).evidence
            (match,) = index.check(covered).matches
            assert match.path == original
            # A pair is laid over the one or the other, which moves pixels by a part of one.
            assert explained.score == pytest.approx(row.score, abs=0.02)
            assert match.score == pytest.approx(row.score, abs=0.02)


@pytest.mark.usefixtures("seen_anew")
def test_how_many_cores_there_are_changes_nothing(doubtful, cores):
    found = []
    for count in (1, 3):
        cores(count)
        found.append(dedup.find_duplicates(doubtful, method=BOTH, cache=False).pairs)
    assert found[0].equals(found[1])


def test_other_threshold_gives_what_a_fresh_search_gives(doubtful):
    found = dedup.find_duplicates(doubtful, method=BOTH, cache=False)
    for threshold in (0.02, 0.3, 0.6, 0.99):
        fresh = dedup.find_duplicates(doubtful, method=BOTH, cache=False, threshold=threshold)
        assert found.at(threshold).pairs.equals(fresh.pairs)


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
