"""Hundreds of copies of one picture: found as one group, without all of their pairs."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import dedup
from dedup._catalogue.exact_copies import Picture, PictureBook

pytestmark = pytest.mark.thorough

MANY = 400


@pytest.fixture(scope="module")
def astronaut():
    return Image.fromarray(skimage.data.astronaut())


@pytest.fixture(scope="module")
def resized(tmp_path_factory, astronaut):
    """Files of one picture, of other sizes and qualities; the first is the largest.

    A third of them lacks a margin, so that not all have one hash.
    """
    folder = tmp_path_factory.mktemp("resized")
    edits = [(side, quality) for side in range(160, 96, -1) for quality in range(95, 31, -2)]
    for number, (side, quality) in enumerate(edits[:MANY]):
        whole = (12, 12, 512, 512) if number % 3 == 1 else (0, 0, 512, 512)
        small = astronaut.resize((side, side), box=whole)
        small.save(folder / f"{number:04}.jpg", quality=quality)
    return folder


@pytest.fixture(scope="module")
def found(resized):
    return dedup.find_duplicates(resized, method="phash", verify=False, cache=False)


def test_near_copies_are_one_group_with_few_pairs(found):
    assert [len(group) for group in found.groups] == [MANY]
    assert MANY - 1 <= len(found.pairs) < 80 * MANY  # all would be 200 times as many
    keep = found.groups[0].keep
    ends = found.pairs[(found.pairs["a"] == keep) | (found.pairs["b"] == keep)]
    assert len(ends) == MANY - 1
    assert ends["bits"].max() <= found.threshold


def test_stricter_threshold_on_many_copies_is_a_search_at_it(resized, found):
    fresh = dedup.find_duplicates(resized, method="phash", verify=False, threshold=0, cache=False)
    assert len(fresh.groups) > 1
    assert grouped(found.at(0)) == grouped(fresh)


def test_verified_copies_keep_the_largest(resized, tmp_path):
    for number in range(0, MANY, 10):
        shutil.copy(resized / f"{number:04}.jpg", tmp_path)
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    assert [Path(group.keep).name for group in found.groups] == ["0000.jpg"]
    assert len(found.groups[0]) == MANY // 10
    assert len(found.pairs) < 4 * MANY // 10


def test_identical_files_are_one_picture(tmp_path, astronaut):
    astronaut.resize((96, 96)).save(tmp_path / "0.jpg")
    for number in range(1, MANY):
        shutil.copy(tmp_path / "0.jpg", tmp_path / f"{number}.jpg")
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    assert (found.embedded, len(found.groups[0]), len(found.pairs)) == (1, MANY, MANY - 1)
    assert len(found.plan()) == MANY - 1


def test_identical_pixels_are_one_picture(tmp_path, astronaut):
    small = astronaut.resize((96, 96))
    for number in range(MANY):
        told = PngInfo()
        told.add_text("number", str(number))
        small.save(tmp_path / f"{number}.png", pnginfo=told, compress_level=1)
    found = dedup.find_duplicates(tmp_path, method="phash", cache=False)
    assert (found.embedded, len(found.groups[0]), len(found.pairs)) == (1, MANY, MANY - 1)


def test_book_finds_what_comparing_all_pixels_finds():
    random = np.random.default_rng(0)
    sources = [np.full((16, 16, 3), level, np.uint8) for level in (60, 63, 64, 67, 68, 120)]
    sources += [random.integers(0, 256, (16, 16, 3), np.uint8) for _ in range(4)]
    sources += [np.clip(source.astype(int) + 1, 0, 255).astype(np.uint8) for source in sources]
    book = PictureBook()
    known = {}
    for number, place in enumerate(random.integers(0, len(sources), 200).tolist(), start=1):
        source = sources[place]
        # As where pictures are decoded at another scale: cells that are off by up to two.
        cells = source.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3, 4)).reshape(-1)
        cells = np.clip(cells + random.integers(-1, 2, 64), 0, 255).astype(np.uint8)
        picture = Picture(number, source, (16, 16), cells, is_jpeg=False)
        same = book.same(picture)
        assert (same and same.id) == known.get(source.tobytes())
        if same is None:
            known[source.tobytes()] = number
            book.add(picture)


def grouped(found):
    return sorted(sorted(group.paths) for group in found.groups)
