"""What goes wrong around an index is said clearly, and loses nothing."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import killed
import milvus_server
import numpy as np
import pytest
from PIL import Image

import dedup


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """200 small distinct pictures."""
    folder = tmp_path_factory.mktemp("pool")
    noise = np.random.default_rng(1)
    for number in range(200):
        pixels = noise.integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(folder / f"{number:03}.png")
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_full_disk_is_told_and_what_was_stored_stays(tmp_path, pool):
    context = killed.processes()
    answers = context.Queue()
    uri = tmp_path / "a.db"
    process = context.Process(
        target=killed.adding_without_space, args=(str(uri), pool, "sscd-fast", 60_000, answers)
    )
    process.start()
    error = answers.get(timeout=60)
    assert "could not" in error
    assert "File too large" in error
    stored = answers.get(timeout=60)
    assert 32 <= len(stored) < 200
    assert answers.get(timeout=60)
    assert answers.get(timeout=60) == 200
    process.join()
    with dedup.ImageIndex(uri, method="sscd-fast", progress=False) as index:
        assert (len(index), index.add(pool).unchanged) == (200, 200)


@pytest.fixture
def own_server(tmp_path_factory):
    """A Milvus server that may be killed."""
    if reason := milvus_server.why_not():
        pytest.skip(reason)
    server = milvus_server.Server(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.stop()


def wait_until_it_answers(index):
    """A server that was started again needs seconds to load its collections."""
    for _ in range(120):
        with contextlib.suppress(dedup.StoreError):
            return len(index._catalogue.collection)
        time.sleep(0.5)
    raise AssertionError("the server does not answer")


@pytest.mark.timeout(180)
def test_server_that_goes_away_loses_nothing(own_server, pool):
    reached, stored = threading.Event(), []
    where = {"uri": own_server.uri, "token": own_server.token, "method": "phash"}
    with dedup.ImageIndex(progress=False, **where) as index:
        stored += [file.path for file in index.add(pool[:40]).files]

        def kill():
            reached.wait()
            own_server.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(dedup.StoreUnavailable, match="is the server running"):  # noqa: PT012
            for start in range(40, 200, 20):
                stored += [file.path for file in index.add(pool[start : start + 20]).files]
                reached.set()
        killer.join()
        own_server.start()
        wait_until_it_answers(index)
        assert set(stored) <= index._catalogue.records.keys()
        index.add(pool)
        assert len(index) == 200
    with dedup.ImageIndex(progress=False, **where) as index:
        assert sorted(index._catalogue.records) == pool


ADD = "import sys; from dedup._cli.main import main; main(sys.argv[1:])"


@pytest.mark.thorough
def test_second_process_on_a_file_is_refused_and_nothing_is_lost(tmp_path, pool):
    command = [sys.executable, "-c", ADD, "index", "add", *pool[100:], "--method", "phash"]
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        index.add(pool[:50])
        second = subprocess.run(
            [*command, "--index", tmp_path / "a.db"], capture_output=True, text=True, check=False
        )
        assert second.returncode == 2
        assert "another process may hold this file: close it there, or use a" in second.stderr
        assert "Traceback" not in second.stderr
        index.add(pool[50:100])
    third = subprocess.run([*command, "--index", tmp_path / "a.db"], check=False)
    assert third.returncode == 0
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        assert sorted(index._catalogue.records) == pool


@pytest.mark.skipif(os.name != "posix", reason="names of any bytes are of POSIX")
def test_path_of_4000_characters_with_line_breaks_and_other_bytes(store, tmp_path, photos):
    name = os.fsdecode(b"a\nb \xff\xfe \"quoted\" 'it' \\ %_")
    folder = tmp_path
    while len(os.fsencode(folder)) < 3_850:
        folder = folder / (name * 5)[:100]
    folder.mkdir(parents=True)
    path = folder / "x.png"
    photos["coffee"].save(path)
    with dedup.ImageIndex(store.uri, token=store.token, method="phash", progress=False) as index:
        assert index.add(path).embedded == 1
        assert index.add(folder).unchanged == 1
        assert index.check(photos["coffee"]).matches[0].path == str(path)
        index.mark(path, Image.effect_noise((40, 40), 60), duplicate=False)
        assert index.remove(path) == 1
        assert len(index) == 0
