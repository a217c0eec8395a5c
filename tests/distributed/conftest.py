"""A Ray that all tests share, and a Milvus server without collections."""

import socket

import pytest
import ray_nodes

SECRET = "a-secret-of-object-storage"


@pytest.fixture(scope="session", autouse=True)
def ray_installed():
    """Found out here, as importing it takes seconds: not where tests are only collected."""
    pytest.importorskip("ray")


@pytest.fixture(scope="session")
def object_storage():
    """Where object storage is to be, and who may read: what an environment says of it."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@pytest.fixture(scope="session")
def shared(object_storage):
    """Where the Ray is that tests share, if it runs."""
    clusters = {}
    yield clusters
    for cluster in clusters.values():
        ray_nodes.stop(cluster)


@pytest.fixture
def cluster(shared, object_storage):
    """A Ray of this process, as a user has it; its processes know of object storage."""
    if "shared" not in shared:  # it takes longer to start than most tests
        with pytest.MonkeyPatch.context() as environment:
            for name, value in object_storage.items():
                environment.setenv(name, value)
            shared["shared"] = ray_nodes.start(2)
    return shared["shared"]


@pytest.fixture
def nodes(shared):
    """Four nodes; the first one, where the driver is, stays."""
    if "shared" in shared:
        ray_nodes.stop(shared.pop("shared"))
    cluster = ray_nodes.start(1, 1, 1, 1)
    yield cluster
    ray_nodes.stop(cluster)


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
