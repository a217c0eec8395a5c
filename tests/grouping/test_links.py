"""What is decided of one component of candidates depends on it alone."""

from itertools import combinations
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedup._grouping import links
from dedup._grouping.links import Links
from dedup._grouping.union_find import clusters_of


class Told:
    """Decides as it was told, and remembers what it was asked."""

    def __init__(self, same, apart):
        self.same, self.apart, self.pairs = same, apart, []

    def begin(self, pairs):
        pass

    def verify(self, pairs):
        self.pairs += pairs

    def asked(self):
        return list(self.pairs)

    def is_link(self, pair):
        return pair in self.same

    def is_cannot_link(self, pair):
        return pair in self.apart

    def is_of_one_layout(self, pair):
        return self.is_cannot_link(pair)

    def lies_on(self, picture, middle, keeper):
        return False


def candidates(random):
    """Pairs of several components, in an order, and what is true of them."""
    size = random.randint(4, 10)
    pool = [
        (a + start, b + start)
        for start in range(0, random.randint(2, 4) * size, size)
        for a, b in combinations(range(size), 2)
    ]
    pairs = random.sample(pool, random.randint(5, min(len(pool), 90)))
    weights = random.choice([(1, 8, 1), (3, 3, 1), (5, 2, 1)])
    kinds = {pair: random.choices(["same", "other", "apart"], weights)[0] for pair in pairs}
    return pairs, kinds


def decided(pairs, kinds, inside):
    told = Told(
        {pair for pair, kind in kinds.items() if kind == "same"},
        {pair for pair, kind in kinds.items() if kind == "apart"},
    )
    found = Links(told)
    found.follow(pairs)
    found.follow(inside, anew=True)
    found.follow(found.of_copies(pairs), anew=True)
    return set(told.pairs), {p: found.clusters.find(p) for pair in pairs for p in pair}


@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_component_alone_is_decided_as_among_others(random, batch):
    pairs, kinds = candidates(random)
    component = clusters_of(np.array(pairs, np.int64))
    inside = random.sample(pairs, len(pairs) // 4)
    with patch.object(links, "_BATCH", batch):
        asked, clusters = decided(pairs, kinds, inside)
        for number in {component[a] for a, _ in pairs}:
            mine, few, expected = (
                [pair for pair in several if component[pair[0]] == number]
                for several in (pairs, inside, asked)
            )
            alone, own = decided(mine, kinds, few)
            assert alone == set(expected)
            assert own == {p: root for p, root in clusters.items() if component[p] == number}


def asked_of_a_template(pages, *, copies):
    """The pairs that are asked about of pages of one template, the most similar first."""
    pairs = list(combinations(range(pages), 2))
    told = Told(copies, set(pairs) - copies)
    Links(told).follow(pairs)
    return told.pairs


def test_pages_of_a_template_without_copies_are_soon_left_alone():
    assert len(asked_of_a_template(60, copies=set())) <= 6 * 60


def test_pages_of_a_template_of_which_one_has_a_copy_are_compared_with_more_others():
    assert len(asked_of_a_template(60, copies={(0, 1)})) > 12 * 60


def test_of_each_page_one_copy_is_asked_about_once_all_are_grouped():
    shot, pages = 0, [range(1, 9), range(9, 17), range(17, 25)]
    copies = {pair for page in pages for pair in combinations(page, 2)}
    told = Told(copies | {(shot, 17)}, set())
    found = Links(told)
    found.follow(sorted(copies))
    of_copies = found.of_copies((shot, copy) for page in pages for copy in page)
    assert of_copies == [(shot, 1), (shot, 9), (shot, 17)]
    found.follow(of_copies, anew=True)
    assert found.clusters.find(shot) == found.clusters.find(17) != found.clusters.find(9)
    assert found.of_copies((shot, copy) for page in pages for copy in page) == []
