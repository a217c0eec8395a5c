"""`found.report` writes one page that holds everything, whatever the files are called."""

import json
import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from skimage import data

import dedup
from dedup._cli.main import main
from dedup.data.edits import apply_edit

ODD_NAMES = (
    b"a <script>alert(1)<",
    b"quotes \" ' and &amp; $x ${y}.png",
    b"new\nline.png",
    b"caf\xe9.png",
    "right-to-left \u202e.png".encode(),
)


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """A photo, the same file again, a smaller one, a grey one, one with a sticker."""
    folder = tmp_path_factory.mktemp("copies")
    cat = Image.fromarray(data.chelsea())
    cat.save(folder / "cat.png")
    shutil.copy(folder / "cat.png", folder / "copy.png")
    cat.resize((225, 150)).save(folder / "small.jpg")
    cat.resize((225, 150)).convert("L").save(folder / "grey.png")
    shutil.copy(folder / "grey.png", folder / "grey copy.png")
    apply_edit(cat, edit="sticker-12", seed=1).save(folder / "sticker.jpg")
    return folder


@pytest.fixture(scope="module")
def found(copies):
    return dedup.find_duplicates(copies, cache=False)


def content(page):
    """What the page holds: its text, and the data of its groups."""
    text = page.read_text()
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return text, json.loads(block)


def by_name(group):
    """The pairs of a group by the name of the file that each is of."""
    names = [os.path.basename(file["path"]) for file in group["files"]]
    return names, dict(zip(names[1:], group["pairs"], strict=True))


def test_page_replaces_an_earlier_one_and_no_other_file_unless_told(found, tmp_path):
    path = tmp_path / "letter.html"
    path.write_text("<p>Dear all</p>")
    with pytest.raises(dedup.InputError, match=r"letter\.html is there, and no page of dedup's"):
        found.report(path)
    assert path.read_text() == "<p>Dear all</p>"
    found.report(path, overwrite=True)
    found.report(path, title="Again")
    assert "<title>Again</title>" in path.read_text()


def test_page_holds_the_groups_the_keeper_first(found, tmp_path):
    found.report(tmp_path / "page.html", title="My <photos>")
    text, page = content(tmp_path / "page.html")
    assert [[file["path"] for file in group["files"]] for group in page["groups"]] == [
        group.paths for group in found.groups
    ]
    assert page["run"] == found.run
    assert "<title>My &lt;photos&gt;</title>" in text
    assert "1 group of duplicates" in text
    assert "see ." not in text


def test_page_loads_nothing(found, tmp_path):
    found.report(tmp_path / "page.html")
    text, _ = content(tmp_path / "page.html")
    assert not re.search(r"<(link|img|iframe|object)\b|<script[^>]*src|@import|url\(", text)
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src &#x27;none&#x27;" in text


def test_pairs_are_explained(found, tmp_path):
    found.report(tmp_path / "page.html")
    names, pairs = by_name(content(tmp_path / "page.html")[1]["groups"][0])
    assert names[0] == "cat.png"
    assert pairs["copy.png"]["edit"] == "identical file"
    assert pairs["small.jpg"]["edit"] == "resized to 50 %"
    assert "grey" in pairs["grey.png"]["edit"]
    assert "text or overlay" in pairs["sticker.jpg"]["edit"]
    assert pairs["small.jpg"]["transform"] == pytest.approx([1, 0, 0, 0, 1, 0], abs=0.02)


def test_a_copy_of_an_edited_copy_is_compared_with_the_keeper(found, tmp_path):
    found.report(tmp_path / "page.html")
    names, pairs = by_name(content(tmp_path / "page.html")[1]["groups"][0])
    assert pairs["grey copy.png"]["edit"] == pairs["grey.png"]["edit"]
    assert {pairs["grey copy.png"][end] for end in "ab"} == {0, names.index("grey copy.png")}


def test_changed_blocks_are_where_the_evidence_saw_them(found, copies, tmp_path):
    found.report(tmp_path / "page.html")
    pair = by_name(content(tmp_path / "page.html")[1]["groups"][0])[1]["sticker.jpg"]
    seen = found.explain(str(copies / "cat.png"), str(copies / "sticker.jpg")).evidence
    first = np.reshape(pair["changed"], (-1, 1, 2))
    np.testing.assert_allclose(first + pair["block"], seen.changed, atol=0.002)


