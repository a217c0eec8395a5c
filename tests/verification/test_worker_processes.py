"""Many pairs are compared in processes: with the same result, and nothing is left of them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from loky import ProcessPoolExecutor

import dedup
from dedup._verification import comparing
from dedup._verification.comparing import Comparers
from dedup._verification.features import Features, extract
from dedup._verification.worker import compare_all

pytestmark = pytest.mark.thorough

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def several_cores(cores):
    cores(2)


@pytest.fixture
def in_processes(monkeypatch):
    """Any number of pairs is many."""
    monkeypatch.setattr(comparing, "_MANY", 0)


@pytest.fixture(scope="module")
def features(photos):
    """Three photos, and their left halves."""
    halves = [photo.crop((0, 0, 150, photo.height)) for photo in photos.values()][:3]
    return dict(enumerate(extract(np.asarray(p)) for p in [*list(photos.values())[:3], *halves]))


PAIRS = [(a, b) for a in range(6) for b in range(a + 1, 6)]


def scores(comparers, features):
    return [seen.score for some in comparers.compare(PAIRS, features) for seen in some]


def workers(comparers):
    return list(comparers._processes._processes)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_result_is_the_same(sample_folder, in_processes, monkeypatch):
    started = []
    end = Comparers._end

    def watched(self):
        started.append(self._processes is not None)
        end(self)

    monkeypatch.setattr(Comparers, "_end", watched)
    inside = dedup.find_duplicates(sample_folder, cache=False)
    monkeypatch.setattr(comparing, "_MANY", 10_000)
    outside = dedup.find_duplicates(sample_folder, cache=False)
    assert started == [True, False]
    assert inside.pairs.equals(outside.pairs)
    assert [g.paths for g in inside.groups] == [g.paths for g in outside.groups]


def test_few_pairs_start_no_process(features):
    with Comparers() as comparers:
        scores(comparers, features)
        assert comparers._processes is None


def test_outside_of_a_block_no_process_is_started(features, in_processes):
    comparers = Comparers()
    comparers.expect_many()
    assert len(scores(comparers, features)) == len(PAIRS)
    assert comparers._processes is None


def test_processes_are_there_where_many_pairs_are_expected(features, monkeypatch):
    wanted = scores(Comparers(), features)
    monkeypatch.setattr(comparing, "_MANY", 10_000)
    with Comparers() as comparers:
        comparers.expect_many()
        assert len(workers(comparers)) == 2
        assert scores(comparers, features) == wanted


def test_what_waits_to_be_sent_does_not_change_as_answers_come(features, in_processes, monkeypatch):
    """It is pickled in a thread, which fails for a dictionary that grows meanwhile."""
    known = {n: Features(f.grey, f.look) for n, f in features.items()}
    sent = []
    submit = ProcessPoolExecutor.submit

    def watched(self, function, *arguments):
        if function is compare_all:
            sent.extend(arguments[1].values())
        return submit(self, function, *arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", watched)
    with Comparers() as comparers:
        runs = comparers.compare(PAIRS, known), comparers.compare(PAIRS, known)
        first, second = ([e.score for some in run for e in some] for run in runs)
    assert first == second
    assert any("local" in one.computed for one in known.values())
    assert sent
    assert not any(one.computed for one in sent)


@posix
def test_processes_end_with_the_block(features, in_processes):
    with Comparers() as comparers:
        scores(comparers, features)
        started = workers(comparers)
        assert len(started) == 2
    assert not any(map(is_running, started))


@posix
def test_killed_process_costs_nothing_but_time(features, in_processes):
    with Comparers() as comparers:
        wanted = scores(comparers, features)
        os.kill(workers(comparers)[0], signal.SIGKILL)
        assert scores(comparers, features) == wanted
        assert scores(comparers, features) == wanted


def _is_open(_):
    with Comparers() as comparers:
        return comparers._is_open


def test_process_that_may_have_no_children_does_without():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_is_open, [0]) == [False]


INTERRUPTED = """
import os
import numpy as np
from dedup._verification import comparing
from dedup._verification.features import extract

comparing._MANY, os.sched_getaffinity = 0, lambda _: {0, 1}
random = np.random.default_rng(0)
features = {n: extract(random.integers(0, 255, (300, 400, 3), np.uint8)) for n in range(4)}
with comparing.Comparers() as comparers:
    while True:
        list(comparers.compare([(0, 1), (2, 3)] * 50, features))
        print(*comparers._processes._processes, flush=True)
"""


@posix
def test_interrupt_ends_the_processes():
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started = [int(number) for number in program.stdout.readline().split()]
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does
    _, errors = program.communicate(timeout=30)
    assert len(started) == 2
    assert errors.count("KeyboardInterrupt") == 1
    for _ in range(100):
        if not any(map(is_running, started)):
            break
        time.sleep(0.1)
    assert not any(map(is_running, started))
