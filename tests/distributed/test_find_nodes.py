"""`dedup.distributed.find` on a cluster of machines, one of which dies in each stage."""

import pytest
import ray_nodes
from stored import assert_same, meanwhile, pictures

import dedup
from dedup import distributed

pytestmark = [pytest.mark.slow, pytest.mark.kill, pytest.mark.timeout(600)]


def test_a_node_killed_in_each_stage_changes_nothing(nodes, uri, tmp_path):
    folder = pictures(tmp_path / "photos", 100)
    local = dedup.find_duplicates(folder, method="phash", cache=False)
    stages = ("embeddings", "hits", "pairs")
    with meanwhile(tmp_path / "work", stages, lambda _: ray_nodes.kill_one(nodes)) as met:
        stored = distributed.find(
            folder, work=tmp_path / "work", index=uri, method="phash", part=16, progress=False
        )
    assert met == list(stages)
    assert_same(stored, local)