def test_no_name_can_break_the_page(tmp_path, spare_photo):
    folder = tmp_path / "<b>photos"
    folder.mkdir()
    for name in ODD_NAMES:
        path = os.path.join(os.fsencode(folder), name)
        if name.endswith(b"<"):  # with what is in it, the path holds a closing tag
            os.mkdir(path)
            path = os.path.join(path, b"script>.png")
        with open(path, "wb") as file:
            spare_photo.save(file, "PNG")
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    found.report(tmp_path / "page.html", title='</title><script>alert("title")</script>')
    text, page = content(tmp_path / "page.html")
    assert {file["path"] for file in page["groups"][0]["files"]} == set(found.groups[0].paths)
    assert any("</script>" in path for path in found.groups[0].paths)
    assert text.count("<script") == text.count("</script") == 2


def test_thumbnails_have_the_size_that_is_asked_for(found, tmp_path):
    sizes = []
    for side in (0, 64, 160):
        found.report(tmp_path / "page.html", thumbnails=side)
        sizes.append((tmp_path / "page.html").stat().st_size)
        files = content(tmp_path / "page.html")[1]["groups"][0]["files"]
        assert all(("thumbnail" in file) == bool(side) for file in files)
    assert sizes == sorted(sizes)
    with pytest.raises(dedup.InputError, match="thumbnails=2000: expected their longest side"):
        found.report(tmp_path / "page.html", thumbnails=2000)


def test_page_that_cannot_be_written(found, tmp_path):
    with pytest.raises(dedup.InputError, match="no such file or directory"):
        found.report(tmp_path / "nowhere" / "page.html")


def test_file_that_is_gone_is_shown_with_the_reason(copies, tmp_path):
    folder = shutil.copytree(copies, tmp_path / "copies")
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    (folder / "copy.png").unlink()
    found.report(tmp_path / "page.html")
    files = {
        os.path.basename(f["path"]): f
        for f in content(tmp_path / "page.html")[1]["groups"][0]["files"]
    }
    assert files["copy.png"]["problem"] == "file not found"
    assert "thumbnail" in files["cat.png"]


def test_files_are_named_relative_to_the_page(found, copies, tmp_path):
    found.report(tmp_path / "page.html")
    files = content(tmp_path / "page.html")[1]["groups"][0]["files"]
    there = {os.path.normpath(tmp_path / file["uri"].replace("%20", " ")) for file in files}
    assert there == {str(path) for path in copies.iterdir()}


def test_full_path_of_a_file_is_there_if_it_is_not_its_name(copies, tmp_path, monkeypatch):
    monkeypatch.chdir(copies.parent)
    dedup.find_duplicates(copies.name, method="phash", cache=False).report(tmp_path / "page.html")
    (group,) = content(tmp_path / "page.html")[1]["groups"]
    assert {file["full"] for file in group["files"]} == {str(path) for path in copies.iterdir()}


def test_what_is_in_no_group_for_a_reason_is_on_the_page(folder, tmp_path, monkeypatch):
    (folder / "broken <.png").write_bytes(b"nothing")
    for grey in (200, 201):
        Image.new("RGB", (300, 200), (grey, grey, 210)).save(folder / f"blank {grey}.png")
    monkeypatch.chdir(folder.parent)
    found = dedup.find_duplicates(folder.name, cache=False)
    assert len(found.uncertain) == 2
    found.report(tmp_path / "page.html")
    _, page = content(tmp_path / "page.html")
    for table, rows in ((found.skipped, page["skipped"]), (found.uncertain, page["uncertain"])):
        full = [str(folder.parent / path) for path in table["path"]]
        assert rows == [
            list(row) for row in zip(*(table[name] for name in table), full, strict=True)
        ]


def test_images_in_memory(photos, tmp_path):
    images = [photos["coffee"], np.asarray(photos["coffee"].resize((150, 100)))]
    dedup.find_duplicates(images, method="phash").report(tmp_path / "page.html")
    (group,) = content(tmp_path / "page.html")[1]["groups"]
    assert all("thumbnail" in file and "uri" not in file for file in group["files"])


def test_without_verification_the_bits_are_told(copies, tmp_path):
    found = dedup.find_duplicates(copies, method="phash", verify=False, cache=False)
    found.report(tmp_path / "page.html")
    pair = by_name(content(tmp_path / "page.html")[1]["groups"][0])[1]["small.jpg"]
    assert pair["bits"] <= 8
    assert not pair.keys() & {"score", "transform"}


def test_nothing_found_is_a_page_too(folder, tmp_path):
    dedup.find_duplicates(folder, method="phash", cache=False).report(tmp_path / "page.html")
    assert content(tmp_path / "page.html")[1]["groups"] == []


def test_the_command_line_writes_it_and_prints_the_groups(copies, tmp_path, capsys):
    page = tmp_path / "page.html"
    with pytest.raises(SystemExit) as end:
        main(["find", str(copies), "--method", "phash", "--no-cache", "--report", str(page)])
    assert end.value.code == 1
    assert capsys.readouterr().out.startswith(f"keep   {copies / 'cat.png'}")
    assert len(content(page)[1]["groups"]) == 1
