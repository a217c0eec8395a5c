"""Killed at any moment, `apply` and `undo` leave a state from which `undo` restores everything."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from meanwhile import cut_before_every_step
from trees import is_device_of_its_own, tree

import dedup

pytestmark = pytest.mark.kill
KILLS = 8
CASES = ["quarantine", "other device", "hardlink"]
SHM = "/dev/shm"


@pytest.fixture(scope="module")
def processes():
    """Starts processes at once: they fork off one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dedup", "dedup._index.find", "pytest"])
    return context


@pytest.fixture
def folder(tmp_path, many_photos):
    """Thirty pictures, each with a copy, of several permissions and times."""
    folder = tmp_path / "photos"
    for copy in ("a", "b/c"):
        shutil.copytree(many_photos, folder / copy)
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        os.chmod(path, (0o600, 0o640, 0o755)[number % 3])
        os.utime(path, ns=(10**18 + number, 10**18 + 1_001 * number))
    return folder


@pytest.fixture(params=CASES)
def quarantine(request, folder):
    """Where to: the default, another device, or hard links instead."""
    elsewhere = Path(SHM, f"dedup-kills-{os.getpid()}")
    if request.param == "other device" and not is_device_of_its_own(SHM, folder):
        pytest.skip(f"{SHM} is no device of its own")
    yield {
        "quarantine": {},
        "other device": {"quarantine": elsewhere},
        "hardlink": {"action": "hardlink"},
    }[request.param]
    shutil.rmtree(elsewhere, ignore_errors=True)


def planned(folder, **options):
    return dedup.find_duplicates(folder, cache=False, method="phash").plan(**options)


def is_killed(processes, act, journal, *, moment):
    """Run an act in a process, and kill it once it has written this much of the journal."""
    written = journal.stat().st_size if journal.exists() else 0
    process = processes.Process(target=act)
    process.start()
    while process.is_alive():
        if journal.exists() and journal.stat().st_size - written >= moment:
            time.sleep(random.random() * 0.003)  # between two lines too
            process.kill()
            break
        time.sleep(0.0005)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def test_killed_apply_can_be_continued_and_undone(folder, quarantine, tmp_path, processes):
    before = tree(folder)
    plan = planned(folder, **quarantine)
    assert len(plan) == 30
    applied = undone = number = 0
    while applied < KILLS or undone < 2:
        number += 1
        assert number < 5 * KILLS
        journal = tmp_path / f"journal-{number}"
        apply = partial(plan.apply, journal=journal)
        undo = partial(dedup.undo, journal)
        applied += is_killed(processes, apply, journal, moment=random.randrange(16_000))
        if number % 2:  # continued, and killed again
            applied += is_killed(processes, apply, journal, moment=random.randrange(6_000))
        if number % 4 == 3:  # to its end
            assert len(apply()) == 30
        if number % 3:
            undone += is_killed(processes, undo, journal, moment=random.randrange(1_000))
        assert undo().failed.empty
        assert tree(folder) == before


@pytest.mark.parametrize("name", ["apply", "undo"])
def test_cut_before_every_single_step(name, folder, quarantine, tmp_path):
    for path in [*folder.rglob("*-1.png"), *folder.rglob("[b-z]*-[02].png")]:
        path.unlink()

    def applied(result):
        assert len(result) == 2

    def undone():
        left = [path for path in Path(plan.quarantine).rglob("*") if path.is_file()]
        assert {path.suffix for path in left} <= {"", ".jsonl"}

    plan = planned(folder, **quarantine)
    assert len(plan) == 2
    cuts = cut_before_every_step(
        plan, name, folder=folder, journals=tmp_path, applied=applied, undone=undone
    )
    assert cuts > 8
