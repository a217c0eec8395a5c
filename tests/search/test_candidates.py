"""The pairs that are proposed: which count, and in which order they are looked at."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup._base.pairs import ordered
from dedup._join.self_join import Pairs
from dedup._search.candidates import Candidates

PICTURES = range(1, 9)
some_pairs = st.dictionaries(
    st.tuples(st.sampled_from(PICTURES), st.sampled_from(PICTURES))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: ordered(*pair)),
    st.sampled_from([0.2, 0.4, 0.6, 0.8, 1.0]),
)


def pairs(similarity, **more):
    """Pairs as a join finds them."""
    a, b = (np.array([pair[end] for pair in similarity], np.int64) for end in (0, 1))
    return Pairs(a, b, np.array([*similarity.values()], np.float32), **more)


def candidates(similarity, **settings):
    proposed = Candidates(floor=0.15, among=PICTURES, **settings)
    proposed.add(proposed.counted(pairs(similarity)))
    return proposed


def test_only_pairs_of_pictures_that_are_asked_for_count():
    proposed = candidates({(1, 2): 0.5, (2, 99): 0.75})
    assert proposed.similarity == {(1, 2): 0.5}


def test_only_pairs_across_two_sets_count():
    """Of 1 = first, 2 = second, 3 = in both."""
    sets = {1: 1, 2: 1, 3: 2, 4: 3}
    proposed = candidates(dict.fromkeys([(1, 2), (1, 3), (1, 4), (2, 3), (3, 4)], 0.5), sets=sets)
    assert sorted(proposed.similarity) == [(1, 3), (1, 4), (2, 3), (3, 4)]


def test_what_a_person_told_apart_is_never_looked_at():
    constraints = {(1, 2): False, (3, 4): True, (5, 99): True}
    proposed = candidates({(1, 2): 1.0, (2, 3): 0.5}, constraints=constraints)
    assert sorted(proposed.ranked) == [(2, 3), (3, 4)]  # the one was not even proposed
    assert proposed.cannot_link == [(1, 2)]
    assert proposed.must_link == [(3, 4)]  # 99 is not among the pictures


def test_what_is_missing_adds_up():
    proposed = candidates({})
    for _ in range(2):
        proposed.add(pairs({}, unfinished=[1, 2], missed=0.25))
    assert (proposed.unfinished, proposed.missed) == (4, 0.5)


def test_most_similar_pairs_come_first():
    similarity = {(1, 2): 0.5, (3, 4): 0.25, (1, 3): 0.75, (2, 4): 0.5}
    ranked = candidates(similarity, choose=max).ranked
    assert ranked[0] == (1, 3)
    assert ranked[-1] == (3, 4)


def test_pairs_with_the_file_to_keep_come_before_more_similar_ones():
    similarity = {(1, 2): 1.0, (1, 3): 0.9, (1, 4): 0.8, (2, 3): 0.95, (2, 4): 0.95, (3, 4): 0.8}
    ranked = candidates(similarity, choose=max).ranked
    assert set(ranked[:3]) == {(1, 4), (2, 4), (3, 4)}
    assert ranked[3:] == [(1, 2), (2, 3), (1, 3)]


@pytest.mark.thorough
@given(similarity=some_pairs, data=st.data())
def test_order_in_which_pairs_were_found_does_not_matter(similarity, data):
    order = data.draw(st.permutations([*similarity]))
    assert candidates(similarity).ranked == candidates({p: similarity[p] for p in order}).ranked


@given(similarity=some_pairs)
def test_each_pair_is_looked_at_once_cluster_by_cluster(similarity):
    ranked = candidates(similarity).ranked
    assert sorted(ranked) == sorted(similarity)
    cluster = {picture: {picture} for picture in PICTURES}
    for a, b in ranked:
        joined = cluster[a] | cluster[b]
        cluster.update(dict.fromkeys(joined, joined))
    kinds = [min(cluster[a]) for a, _ in ranked]
    changes = sum(one != other for one, other in pairwise(kinds))
    assert changes == max(0, len(set(kinds)) - 1)


@given(similarity=some_pairs, floor=st.sampled_from([0.15, 0.4, 0.5, 1.0]))
def test_a_higher_floor_is_as_if_less_had_been_asked_for(similarity, floor):
    higher = candidates(similarity).down_to(floor)
    asked = {pair: cosine for pair, cosine in similarity.items() if np.float32(cosine) >= floor}
    assert higher.ranked == candidates(asked).ranked
    assert higher.floor == floor


def test_floor_is_of_the_cosine_that_proposed_a_pair():
    """Of the first network, though people see the second's."""
    both = candidates({(1, 2): 0.9, (3, 4): 0.3}, proposed={(1, 2): 0.4, (3, 4): 0.6})
    assert [*both.down_to(0.5).similarity.items()] == [((3, 4), pytest.approx(0.3))]


def test_pairs_that_were_not_proposed_are_compared_by_their_vectors():
    right, up = np.eye(2, dtype=np.float32)
    slanted = np.float32([0.8, 0.6])
    proposed = candidates({(1, 2): 0.5}, vectors={1: right, 2: right, 3: slanted, 4: up})
    found = proposed.compare([(1, 2), (1, 3), (1, 4), (3, 4), (3, 5)])
    assert found == {(1, 3): pytest.approx(0.8), (3, 4): pytest.approx(0.6)}
