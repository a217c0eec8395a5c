"""`dedup.distributed.embed`: on a Ray cluster, the index that `ImageIndex.add` would make."""

import contextlib
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dedup
from dedup import distributed
from dedup.errors import InputError, MissingExtra, StoreUnavailable

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture
def copied(folder, photos):
    """Photos with copies of every kind, and files that can't be read."""
    shutil.copy(folder / "camera.png", folder / "camera (1).png")
    Image.open(folder / "astronaut.jpg").save(folder / "astronaut.bmp")
    photos["coffee"].resize((200, 133)).save(folder / "coffee-small.jpg")
    (folder / "notes.txt").write_text("no image")
    (folder / "cut.jpg").write_bytes((folder / "astronaut.jpg").read_bytes()[:2000])
    (folder / "cut (1).jpg").write_bytes((folder / "astronaut.jpg").read_bytes()[:2000])
    return folder


def many(folder, count):
    """Pictures that all differ, as small files."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
        small.resize((128, 96), Image.Resampling.BICUBIC).save(folder / f"{number:04}.jpg")
    return folder


def groups(found):
    return sorted(sorted(Path(path).name for path in group.paths) for group in found.groups)


def pairs(found):
    table = found.pairs.assign(
        a=[Path(path).name for path in found.pairs["a"]],
        b=[Path(path).name for path in found.pairs["b"]],
    )
    return sorted((row.a, row.b, row.relation) for row in table.itertuples())


def worker_pids(name):
    """Processes of Ray that run a class."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and name in (process / "cmdline").read_text():
                found.append(int(process.name))
    return found


@contextlib.contextmanager
def killed_at_work(name, *, uri, rows):
    """Kills one process that runs a class when the index holds some rows; gives its id."""
    killed = []
    over = threading.Event()

    def watch():
        with dedup.ImageIndex(uri, method="phash") as index:
            while not over.is_set():
                if len(index._catalogue.collection) >= rows and (pids := worker_pids(name)):
                    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                        os.kill(pids[0], signal.SIGKILL)
                        killed.append(pids[0])
                        return
                time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("method", ["phash", "sscd-fast"])
def test_the_index_is_that_of_a_local_add(copied, uri, cluster, tmp_path, method):
    with dedup.ImageIndex(tmp_path / "local.db", method=method) as index:
        local_added = index.add(copied)
        local = index.duplicates()
    added = distributed.embed(copied, index=uri, workers=2, method=method, progress=False)
    assert str(added) == str(local_added)
    assert added.skipped == local_added.skipped
    with dedup.ImageIndex(uri, method=method) as index:
        found = index.duplicates()
    assert groups(found) == groups(local) != []
    assert pairs(found) == pairs(local)


def test_second_call_embeds_only_what_is_new_or_changed(copied, uri, cluster, spare_photo):
    distributed.embed(copied, index=uri, method="phash", tag="old", progress=False)
    again = distributed.embed(copied, index=uri, method="phash", progress=False)
    assert (again.embedded, again.copies, again.unchanged) == (0, 0, 9)
    os.utime(copied / "coins.jpg", (1, 1))
    spare_photo.save(copied / "chelsea.jpg")
    spare_photo.save(copied / "new.png")
    again = distributed.embed(copied, index=uri, method="phash", progress=False)
    assert (again.embedded, again.copies, again.unchanged) == (2, 0, 8)
    with dedup.ImageIndex(uri, method="phash") as index:
        tags = {Path(r.path).name: r.tag for r in index._catalogue.records.values()}
    assert (tags["coins.jpg"], tags["chelsea.jpg"], tags["new.png"]) == ("old", "old", "")


def test_killed_worker_loses_nothing_and_doubles_nothing(uri, cluster, tmp_path):
    folder = many(tmp_path / "many", 700)
    shutil.copy(folder / "0000.jpg", folder / "copy.jpg")
    dedup.ImageIndex(uri, method="phash").close()
    with killed_at_work("MapWorker", uri=uri, rows=32) as killed:
        added = distributed.embed(folder, index=uri, workers=2, method="phash", progress=False)
    assert len(killed) == 1
    assert str(added) == "700 embedded, 1 copy recognised, 0 unchanged, 0 skipped"
    with dedup.ImageIndex(uri, method="phash") as index:
        rows = [row for rows in index._catalogue.collection.rows(["id"]) for row in rows]
        assert len(rows) == len({row["id"] for row in rows}) == 701
        assert groups(index.duplicates()) == [["0000.jpg", "copy.jpg"]]


def test_errors_come_out_as_themselves(folder, cluster):
    with pytest.raises(StoreUnavailable, match="is the server running"):
        distributed.embed(folder, index="http://127.0.0.1:9", method="phash", progress=False)


def test_milvus_lite_and_images_in_memory_are_refused(folder, photos):
    with pytest.raises(InputError, match="a Milvus Lite file belongs to one process"):
        distributed.embed(folder, index=str(folder / "photos.db"))
    with pytest.raises(InputError, match="can't be shared out"):
        distributed.embed(photos["coffee"], index="http://127.0.0.1:9")


def test_missing_ray_names_the_command(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r'pip install "dedup-vision\[ray\]"'):
        distributed.embed(folder, index="http://127.0.0.1:9")
