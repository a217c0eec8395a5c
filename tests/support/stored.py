"""What `dedup.distributed.find` leaves, next to what one machine finds; and pictures to find."""

import contextlib
import shutil
import threading

import numpy as np
import pandas as pd
from PIL import Image


def pictures(folder, count):
    """Small pictures that all differ; of every tenth a copy of its bytes, and a smaller one."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
        image = small.resize((128, 96), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05}.jpg")
        if number % 10 == 0:
            shutil.copy(folder / f"{number:05}.jpg", folder / f"{number:05} (1).jpg")
            image.resize((96, 72)).save(folder / f"{number:05}-small.jpg")
    return folder


def groups_of(found):
    """The groups that one machine found: the file to keep, what may go, what stays, and why."""
    return sorted((g.keep, sorted(g.remove), g.retain, g.why) for g in found.groups)


def stored_groups(stored):
    """The same of a cluster."""
    found = []
    for _, files in stored.groups.groupby("group"):
        keep = files[files["keep"]].iloc[0]
        others = files[~files["keep"]]
        stay = others[others["stays"] != ""]
        remove = sorted(others[others["stays"] == ""]["path"])
        retain = dict(zip(stay["path"], stay["stays"], strict=True))
        found.append((keep["path"], remove, retain, keep["why"]))
    return sorted(found)


def assert_same(stored, found):
    """All that a cluster found is what one machine found."""
    assert stored_groups(stored) == groups_of(found)
    order = ["relation", "a", "b"]
    mine, theirs = (
        table[list(found.pairs.columns)].sort_values(order, ignore_index=True)
        for table in (stored.pairs, found.pairs)
    )
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, rtol=1e-5)
    for table in ("skipped", "uncertain"):
        mine, theirs = getattr(stored, table), getattr(found, table)
        pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)
    ids = np.concatenate(list(stored.removal_ids()))
    assert len(ids) == sum(len(group.remove) for group in found.groups)
    assert (np.diff(ids) > 0).all()


def parts(work, stage="*"):
    """The parts that are there, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in work.glob(f"{stage}/*.parquet")}


def finished(work):
    """The parts by which it is known that a task is done.

    What it writes before them may be there while they are not, and is then written again.
    """
    beside = {"changed", "failed", "repeats", "full"}  # of digests, embeddings, originals, hits
    beside |= {"skipped", "uncertain", "removals", "groups"}  # of pairs
    return {path: when for path, when in parts(work).items() if path.parent.name not in beside}


@contextlib.contextmanager
def meanwhile(work, stages, act):
    """Does something as soon as each stage has its first part; gives the stages that were met."""
    met = []
    over = threading.Event()

    def watch():
        for stage in stages:
            while not parts(work, stage):
                if over.wait(0.02):
                    return
            act(stage)
            met.append(stage)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield met
    finally:
        over.set()
        thread.join()
