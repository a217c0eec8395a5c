"""The self-join measured: all pairs of random unit vectors, some thousands of them planted.

    python benchmarks/self_join.py [--rows 100000] [--engines faiss lite server] [--repeat 1]
                                   [--exact-rows 0]

Of the vectors (512 floats) one in twenty is a copy of another, at a cosine between 0.75 and
0.99; two others reach about 0.27. Each engine runs in a process of its own. `faiss` is
IndexFlatIP.range_search on the same vectors with the same threshold, on two threads. `cpu s` is
the processor time of the join, the server's too, which other work beside it hardly changes.
The server is the `milvus` wheel, in a fresh folder; its own memory stands beside the client's.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DIMENSION = 512
THRESHOLD = 0.7
COSINES = (0.75, 0.99)
THREADS = 2

Vectors = npt.NDArray[np.float32]


def planted(rows: int, *, seed: int = 0) -> tuple[Vectors, int]:
    """Unit vectors, and how many of them, from the first on, have a copy right behind these."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((rows, DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    count = rows // 20
    cosine = random.uniform(*COSINES, (count, 1)).astype(np.float32)
    noise = vectors[count : 2 * count]
    noise -= (noise * vectors[:count]).sum(axis=1, keepdims=True) * vectors[:count]
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    vectors[count : 2 * count] = cosine * vectors[:count] + np.sqrt(1 - cosine**2) * noise
    return vectors, count


def faiss(vectors: Vectors) -> dict[str, Any]:
    """All pairs by comparing all with all."""
    import faiss as engine

    engine.omp_set_num_threads(THREADS)
    start = time.perf_counter()
    index = engine.IndexFlatIP(DIMENSION)
    index.add(vectors)
    built, used = time.perf_counter(), time.process_time()
    pairs = []
    for first in range(0, len(vectors), 4_096):
        limits, _, found = index.range_search(vectors[first : first + 4_096], THRESHOLD)
        rows = np.repeat(np.arange(len(limits) - 1) + first, np.diff(limits.astype(np.int64)))
        pairs.append(np.stack([rows, found], axis=1)[rows < found])
    joined, used = time.perf_counter(), time.process_time() - used
    return report(np.concatenate(pairs), build=built - start, join=joined - built, cpu=used)


def milvus(
    vectors: Vectors,
    *,
    uri: str,
    token: str = "",
    exact_rows: int | None,
    cpu: Callable[[], float] = time.process_time,
) -> dict[str, Any]:
    """All pairs by the self-join of `dedup`; `cpu` tells the processor time used so far."""
    from dedup._catalogue.record import SCHEMA, Record
    from dedup._join.self_join import self_join
    from dedup.pipelines.store.collection import Collection, connect

    start = time.perf_counter()
    collection = Collection(connect(uri, token=token), name="join")
    collection.ensure(dimension=DIMENSION, fields=SCHEMA, properties={"dedup.model": "random"})
    row_of = {}
    for first in range(0, len(vectors), 2_048):
        rows = []
        for number, vector in enumerate(vectors[first : first + 2_048], start=first):
            record = Record(f"/photos/{number:09}.jpg", 1, 1, "", "", 1, 1, b"")
            row_of[record.id] = number
            rows.append({**record.row(), "vector": vector})
        collection.upsert(rows)
    collection.flush()
    collection.await_index()
    built, used = time.perf_counter(), cpu()
    join = self_join if exact_rows is None else partial(self_join, exact_rows=exact_rows)
    found = list(join(collection, threshold=THRESHOLD))
    joined, used = time.perf_counter(), cpu() - used
    ends = np.array(
        [
            sorted((row_of[a], row_of[b]))
            for part in found
            for a, b in zip(part.a, part.b, strict=True)
        ]
    )
    answer = report(ends.reshape(-1, 2), build=built - start, join=joined - built, cpu=used)
    return {**answer, "index": collection.layout.index.type, "missed": found[-1].missed}


def report(
    pairs: npt.NDArray[np.int64], *, build: float, join: float, cpu: float
) -> dict[str, Any]:
    """What one engine found, and what it took."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {(int(a), int(b)) for a, b in pairs}
    times = {"build": build, "join": join, "cpu": cpu}
    return {"pairs": len(found), "found": sorted(found), **times, "peak": peak}


def child(engine: str, rows: int, exact_rows: int | None) -> None:
    """Run one engine in this process, and print what it took."""
    vectors, count = planted(rows)
    with tempfile.TemporaryDirectory() as folder:
        if engine == "faiss":
            answer = faiss(vectors)
        elif engine == "lite":
            answer = milvus(vectors, uri=f"{folder}/join.db", exact_rows=exact_rows)
        else:
            answer = on_server(vectors, Path(folder), exact_rows)
    wanted = {(n, n + count) for n in range(count)}
    found = set(answer.pop("found"))
    print(json.dumps({**answer, "planted": count, "lost": len(wanted - found)}))


def on_server(vectors: Vectors, folder: Path, exact_rows: int | None) -> dict[str, Any]:
    """The self-join on a server that is started for it."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    from milvus_server import Server

    server = Server(folder)
    server.start()
    try:
        process = Path(f"/proc/{server.process.pid}")

        def cpu() -> float:
            ticks = process.joinpath("stat").read_text().rsplit(")", 1)[1].split()[11:13]
            return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

        answer = milvus(vectors, uri=server.uri, token=server.token, exact_rows=exact_rows, cpu=cpu)
        status = process.joinpath("status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return {**answer, "server_peak": int(peak) / 1024}
    finally:
        server.stop()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000])
    parser.add_argument("--engines", nargs="+", default=["faiss", "lite", "server"])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument(
        "--exact-rows", type=int, help="Ask the store's index from so many rows up; 0: always."
    )
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child[0], int(asked.child[1]), asked.exact_rows)
        return
    names = "rows, engine, index, build s, join s, cpu s, / faiss, lost, est. missed, peak MB"
    print(f"| {names.replace(', ', ' | ')} |")
    print(f"|{'---|' * 10}")
    for rows in asked.rows * asked.repeat:
        faiss_join = None
        for engine in asked.engines:
            command = [sys.executable, __file__, "--child", engine, str(rows)]
            if asked.exact_rows is not None:
                command += ["--exact-rows", str(asked.exact_rows)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            took = json.loads(done.stdout.splitlines()[-1])
            if engine == "faiss":
                faiss_join = took["join"]
            ratio = f"{took['join'] / faiss_join:.2f}" if faiss_join else ""
            memory = f"{took['peak']:.0f}"
            if "server_peak" in took:
                memory += f" + {took['server_peak']:.0f}"
            print(
                f"| {rows:,} | {engine} | {took.get('index', 'flat')} | {took['build']:.1f} "
                f"| {took['join']:.1f} | {took['cpu']:.1f} | {ratio} "
                f"| {took['lost']} of {took['planted']} | {took.get('missed', 0):.1f} | {memory} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
