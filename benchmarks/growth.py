"""Time and memory from 1,000 to 100,000 images, and for 10,000 copies of one picture.

    python benchmarks/growth.py [--methods phash sscd-fast ...] [--sizes 1000 3000 ...]
                                [--copies 10000] [--plot docs/growth.svg]

The pictures are made for it (see `synthetic.py`); one in twenty is a smaller, recompressed copy of
the one before. Each step is `find_duplicates` in a fresh process with no cache. `peak` is the
largest memory of that process, Milvus Lite included, which runs in it, and `loaded` what it takes
before the first image; processes that compare pairs are not in it. To a network these pictures
resemble each other (a mean cosine of 0.4), so that it is asked for pairs from 0.85 on: as few as
photos have from 0.3. With `--copies`, all images are edits of one picture; with and without
verification.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from synthetic import make_copies, make_pictures

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
# The methods, and what they are asked for.
CANDIDATES = {"phash": None, "sscd-fast": 0.85}


def child(folder: str, method: str, verify: bool) -> None:
    """Find the duplicates in this process, and print what it took."""
    import dedup
    from dedup.pipelines.models.methods import engine, model

    if model(method).network is not None:
        engine(method)
    loaded = _peak()
    start = time.perf_counter()
    found = dedup.find_duplicates(
        folder,
        method=method,
        candidates=CANDIDATES[method],
        verify=verify,
        cache=False,
        progress=False,
    )
    seconds = time.perf_counter() - start
    surplus = sum(len(group.remove) for group in found.groups)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "peak": _peak(),
                "loaded": loaded,
                "groups": len(found.groups),
                "surplus": surplus,
                "pairs": len(found.pairs),
            }
        )
    )


def _peak() -> float:
    """The largest memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # the other counts what its parent had, too
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    unit = 2**20 if platform.system() == "Darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def step(folder: Path, *, method: str, verify: bool = True) -> dict[str, Any]:
    """What one step took, in a process of its own."""
    command = [sys.executable, __file__, "--child", str(folder), method, str(int(verify))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    took: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return took


def machine() -> str:
    """The processor, how many of its cores there are, and Python."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":")[1].strip() if models else name
    from dedup._base.threads import cores

    return f"{name}, {cores()} cores, {platform.system()}, Python {platform.python_version()}"


def grow(methods: list[str], sizes: list[int]) -> list[dict[str, Any]]:
    """One step after the other, each printed as a row of a table."""
    print("| method | images | groups | surplus | s | images/s | peak MB | loaded MB |")
    print("|---|---|---|---|---|---|---|---|")
    steps = []
    for method in methods:
        for images in sizes:
            with tempfile.TemporaryDirectory() as folder:
                copies = make_pictures(Path(folder), count=images)
                took = step(Path(folder), method=method)
            steps.append({"method": method, "images": images, **took})
            print(
                f"| {method} | {images:,} | {took['groups']:,} of {copies:,} "
                f"| {took['surplus']:,} | {took['seconds']:.1f} "
                f"| {images / took['seconds']:.0f} | {took['peak']:.0f} | {took['loaded']:.0f} |",
                flush=True,
            )
    return steps


def crowd(methods: list[str], most: int) -> None:
    """Copies of one picture: a tenth of them, a third, all."""
    print("\n| method | verified | copies | in one group | pairs | s | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for method in methods:
        for verify in (False, True):
            for copies in (most // 10, most // 3, most):
                with tempfile.TemporaryDirectory() as folder:
                    make_copies(Path(folder), count=copies)
                    took = step(Path(folder), method=method, verify=verify)
                print(
                    f"| {method} | {'yes' if verify else 'no'} | {copies:,} "
                    f"| {took['surplus'] + took['groups']:,} in {took['groups']} "
                    f"| {took['pairs']:,} | {took['seconds']:.1f} | {took['peak']:.0f} |",
                    flush=True,
                )


def plot(steps: list[dict[str, Any]], path: Path) -> None:
    """Time and memory over the number of images."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams["svg.hashsalt"] = "growth"  # the same file for the same figures
    figure, (times, memory) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for method in dict.fromkeys(one["method"] for one in steps):
        mine = [one for one in steps if one["method"] == method]
        images = [one["images"] for one in mine]
        times.plot(images, [one["seconds"] for one in mine], marker="o", label=method)
        memory.plot(images, [one["peak"] for one in mine], marker="o", label=method)
    first = steps[0]
    scale = [first["images"], max(one["images"] for one in steps)]
    linear = [first["seconds"] * images / scale[0] for images in scale]
    times.plot(scale, linear, color="grey", linestyle=":", label="linear")
    times.set(xscale="log", yscale="log", xlabel="images", ylabel="seconds")
    memory.set(xscale="log", ylim=(0, None), xlabel="images", ylabel="peak memory, MB")
    times.legend(frameon=False)
    for axes in (times, memory):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(machine(), fontsize="small")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables, and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--copies", type=int, default=0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child[0], asked.child[1], asked.child[2] == "1")
        return
    print(f"{machine()}\n")
    steps = grow(asked.methods, asked.sizes)
    if asked.copies:
        crowd(asked.methods, asked.copies)
    if asked.plot:
        plot(steps, asked.plot)


if __name__ == "__main__":
    main()
