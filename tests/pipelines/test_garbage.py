"""Garbage that is collected while an operator is made does not stop a pipeline for ever."""

import gc
import threading

import pytest

from dedup.pipelines.build import output
from dedup.pipelines.quiet import PyOperator, ops, pipe, register


class Discarded:
    """As a node of Towhee's: it gives its operator back when it is collected."""

    def __init__(self, pool, operator):
        self.pool, self.operator = pool, operator
        self.itself = self

    def __del__(self):
        self.pool.release_op(self.operator)


@register(name="test/collects-garbage")
class CollectsGarbage(PyOperator):
    def __init__(self):
        super().__init__()
        gc.collect()

    def __call__(self, x):
        return x


@pytest.fixture
def by_hand():
    """Garbage is collected where this test says."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("by_hand")
def test_operator_is_made_while_a_node_is_collected():
    pool = output(pipe.input("x").map("x", "y", ops.test.collects_garbage()), "y")._operator_pool
    what = ("test/collects-garbage", [], {}, "main", False)
    Discarded(pool, pool.acquire_op("first", *what))
    made = []
    thread = threading.Thread(target=lambda: made.append(pool.acquire_op("second", *what)))
    thread.daemon = True
    thread.start()
    thread.join(timeout=30)
    assert len(made) == 1
