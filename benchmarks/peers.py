"""Time and quality beside other tools, on the same folders, in one run.

    uv run --group benchmarks python benchmarks/peers.py PHOTOS [--tools sscd immaculate-sscd ...]
                                                        [--elsewhere PYTHON] [--rounds 2]

PHOTOS is a folder of at least 300 different photos. Two folders are made of them: `copies`, the
labelled set of `groups.py`, nearly all copies and hard negatives, which is the worst case; and
`collection`, of which one in twenty has an edited copy: the photos, or parts of them where they are
fewer than 2,000. Each tool is a process of its own: `s` is its time with all that it needs to
start, `started` without what it imports, and nothing is kept from run to run. Each runs on a few
images first, as the first start after an installation compiles Python's files. `again` is a second
`find_duplicates` in the same process, with its cache. Precision and recall are those of pairs over
groups. Tools that are not installed are left out; cleanvision and fastdup, which need other
versions of what we need too, are looked for by the Python that `--elsewhere` names. Peers run with
their default thresholds. With several rounds the fastest run of each is printed. `peak` is at least
that of this script, about 250 MB. The cache is put aside as Linux has it (XDG_CACHE_HOME).
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
PEERS = {"sscd-cascade": "immaculate-sscd", "sscd": "immaculate-sscd",
         "sscd-fast": "immaculate-sscd_distilled",
         "phash": "immaculate-pdq", "phash-unverified": "immaculate-pdq"}  # fmt: skip
TOOLS = (*dict.fromkeys(PEERS.values()), "imagehash", "cleanvision", "fastdup", *PEERS)
PARTS = (2, 3)
ENOUGH = 2_000
COPIED = 20


def collection(photos: Path, out: Path, *, seed: int = 0) -> pd.DataFrame:
    """Photos, or parts of them that do not overlap; of one in twenty there is an edited copy."""
    out.mkdir()
    random = np.random.default_rng(seed)
    edits = [edit for edit in EDITS.values() if not edit.needs_background]
    rows = []
    paths = sorted(path for path in photos.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    down, across = (1, 1) if len(paths) >= ENOUGH else PARTS
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        height, width = photo.height // down, photo.width // across
        for part in range(down * across):
            top, left = part // across * height, part % across * width
            picture = photo.crop((left, top, left + width, top + height))
            picture = picture.resize((across * width, across * height), Image.Resampling.BICUBIC)
            name = f"{number:04}-{part}"
            picture.save(out / f"{name}.jpg", quality=90)
            rows.append((f"{name}.jpg", name))
            if len(rows) % COPIED == 0:
                edit = edits[random.integers(len(edits))]
                copy = f"{name}-copy{edit.encoding.suffix}"
                (out / copy).write_bytes(edit.encoding.encode(edit.apply(picture, random)))
                rows.append((copy, name))
    return pd.DataFrame(rows, columns=["path", "group"])


# What a process of each tool does, and no more.
OURS = """
import json, sys, time
from dedup import find_duplicates

folder, method, verify = sys.argv[1:]
seconds = []
for _ in range(2):
    start = time.perf_counter()
    settings = {"method": method, "verify": verify == "yes", "progress": False}
    found = find_duplicates(folder, **settings)
    seconds.append(time.perf_counter() - start)
print(json.dumps({"near": [group.paths for group in found.groups], "seconds": seconds}))
"""
# Perceptual hashes that differ in at most 8 bits, compared all with all.
IMAGEHASH = """
import json, sys
from pathlib import Path
import imagehash, numpy as np
from PIL import Image

paths = sorted(p for p in Path(sys.argv[1]).rglob("*") if p.suffix != ".csv" and p.is_file())
hashes = []
for path in paths:
    with Image.open(path) as image:
        hashes.append(np.packbits(imagehash.phash(image).hash.ravel()))
stacked = np.stack(hashes)
pairs = []
for row in range(len(paths)):
    bits = np.bitwise_count(stacked[row + 1 :] ^ stacked[row]).sum(axis=1)
    pairs += [[str(paths[row]), str(paths[row + 1 + n])] for n in np.flatnonzero(bits <= 8)]
print(json.dumps({"near": pairs}))
"""
CLEANVISION = """
import json, sys
from cleanvision import Imagelab

lab = Imagelab(data_path=sys.argv[1])
lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=2, verbose=False)
sets = [lab.info[kind + "_duplicates"]["sets"] for kind in ("exact", "near")]
print("\\n" + json.dumps(dict(zip(["exact", "near"], sets))))
"""
FASTDUP = """
import json, sys, tempfile
import fastdup

