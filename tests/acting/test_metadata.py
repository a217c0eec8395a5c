"""What only a file that goes knows of its picture is told, and written beside what is kept."""

import os
import shutil
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meanwhile import cut_before_every_step
from PIL import Image
from trees import tree

import dedup
from dedup._catalogue.headers import metadata_of
from dedup._catalogue.metadata import Metadata, date_of
from dedup._catalogue.xmp import read_xmp, written_xmp
from dedup._cli.main import main

TAKEN = "2019-05-01T12:30:00"
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="{rating}"><dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>red sofa</rdf:li>
 </rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""


def exif():
    """As a camera writes it."""
    tags = Image.Exif()
    tags[0x4746] = 4
    tags.get_ifd(0x8769)[0x9003] = "2019:05:01 12:30:00"
    tags.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 36.84), 3: "W", 4: (8.0, 32.0, 30.0)})
    return tags


@pytest.fixture
def folder(tmp_path, photos):
    """A photo without metadata, and smaller copies of it, one from a camera, one with words."""
    folder = tmp_path / "photos"
    folder.mkdir()
    photos["coffee"].save(folder / "large.png")
    photos["coffee"].resize((150, 100)).save(folder / "camera.jpg", quality=90, exif=exif())
    words = XMP.format(rating=2).encode()
    photos["coffee"].resize((120, 80)).save(folder / "words.jpg", quality=90, xmp=words)
    return folder


def planned(folder, **options):
    return dedup.find_duplicates(folder, cache=False, method="phash").plan(**options)


def rows(plan):
    """Action and what is known by name."""
    return {os.path.basename(f.path): (f.action, f.knows) for f in plan.files}


FROM_CAMERA = "date 2019-05-01 12:30:00, place 47.37690 -8.54167, rating 4"


def test_plan_says_what_only_a_file_that_goes_knows(folder):
    plan = planned(folder)
    assert rows(plan) == {
        "camera.jpg": ("quarantine", FROM_CAMERA),
        "words.jpg": ("quarantine", "rating 2, keywords cat, red sofa"),
    }
    assert plan.table["knows"].tolist() == [file.knows for file in plan.files]
    plan.apply()
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["large.png"]


def test_what_is_kept_knows_what_its_sidecar_knows(folder):
    (folder / "large.xmp").write_text(XMP.format(rating=5))
    words = {"camera.jpg": FROM_CAMERA.removesuffix(", rating 4"), "words.jpg": ""}
    assert {name: knows for name, (_, knows) in rows(planned(folder)).items()} == words


def test_sidecar_is_written_and_taken_away_again(folder):
    before = tree(folder)
    plan = planned(folder, metadata="sidecar")
    assert rows(plan)["large.png.xmp"] == ("write", f"{FROM_CAMERA}, keywords cat, red sofa")
    assert (len(plan), repr(plan).split("; ")[1]) == (2, "write 1 sidecar")
    plan.save(folder.parent / "plan.json")
    applied = dedup.Plan.load(folder.parent / "plan.json").apply()
    assert applied.failed.empty
    written = folder / "large.png.xmp"
    assert metadata_of(str(folder / "large.png"), [str(written)]) == Metadata(
        TAKEN, pytest.approx((47.3769, -8.541667), abs=1e-6), 4, ("cat", "red sofa")
    )
    assert planned(folder).files == []
    assert dedup.undo(applied.journal).failed.empty
    assert tree(folder) == before


def test_written_sidecar_that_was_changed_is_left(folder):
    applied = planned(folder, metadata="sidecar").apply()
    (folder / "large.png.xmp").write_text("mine")
    undone = dedup.undo(applied.journal)
    assert undone.failed["reason"].tolist() == ["changed since it was written"]
    assert (folder / "large.png.xmp").read_text() == "mine"
    assert (folder / "camera.jpg").exists()


@pytest.mark.parametrize("name", ["large.xmp", "large.png.XMP"])
def test_sidecar_that_is_there_is_never_overwritten(folder, name):
    (folder / name).write_text("not even XML")
    plan = planned(folder, metadata="sidecar")
    (left,) = (file for file in plan.files if file.action == "leave")
    assert left.reason == f"{name} is there, which is never overwritten"
    assert len(plan.apply()) == 2
    assert (folder / name).read_text() == "not even XML"


def test_sidecar_that_came_meanwhile_keeps_what_would_be_lost(folder):
    plan = planned(folder, metadata="sidecar")
    (folder / "large.png.xmp").write_text("mine")
    before = tree(folder)
    applied = plan.apply()
    assert len(applied) == 0
    assert all("large.png.xmp is there" in reason for reason in applied.table["reason"])
    assert tree(folder) == before


