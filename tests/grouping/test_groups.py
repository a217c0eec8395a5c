"""Groups are stars around the file to keep; a weak bridge joins nothing."""

from hypothesis import given
from hypothesis import strategies as st

from dedup._base.pairs import ordered
from dedup._grouping.containers import without_containers
from dedup._grouping.groups import group, reunited
from dedup._grouping.links import Links


class Table:
    """A decision that was made beforehand: which pairs are links, and what lies on what."""

    def __init__(self, links, lying=(), put=()):
        self.links = {ordered(*pair) for pair in links}
        self.lying = set(lying)
        self.put = set(put)
        self.begun = set()
        self.seen = []

    def begin(self, pairs):
        self.begun = {*self.begun, *pairs}

    def verify(self, pairs):
        self.seen += pairs

    def asked(self):
        return self.seen

    def is_link(self, pair):
        return pair in self.links

    def is_cannot_link(self, pair):
        return False

    def is_of_one_layout(self, pair):
        return self.is_cannot_link(pair)

    def lies_on(self, picture, middle, keeper):
        return (picture, middle, keeper) in self.lying

    def is_put_into(self, picture, outer):
        return (picture, outer) in self.put and ordered(picture, outer) in self.seen


def grouped(clusters, links, *, lying=(), candidates=None):
    candidates = [ordered(*pair) for pair in (links if candidates is None else candidates)]
    decision = Table(links, lying)
    decision.verify(candidates)
    found = group(clusters, candidates=candidates, decision=decision, choose=min)
    return [members for members in found.groups if len(members) > 1]


def test_members_are_linked_to_the_keeper():
    assert grouped([[1, 2, 3]], [(1, 2), (1, 3)]) == [[1, 2, 3]]


def test_chain_is_cut():
    assert grouped([[1, 2, 3, 4]], [(1, 2), (2, 3), (3, 4)]) == [[1, 2], [3, 4]]


def test_single_picture_joins_through_a_member_if_it_lies_on_the_keeper():
    links = [(1, 2), (2, 3)]
    assert grouped([[1, 2, 3]], links) == [[1, 2]]
    assert grouped([[1, 2, 3]], links, lying=[(3, 2, 1)]) == [[1, 2, 3]]


def test_one_bridge_never_joins_two_groups():
    links = [(1, 2), (1, 3), (3, 4), (4, 5), (4, 6)]
    lying = [(4, 3, 1)]
    assert grouped([[1, 2, 3, 4, 5, 6]], links, lying=lying) == [[1, 2, 3], [4, 5, 6]]


def test_two_bridges_join_two_groups():
    links = [(1, 2), (1, 3), (3, 4), (2, 5), (4, 5), (4, 6)]
    lying = [(4, 3, 1), (5, 2, 1)]
    assert grouped([[1, 2, 3, 4, 5, 6]], links, lying=lying) == [[1, 2, 3, 4, 5, 6]]


def test_container_that_shows_as_one_once_it_is_compared_is_no_keeper():
    links = [(1, 2), (1, 3), (2, 3), (1, 4), (1, 5), (4, 5)]
    decision = Table(links, put=[(3, 1)])
    decision.verify([(1, 2), (2, 3), (1, 4), (4, 5)])
    found = group(
        [[1, 2, 3, 4, 5]],
        candidates=links,
        decision=decision,
        choose=lambda pictures: min(without_containers(pictures, decision=decision)),
    )
    assert found.groups == [[2, 1, 3], [4, 5]]


def test_new_keeper_takes_in_what_the_former_one_did_not_match():
    links = [(1, 2), (2, 3), (2, 4), (3, 4)]
    decision = Table(links)
    decision.verify([(1, 2), (2, 3), (3, 4)])
    assert reunited([[1, 2], [3, 4]], decision=decision).groups == [[1, 2], [3, 4]]
    found = reunited([[2, 1], [3, 4]], decision=decision)
    assert found.groups == [[2, 1, 3, 4]]
    assert found.conflicts == {}
    assert reunited([[2, 1], [3, 4]], decision=decision, cannot_link=[(1, 4)]).groups == [
        [2, 1],
        [3, 4],
    ]


def test_new_keeper_that_contains_a_picture_does_not_take_it_in():
    decision = Table([(1, 2), (1, 3)], put=[(2, 1), (3, 1)])
    decision.verify([(1, 2), (1, 3)])
    found = reunited([[1, 2], [3]], decision=decision)
    assert found.groups == [[1, 2], [3]]
    assert found.conflicts == {(1, 3): 1}


pairs = st.sets(
    st.tuples(st.integers(1, 9), st.integers(1, 9)).filter(lambda pair: pair[0] < pair[1])
)


@given(pairs, st.randoms())
def test_order_does_not_matter_and_nobody_is_in_two_groups(links, random):
    shuffled = sorted(links)
    random.shuffle(shuffled)
    found = grouped([list(range(1, 10))], sorted(links))
    assert found == grouped([list(range(1, 10))], shuffled, candidates=sorted(links))
    members = [picture for pictures in found for picture in pictures]
    assert len(members) == len(set(members))
    for keeper, *others in found:
        assert all(ordered(keeper, other) in links for other in others)


@given(pairs)
def test_links_find_every_cluster_and_verify_no_pair_twice(links):
    decision = Table(links)
    search = Links(decision)
    search.follow(sorted(links))
    assert len(decision.seen) == len(set(decision.seen)) <= 8
    assert decision.begun == set(decision.seen)
    for a, b in links:
        assert search.clusters.find(a) == search.clusters.find(b)


def test_picture_that_resembles_many_and_matches_none_is_left_alone():
    decision = Table([])
    pages = range(1000)
    Links(decision).follow([(a, b) for a in pages for b in range(a + 1, 1000)][:100_000])
    assert len(decision.seen) < 20 * len(pages)
