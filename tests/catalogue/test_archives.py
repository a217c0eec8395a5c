"""Images in tar and zip archives are read in place, by their address; nothing there is acted on."""

from pathlib import Path

import pandas as pd
import pytest
from archive_files import tar_of, zip_of
from encoded import jpeg

import dedup
from dedup._catalogue.discover import discover
from dedup._cli.main import main
from dedup.pipelines.images import archives
from dedup.pipelines.images.decoding import check_header, decode, pixel_digest


@pytest.fixture
def shards(tmp_path, photos):
    """Two archives with three photos each; one photo is in both, and one outside, too."""
    folder = tmp_path / "shards"
    folder.mkdir()
    names = list(photos)
    data = {name: jpeg(photo) for name, photo in photos.items()}
    smaller = jpeg(photos[names[0]].resize((200, 200 * photos[names[0]].height // 300)))
    tar_of(folder / "0.tar", [(f"{name}.jpg", data[name]) for name in names[:3]])
    zip_of(
        folder / "1.zip", [("again.jpg", smaller), *((f"sub/{n}.jpg", data[n]) for n in names[3:5])]
    )
    (tmp_path / "copy.jpg").write_bytes(data[names[1]])
    return folder


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_member_is_read_as_the_file_that_it_was(tmp_path, photos, make):
    data = jpeg(photos["coffee"])
    (tmp_path / "coffee.jpg").write_bytes(data)
    archive = make(tmp_path / f"a.{make.__name__[:3]}", [("x.txt", b"no"), ("in/coffee.jpg", data)])
    address = f"{archive}/in/coffee.jpg"
    assert pixel_digest(address) == pixel_digest(Path(address)) == pixel_digest(data)
    assert (decode(address).image == decode(tmp_path / "coffee.jpg").image).all()
    assert archives.status(address) == (len(data), archive.stat().st_mtime_ns)
    check_header(address)


def test_copies_across_archives_and_files_are_found_and_only_files_are_acted_on(shards, tmp_path):
    found = dedup.find_duplicates([f"{shards}/*.tar", shards / "1.zip", tmp_path / "copy.jpg"])
    names = [{Path(path).name for path in group.paths} for group in found.groups]
    first = next(name for name in names if "again.jpg" in name)
    assert len(names) == len(first) == 2
    assert found.pairs["relation"].tolist().count("exact") == 1
    plan = found.plan(quarantine=tmp_path / "aside")
    assert set(plan.table["action"]) == {"leave"}
    reasons = dict(zip(plan.table["path"], plan.table["reason"], strict=True))
    assert all(str(shards) in path for path in reasons)
    assert set(reasons.values()) <= {
        f"inside {name}: never acted on" for name in ("0.tar", "1.zip")
    }
    before = {path: path.read_bytes() for path in shards.iterdir()}
    assert len(plan.apply().table) == 0
    assert before == {path: path.read_bytes() for path in shards.iterdir()}
    a, b = next(group.paths for group in found.groups if len(group.paths) == 2 and all(
        str(shards) in path for path in group.paths))  # fmt: skip
    assert found.explain(a, b).evidence.relation == "near"
    found.report(tmp_path / "page.html")
    assert "never-there" not in (page := (tmp_path / "page.html").read_text())
    assert ".tar/" in page


def test_file_whose_better_copy_lies_in_an_archive_stays_and_its_own_copies_may_go(
    tmp_path, photos
):
    photo = photos["coffee"]
    archive = tar_of(tmp_path / "large.tar", [("large.jpg", jpeg(photo))])
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "photos" / name).write_bytes(jpeg(photo.resize((150, 100))))
    found = dedup.find_duplicates([archive, tmp_path / "photos"], cache=False)
    assert found.groups[0].keep == f"{archive}/large.jpg"
    table = found.plan().table.set_index("path")
    assert dict(table["action"]) == {
        f"{archive}/large.jpg": "leave",
        str(tmp_path / "photos" / "b.jpg"): "quarantine",
    }
    assert table["keep"].tolist() == [str(tmp_path / "photos" / "a.jpg")] * 2


def test_plan_of_one_archive_alone_has_a_folder_for_its_quarantine(tmp_path, photos):
    data = jpeg(photos["coffee"])
    archive = tar_of(tmp_path / "a.tar", [("a.jpg", data), ("b.jpg", data)])
    plan = dedup.find_duplicates(archive, method="phash", cache=False).plan()
    assert plan.table["reason"].tolist() == ["inside a.tar: never acted on"]
    assert Path(plan.table["path"][0]).name in ("a.jpg", "b.jpg")


def test_archive_in_a_folder_is_left_out_with_what_to_do(shards):
    zip_of(shards / "2.zip", [("a.txt", b"a")])
    for inputs in (shards, f"{shards}/*"):
        found = dedup.find_duplicates(inputs, method="phash", cache=False)
        assert {Path(path).name for path in found.skipped["path"]} == {"0.tar", "1.zip", "2.zip"}
        assert found.skipped["reason"].str.contains("name (?:it|a zip) to read what is in it").all()


def test_member_can_be_named_alone_and_is_then_the_only_one(shards, tmp_path):
    name = f"{shards}/1.zip/again.jpg"
    assert [file.name for file in discover([name, tmp_path / "copy.jpg"]).files] == [
        str(tmp_path / "copy.jpg"),
        name,
    ]
    found = discover(f"{shards}/1.zip/none.jpg")
    assert [one.reason for one in found.skipped] == ["not in the archive"]
    with pytest.raises(dedup.InputError, match="no such file"):
        discover(f"{shards}/9.zip/none.jpg")


def test_folder_whose_name_ends_as_an_archives_is_a_folder(tmp_path, photos):
    (tmp_path / "old.tar").mkdir()
    photos["coffee"].save(tmp_path / "old.tar" / "a.jpg")
    assert [file.name for file in discover(tmp_path / "old.tar").files] == [
        str(tmp_path / "old.tar" / "a.jpg")
    ]


def test_second_run_embeds_nothing_and_a_changed_archive_is_noticed(shards, photos, spare_photo):
    archive = shards / "0.tar"
    assert dedup.find_duplicates(archive).embedded == 3
    assert dedup.find_duplicates(archive).embedded == 0
    kept = list(photos)[:2]
    tar_of(
        archive,
        [(f"{name}.jpg", jpeg(photos[name])) for name in kept] + [("new.jpg", jpeg(spare_photo))],
    )
    again = dedup.find_duplicates(archive)
    assert again.embedded == 1
    assert [Path(path).name for path in again.distinct] == sorted(
        ["new.jpg", *(f"{name}.jpg" for name in kept)]
    )


def test_archive_that_changes_after_the_search_is_told(shards, tmp_path, photos):
    archive = shards / "1.zip"
    found = dedup.find_duplicates([archive, shards / "0.tar"], threshold=0.99)
    archive.unlink()
    assert "gone since it was indexed" in set(found.at(0.1).skipped["reason"]) or len(found.at(0.1))
    with pytest.raises(dedup.DecodeError, match="file not found"):
        found.explain(f"{archive}/again.jpg", tmp_path / "copy.jpg")


def test_index_holds_members_and_answers_about_them(index, shards, photos):
    assert index.add(shards / "0.tar").embedded == 3
    assert index.add(shards / "0.tar").unchanged == 3
    seen = index.check(f"{shards}/1.zip/again.jpg")
    assert (seen.relation, Path(seen.matches[0].path).parent.name) == ("near", "0.tar")


def test_command_line_reads_them(shards, capfd):
    with pytest.raises(SystemExit):
        main(["find", f"{shards}/0.tar", f"{shards}/1.zip", "--json"])
    assert f"{shards}/1.zip/again.jpg" in capfd.readouterr().out


def test_labels_and_verdicts_name_members(index, shards):
    a, b = f"{shards}/0.tar/astronaut.jpg", f"{shards}/1.zip/again.jpg"
    labels = dedup.Labels.of_pairs(pd.DataFrame({"a": [a], "b": [b], "label": [1]}))
    assert len(labels.paths) == 2
    assert dedup.score_pairs(labels).table["score"].tolist()[0] > 0.9
    index.add([shards / "0.tar", shards / "1.zip"])
    index.mark(a, b, duplicate=False)
    assert index.verdicts()[["a", "b"]].to_numpy().tolist() == [[a, b]]
