"""`dedup.distributed.embed`: on a Ray cluster, the index that `ImageIndex.add` would make."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import dedup
from dedup import distributed
from dedup.errors import InputError, MissingExtra, StoreUnavailable

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


def groups(found):
    return sorted(sorted(Path(path).name for path in group.paths) for group in found.groups)


def pairs(found):
    table = found.pairs.assign(
        a=[Path(path).name for path in found.pairs["a"]],
        b=[Path(path).name for path in found.pairs["b"]],
    )
    return sorted((row.a, row.b, row.relation) for row in table.itertuples())


def embedded(inputs, work, **settings):
    chosen = {"workers": 2, "method": "phash", "part": 4, "progress": False, **settings}
    return distributed.embed(inputs, work=work, **chosen)


@pytest.mark.parametrize("method", ["phash", "sscd-fast"])
def test_the_index_is_that_of_a_local_add(copied, uri, cluster, tmp_path, method):
    with dedup.ImageIndex(tmp_path / "local.db", method=method) as index:
        local_added = index.add(copied)
        local = index.duplicates()
    name = {"method": method, "collection": method[:4]}
    added = embedded(copied, tmp_path / "work", index=uri, **name)
    assert str(added) == str(local_added)
    assert added.skipped == local_added.skipped
    with dedup.ImageIndex(uri, **name) as index:
        found = index.duplicates()
    assert groups(found) == groups(local) != []
    assert pairs(found) == pairs(local)


def test_second_call_embeds_only_what_is_new_or_changed(
    copied, uri, cluster, spare_photo, tmp_path
):
    embedded(copied, tmp_path / "1", index=uri, tag="old")
    again = embedded(copied, tmp_path / "2", index=uri)
    assert (again.embedded, again.copies, again.unchanged) == (0, 0, 9)
    os.utime(copied / "coins.jpg", (1, 1))
    spare_photo.save(copied / "chelsea.jpg")
    spare_photo.save(copied / "new.png")
    again = embedded(copied, tmp_path / "3", index=uri)
    assert (again.embedded, again.copies, again.unchanged) == (2, 0, 8)
    with dedup.ImageIndex(uri, method="phash") as index:
        tags = {Path(r.path).name: r.tag for r in index._catalogue.records.values()}
    assert (tags["coins.jpg"], tags["chelsea.jpg"], tags["new.png"]) == ("old", "old", "")


def test_copies_of_a_file_that_has_changed_are_no_copies_of_what_it_shows_now(
    folder, uri, cluster, spare_photo, tmp_path
):
    others = tmp_path / "others"
    others.mkdir()
    with dedup.ImageIndex(uri, method="phash") as index:
        index.add(folder)
        for number in range(2):
            shutil.copy(folder / "camera.png", others / f"{number}.png")
        index.add(others)
    spare_photo.save(folder / "camera.png")
    embedded(folder, tmp_path / "work", index=uri)
    with dedup.ImageIndex(uri, method="phash") as index:
        assert groups(index.duplicates()) == [["0.png", "1.png"]]


def test_errors_come_out_as_themselves(folder, cluster, tmp_path):
    with pytest.raises(StoreUnavailable, match="is the server running"):
        distributed.embed(
            folder,
            work=tmp_path / "work",
            index="http://127.0.0.1:9",
            method="phash",
            progress=False,
        )


def test_milvus_lite_and_images_in_memory_are_refused(folder, photos, tmp_path):
    with pytest.raises(InputError, match="a Milvus Lite file belongs to one process"):
        distributed.embed(folder, index=str(folder / "photos.db"), work=tmp_path)
    with pytest.raises(InputError, match="can't be shared out"):
        distributed.embed(photos["coffee"], index="http://127.0.0.1:9", work=tmp_path)


def test_missing_ray_names_the_command(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r'pip install "dedup-vision\[ray\]"'):
        distributed.embed(folder, index="http://127.0.0.1:9", work=tmp_path)
