"""What a job on Ray takes, with a machine killed in each of three stages.

    python benchmarks/cluster.py 2000 --work /tmp/job  # small pictures, one in six a copy
    python benchmarks/cluster.py 10000000 --share      # what the driver holds to share them out

It starts a Milvus server (the package `milvus`) and four nodes of Ray on this machine, compares
the groups with those of one machine, and prints for each stage its parts, rows, and bytes a row.
"""

import argparse
import os
import resource
import sys
import tempfile
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import milvus_server
import stored

import dedup
from dedup import distributed
from dedup.distributed import _components
from dedup.distributed._work import Work

# Ray reads them as it is imported.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=int)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--method", default="sscd-fast")
    parser.add_argument("--part", type=int, default=200)
    parser.add_argument("--share", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dedup-cluster-") as folder:
        if given.share:
            share(given.images, Path(folder))
        else:
            job(given, Path(folder))


def share(images: int, folder: Path) -> None:
    """Share out so many pictures, of which one in ten has a pair; prints the memory's peak."""
    work = Work(folder)
    random = np.random.default_rng(0)
    ids = np.unique(random.integers(1, 2**63 - 1, images))
    for number, part in enumerate(np.array_split(random.permutation(ids), 10)):
        table = {"id": part, "copy_of": np.zeros(len(part), np.int64)}
        work.write("records", f"{number:05}", pd.DataFrame(table).reindex(columns=_columns()))
    for number, part in enumerate(np.array_split(random.choice(ids, (images // 20, 2)), 10)):
        a, b = np.sort(part, axis=1).T
        work.write("candidates", f"{number:05}", pd.DataFrame({"a": a, "b": b}).reindex(
            columns=["a", "b", "similarity", "inside_similarity", "ways"]))  # fmt: skip
    del ids
    tracemalloc.start()
    _components._marked = lambda *_: []  # nobody said anything, and there is no server
    shares = _components.share_out(SimpleNamespace(work=work, part=1_000))
    most = tracemalloc.get_traced_memory()[1]
    print(f"{shares.count:,} tasks; {most / images:.0f} bytes a picture at most")


def _columns() -> list[str]:
    from dedup.distributed._tables import SCHEMAS

    return list(SCHEMAS["records"])


def job(given: argparse.Namespace, folder: Path) -> None:
    """The whole job, and one machine's."""
    import ray
    from ray.cluster_utils import Cluster

    photos = stored.pictures(folder / "photos", given.images * 5 // 6)
    (folder / "milvus").mkdir()
    server = milvus_server.Server(folder / "milvus")
    server.start()
    cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **NODE})
    for _ in range(3):
        cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    work = given.work or folder / "work"

    def kill(stage: str) -> None:
        gone = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
        cluster.remove_node(gone, allow_graceful=False)
        print(f"a node was killed in {stage}", flush=True)

    how = {"method": given.method, "progress": False}
    try:
        with stored.meanwhile(work, ("embeddings", "hits", "pairs"), kill):
            found = distributed.find(
                photos, work=work, index=server.uri, token=server.token, part=given.part, **how
            )
        print(found)
        print(f"driver: {peak():.2f} GB at most")
    finally:
        ray.shutdown()
        cluster.shutdown()
        server.stop()
    for stage in sorted(path for path in work.iterdir() if path.is_dir()):
        files = list(stage.glob("*.parquet"))
        rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
        size = sum(file.stat().st_size for file in files)
        per_row = f"{size / max(1, rows):9.0f} B a row"
        print(f"{stage.name:20} {len(files):6,} parts {rows:9,} rows {per_row}")
    local = dedup.find_duplicates(photos, cache=False, **how)
    print("the same groups:", stored.stored_groups(found) == stored.groups_of(local))


def peak() -> float:
    """The most memory that this process had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
