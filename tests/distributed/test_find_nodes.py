"""`dedup.distributed.find` on a cluster of machines, one of which dies in each stage."""

import pytest
from stored import assert_same, meanwhile, pictures

import dedup
from dedup import distributed

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.kill, pytest.mark.timeout(600)]


@pytest.fixture
def nodes():
    """Four nodes; the first one, where the driver is, stays."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **node})
    for _ in range(3):
        cluster.add_node(**node)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def test_a_node_killed_in_each_stage_changes_nothing(nodes, uri, tmp_path):
    folder = pictures(tmp_path / "photos", 200)
    local = dedup.find_duplicates(folder, method="phash", cache=False)

    def kill_a_node(_):
        gone = next(node for node in nodes.list_all_nodes() if node is not nodes.head_node)
        nodes.remove_node(gone, allow_graceful=False)

    stages = ("embeddings", "hits", "pairs")
    with meanwhile(tmp_path / "work", stages, kill_a_node) as met:
        stored = distributed.find(
            folder, work=tmp_path / "work", index=uri, method="phash", part=16, progress=False
        )
    assert met == list(stages)
    assert_same(stored, local)
