"""The same images give the same duplicates: however many threads, in whichever order or pieces."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from PIL import Image, ImageOps

import dedup
from dedup.pipelines import operators

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("seen_anew")]

SETTINGS = {"method": "sscd-fast", "progress": False}
NAMES = ("astronaut", "camera", "coffee", "rocket")
HASHES = {"method": "phash", "progress": False}


@pytest.fixture(scope="module")
def copies(photos, tmp_path_factory):
    """Four photos: as they are, twice; smaller, mirrored, and cut."""
    folder = tmp_path_factory.mktemp("copies")
    for name in NAMES:
        photo = photos[name]
        photo.save(folder / f"{name}.png")
        shutil.copy(folder / f"{name}.png", folder / f"{name} (1).png")
        photo.save(folder / f"{name}.bmp")
        photo.resize((photo.width // 2, photo.height // 2)).save(folder / f"{name}-half.jpg")
        ImageOps.mirror(photo).save(folder / f"{name}-mirrored.jpg")
        photo.crop((40, 30, photo.width, photo.height)).save(folder / f"{name}-cut.jpg")
    return folder


def result(found):
    """All of a result that is to be the same."""
    return found.pairs, [(group.keep, group.paths) for group in found.groups], found.run


def same(one, other):
    """A store adds up similarities in another order if rows lie elsewhere: the last bits differ."""
    assert one[1:] == other[1:]
    assert_frame_equal(one[0], other[0], rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def wanted(copies):
    wanted = result(dedup.find_duplicates(copies, cache=False, **SETTINGS))
    assert [len(paths) for _, paths in wanted[1]] == len(NAMES) * [6]
    return wanted


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_number_of_threads_does_not_matter(copies, wanted, threads, cores, monkeypatch):
    cores(threads)
    pool = ThreadPoolExecutor(threads)
    monkeypatch.setattr(operators, "_decoders", lambda: pool)
    same(result(dedup.find_duplicates(copies, cache=False, **SETTINGS)), wanted)


SCRIPT = """
import sys, dedup
found = dedup.find_duplicates(sys.argv[1:], cache=False, method="sscd-fast", progress=False)
print(found.run, [(group.keep, group.paths) for group in found.groups])
print(found.pairs.to_json(double_precision=15))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be taken away")
def test_number_of_cores_does_not_matter(few):
    """All libraries see one core, or all, and strings hash differently in each process."""
    answers = set()
    for cores in (os.sched_getaffinity(0), {min(os.sched_getaffinity(0))}):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *few[0]],
            preexec_fn=lambda cores=cores: os.sched_setaffinity(0, cores),
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    (answer,) = answers
    assert "coffee-half.jpg" in answer


@pytest.fixture
def paths(copies):
    return sorted(map(str, copies.iterdir()))


def test_order_of_files_does_not_matter(copies, paths, wanted):
    for order in (paths[::-1], paths[::2] + paths[1::2]):
        found = dedup.find_duplicates(order, cache=False, **SETTINGS)
        same(result(found), wanted)


@pytest.fixture(scope="module")
def few(copies):
    """Two photos and their copies, what is found among them, and hashes for speed."""
    paths = sorted(str(path) for name in ("coffee", "rocket") for path in copies.glob(f"{name}*"))
    return paths, result(dedup.find_duplicates(paths, cache=False, **HASHES))


@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_pieces_do_not_matter(few, tmp_path_factory, data):
    paths, wanted = few
    order = data.draw(st.permutations(paths))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(paths) - 1), max_size=4)))
    with dedup.ImageIndex(tmp_path_factory.mktemp("pieces") / "a.db", **HASHES) as index:
        for start, stop in zip([0, *cuts], [*cuts, None], strict=True):
            index.add(order[start:stop])
        for gone in data.draw(st.lists(st.sampled_from(paths), max_size=2)):
            index.remove(gone)
            index.add(gone)
        same(result(index.duplicates()), wanted)


def test_change_that_was_taken_back_does_not_matter(copies, tmp_path):
    uri, folder = tmp_path / "a.db", tmp_path / "photos"
    shutil.copytree(copies, folder, ignore=shutil.ignore_patterns("[a-bd-z]*"))
    before = result(dedup.find_duplicates(folder, index=uri, **HASHES))
    path = folder / "coffee.png"
    path.rename(folder / "moved.png")
    Image.effect_noise((60, 40), 60).save(path)
    assert result(dedup.find_duplicates(folder, index=uri, **HASHES))[2] != before[2]
    (folder / "moved.png").rename(path)
    with dedup.ImageIndex(uri, **HASHES) as index:
        index.prune()
    same(result(dedup.find_duplicates(folder, index=uri, **HASHES)), before)
