"""Work that is begun ahead: in order, one ahead, and no more once something failed."""

import pytest

from dedup._base.threads import ahead, threads


def test_ahead_gives_results_in_order_and_takes_one_item_more_than_it_gave():
    taken = []
    items = (taken.append(number) or number for number in range(10))
    with threads("test") as pool:
        results = ahead(pool, str, items)
        for number in range(10):
            assert next(results) == str(number)
            assert len(taken) == min(number + 2, 10)
        assert next(results, None) is None


def test_an_error_comes_out_in_its_turn_and_no_further_item_is_taken():
    taken = []
    items = (taken.append(number) or number for number in (2, 1, 0, 3, 4, 5))
    with threads("test") as pool:
        results = ahead(pool, lambda number: 2 // number, items)
        assert [next(results), next(results)] == [1, 2]
        with pytest.raises(ZeroDivisionError):
            next(results)
    assert taken == [2, 1, 0, 3]