with tempfile.TemporaryDirectory() as work:
    search = fastdup.create(work_dir=work, input_dir=sys.argv[1])
    search.run(num_threads=2, verbose=False, print_summary=False)
    alike = search.similarity()
    pairs = [[a, b] for a, b in zip(alike["filename_from"], alike["filename_to"])]
print("\\n" + json.dumps({"near": pairs}))
"""
# Python keeps what it compiled, as it does unless it is told otherwise.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
# They need older versions of NumPy than ours does.
ELSEWHERE = {"cleanvision": CLEANVISION, "fastdup": FASTDUP}


def command(tool: str, folder: Path, *, elsewhere: Path) -> list[str | Path]:
    """The process of a tool."""
    if tool in PEERS:
        method, unverified, _ = tool.partition("-unverified")
        return [sys.executable, "-c", OURS, folder, method, "no" if unverified else "yes"]
    if tool == "imagehash":
        return [sys.executable, "-c", IMAGEHASH, folder]
    if tool in ELSEWHERE:
        return [elsewhere, "-c", ELSEWHERE[tool], folder]
    method = tool.removeprefix("immaculate-")
    return [Path(sys.executable).with_name("immaculate"), "--json", "--method", method, folder]


def is_installed(tool: str, *, elsewhere: Path) -> bool:
    """Whether a tool can be run."""
    if tool in ELSEWHERE:
        found = f"import importlib.util as u; raise SystemExit(not u.find_spec({tool!r}))"
        return subprocess.run([elsewhere, "-c", found], check=False).returncode == 0
    return tool in PEERS or find_spec(tool.partition("-")[0]) is not None


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


def measured(tool: str, folder: Path, *, elsewhere: Path) -> tuple[Groups, dict[str, float]]:
    """Groups of a tool in a process of its own, and seconds, processor seconds and memory."""
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryFile("w+") as answer:
        start = time.perf_counter()
        process = subprocess.Popen(
            command(tool, folder, elsewhere=elsewhere),
            stdout=answer,
            env={**ENVIRONMENT, "XDG_CACHE_HOME": cache},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        answer.seek(0)
        text = answer.read()
        found = json.loads(text if text.startswith("{") else text.splitlines()[-1])
    took = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}
    if "seconds" in found:
        first, again = found["seconds"]
        took |= {"wall": wall - again, "started": first, "again": again / first}
    return [*found.get("exact", []), *found["near"]], took


def compare(
    name: str,
    folder: Path,
    labels: pd.DataFrame,
    tools: Sequence[str],
    *,
    elsewhere: Path,
    rounds: int,
) -> None:
    """Print a table of all tools on one folder, of each its fastest run."""
    print(f"\n{name}: {len(labels)} images, {platform.processor() or platform.machine()}")
    print("| tool | s | / its peer | started | cpu s | again | peak MB | precision | recall |")
    print("|---|---|---|---|---|---|---|---|---|")
    runs = defaultdict(list)
    for _ in range(rounds):  # in turns, as a shared machine is slower for minutes
        for tool in tools:
            runs[tool].append(measured(tool, folder, elsewhere=elsewhere))
    walls = {}
    for tool in tools:
        groups, took = min(runs[tool], key=lambda run: run[1]["wall"])
        precision, recall = quality(groups, labels, folder)
        walls[tool] = took["wall"]
        peer = walls.get(PEERS.get(tool, ""))
        ratio = f"{took['wall'] / peer:.2f}" if peer else ""
        started = f"{took['started']:.1f}" if "started" in took else ""
        again = f"{took['again']:.1%}" if "again" in took else ""
        print(
            f"| {tool} | {took['wall']:.1f} | {ratio} | {started} | {took['cpu']:.1f} | {again} "
            f"| {took['peak']:.0f} | {precision:.4f} | {recall:.4f} |",
            flush=True,
        )


def main() -> None:
    """Make the folders, and run all tools on them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--elsewhere", type=Path, default=Path(sys.executable))
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    installed = [tool for tool in asked.tools if is_installed(tool, elsewhere=asked.elsewhere)]
    makers: dict[str, Callable[[Path], pd.DataFrame]] = {
        "copies": lambda out: build(asked.photos, out, sources=40, negatives=10, seed=0),
        "collection": lambda out: collection(asked.photos, out),
    }
    with tempfile.TemporaryDirectory() as work:
        few = Path(work, "few")
        build(asked.photos, few, sources=2, negatives=1, seed=0)
        for tool in installed:
            measured(tool, few, elsewhere=asked.elsewhere)
        for name, make in makers.items():
            folder = Path(work, name)
            compare(
                name,
                folder,
                make(folder),
                installed,
                elsewhere=asked.elsewhere,
                rounds=asked.rounds,
            )


if __name__ == "__main__":
    main()
