"""Damaged files by the thousand: whatever is done to a file, it is decoded or has a reason.

A child process decodes, so that one that is killed, or is busy with one file for more than ten
seconds, is seen and counted. The tests run this for seconds; for longer:

    nice uv run python tests/support/fuzzing.py --minutes 30
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import format_files
import skimage.data
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

BUSY_S = 10  # of processor time for one file
_ROUND = 1_000  # files a child
_ODD = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff")
_EDITS = st.lists(
    st.tuples(
        st.sampled_from(("put", "flip", "insert", "remove", "repeat", "cut")),
        st.one_of(st.integers(8, 400), st.floats(0, 1)),  # near the start, or anywhere
        st.one_of(st.sampled_from(_ODD), st.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=6,
)


@dataclass
class Report:
    """What happened to the files."""

    tried: int = 0
    read: int = 0
    slowest_s: float = 0.0
    reasons: Counter = field(default_factory=Counter)
    kills: list = field(default_factory=list)
    hangs: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    printed: Counter = field(default_factory=Counter)

    def __str__(self):
        lines = [
            f"{self.tried} files tried: {self.read} read, {self.reasons.total()} refused "
            f"with {len(self.reasons)} reasons; slowest {self.slowest_s:.1f} s of processor time",
            f"{len(self.kills)} kills, {len(self.hangs)} hangs, {len(self.failures)} failures",
            *(f"kill: {one}" for one in self.kills),
            *(f"hang: {one}" for one in self.hangs),
            *(f"failure: {one}" for one in self.failures),
            *(f"printed {count} times: {line}" for line, count in self.printed.most_common(20)),
            *(f"refused {count} times: {text}" for text, count in self.reasons.most_common(60)),
        ]
        return "\n".join(lines)


def write_files(folder, *, size=(72, 48)):
    """One small file of every kind that is read."""
    photo, other = (
        Image.fromarray(getattr(skimage.data, name)()).resize(size) for name in ("coffee", "rocket")
    )
    for kind in format_files.READ:
        Path(folder, kind.name).write_bytes(kind.build(photo, other))


def edited(data, edits):
    """A file after edits: (what, where, bytes); a checksum in a PNG is made right again."""
    data = bytearray(data)
    for what, where, some in edits:
        place = min(where if isinstance(where, int) else int(where * len(data)), len(data))
        end = place + len(some)
        if what == "put":
            data[place:end] = some
        elif what == "flip":
            data[place:end] = bytes(a ^ b for a, b in zip(data[place:end], some, strict=False))
        elif what == "insert":
            data[place:place] = some
        elif what == "remove":
            del data[place:end]
        elif what == "repeat":
            data[place:place] = data[place : place + 16 * some[0]]
        elif what == "cut":
            del data[max(place, 16) :]
    return _with_checksums(data) if data.startswith(b"\x89PNG") else bytes(data)


def _with_checksums(data):
    place = 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(data)


def fuzz(folder, *, seconds, first_seed=0):
    """Decode edited copies of the files of a folder, for a while."""
    report, end, number = Report(), time.monotonic() + seconds, first_seed
    while time.monotonic() < end:
        left = max(1.0, end - time.monotonic())
        command = [sys.executable, __file__, "--child", folder, "--seed", number, "--left", left]
        child = subprocess.run([str(part) for part in command], capture_output=True, check=False)
        note(report, Path(folder), child)
        number += 1
    return report


def note(report, folder, child):
    current, result = folder / ".current", folder / ".result"
    done = json.loads(result.read_text()) if result.exists() else None
    printed = child.stderr.decode("utf-8", "replace").splitlines()
    if done is None:
        last = json.loads(current.read_text()) if current.exists() else {"number": 0}
        report.tried += last["number"]
        where = report.hangs if child.returncode == -signal.SIGPROF else report.kills
        where.append((child.returncode, last, printed[-3:]))
    else:
        report.tried += done["tried"]
        report.read += done["read"]
        report.slowest_s = max(report.slowest_s, done["slowest_s"])
        report.reasons.update(done["reasons"])
        report.failures += done["failures"]
    report.printed.update(line[:60] for line in printed)
    result.unlink(missing_ok=True)
    current.unlink(missing_ok=True)


def _child(folder, number, left):
    """Decode many edited files; what is at work is on the disk before it is begun."""
    from dedup.errors import DecodeError
    from dedup.pipelines.images.decoding import decode

    files = {path.name: path.read_bytes() for path in sorted(folder.glob("[!.]*"))}
    done = {"tried": 0, "read": 0, "slowest_s": 0.0, "failures": []}
    reasons, end = Counter(), time.monotonic() + left
    current = folder / ".current"

    @seed(number)
    @settings(
        max_examples=_ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(files)), _EDITS, st.sampled_from((224, 32, None)))
    def attempt(name, edits, short_side):
        if time.monotonic() > end:
            return
        recipe = [(what, where, some.hex()) for what, where, some in edits]
        done["tried"] += 1
        current.write_text(json.dumps({"number": done["tried"], "name": name, "edits": recipe}))
        signal.setitimer(signal.ITIMER_PROF, BUSY_S)  # its signal ends the process
        before = time.process_time()
        try:
            image = decode(edited(files[name], edits), short_side=short_side).image
            assert image.dtype == "uint8", image.dtype
            assert image.ndim == image.shape[2] == 3, image.shape
            done["read"] += 1
        except DecodeError as error:
            reason = str(error)
            reasons["".join("0" if c.isdigit() else c for c in reason)[:70]] += 1
            if not (reason.isprintable() and 5 < len(reason) < 400):
                done["failures"].append((repr(reason), name, recipe))
        except BaseException as error:
            done["failures"].append((repr(error), name, recipe))
        done["slowest_s"] = max(done["slowest_s"], time.process_time() - before)
        signal.setitimer(signal.ITIMER_PROF, 0)

    attempt()
    (folder / ".result").write_text(json.dumps({**done, "reasons": reasons}))


def _main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path)
    parser.add_argument("--left", type=float)
    chosen = parser.parse_args()
    if chosen.child:
        _child(chosen.child, chosen.seed, chosen.left)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        sys.stdout.write(f"{fuzz(folder, seconds=60 * chosen.minutes, first_seed=chosen.seed)}\n")


if __name__ == "__main__":
    _main()
