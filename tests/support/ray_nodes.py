"""Nodes of Ray on this machine, each like a machine of its own."""

import os
import socket
from contextlib import ExitStack

# Ray reads them as it is imported.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
# Where Ray chooses these itself, a node gives up after 15 s, which are over on a busy machine.
PORTS = ("metrics_agent_port", "runtime_env_agent_port", "dashboard_agent_listen_port")


def start(*cores):
    """Start a node for each of these numbers of cores, and connect this process to them."""
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()  # one that there was before
    first, *others = map(_node, cores)
    cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **first})
    for node in others:
        cluster.add_node(**node)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    return cluster


def stop(cluster):
    """Stop them."""
    import ray

    ray.shutdown()
    cluster.shutdown()


def kill_one(cluster):
    """Kill one of the nodes, but not the first, which the others need."""
    gone = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
    cluster.remove_node(gone, allow_graceful=False)


def _node(cores):
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in PORTS]
        for one in sockets:
            one.bind(("", 0))
        ports = {name: one.getsockname()[1] for name, one in zip(PORTS, sockets, strict=True)}
    return {"num_cpus": cores, "object_store_memory": 80 * 2**20, **ports}
