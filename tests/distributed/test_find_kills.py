"""`dedup.distributed.find` whose workers, driver or Milvus server are killed goes on from there."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import milvus_server
import pytest
from stored import assert_same, finished, meanwhile, parts, pictures

import dedup
from dedup import distributed

pytestmark = [pytest.mark.slow, pytest.mark.kill]

SETTINGS = {"method": "phash", "workers": 3, "part": 12, "progress": False}
DRIVER = """
import sys
from dedup import distributed
folder, work, uri = sys.argv[1:]
distributed.find(folder, work=work, index=uri, method="phash", workers=3, part=12, progress=False)
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """120 pictures, 20 of them copies."""
    return pictures(tmp_path_factory.mktemp("many") / "photos", 100)


@pytest.fixture(scope="module")
def local(many):
    """What one machine finds."""
    return dedup.find_duplicates(many, method="phash", cache=False)


def kill_a_worker(_):
    """Kill a process of Ray's that runs a task."""
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and "ray::patiently" in (process / "cmdline").read_text():
                os.kill(int(process.name), signal.SIGKILL)
                return


def test_killed_driver_goes_on_and_makes_no_part_twice(many, local, uri, cluster, tmp_path):
    work = tmp_path / "work"
    before = {}
    driver = [sys.executable, "-c", DRIVER, many, work, uri]
    there = {**os.environ, "RAY_ADDRESS": cluster.address}
    for stage in ("embeddings", "hits", "pairs"):
        running = subprocess.Popen(driver, env=there)
        while not parts(work, stage) and running.poll() is None:
            time.sleep(0.02)
        running.kill()
        running.wait()
        time.sleep(3)  # its workers end with it
        now = finished(work)
        assert before.items() <= now.items()
        before = now
    subprocess.run(driver, env=there, check=True)
    assert before.items() <= finished(work).items()
    assert_same(distributed.load(work), local)


def test_workers_killed_in_every_stage_change_nothing(many, local, uri, cluster, tmp_path):
    stages = ("digests", "embeddings", "hits", "pairs")
    with meanwhile(tmp_path / "work", stages, kill_a_worker) as met:
        stored = distributed.find(many, work=tmp_path / "work", index=uri, **SETTINGS)
    assert met == list(stages)
    assert_same(stored, local)


@pytest.mark.server
def test_a_milvus_server_started_again_meanwhile_changes_nothing(many, local, cluster, tmp_path):
    if reason := milvus_server.why_not():
        pytest.skip(reason)
    (tmp_path / "milvus").mkdir()
    server = milvus_server.Server(tmp_path / "milvus")
    server.start()

    def restart(_):
        server.kill()
        server.start()

    stages = ("embeddings", "hits")
    try:
        with meanwhile(tmp_path / "work", stages, restart) as met:
            stored = distributed.find(
                many, work=tmp_path / "work", index=server.uri, token=server.token, **SETTINGS
            )
    finally:
        server.stop()
    assert met == list(stages)
    assert_same(stored, local)
