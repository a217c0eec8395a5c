"""An index whose process is killed, at any moment, has lost nothing and goes on."""

import contextlib
import dataclasses
import os
import random
import shutil
import time

import killed
import numpy as np
import pytest
from PIL import Image

import dedup
from dedup.pipelines.store.collection import Collection

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX"),
]


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """300 small distinct pictures, and copies of some, in files of their own."""
    folder = tmp_path_factory.mktemp("pool")
    noise = np.random.default_rng(0)
    for number in range(300):
        pixels = noise.integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(pixels).resize((48, 48)).save(folder / f"{number:03}.png")
    for number in range(0, 300, 10):
        shutil.copy(folder / f"{number:03}.png", folder / f"{number:03}-copy.png")
        with Image.open(folder / f"{number + 1:03}.png") as image:
            image.save(folder / f"{number + 1:03}-copy.bmp")
    return [str(path) for path in sorted(folder.iterdir())]


def whole(index):
    """All its rows; each has its fields, and a vector of length 1."""
    index._catalogue.forget()
    records = index._catalogue.records
    collection = index._catalogue.collection
    ids, vectors = collection.read_vectors("id >= 0")
    assert sorted(ids) == sorted(record.id for record in records.values())
    assert len(ids) == len(collection)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert all(len(record.thumbnail) == 64 and record.digest for record in records.values())
    return records


def content(index):
    """What an index holds, whichever of several copies came first."""
    records = whole(index)
    by_id = {record.id: record for record in records.values()}
    assert all(not by_id[record.picture].copy_of for record in records.values())
    pictures = {}
    for path, record in records.items():
        pictures.setdefault(record.picture, set()).add(path)
    _, vectors = index.known(sorted(records))
    return sorted(map(sorted, pictures.values())), vectors


def same(one, other):
    (pictures, vectors), (others, wanted) = content(one), content(other)
    assert pictures == others
    np.testing.assert_allclose(vectors, wanted, atol=1e-3)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("method", "numbers"), [("phash", (180, 9, 12)), ("sscd", (48, 8, 3))])
def test_killed_while_adding_nothing_is_lost(tmp_path, pool, method, numbers):
    files, batch, kills = numbers
    paths, uri, report = pool[:files], str(tmp_path / "a.db"), tmp_path / "report"
    report.touch()
    moment = random.Random(0)
    done = 0
    while done < kills:
        process = killed.processes().Process(
            target=killed.adding, args=(uri, paths, method, batch, report)
        )
        before = report.stat().st_size
        process.start()
        # Not while it starts: from the first batch that it reports, or the last one is done.
        deadline = time.monotonic() + 30
        while process.is_alive() and report.stat().st_size == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.15 if method == "phash" else 0.6))
        done += process.is_alive()
        process.kill()
        process.join()
        with dedup.ImageIndex(uri, method=method, progress=False) as index:
            records = whole(index)
            assert set(report.read_text().split("\n")) - {""} <= records.keys()
            if len(records) == files:  # begin again, with half of it
                index.remove(paths[::2])
                report.write_text("".join(f"{path}\n" for path in paths[1::2]))
    with (
        dedup.ImageIndex(uri, method=method, progress=False) as index,
        dedup.ImageIndex(tmp_path / "b.db", method=method, progress=False) as undisturbed,
    ):
        index.add(paths)
        undisturbed.add(paths)
        same(index, undisturbed)


class PowerCut(BaseException):
    """What a killed process looks like from inside."""


@pytest.fixture
def cut(monkeypatch):
    """Makes the n-th write from now on, and all after it, fail before or after it is done."""

    def cut(number, *, done):
        writes = iter(range(1_000))

        def failing(write):
            def write_or_fail(self, *arguments):
                place = next(writes)
                if place > number or (place == number and not done):
                    raise PowerCut
                result = write(self, *arguments)
                if place == number:
                    raise PowerCut
                return result

            return write_or_fail

        for name in ("upsert", "delete"):
            monkeypatch.setattr(Collection, name, failing(originals[name]))

    originals = {name: getattr(Collection, name) for name in ("upsert", "delete")}
    yield cut
    monkeypatch.undo()


