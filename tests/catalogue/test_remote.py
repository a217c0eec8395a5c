"""Images at addresses are read with fsspec; nothing there is acted on, and no secret is shown."""

import pytest
from encoded import jpeg

import dedup
from dedup._catalogue.discover import discover
from dedup.pipelines.images.decoding import decode

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket(photos):
    """Three photos in memory, one of them twice, and a text."""
    system = fsspec.filesystem("memory")
    a, b, c = list(photos.values())[:3]
    system.pipe(
        {
            "/bucket/a.jpg": jpeg(a),
            "/bucket/in/a-small.jpg": jpeg(a.resize((200, 200))),
            "/bucket/b.jpg": jpeg(b),
            "/bucket/c.png": jpeg(c),
            "/bucket/notes.txt": b"no",
        }
    )
    yield system
    system.rm("/bucket", recursive=True)


def test_folder_pattern_and_file_are_found_compared_and_left_alone(bucket, tmp_path, photos):
    (tmp_path / "copy.jpg").write_bytes(bucket.cat_file("/bucket/b.jpg"))
    found = dedup.find_duplicates(["memory://bucket", tmp_path / "copy.jpg"], cache=False)
    near, exact = (group.paths for group in sorted(found.groups, key=lambda g: "b.jpg" in str(g)))
    assert set(near) == {"memory:///bucket/a.jpg", "memory:///bucket/in/a-small.jpg"}
    assert set(exact) == {"memory:///bucket/b.jpg", str(tmp_path / "copy.jpg")}
    assert found.skipped["path"].tolist() == ["memory:///bucket/notes.txt"]
    plan = found.plan()
    assert set(plan.table["reason"]) == {"inside memory://: never acted on"}
    assert plan.table["action"].tolist() == ["leave"] * 2
    assert found.explain(*near).evidence.relation == "near"
    found.report(tmp_path / "page.html")
    assert [one.name for one in discover("memory://bucket/*.jpg").files] == [
        "memory:///bucket/a.jpg",
        "memory:///bucket/b.jpg",
    ]
    assert len(discover("memory://bucket/b.jpg").files) == 1


def test_second_run_embeds_nothing_and_a_changed_file_is_noticed(bucket, spare_photo):
    assert dedup.find_duplicates("memory://bucket").embedded == 4
    assert dedup.find_duplicates("memory://bucket").embedded == 0
    bucket.pipe("/bucket/b.jpg", jpeg(spare_photo))
    assert dedup.find_duplicates("memory://bucket").embedded == 1


def test_what_is_gone_or_not_there_is_told(bucket):
    with pytest.raises(dedup.InputError, match="nothing is at memory://elsewhere"):
        discover("memory://elsewhere")
    with pytest.raises(dedup.DecodeError, match="file not found"):
        decode("memory://bucket/none.jpg")
    with pytest.raises(
        dedup.InputError, match="fsspec knows no addresses that begin with nothing-like-it://"
    ):
        discover("nothing-like-it://bucket")


@pytest.mark.parametrize(
    "address", ["sftp://me:hidden@host/a.jpg", "https://host/a.jpg?X-Amz-Signature=hidden"]
)
def test_address_with_a_secret_is_refused_and_not_repeated(address):
    with pytest.raises(dedup.InputError, match="password or a token") as caught:
        discover(address)
    assert "hidden" not in str(caught.value)


def test_local_and_chained_addresses_are_refused(tmp_path):
    with pytest.raises(dedup.InputError, match="name the path itself"):
        discover(f"file://{tmp_path}")
    with pytest.raises(dedup.InputError, match="inside addresses"):
        discover("zip://a.jpg::memory://bucket/a.zip")


def test_errors_of_a_store_do_not_tell_its_secrets(bucket, monkeypatch):
    def refused(*_, **__):
        raise PermissionError("token=hidden")

    monkeypatch.setattr(type(bucket), "cat_file", refused)
    found = dedup.find_duplicates("memory://bucket", method="phash", cache=False)
    assert set(found.skipped["reason"]) == {"can't be read (permissionerror)"}