def test_nothing_is_written_into_a_protected_folder(folder):
    (folder / "archive").mkdir()
    (folder / "large.png").rename(folder / "archive" / "large.png")
    plan = planned(folder, metadata="sidecar", protect=[folder / "archive"])
    assert [f.reason for f in plan.files if f.action == "leave"] == ["in a protected folder"]
    plan.apply()
    assert os.listdir(folder / "archive") == ["large.png"]


def test_plan_that_would_write_elsewhere_is_none(folder, tmp_path):
    planned(folder, metadata="sidecar").save(tmp_path / "plan.json")
    text = (tmp_path / "plan.json").read_text()
    (tmp_path / "plan.json").write_text(text.replace("large.png.xmp", "large.png.py"))
    with pytest.raises(dedup.InputError, match="no plan"):
        dedup.Plan.load(tmp_path / "plan.json")


def test_unknown_choice_is_told(folder):
    with pytest.raises(dedup.InputError, match="tell, sidecar"):
        planned(folder, metadata="merge")


def test_the_command_says_and_writes_it(folder, capsys):
    path = str(folder.parent / "plan.json")
    command = ["plan", str(folder), "--method", "phash", "--no-cache", "--out", path]
    with pytest.raises(SystemExit):
        main([*command, "--metadata", "sidecar"])
    out = capsys.readouterr().out
    assert f"write      {folder / 'large.png.xmp'} ({FROM_CAMERA}, keywords" in out
    assert f"; knows more: {FROM_CAMERA})" in out
    with pytest.raises(SystemExit):
        main(["apply", path])
    assert f"write      {folder / 'large.png.xmp'}" in capsys.readouterr().out


@pytest.mark.kill
@pytest.mark.parametrize("name", ["apply", "undo"])
def test_cut_before_every_single_step(folder, tmp_path, name):
    (folder / "words.jpg").unlink()

    def applied(result):
        assert result.failed.empty
        assert (folder / "large.png.xmp").exists()

    plan = planned(folder, metadata="sidecar")
    cuts = cut_before_every_step(plan, name, folder=folder, journals=tmp_path, applied=applied)
    assert cuts > 10


WORDS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)


@pytest.mark.thorough
@given(
    st.builds(
        Metadata,
        st.sampled_from(["", "2020-02-03", TAKEN, f"{TAKEN}+02:00", f"{TAKEN}Z"]),
        st.none()
        | st.tuples(st.floats(-90, 90), st.floats(-180, 180).filter(lambda x: abs(x) > 1)),
        st.integers(0, 5),
        st.lists(WORDS, unique=True).map(tuple),
    )
)
def test_what_is_written_is_read_again(known):
    again = read_xmp(written_xmp(known).encode())
    place = known.place and pytest.approx(known.place, abs=1e-6)
    assert (again.date, again.rating, again.keywords) == (known.date, known.rating, known.keywords)
    assert again.place == place


@pytest.mark.thorough
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_without_an_error(packet):
    assert isinstance(read_xmp(packet), Metadata)


def test_entities_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    bomb = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]>' + XMP.format(rating=3)
    assert not read_xmp(bomb.replace("cat", "&a;").encode())
    ElementTree.fromstring(XMP.format(rating=3))


def test_broken_part_of_a_header_hides_no_other(tmp_path, photos):
    tags = exif()
    tags.get_ifd(0x8825)[2] = (47.0, 22.0)
    photos["coffee"].save(tmp_path / "a.jpg", exif=tags, xmp=b"<broken")
    assert metadata_of(str(tmp_path / "a.jpg"), []) == Metadata(TAKEN, None, 4)
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    assert not metadata_of(str(tmp_path / "b.jpg"), [str(tmp_path / "gone.xmp")])


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "avif", "tif"])
def test_header_of_each_format_is_read(tmp_path, photos, suffix):
    photos["coffee"].save(tmp_path / f"a.{suffix}", exif=exif())
    assert metadata_of(str(tmp_path / f"a.{suffix}"), []).rating == 4


@pytest.mark.parametrize("text", ["", "0000:00:00 00:00:00", "2019", "yesterday", "2019:00:01"])
def test_what_is_no_date(text):
    assert date_of(text) == ""


def test_files_with_the_same_bytes_know_the_same(folder):
    shutil.copy(folder / "camera.jpg", folder / "camera copy.jpg")
    (folder / "large.png").unlink()
    assert rows(planned(folder))["camera copy.jpg"] == ("quarantine", "")
