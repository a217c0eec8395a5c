"""Time and quality beside other tools, on the same folders, in one run.

    uv run --group benchmarks python benchmarks/peers.py PHOTOS [--tools sscd immaculate-sscd ...]

PHOTOS is a folder of at least 300 different photos. Two folders are made of them: `copies`, the
labelled set of `groups.py`, nearly all copies and hard negatives, which is the worst case; and
`collection`, parts of photos of which one in twenty has an edited copy. Each tool runs as a
command in a process of its own, with what it needs to start, and nothing is kept from run to run.
`again` is a second `find_duplicates` in the same process, with its cache. Precision and recall are
those of pairs over groups. Tools that are not installed are left out.
The cache is put aside as Linux has it (XDG_CACHE_HOME).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from groups import build
from PIL import Image

from dedup.data.edits import EDITS

Groups = list[list[str]]

# What each of ours is compared with: the same weights, or hashes of the same kind.
PEERS = {"sscd": "immaculate-sscd", "sscd-fast": "immaculate-sscd_distilled",
         "phash": "immaculate-pdq", "phash-unverified": "immaculate-pdq"}  # fmt: skip
TOOLS = (*dict.fromkeys(PEERS.values()), "imagehash", *PEERS)
PARTS = (2, 3)
COPIED = 20


def collection(photos: Path, out: Path, *, seed: int = 0) -> pd.DataFrame:
    """Parts of photos, none of which overlap; of one in twenty there is an edited copy."""
    out.mkdir()
    random = np.random.default_rng(seed)
    edits = [edit for edit in EDITS.values() if not edit.needs_background]
    rows = []
    paths = sorted(path for path in photos.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        height, width = photo.height // PARTS[0], photo.width // PARTS[1]
        for part in range(PARTS[0] * PARTS[1]):
            top, left = part // PARTS[1] * height, part % PARTS[1] * width
            picture = photo.crop((left, top, left + width, top + height))
            picture = picture.resize((3 * width, 3 * height), Image.Resampling.BICUBIC)
            name = f"{number:04}-{part}"
            picture.save(out / f"{name}.jpg", quality=90)
            rows.append((f"{name}.jpg", name))
            if len(rows) % COPIED == 0:
                edit = edits[random.integers(len(edits))]
                copy = f"{name}-copy{edit.encoding.suffix}"
                (out / copy).write_bytes(edit.encoding.encode(edit.apply(picture, random)))
                rows.append((copy, name))
    return pd.DataFrame(rows, columns=["path", "group"])


def ours(tool: str, folder: Path) -> Groups:
    """`find_duplicates` in this process."""
    import dedup

    method, dash, _ = tool.partition("-unverified")
    search = partial(dedup.find_duplicates, folder, method=method, verify=not dash, progress=False)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        start = time.perf_counter()
        found = search()
        middle, used = time.perf_counter(), time.process_time()
        search()
        again, used = time.perf_counter() - middle, time.process_time() - used
        took = {"again": again / (middle - start), "seconds": again, "cpu": used}
        print(json.dumps(took), file=sys.stderr)
    return [group.paths for group in found.groups]


def imagehash(folder: Path) -> Groups:
    """Perceptual hashes that differ in at most 8 bits, compared all with all."""
    import imagehash as library

    paths = sorted(path for path in folder.rglob("*") if path.suffix != ".csv" and path.is_file())
    hashes = []
    for path in paths:
        with Image.open(path) as image:
            hashes.append(np.packbits(library.phash(image).hash.ravel()))
    stacked = np.stack(hashes)
    pairs = []
    for row in range(len(paths)):
        bits = np.bitwise_count(stacked[row + 1 :] ^ stacked[row]).sum(axis=1)
        pairs += [[str(paths[row]), str(paths[row + 1 + n])] for n in np.flatnonzero(bits <= 8)]
    return pairs


def immaculate(method: str, folder: Path) -> Groups:
    """The other tool that runs the same weights."""
    command = [Path(sys.executable).with_name("immaculate"), "--json", "--method", method, folder]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return [*found["exact"], *found["near"]]


def run(tool: str, folder: Path) -> Groups:
    """The groups that one tool finds, or pairs."""
    if tool in PEERS:
        return ours(tool, folder)
    if tool == "imagehash":
        return imagehash(folder)
    return immaculate(tool.removeprefix("immaculate-"), folder)


def quality(groups: Groups, labels: pd.DataFrame, folder: Path) -> tuple[float, float]:
    """Precision and recall of pairs; groups that share a file are one."""
    group_of = dict(zip(labels["path"], labels["group"], strict=True))
    home: dict[str, str] = {}

    def find(path: str) -> str:
        while home.setdefault(path, path) != path:
            path = home[path]
        return path

    for group in groups:
        for path in group[1:]:
            home[find(path)] = find(group[0])
    members = defaultdict(list)
    for path in home:
        members[find(path)].append(group_of[os.path.relpath(path, folder)])
    right = reported = 0
    for several in members.values():
        for a, b in combinations(several, 2):
            right += a == b
            reported += 1
    true = sum(n * (n - 1) // 2 for n in labels.groupby("group").size())
    return right / max(reported, 1), right / true


def measured(tool: str, folder: Path) -> tuple[Groups, dict[str, float]]:
    """Groups of a tool in a process of its own, and seconds, processor seconds and memory."""
    start, before = time.perf_counter(), os.times()
    command = [sys.executable, __file__, str(folder), "--child", tool]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = os.times()
    took = {
        "wall": time.perf_counter() - start,
        "cpu": sum(after[2:4]) - sum(before[2:4]),
    }
    answer = json.loads(done.stdout.splitlines()[-1])
    for line in done.stderr.splitlines():
        if line.startswith('{"again"'):
            again = json.loads(line)
            took["again"] = again["again"]
            took["wall"] -= again["seconds"]
            took["cpu"] -= again["cpu"]
    return answer["groups"], {**took, "peak": answer["peak"]}


def child(tool: str, folder: Path) -> None:
    """Run one tool here, and print what it found."""
    import resource

    groups = run(tool, folder)
    other = tool.startswith("immaculate")  # which is a command of its own
    peak = resource.getrusage(resource.RUSAGE_CHILDREN if other else resource.RUSAGE_SELF)
    print(json.dumps({"groups": groups, "peak": peak.ru_maxrss / 1024}))


def compare(name: str, folder: Path, labels: pd.DataFrame, tools: Sequence[str]) -> None:
    """Print a table of all tools on one folder."""
    print(f"\n{name}: {len(labels)} images, {platform.processor() or platform.machine()}")
    print("| tool | s | cpu s | / its peer | again | peak MB | precision | recall |")
    print("|---|---|---|---|---|---|---|---|")
    walls = {}
    for tool in tools:
        groups, took = measured(tool, folder)
        precision, recall = quality(groups, labels, folder)
        walls[tool] = took["wall"]
        peer = walls.get(PEERS.get(tool, ""))
        ratio = f"{took['wall'] / peer:.2f}" if peer else ""
        again = f"{took['again']:.1%}" if "again" in took else ""
        print(
            f"| {tool} | {took['wall']:.1f} | {took['cpu']:.1f} | {ratio} | {again} "
            f"| {took['peak']:.0f} | {precision:.4f} | {recall:.4f} |",
            flush=True,
        )


def main() -> None:
    """Make the folders, and run all tools on them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.photos)
        return
    installed = [t for t in asked.tools if t in PEERS or find_spec(t.split("-")[0])]
    makers: dict[str, Callable[[Path], pd.DataFrame]] = {
        "copies": lambda out: build(asked.photos, out, sources=40, negatives=10, seed=0),
        "collection": lambda out: collection(asked.photos, out),
    }
    with tempfile.TemporaryDirectory() as work:
        for name, make in makers.items():
            folder = Path(work, name)
            compare(name, folder, make(folder), installed)


if __name__ == "__main__":
    main()
