"""`dedup.distributed.find`: on a Ray cluster, the groups that one machine finds."""

import io
import json
import shutil
import tarfile

import pyarrow.parquet as pq
import pytest
from PIL import Image
from stored import assert_same, groups_of, stored_groups

import dedup
from dedup import distributed
from dedup.errors import InputError, MissingExtra

pytestmark = pytest.mark.slow


@pytest.fixture
def varied(folder, photos, spare_photo):
    """Photos with copies of every kind, a picture inside another, and files that are no images."""
    shutil.copy(folder / "camera.png", folder / "camera (1).png")
    Image.open(folder / "astronaut.jpg").save(folder / "astronaut.bmp")
    photos["coffee"].resize((200, 133)).save(folder / "coffee-small.jpg")
    photos["chelsea"].transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "mirrored.png")
    page = spare_photo.resize((600, 600))
    page.paste(photos["rocket"].resize((150, 100)), (60, 80))
    page.save(folder / "page.png")
    (folder / "sub").mkdir()
    shutil.copy(folder / "page.png", folder / "sub" / "page again.png")
    Image.new("RGB", (64, 64), "white").save(folder / "white.png")
    Image.new("RGB", (64, 64), "white").save(folder / "white (1).bmp")
    (folder / "notes.txt").write_text("no image")
    (folder / "cut.jpg").write_bytes((folder / "astronaut.jpg").read_bytes()[:2000])
    (folder / "cut (1).jpg").write_bytes((folder / "astronaut.jpg").read_bytes()[:2000])
    return folder


def found(inputs, work, **settings):
    chosen = {"workers": 2, "method": "phash", "part": 4, "progress": False, **settings}
    return distributed.find(inputs, work=work, **chosen)


@pytest.mark.parametrize("method", ["phash", "sscd-fast"])
def test_the_groups_and_plans_are_those_of_one_machine(varied, uri, cluster, tmp_path, method):
    local = dedup.find_duplicates(varied, method=method, cache=False)
    stored = found(varied, tmp_path / "work", index=uri, method=method, collection=method[:4])
    assert_same(stored, local)
    assert len(stored.groups) > 0
    assert planned(stored.plan()) == planned(local.plan())
    protect = local.groups[0].paths[1:]  # of another file to keep less is known
    mine, theirs = (moved(one.plan(protect=protect)) for one in (stored, local))
    assert mine
    assert mine <= theirs


@pytest.mark.usefixtures("cluster")
def test_a_labelled_set_gives_what_one_machine_finds(many_photos, uri, tmp_path):
    labelled = tmp_path / "labelled"
    dedup.make_labelled(many_photos, labelled, sources=2, per_family=2, max_side=300)
    local = dedup.find_duplicates(labelled, method="sscd-fast", cache=False)
    how = {"method": "sscd-fast", "collection": "labelled", "part": 30}
    stored = found(labelled, tmp_path / "work", index=uri, **how)
    assert_same(stored, local)
    assert max(map(len, local.groups)) > 30


def planned(plan):
    table = plan.table.sort_values("path")
    return list(zip(table["path"], table["action"], table["keep"], table["reason"], strict=True))


def moved(plan):
    return {path for path, action, *_ in planned(plan) if action == "quarantine"}


def test_order_and_number_of_tasks_change_nothing_and_parts_are_plain_parquet(
    varied, uri, cluster, tmp_path
):
    one = found(varied, tmp_path / "one", index=uri, workers=1, part=1_000)
    names = [*sorted(map(str, varied.iterdir()), reverse=True), str(varied)]  # each twice
    other = found(names, tmp_path / "other", index=uri, part=2)
    assert stored_groups(one) == stored_groups(other) != []
    assert one.skipped.equals(other.skipped)
    embeddings = pq.read_table(tmp_path / "other" / "embeddings")
    assert str(embeddings.schema.field("embedding").type).startswith("list<")
    assert len(embeddings["embedding"][0]) == 64
    ids = pq.read_table(tmp_path / "other" / "removal_ids")["id"].to_pylist()
    assert ids == sorted(ids) != []
    manifest = json.loads((tmp_path / "other" / "manifest.json").read_text())
    assert (manifest["inputs"], manifest["part"]) == (names, 2)
    with pytest.raises(InputError, match="holds the work of another job"):
        found(varied, tmp_path / "one", index=uri, workers=1, part=999)


