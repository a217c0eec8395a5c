"""How fast a device embeds, what share that is of what it can compute, and whether it is right.

    python benchmarks/gpu.py PHOTOS --device cuda [--method sscd] [--peak TFLOPS] [--find 5000]

Prints images a second of the network alone, on pictures in memory, and with decoding beside it;
and the network's work times the first, as a share of the device's peak. The peak is measured with
products of two matrices (torch on a card, NumPy on the processor), unless `--peak` says it; it is
that of float32, and a network in int8 or bfloat16 may exceed it.
`--method` takes a name or a file. The work is counted in ONNX files; of a checkpoint, `--gflop`
says it.

With `--find`, `find_duplicates` then runs on so many images, three quarters of them edited copies
of the photos, on the device and on the processor: both must give the same groups. Where there is no
such device, that is all it says.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
import openvino
from start import make_copies

import dedup
from dedup._base.arrays import Pixels
from dedup._base.threads import cores
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import MODELS, Method, engine, model
from dedup.pipelines.models.own_models import Model

_BATCH = 256
_RESNET50 = 8.2  # gigaflops at 224 x 224


def seconds(work: Callable[[], object]) -> float:
    """The median time of three passes, after one that warms up."""
    work()
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return median(spent)


def measured_peak(device: str) -> float:
    """Teraflops of a product of matrices, float32; on a card TF32."""
    if device == "cpu":
        side = 4_096
        a = np.random.default_rng(0).random((side, side), np.float32)
        return 2 * side**3 / seconds(lambda: a @ a) / 1e12
    import torch

    torch.set_float32_matmul_precision("high")
    side = 16_384
    b = torch.rand((side, side), device=device)

    def product() -> None:
        b @ b
        torch.cuda.synchronize(device)

    return 2 * side**3 / seconds(product) / 1e12


def gflop(path: Path, *, side: int) -> float:
    """Work of a network for one picture: its convolutions and products of matrices."""
    network = openvino.Core().read_model(path)
    shape = network.inputs[0].partial_shape
    channels_first = shape[1].is_static and shape[1].get_length() == 3
    network.reshape([1, 3, side, side] if channels_first else [1, side, side, 3])
    multiplications = 0
    for node in network.get_ops():
        kind = node.get_type_name()
        if kind in ("Convolution", "GroupConvolution"):
            places = np.prod(node.output(0).shape[2:])
            multiplications += int(places * np.prod(node.input(1).get_shape()))
        elif kind == "MatMul":
            inner = node.input(0).get_shape()[-2 if node.get_attributes()["transpose_a"] else -1]
            multiplications += int(np.prod(node.output(0).shape) * inner)
    return 2 * multiplications / 1e9


def rates(method: Method, paths: list[Path], *, images: int) -> tuple[float, float]:
    """Images a second without and with decoding."""
    embed = engine(method)

    def read(path: Path) -> Pixels:
        return embed.preprocessing.square(decode(path, short_side=method.short_side).image)

    several = (paths * (images // len(paths) + 1))[:images]
    batches = [several[start : start + _BATCH] for start in range(0, images, _BATCH)]
    with ThreadPoolExecutor(cores()) as threads:
        squares = list(threads.map(read, several[:_BATCH]))

        def whole() -> None:
            coming = [threads.submit(read, path) for path in batches[0]]
            for after in [*batches[1:], []]:
                ready = [one.result() for one in coming]
                coming = [threads.submit(read, path) for path in after]
                embed(ready)

        return len(squares) / seconds(lambda: embed(squares)), images / seconds(whole)


def find(wanted: str | Model, folder: Path, *, device: str) -> tuple[set[frozenset[str]], float]:
    """The groups of a folder, and how long they took to find."""
    start = time.perf_counter()
    found = dedup.find_duplicates(folder, method=wanted, device=device, cache=False, progress=False)
    groups = {frozenset(group.paths) for group in found.groups}
    return groups, time.perf_counter() - start


def compare_groups(wanted: str | Model, paths: list[Path], *, device: str, images: int) -> None:
    """Print how fast the whole search is on both, and in how many groups they differ."""
    with tempfile.TemporaryDirectory() as folder:
        make_copies(paths, Path(folder), images=images)
        groups, took = find(wanted, Path(folder), device=device)
        right, usual = find(wanted, Path(folder), device="cpu")
    print(
        f"find_duplicates   {images / took:10.1f} images/s; on the processor {images / usual:.1f}"
    )
    print(
        f"groups            {len(groups):10,}, of which {len(groups - right):,} differ from those"
    )
    print(f"                             of the processor, which has {len(right):,}")


def main() -> None:
    """Print the rates, the peak and the share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--method", default="sscd")
    parser.add_argument("--images", type=int, default=4_096)
    parser.add_argument("--peak", type=float, help="teraflops of the device")
    parser.add_argument("--gflop", type=float, help="work of the network for one picture")
    parser.add_argument("--find", type=int, default=0, help="images to find duplicates among")
    asked = parser.parse_args()
    wanted = asked.method if asked.method in MODELS else Model(asked.method)
    method = model(wanted, device=asked.device)
    if method.network is None:
        parser.error(f"{asked.method} is no network")
    try:
        engine(method)
    except dedup.DedupError as error:
        print(f"nothing runs on {asked.device} here: {error}")
        return
    known = (".jpg", ".jpeg", ".png", ".webp")
    paths = [path for path in sorted(asked.photos.rglob("*")) if path.suffix.lower() in known]
    if not paths:
        parser.error(f"no photos in {asked.photos}")
    alone, whole = rates(method, paths, images=asked.images)
    work = asked.gflop
    if work is None:
        onnx, side = method.network.path.suffix == ".onnx", engine(method).preprocessing.size
        work = gflop(method.network.path, side=side or 224) if onnx else _RESNET50
    peak = asked.peak or measured_peak(asked.device)
    print(f"{method.method} on {asked.device}, {work:.2f} gigaflops an image")
    print(f"embedding alone   {alone:10.1f} images/s")
    print(f"with decoding     {whole:10.1f} images/s, {cores()} cores")
    print(f"peak              {peak:10.2f} teraflops, {'given' if asked.peak else 'measured'}")
    print(f"share of the peak {work * alone / 1e3 / peak:10.1%}")
    if asked.find:
        compare_groups(wanted, paths, device=asked.device, images=asked.find)


if __name__ == "__main__":
    main()
