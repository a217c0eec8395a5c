"""A Ray of this process, and a Milvus server without collections."""

import os

import pytest

# Ray reads them as it is imported.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}


@pytest.fixture(scope="module")
def cluster():
    """A Ray of this process, as a user has it."""
    ray = pytest.importorskip("ray")
    ray.init(
        address="local",
        num_cpus=2,
        object_store_memory=80 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    yield
    ray.shutdown()


@pytest.fixture
def uri(server, monkeypatch):
    """A server without collections, whose token is in the environment."""
    monkeypatch.setenv("MILVUS_TOKEN", server.token)
    yield server.uri
    from pymilvus import MilvusClient

    client = MilvusClient(server.uri, token=server.token)
    for name in client.list_collections():
        client.drop_collection(name)
    client.close()
