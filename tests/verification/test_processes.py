"""Threads may share an index; processes that are forked or spawned never hang or harm one."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import killed
import numpy as np
import pytest
from PIL import Image

import dedup

pytestmark = pytest.mark.thorough

SETTINGS = {"method": "sscd-fast", "progress": False}
no_fork = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="no safe fork there, and none by default"
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """160 small pictures, and a copy of each."""
    folder = tmp_path_factory.mktemp("pool")
    noise = np.random.default_rng(2)
    for number in range(160):
        pixels = noise.integers(0, 256, (12, 12, 3), np.uint8)
        picture = Image.fromarray(pixels).resize((48, 48))
        for name in ("a.png", "b.bmp"):
            picture.save(folder / f"{number:03}-{name}")
    return [str(path) for path in sorted(folder.iterdir())]


# Threads


@pytest.mark.timeout(120)
def test_eight_threads_use_one_index_at_once(tmp_path, pool):
    begin = threading.Barrier(8)
    settings = {"method": "phash", "progress": False}
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        index.add(pool[:2])

        def add(part):
            begin.wait()
            for start in range(part * 80, part * 80 + 80, 20):
                index.add(pool[start : start + 20])

        def check(number):
            begin.wait()
            for path in pool[number::40]:
                index.check(path)
            return index.check(pool[0]).relation

        def search(_):
            begin.wait()
            return [len(index.duplicates(verify=False).groups) for _ in range(3)]

        with ThreadPoolExecutor(8) as threads:
            adding = [threads.submit(add, part) for part in range(4)]
            checking = [threads.submit(check, number) for number in range(2)]
            searching = [threads.submit(search, number) for number in range(2)]
            for one in adding:
                one.result()
            assert [one.result() for one in checking] == ["exact", "exact"]
            assert all(sorted(one.result()) == one.result() for one in searching)
        assert sorted(index._catalogue.records) == pool
        assert [len(group) for group in index.duplicates(verify=False).groups] == 160 * [2]
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        assert sorted(index._catalogue.records) == pool
        assert index.add(pool).unchanged == 320
        assert [len(group) for group in index.duplicates(verify=False).groups] == 160 * [2]


# Processes that are forked off, or spawned, by one that uses the library


def searched(folder):
    found = dedup.find_duplicates(folder, cache=False, **SETTINGS)
    return [group.paths for group in found.groups]


def opened(uri):
    with dedup.ImageIndex(uri, **SETTINGS) as index:
        return len(index)


def answer(function, *arguments):
    try:
        return function(*arguments)
    except dedup.DedupError as error:
        return f"{type(error).__name__}: {error}"


def reply(answers, function, *arguments):
    answers.put(answer(function, *arguments))


def in_process(method, function, *arguments):
    """What a function gives in a process of its own."""
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    process = context.Process(target=reply, args=(answers, function, *arguments))
    process.start()
    try:
        return answers.get(timeout=100)
    finally:
        process.kill()
        process.join()


@pytest.fixture
def index(tmp_path, folder):
    """An index in use: models are loaded, and threads run."""
    with dedup.ImageIndex(tmp_path / "a.db", **SETTINGS) as index:
        index.add(folder)
        index.check(folder / "coffee.png")
        yield index


@no_fork
def test_forked_process_searches_though_its_parent_has(index, sample_folder):
    assert in_process("fork", searched, sample_folder) == searched(sample_folder)
    assert len(index) == 6


@pytest.mark.parametrize("method", [pytest.param("fork", marks=no_fork), "spawn"])
def test_file_of_the_parent_is_refused_until_it_is_closed(index, tmp_path, method):
    refused = in_process(method, opened, tmp_path / "a.db")
    assert refused.startswith("StoreUnavailable: ")
    assert "another process may hold this file" in refused
    index.close()
    assert in_process(method, opened, tmp_path / "a.db") == 6


@no_fork
@pytest.mark.parametrize("use", ["add", "check", "duplicates", "len", "close"])
def test_forked_process_cannot_use_the_index_that_its_parent_opened(index, folder, use):
    def act():
        if use in ("add", "check"):
            getattr(index, use)(folder / "rocket.png")
        elif use == "duplicates":
            index.duplicates()
        elif use == "close":
            index.close()
        else:
            index._catalogue.forget()
            len(index)
        return "done"

    told = in_process("fork", act)
    if use == "close":  # there is nothing to close
        assert told == "done"
    else:
        assert told.startswith("StoreUnavailable: ")
        assert "opened before this process was forked off: open it here" in told
    assert index.check(folder / "rocket.png").relation == "exact"


@no_fork
def test_programs_are_started_as_ever_after_an_embedding(sample_folder):
    """Between fork and exec, Python runs what was registered for forked processes."""
    dedup.find_duplicates(sample_folder, method="sscd-fast", cache=False)
    command = [sys.executable, "-c", "print(1)"]
    done = subprocess.run(
        command, preexec_fn=os.getpid, timeout=100, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"1"


@no_fork
def test_forked_process_that_ends_leaves_its_parents_index_alone(tmp_path, folder):
    script = """
import os, sys
import dedup
uri, folder = sys.argv[1:]
index = dedup.ImageIndex(uri, method="phash", progress=False)
index.add(f"{folder}/*.jpg")
child = os.fork()
if not child:
    sys.exit(3)  # with all that runs at an exit
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
index.add(folder)
child = os.fork()
if not child:
    try:
        dedup.ImageIndex(uri, method="phash", progress=False)
    except dedup.StoreUnavailable:
        os._exit(4)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
print(len(index), index.check(f"{folder}/rocket.png").relation)
"""
    command = [sys.executable, "-c", script, tmp_path / "a.db", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "6 exact\n", done.stderr
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        assert len(index) == 6


# Notebooks


def holding(uri, folder, ready):
    index = dedup.ImageIndex(uri, method="phash", progress=False)
    index.add(folder)
    ready.send(None)
    signal.pause()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_notebook_that_is_restarted_opens_its_index_again(tmp_path, folder):
    context = killed.processes()
    listening, ready = context.Pipe(duplex=False)
    kernel = context.Process(target=holding, args=(tmp_path / "a.db", folder, ready))
    kernel.start()
    assert listening.poll(60)
    kernel.kill()
    kernel.join()
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        assert index.add(folder).unchanged == 6


def test_cell_that_is_run_again_opens_its_index_again(tmp_path, folder):
    for cells_run in range(3):  # and never closes it
        index = dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False)
        assert index.add(folder).unchanged == (6 if cells_run else 0)
    dedup.find_duplicates(folder, index=tmp_path / "a.db", method="phash", progress=False)
    assert index.check(folder / "coffee.png").relation == "exact"
