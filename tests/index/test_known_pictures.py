"""What was embedded once is not again, whatever folder, pattern or list it is named by."""

import os
import random
import shutil
import sqlite3
from contextlib import closing

import pytest
from PIL import Image, ImageFilter

import dedup
from dedup.pipelines.models import engines

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("seen_anew")]

SETTINGS = {"method": "sscd-fast", "progress": False}


@pytest.fixture
def album(tmp_path, photos):
    """Two folders of photos, with a copy of each kind."""
    for number, (name, photo) in enumerate(photos.items()):
        folder = tmp_path / "album" / ("old", "new")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        photo.save(folder / f"{name}.png")
    old, new = tmp_path / "album" / "old", tmp_path / "album" / "new"
    shutil.copy(old / "astronaut.png", new / "again.png")
    photos["chelsea"].resize((240, 160)).save(new / "smaller.jpg")
    photos["astronaut"].save(new / "pixels.bmp")
    return tmp_path / "album"


def found(inputs, **settings):
    return dedup.find_duplicates(inputs, **SETTINGS | settings)


def results(found):
    """All that is told of pairs and groups, to the last bit."""
    pairs = sorted(map(repr, found.pairs.itertuples(index=False)))
    return pairs, [group.paths for group in found.groups], sorted(map(str, found.skipped))


PARTS = {
    "a folder in it": lambda album: album / "new",
    "a pattern": lambda album: f"{album}/**/*a*.png",
    "a list of files": lambda album: sorted(album.rglob("*.png"))[::2],
    "the same by two names": lambda album: [album / "old", album / "new"],
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_part_of_a_folder_that_was_searched_embeds_nothing(album, part, monkeypatch):
    assert found(album).embedded > 0
    alone = found(part(album), cache=False)

    def no_engine(network):
        raise AssertionError(f"{network} was run")

    monkeypatch.setattr(engines, "engine_of", no_engine)
    again = found(part(album))
    assert again.embedded == 0
    assert results(again) == results(alone)


def test_folder_that_contains_what_was_searched_embeds_the_rest(album):
    first = found(album / "old")
    again = found(album)
    assert first.embedded == 3
    assert again.embedded == found(album, cache=False).embedded - 3
    assert results(again) == results(found(album, cache=False))


@pytest.mark.parametrize("seed", range(3))
def test_results_are_those_of_an_empty_cache_in_whichever_order_files_came(album, seed):
    files = sorted(path for path in album.rglob("*") if path.is_file())
    order = random.Random(seed)
    for _ in range(3):
        some = order.sample(files, 5)
        assert results(found(some)) == results(found(some, cache=False))
    assert results(found(files)) == results(found(files, cache=False))


def test_file_of_other_content_is_embedded_though_its_size_and_time_are_the_same(album):
    file = album / "new" / "camera.png"
    found(album)
    data, before = file.read_bytes(), file.stat()
    with Image.open(file) as image:
        image.filter(ImageFilter.GaussianBlur(2)).save(file)
    size = file.stat().st_size
    assert size <= len(data)
    file.write_bytes(file.read_bytes() + bytes(len(data) - size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    again = found(album / "new")
    assert again.embedded == 1
    assert results(again) == results(found(album / "new", cache=False))


def test_file_that_moved_is_not_embedded_again(album, tmp_path):
    found(album)
    moved = album.rename(tmp_path / "moved")
    assert found(moved).embedded == 0


def test_what_one_method_embedded_is_not_another_methods(album):
    assert found(album, method="phash").embedded == found(album).embedded > 0
    assert found(album / "old", method="phash").embedded == 0


def test_small_pictures_are_embedded_where_they_were_not_looked_for(album):
    found(album, regions=False)
    assert found(album / "old").embedded == 3
    assert found(album / "old" / "coins.png", regions=False).embedded == 0


def test_two_methods_with_one_network_share_what_it_embedded(album):
    found(album, method="sscd-fast")
    assert found(album / "old", method="sscd-cascade").embedded == 0


def test_without_a_cache_nothing_is_kept_and_in_memory_nothing_either(album, photos, cache_folder):
    found(album, cache=False)
    found([photos["coffee"], photos["coins"]])
    assert list(cache_folder.glob("pictures-*")) == []


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_what_is_kept_is_closed_to_other_users(album, cache_folder):
    before = os.umask(0)
    try:
        found(album)
    finally:
        os.umask(before)
    files = list(cache_folder.glob("*.sqlite*"))
    assert files
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_single_bits_that_flipped_are_noticed(album, cache_folder):
    first = results(found(album))
    (file,) = cache_folder.glob("vectors-*.sqlite")
    with closing(sqlite3.connect(file)) as database, database:
        for number, vector in database.execute("SELECT number, vector FROM kept").fetchall():
            flipped = bytes([vector[0] ^ 1]) + vector[1:]
            database.execute("UPDATE kept SET vector = ? WHERE number = ?", (flipped, number))
    for index in cache_folder.glob("*.db"):
        shutil.rmtree(index)
    again = found(album)
    assert again.embedded > 0
    assert results(again) == first
