"""A join that was killed goes on; the work of another one is refused."""

import os
import signal
import subprocess
import sys
import time

import pytest
from joins import anywhere, joined, vectors_with_copies

import dedup
from dedup._join import brute_force
from dedup._join.self_join import self_join
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.table import Table

JOIN = """
import sys
from pathlib import Path
from dedup._join import brute_force
from dedup._join.self_join import self_join
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.table import Table

Table.window_rows = brute_force._STRIP_ROWS = brute_force._TILE_ROWS = 16
collection = Collection(connect(sys.argv[1]), name="join")
collection.load()
how = {"exact_rows": 0} if sys.argv[3] == "store" else {}
for found in self_join(collection, threshold=0.5, work_folder=Path(sys.argv[2]), **how):
    pass
"""


@pytest.mark.kill
@pytest.mark.timeout(120)
@anywhere
def test_join_that_was_killed_goes_on(tmp_path, stored, monkeypatch, how):
    vectors = vectors_with_copies([1] * 400 + [2] * 50 + [12] * 10, seed=9)
    collection, _ = stored(vectors)
    collection.flush()
    monkeypatch.setattr(Table, "window_rows", 16)
    monkeypatch.setattr(brute_force, "_STRIP_ROWS", 16)
    monkeypatch.setattr(brute_force, "_TILE_ROWS", 16)
    whole = joined(collection, 0.5, how)
    collection.connection.close()
    work = tmp_path / "work"

    def blocks():
        pattern = "*.hits.npy" if how else "*-whole.hits.npy"
        return {path: path.stat().st_mtime_ns for path in work.glob(pattern)}

    for _ in range(2):
        before = blocks()
        where = "store" if how else "here"
        child = subprocess.Popen([sys.executable, "-c", JOIN, tmp_path / "join.db", work, where])
        while len(blocks()) < len(before) + 5:
            assert child.poll() is None
            time.sleep(0.002)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert before.items() <= blocks().items()  # none is done twice
    assert 10 <= len(blocks()) < 620 // 16 + 1
    again = Collection(connect(tmp_path / "join.db"), name="join")
    again.load()
    before = blocks()
    resumed = list(self_join(again, threshold=0.5, work_folder=work, **how))
    assert before.items() <= blocks().items()
    pairs = [(a, b) for found in resumed for a, b in zip(found.a, found.b, strict=True)]
    assert pairs == [(a, b) for a, b, _ in whole]
    again.connection.close()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"threshold": 0.6}, r"threshold 0\.5, not 0\.6"),
        ({"where": ""}, "where 'copy_of == 0', not ''"),
    ],
)
def test_work_of_another_join_is_refused(tmp_path, stored, other, message):
    collection, _ = stored(vectors_with_copies([2] * 10, seed=10))
    list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    with pytest.raises(dedup.InputError, match=message):
        list(self_join(collection, **{"threshold": 0.5, **other}, work_folder=tmp_path / "work"))


def test_work_of_a_collection_that_changed_is_refused(tmp_path, stored):
    collection, ids = stored(vectors_with_copies([2] * 10, seed=10))
    list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    collection.delete([int(ids[0])])
    with pytest.raises(dedup.InputError, match=r"rows 20, not 19.*name another folder"):
        list(self_join(collection, threshold=0.5, work_folder=tmp_path / "work"))
    with pytest.raises(dedup.InputError, match="is not empty, and holds no work of a join"):
        list(self_join(collection, threshold=0.5, work_folder=tmp_path))
