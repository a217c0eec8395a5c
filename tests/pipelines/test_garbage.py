"""Garbage that is collected while an operator is made does not stop a pipeline for ever."""

import gc
import threading

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


def test_operator_is_made_while_a_node_is_collected():
    pipeline = output(pipe.input("x").map("x", "y", ops.test.collects_garbage()), "y")
    pool = pipeline._operator_pool
    Discarded(pool, pool.acquire_op("first", "test/collects-garbage", [], {}, "main", False))
    answers = []
    thread = threading.Thread(target=lambda: answers.append(pipeline(7).get()), daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert answers == [[7]]
