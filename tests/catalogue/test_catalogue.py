"""What an index knows of its files, and who stands for a picture when files go."""

from dataclasses import replace

import numpy as np
import pytest

from dedup._catalogue.catalogue import Catalogue, picture_of
from dedup._catalogue.record import Record
from dedup.pipelines.models.methods import model
from dedup.pipelines.store.collection import Collection, connect


@pytest.fixture
def opened(tmp_path):
    """Opens the catalogue of one Milvus Lite file, each time as another process would."""
    connections = []

    def opened():
        connections.append(connect(tmp_path / "a.db"))
        return Catalogue(Collection(connections[-1], name="photos"), model=model("sscd-fast"))

    yield opened
    for connection in connections:
        connection.close()


def record(name, *, of=None):
    """Files are called as their letters; what repeats a picture is a copy of its first file."""
    copy_of = of.id if of else 0
    return Record(
        f"/photos/{name}.jpg", 1, 1, f"digest of {name}", "JPEG", 8, 8, bytes(64), copy_of
    )


def vector(direction):
    return np.eye(512, dtype=np.float32)[direction]


@pytest.fixture
def catalogue(opened):
    """Four files of one picture, a to d, and e of another."""
    known = opened()
    a, e = record("a"), record("e")
    known.store([a, e], np.stack([vector(0), vector(1)]))
    known.store_as([record(name, of=a) for name in "dcb"])
    return known


def heads(catalogue):
    """Of each file the one that stands for its picture."""
    name = {record.id: path[8:-4] for path, record in catalogue.records.items()}
    return {path[8:-4]: name[record.picture] for path, record in catalogue.records.items()}


def vectors(catalogue):
    """The direction in which each file's vector points."""
    ids = {path[8:-4]: record.id for path, record in catalogue.records.items()}
    return dict(zip(ids, catalogue.collection.vectors([*ids.values()]).argmax(1), strict=True))


def test_what_was_stored_is_there_in_another_process(catalogue, opened):
    again = opened()
    assert again.records == catalogue.records
    assert len(again) == 5
    assert heads(again) == dict.fromkeys("abcd", "a") | {"e": "e"}


def test_copies_have_the_vector_of_their_picture(catalogue):
    assert vectors(catalogue) == dict.fromkeys("abcd", 0) | {"e": 1}


def test_one_record_is_found_without_reading_the_others(catalogue, opened):
    again = opened()
    assert again.find("/photos/c.jpg") == catalogue.records["/photos/c.jpg"]
    assert again.find("/photos/z.jpg") is None
    assert "records" not in vars(again)


def test_next_copy_by_path_stands_for_a_picture_whose_first_file_goes(catalogue, opened):
    assert catalogue.remove(["/photos/a.jpg", "/photos/z.jpg"]) == 1
    for known in (catalogue, opened()):
        assert heads(known) == dict.fromkeys("bcd", "b") | {"e": "e"}
        assert vectors(known) == dict.fromkeys("bcd", 0) | {"e": 1}


def test_first_file_that_goes_with_a_copy_is_followed_by_one_that_stays(catalogue):
    assert catalogue.remove(["/photos/a.jpg", "/photos/b.jpg"]) == 2
    assert heads(catalogue) == {"c": "c", "d": "c", "e": "e"}


def test_files_that_are_gone_are_forgotten_images_in_memory_are_not(opened, tmp_path):
    known = opened()
    (tmp_path / "here.jpg").touch()
    here = replace(record("a"), path=str(tmp_path / "here.jpg"))
    gone = replace(record("b"), path=str(tmp_path / "gone.jpg"))
    memory = replace(record("c"), path="<image 0 0123>")
    known.store([here, gone, memory], np.stack([vector(n) for n in range(3)]))
    assert known.prune() == 1
    assert known.records.keys() == {here.path, memory.path}


def test_what_is_on_its_way_is_known_until_it_did_not_arrive(catalogue):
    coming = record("f")
    catalogue.expect(coming)
    assert catalogue.by_digest["digest of f"] == coming
    catalogue.refresh()
    assert "digest of f" not in catalogue.by_digest
    assert catalogue.by_digest["digest of e"] == catalogue.records["/photos/e.jpg"]


@pytest.mark.parametrize("copy", [False, True])
def test_distinct_picture_on_its_way_is_known_by_its_pixels(catalogue, copy):
    coming = record("f", of=record("a") if copy else None)
    catalogue.expect(coming, pixels="pixels of f")
    same = catalogue.book.same(replace(picture_of(record("g")), digest="pixels of f"))
    assert (same.id if same else None) == (None if copy else coming.id)


@pytest.mark.parametrize("forgets", [False, True])
def test_another_process_is_seen_once_all_is_read_again(catalogue, opened, forgets):
    opened().store([record("f")], vector(2)[None])
    if forgets:
        catalogue.forget()
    assert ("/photos/f.jpg" in catalogue.records) == forgets


def test_copies_of_copies_lead_to_the_first_file(catalogue, opened):
    b = catalogue.records["/photos/b.jpg"]
    catalogue.rewrite([replace(record("c"), copy_of=b.id)])
    again = opened()
    assert heads(again)["c"] == "b"
    again.repair()
    assert heads(again) == heads(opened()) == dict.fromkeys("abcd", "a") | {"e": "e"}


def test_copies_of_each_other_get_a_first_file(catalogue, opened):
    """As two processes leave it that added the same files at once."""
    catalogue.rewrite([record("a", of=record("b"))])
    again = opened()
    again.repair()
    assert heads(again) == dict.fromkeys("abcd", "a") | {"e": "e"}


def test_copies_of_a_row_that_others_deleted_get_a_first_file(catalogue, opened):
    catalogue.collection.delete([record("a").id])
    again = opened()
    again.repair()
    assert heads(again) == heads(opened()) == dict.fromkeys("bcd", "b") | {"e": "e"}
    assert vectors(again)["d"] == 0
