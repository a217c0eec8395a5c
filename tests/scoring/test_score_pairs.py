"""What is known of labelled pictures and pairs is not found out again."""

import pytest

import dedup
from dedup._verification import comparing
from dedup.pipelines import operators


@pytest.fixture(scope="module")
def labelled(photos, tmp_path_factory):
    """Three photos with two copies each, and three others."""
    folder = tmp_path_factory.mktemp("photos")
    for name, photo in photos.items():
        photo.save(folder / f"{name}.png")
    out = tmp_path_factory.mktemp("labelled") / "set"
    return dedup.make_labelled(folder, out, edits=["grey", "crop-50"], negatives=[], sources=3)


@pytest.fixture
def done(monkeypatch):
    """What is decoded, by path, and which pairs are aligned."""
    done = {"decoded": [], "compared": []}
    align, decode = comparing.compare, operators.decode

    def compare(a, b):
        done["compared"].append((a, b))
        return align(a, b)

    def seen(source, **how):
        done["decoded"].append(source)
        return decode(source, **how)

    monkeypatch.setattr(comparing, "compare", compare)
    monkeypatch.setattr(operators, "decode", seen)
    return done


def scores(pairs):
    return pairs.table.set_index(["a", "b"])["score"]


def test_half_of_a_set_that_was_scored_needs_no_picture(labelled, done):
    whole = scores(dedup.score_pairs(labelled))
    assert len(done["decoded"]) == len(labelled.paths)
    assert len(done["compared"]) >= 6
    done["decoded"].clear()
    done["compared"].clear()
    half, _ = labelled.split(part=0.5, seed=0)
    again = scores(dedup.score_pairs(half))
    assert done == {"decoded": [], "compared": []}
    assert len(again) >= 2
    assert again.equals(whole[again.index])


def test_nothing_is_kept_without_cache(labelled, done, cache_folder):
    one = scores(dedup.score_pairs(labelled, cache=False))
    assert not any(path.is_file() for path in cache_folder.rglob("*"))
    two = scores(dedup.score_pairs(labelled, cache=False))
    assert len(done["decoded"]) == 2 * len(labelled.paths)
    assert one.equals(two)
