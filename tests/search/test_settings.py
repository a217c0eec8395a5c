"""The settings of a search: in the user's unit, checked before the work, defaults by size."""

import pytest

from dedup import InputError
from dedup._search.settings import Settings

HASHES = {"method": "phash"}
COSINES = {"method": "sscd-fast"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"threshold": 1.01}, "score of a verified pair, 0 to 1"),
        ({"threshold": -0.01}, "score of a verified pair, 0 to 1"),
        ({"threshold": float("nan")}, "score of a verified pair, 0 to 1"),
        ({"threshold": "threshold.json"}, "expected a number, or what dedup.tune gives"),
        ({"threshold": 8, **HASHES}, r"0 to 1 \(bits go with verify=False\)"),
        ({"threshold": 0.5, "verify": False, **HASHES}, "expected bits, 0 to 64, a whole number"),
        ({"threshold": 65, "verify": False, **HASHES}, "expected bits, 0 to 64"),
        ({"threshold": -0.5, "verify": False, **COSINES}, "expected a cosine, 0 to 1"),
        ({"candidates": -1.5, **COSINES}, "expected a cosine, -1 to 1"),
        ({"candidates": 0.5, **HASHES}, "expected bits"),
        ({"relations": ["exact", "similar"]}, "expected some of exact, near, scene"),
        ({"relations": "near"}, "expected some of exact, near, scene"),
        ({"keep": "newer"}, "newer"),
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused_with_its_unit(settings, says):
    with pytest.raises(InputError, match=says):
        Settings(**settings)


@pytest.mark.parametrize(
    ("settings", "cut"),
    [
        ({"threshold": 0.4, **HASHES}, 0.4),
        ({"threshold": 8, "verify": False, **HASHES}, 0.75),
        ({"threshold": 0, "verify": False, **HASHES}, 1),
        ({"threshold": 0.6, "verify": False, **COSINES}, 0.6),
        ({"verify": False, **COSINES}, 0.75),
        ({"verify": False, **HASHES}, 0.75),
    ],
    ids=str,
)
def test_threshold_is_a_score_or_a_cosine(settings, cut):
    assert Settings(**settings).cut == cut


def test_threshold_is_said_in_the_unit_of_the_user():
    assert Settings(verify=False, threshold=6, **HASHES).text == "6 bits"
    assert Settings(verify=False, threshold=0.8, **COSINES).text == "0.8"
    assert Settings(threshold=0.3, **HASHES).text == "0.3"


def test_fewer_pairs_are_proposed_in_large_collections():
    cosines, hashes = Settings(**COSINES), Settings(**HASHES)
    assert [cosines.floor(images=n) for n in (1_000, 1_001)] == [0.15, 0.3]
    assert [hashes.floor(images=n) for n in (1_000, 10_000, 10_001)] == [
        1 - 18 / 32,
        1 - 16 / 32,
        1 - 12 / 32,
    ]


def test_what_is_asked_for_holds_whatever_the_size():
    settings = Settings(candidates=0.4, **COSINES)
    assert settings.floor(images=10) == settings.floor(images=10**6) == 0.4


@pytest.mark.parametrize("threshold", [0.05, 0.2, 0.75])
def test_no_pair_at_the_threshold_is_out_of_reach_of_the_proposals(threshold):
    settings = Settings(verify=False, threshold=threshold, **COSINES)
    assert settings.floor(images=10**6) == min(0.3, threshold)


def test_second_network_may_see_more_than_the_first():
    alone = Settings(verify=False, threshold=0.5, method="sscd")
    both = Settings(verify=False, threshold=0.5, method="sscd-cascade")
    assert (alone.reach, both.reach) == (0.5, 0.25)


def test_only_unverified_hashes_are_trusted():
    trusted = [
        Settings(verify=verify, **method).trusts_hashes
        for method in (HASHES, COSINES)
        for verify in (False, True)
    ]
    assert trusted == [True, False, False, False]