@pytest.mark.usefixtures("cluster")
def test_crowds_are_searched_deeper_and_a_store_that_is_asked_gives_the_same(
    varied, photos, uri, tmp_path, monkeypatch
):
    for quality in range(20, 95):  # more than are looked for of each at first
        photos["coins"].save(varied / f"coins {quality}.jpg", quality=quality)
    local = dedup.find_duplicates(varied, method="sscd-fast", cache=False)
    how = {"index": uri, "method": "sscd-fast", "collection": "crowd", "part": 40}
    stored = found(varied, tmp_path / "here", **how)
    assert stored_groups(stored) == groups_of(local)
    assert max(map(len, local.groups)) > 64
    assert len(list((tmp_path / "here" / "deeper").iterdir())) > 1
    monkeypatch.setattr("dedup.distributed._find.EXACT_ROWS", 0)
    asked = found(varied, tmp_path / "asked", **how)
    assert (stored.summary["exact"], asked.summary["exact"]) == (True, False)
    assert stored_groups(asked) == groups_of(local)


def test_a_verdict_counts(folder, photos, uri, cluster, tmp_path):
    photos["coffee"].resize((200, 133)).save(folder / "coffee-small.jpg")
    with dedup.ImageIndex(uri, method="phash", collection="marked") as index:
        index.add(folder)
        index.mark(folder / "coffee.png", folder / "coffee-small.jpg", duplicate=False)
        index.mark(folder / "coins.jpg", folder / "chelsea.jpg", duplicate=True)
        local = index.duplicates()
    stored = found(folder, tmp_path / "work", index=uri, collection="marked")
    assert_same(stored, local)
    assert [sorted(group.paths) for group in local.groups] == [
        sorted(str(folder / name) for name in ("chelsea.jpg", "coins.jpg"))
    ]


def member(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def encoded(image, **settings):
    data = io.BytesIO()
    image.save(data, **settings)
    return data.getvalue()


def test_shards_are_written_without_what_is_needless_and_bytes_stay(photos, uri, cluster, tmp_path):
    coffee, coins = (encoded(photos[name], format="PNG") for name in ("coffee", "coins"))
    small = encoded(photos["coffee"].resize((200, 133)), format="JPEG")
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        for name, data in (("a", coffee), ("b", coins), ("c", coffee)):
            member(tar, f"{name}.png", data)
            member(tar, f"{name}.json", b"{}")
        member(tar, "two.png", coffee)
        member(tar, "two.other.png", encoded(photos["rocket"], format="PNG"))
    import pyarrow as pa

    table = pa.table({"image": [small, encoded(photos["camera"], format="PNG")], "n": [1, 2]})
    pq.write_table(table, tmp_path / "1.parquet")
    shards = [tmp_path / "0.tar", tmp_path / "1.parquet"]
    found(shards, tmp_path / "work", index=uri)
    left_out = distributed.filter_shards(
        shards, work=tmp_path / "work", into=tmp_path / "new", workers=2
    )
    with tarfile.open(tmp_path / "0.tar") as old, tarfile.open(tmp_path / "new" / "0.tar") as new:
        names = new.getnames()
        assert {"b.png", "b.json", "two.png", "two.other.png"} <= set(names)
        assert len({"a.png", "c.png"} & set(names)) <= 1
        assert all(old.extractfile(n).read() == new.extractfile(n).read() for n in names)
        assert names == [name for name in old.getnames() if name in names]
    rows = pq.read_table(tmp_path / "new" / "1.parquet")
    assert rows["n"].to_pylist() == [2]
    assert rows["image"].to_pylist() == table["image"].to_pylist()[1:]
    assert left_out == 2 + (not {"a.png", "c.png"} & set(names))
    pq.write_table(table.slice(1), tmp_path / "1.parquet")
    with pytest.raises(InputError, match="has changed since it was searched"):
        distributed.filter_shards(shards[1], work=tmp_path / "work", into=tmp_path / "other")


def test_mistakes_are_told_before_anything_starts(folder, photos, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="a Milvus Lite file belongs to one process"):
        distributed.find(folder, index=str(folder / "photos.db"), work=tmp_path / "work")
    with pytest.raises(InputError, match="can't be shared out"):
        distributed.find(photos["coffee"], index="http://127.0.0.1:9", work=tmp_path / "work")
    with pytest.raises(InputError, match="is not empty, and holds no work"):
        distributed.find(folder, index="http://127.0.0.1:9", work=folder)
    with pytest.raises(InputError, match="with a password"):
        distributed.find(folder, index="http://127.0.0.1:9", work="s3://user:secret@bucket/work")
    with pytest.raises(InputError, match="no work that was finished"):
        distributed.load(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r'pip install "dedup-vision\[ray\]"'):
        distributed.find(folder, index="http://127.0.0.1:9", work=tmp_path / "work")
