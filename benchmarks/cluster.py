"""What a job on Ray takes, perhaps with a machine killed in each of three stages.

    python benchmarks/cluster.py 2000 --kill --compare  # small pictures, one in six a copy
    python benchmarks/cluster.py 20000 --method phash --part 2000
    python benchmarks/cluster.py 10000000 --share       # what the driver holds to share them out

It starts a Milvus server (the package `milvus`) and some nodes of Ray on this machine, and prints
for each stage its parts, rows, bytes a row, and when it ended.
"""

import argparse
import resource
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import milvus_server
import ray_nodes
import stored

import dedup
from dedup import distributed
from dedup.distributed import _components
from dedup.distributed._tables import SCHEMAS
from dedup.distributed._work import Work


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", type=int)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--method", default="sscd-fast")
    parser.add_argument("--part", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--kill", action="store_true", help="a node in each of three stages")
    parser.add_argument("--compare", action="store_true", help="with what one machine finds")
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
        write(work, "records", number, {"id": part, "copy_of": np.zeros(len(part), np.int64)})
    for number, part in enumerate(np.array_split(random.choice(ids, (images // 20, 2)), 10)):
        a, b = np.sort(part, axis=1).T
        write(work, "candidates", number, {"a": a, "b": b})
    del ids
    tracemalloc.start()
    _components._marked = lambda *_: []  # nobody said anything, and there is no server
    job = SimpleNamespace(work=work, part=1_000)  # all that is asked of it
    shares = _components.share_out(cast(Any, job))
    most = tracemalloc.get_traced_memory()[1]
    print(f"{shares.count:,} tasks; {most / images:.0f} bytes a picture at most")


def write(work: Work, stage: str, number: int, columns: dict[str, np.ndarray]) -> None:
    """Write a part of which only some columns are wanted."""
    rows = pd.DataFrame(columns).reindex(columns=list(SCHEMAS[stage]))
    work.write(stage, f"{number:05}", rows)


def job(given: argparse.Namespace, folder: Path) -> None:
    """The whole job, and one machine's."""
    photos = stored.pictures(folder / "photos", given.images * 5 // 6)
    (folder / "milvus").mkdir()
    server = milvus_server.Server(folder / "milvus")
    server.start()
    cluster = ray_nodes.start(*[1] * (given.nodes + 1))
    work = given.work or folder / "work"

    def kill(stage: str) -> None:
        ray_nodes.kill_one(cluster)
        print(f"a node was killed in {stage}", flush=True)

    how = {"method": given.method, "progress": False}
    begun = time.time()
    try:
        kills = ("embeddings", "hits", "pairs") if given.kill else ()
        with stored.meanwhile(work, kills, kill), processor_time() as used:
            found = distributed.find(
                photos,
                work=work,
                index=server.uri,
                token=server.token,
                part=given.part,
                workers=given.workers,
                **how,
            )
        print(found)
        print(f"driver: {peak():.2f} GB at most")
        print(f"{time.time() - begun:.0f} s; workers: {sum(used.values()):.0f} s of the processor")
    finally:
        ray_nodes.stop(cluster)
        server.stop()
    table(work, begun)
    if given.compare:
        before = time.process_time()
        local = dedup.find_duplicates(photos, cache=False, **how)
        print(f"one process: {time.process_time() - before:.0f} s of the processor")
        print("the same groups:", stored.stored_groups(found) == stored.groups_of(local))


@contextmanager
def processor_time() -> Iterator[dict[int, float]]:
    """Seconds of the processor that each of Ray's workers took, as it is seen once a second."""
    used: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            for process in psutil.process_iter(["cmdline", "cpu_times"]):
                times = process.info["cpu_times"]
                if times and "ray::" in " ".join(process.info["cmdline"] or ()):
                    used[process.pid] = times.user + times.system

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield used
    finally:
        over.set()
        thread.join()


def table(work: Path, begun: float) -> None:
    """Each stage: its parts and rows, and when its last part was written."""
    stages = []
    for stage in (path for path in work.iterdir() if path.is_dir()):
        files = list(stage.glob("*.parquet"))
        rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
        size = sum(file.stat().st_size for file in files)
        last = max(file.stat().st_mtime for file in files)
        stages.append((last - begun, stage.name, len(files), rows, size / max(1, rows)))
    for last, name, parts, rows, size in sorted(stages):
        print(f"{name:20} {parts:6,} parts {rows:9,} rows {size:9.0f} B a row {last:7.0f} s")


def peak() -> float:
    """The most memory that this process had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