@pytest.mark.parametrize("way", ["remove", "change"])
def test_cut_between_any_two_writes_the_next_add_completes_the_rest(
    tmp_path, pool, cut, monkeypatch, way
):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "abcd":
        shutil.copy(pool[0], folder / f"{name}.png")
    shutil.copy(pool[10], folder / "e.png")
    settings = {"method": "phash", "progress": False}
    with dedup.ImageIndex(tmp_path / "before.db", **settings) as index:
        index.add(folder)
        first = next(path for path, r in index._catalogue.records.items() if not r.copy_of)
        assert index.remove(first) == 1
        index.add(folder)
        wanted = {path: r.copy_of == 0 for path, r in index._catalogue.records.items()}
    first = next(path for path, is_first in wanted.items() if is_first and "e.png" not in path)
    if way == "change":
        shutil.copy(pool[20], first)
    undisturbed = dedup.ImageIndex(tmp_path / "new.db", **settings)
    undisturbed.add(folder)
    for number in range(4):
        for done in (False, True):
            uri = tmp_path / f"{number}-{done}.db"
            shutil.copytree(tmp_path / "before.db", uri)
            with dedup.ImageIndex(uri, **settings) as index:
                cut(number, done=done)
                with contextlib.suppress(PowerCut):
                    index.add(folder) if way == "change" else index.remove(first)
                monkeypatch.undo()
            with dedup.ImageIndex(uri, **settings) as index:
                assert wanted.keys() - {first} <= whole(index).keys()
                if way == "remove":
                    index.remove(first)
                index.add(folder)
                assert len(index) == 5
                same(index, undisturbed)
    undisturbed.close()


@pytest.mark.parametrize("ring", [2, 3])
def test_copies_of_each_other_are_mended(tmp_path, pool, ring):
    """Two processes that add the same files at once can make each a copy of the other's."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in "abcd":
        shutil.copy(pool[0], folder / f"{name}.png")
    uri = tmp_path / "a.db"
    settings = {"method": "phash", "progress": False}
    with dedup.ImageIndex(uri, **settings) as index:
        index.add(folder)
        records = [index._catalogue.records[str(path)] for path in sorted(folder.iterdir())]
        around = [*records[1:ring], records[0]]
        index._catalogue.rewrite(
            [
                dataclasses.replace(record, copy_of=other.id)
                for record, other in zip(records[:ring], around, strict=True)
            ]
            + [dataclasses.replace(record, copy_of=records[1].id) for record in records[ring:]]
        )
    with dedup.ImageIndex(uri, **settings) as index:
        index.add(folder)
        (group,) = index.duplicates().groups
        assert len(group) == 4
        copies = {r.path: r.copy_of for r in index._catalogue.records.values()}
        assert copies == {r.path: 0 if r is records[0] else records[0].id for r in records}


def test_killed_between_writing_rows_and_deleting_their_log_each_row_is_there_once(tmp_path, pool):
    settings = {"method": "phash", "progress": False}
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        index.add(pool[:40])
        index._catalogue.rewrite(list(index._catalogue.records.values()))
        logs = {log: log.read_bytes() for log in (tmp_path / "a.db").rglob("wal_*.arrow")}
        assert logs
        index._catalogue.collection.flush()
    for log, content in logs.items():
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(content)
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        assert len(whole(index)) == 40


def test_index_file_that_was_cut_is_built_again(tmp_path, pool):
    settings = {"method": "phash", "progress": False}
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        index.add(pool[:40])
    (file,) = (tmp_path / "a.db").rglob("*.idx")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with dedup.ImageIndex(tmp_path / "a.db", **settings) as index:
        assert index.check(pool[7]).relation == "exact"
        assert len(whole(index)) == 40
