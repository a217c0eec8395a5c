"""Files that were made to hurt, or change while they are read, cost a row with a reason at most."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import bombs
import numpy as np
import pytest
from encoded import saved
from PIL import Image

import dedup
from dedup._catalogue.discover import discover
from dedup._cli.main import main
from dedup.pipelines.images import readers
from dedup.pipelines.images.decoding import check_header, decode

MODULES = {"heif": "pillow_heif", "jxl": "pillow_jxl", "raw": "rawpy"}
EXTRAS = [extra for extra, module in MODULES.items() if importlib.util.find_spec(module)]

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

DECODE_ALL = """
import json, resource, sys
from pathlib import Path
from dedup.pipelines.images.decoding import DecodeError, check_header, decode

def largest():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

seen = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    for read in (check_header, decode):
        before = largest()
        try:
            read(path)
            reason = ""
        except DecodeError as error:
            reason = str(error)
        seen[f"{read.__name__} {path.name}"] = [reason, (largest() - before) // 1024]
print(json.dumps(seen))
"""


@pytest.mark.thorough
@linux
def test_no_memory_is_taken_for_a_decompression_bomb(tmp_path):
    for name, data in bombs.bombs(EXTRAS).items():
        (tmp_path / name).write_bytes(data)
    assert (tmp_path / "bomb.png").stat().st_size < 45_000
    child = subprocess.run(
        [sys.executable, "-c", DECODE_ALL, tmp_path], capture_output=True, check=True
    )
    seen = json.loads(child.stdout)
    assert len(seen) >= 2 * 16
    lazy = {"check_header bomb.dng", "check_header bomb.ico"}  # the size is found out later
    assert {name for name, (reason, _) in seen.items() if not reason} <= lazy
    told = [name for name, (reason, _) in seen.items() if "more pixels than the limit" in reason]
    assert len(told) >= len(seen) - 4
    assert max(megabytes for _, megabytes in seen.values()) < 50


def test_bomb_in_a_folder_is_a_row_with_its_reason(folder):
    (folder / "bomb.png").write_bytes(bombs.bombs([])["bomb.png"])
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    (row,) = found.skipped.itertuples()
    assert row.path.endswith("bomb.png")
    assert row.reason.startswith("more pixels than the limit of 178,956,970")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP", "GIF"])
def test_the_limit_can_be_lowered_and_raised(photos, file_format, tmp_path, monkeypatch):
    photos["coffee"].save(tmp_path / "photo", file_format)
    monkeypatch.setenv("DEDUP_MAX_PIXELS", "59999")
    for read in (check_header, decode):
        with pytest.raises(dedup.DecodeError, match=r"59,999 \(300 x 200\): set DEDUP_MAX_PIXELS"):
            read(tmp_path / "photo")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    monkeypatch.setenv("DEDUP_MAX_PIXELS", "60_000")
    check_header(tmp_path / "photo")
    assert decode(tmp_path / "photo", short_side=50).width == 300
    monkeypatch.delenv("DEDUP_MAX_PIXELS")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    with pytest.raises(dedup.DecodeError, match="more pixels than the limit of 20,000"):
        decode(tmp_path / "photo")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert decode(tmp_path / "photo").width == 300


def test_a_limit_that_is_no_number_is_an_error_of_the_run(folder, monkeypatch):
    monkeypatch.setenv("DEDUP_MAX_PIXELS", "many")
    with pytest.raises(dedup.InputError, match="DEDUP_MAX_PIXELS=many: expected a number"):
        dedup.find_duplicates(folder, method="phash", cache=False)


@posix
@pytest.mark.timeout(60)
def test_what_is_no_regular_file_is_never_opened(folder, tmp_path):
    os.mkfifo(folder / "pipe.jpg")
    (folder / "link.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        with contextlib.chdir(folder):  # the path of a socket is short
            server.bind("socket.jpg")
        found = dedup.find_duplicates(folder, method="phash", cache=False)
        assert {os.path.basename(row.path): row.reason for row in found.skipped.itertuples()} == {
            "link.jpg": "symbolic link (not followed)",
            "pipe.jpg": "not a regular file",
            "socket.jpg": "not a regular file",
        }
        for path in (folder / "pipe.jpg", folder / "socket.jpg", "/dev/zero"):
            for read in (check_header, decode):
                with pytest.raises(dedup.DecodeError, match="not a regular file"):
                    read(path)


@posix
@pytest.mark.timeout(60)
def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "file.jpg").touch()
    status = os.stat(tmp_path / "file.jpg")
    monkeypatch.setattr(readers.os, "stat", lambda path: status)  # it was a file when looked at
    with pytest.raises(dedup.DecodeError):
        decode(tmp_path / "pipe.jpg")


@linux
@pytest.mark.parametrize("settings", [{}, {"compression": "tiff_lzw"}], ids=["plain", "LZW"])
def test_a_file_that_shrinks_while_it_is_read_does_not_kill_the_process(tmp_path, settings):
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1200, 3), np.uint8)
    data = saved(Image.fromarray(noise), "TIFF", **settings)
    (tmp_path / "noise.tif").write_bytes(data)
    shown = None
    with (
        contextlib.suppress(dedup.DecodeError),
        readers.open_image(tmp_path / "noise.tif") as image,
    ):
        os.truncate(tmp_path / "noise.tif", 5_000)
        shown = np.asarray(image)
    # What is compressed was in memory already.
    assert np.array_equal(shown, noise) if settings else shown is None


@posix
@pytest.mark.timeout(120)
def test_files_that_change_while_they_are_read_spoil_no_other(folder, spare_photo):
    stable = sorted(path.name for path in folder.iterdir())
    whole = saved(spare_photo, "PNG")
    moving = [folder / f"moving-{number}.png" for number in range(12)]
    stopped = threading.Event()

    def disturb():
        for turn in range(1_000_000):
            if stopped.is_set():
                return
            path, act = moving[turn % len(moving)], turn % 5
            if act == 0:
                path.write_bytes(whole)
            elif act == 1:
                path.write_bytes(whole[: len(whole) // 3])
            elif act == 2 and path.exists():
                path.write_bytes(path.read_bytes() + b"more" * 1000)
            elif act == 3:
                path.unlink(missing_ok=True)
            elif act == 4 and not path.exists():
                os.mkfifo(path)
                path.unlink()

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        for _ in range(4):
            found = dedup.find_duplicates(folder, method="phash", cache=False)
            skipped = set(found.skipped["path"])
            assert not {str(folder / name) for name in stable} & skipped
            assert found.skipped["reason"].str.len().gt(5).all()
    finally:
        stopped.set()
        disturber.join()


@pytest.fixture
def deep(tmp_path):
    """A folder nearly as deep as a path can be, below `tmp_path / "top"`."""
    top = str(tmp_path / "top")
    folders = [top + "/d" * level for level in range((3_900 - len(top)) // 2)]
    for folder in folders:  # `os.makedirs` calls itself once a level
        os.mkdir(folder)
    yield folders[-1]
    for folder in reversed(folders):  # and so does pytest when it cleans up
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        os.rmdir(folder)


def test_folders_as_deep_as_paths_go(tmp_path, deep, photos):
    top = tmp_path / "top"
    photos["coffee"].save(os.path.join(deep, "a.png"))
    photos["coffee"].save(top / "b.png")
    found = dedup.find_duplicates(top, method="phash", cache=False)
    assert [sorted(map(os.path.basename, group.paths)) for group in found.groups] == [
        ["a.png", "b.png"]
    ]


@linux
def test_folder_too_deep_for_a_path_is_told(tmp_path, photos):
    photos["coffee"].save(tmp_path / "a.png")
    where = os.open(tmp_path, os.O_RDONLY)
    for _ in range(45):
        os.mkdir("d" * 100, dir_fd=where)
        inner = os.open("d" * 100, os.O_RDONLY, dir_fd=where)
        os.close(where)
        where = inner
    os.close(where)
    found = discover(tmp_path)
    assert [file.name for file in found.files] == [str(tmp_path / "a.png")]
    assert [skipped.reason for skipped in found.skipped] == ["file name too long"]


@posix
def test_links_lead_out_of_a_folder_only_on_request(folder, tmp_path, photos):
    outside = tmp_path / "outside"
    outside.mkdir()
    photos["coffee"].save(outside / "copy.png")
    (folder / "out").symlink_to(outside)
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    assert found.groups == []
    assert list(found.skipped["reason"]) == ["symbolic link (not followed)"]
    found = dedup.find_duplicates([folder, folder / "out"], method="phash", cache=False)
    (group,) = found.groups
    assert {os.path.realpath(path) for path in group.paths} == {
        str(folder / "coffee.png"),
        str(outside / "copy.png"),
    }


HOSTILE_NAMES = (
    b"two\nlines.png",
    b"quotes ' \" `id`.png",
    b"<script>alert(1)<",
    b"$(touch pwned); rm -rf ~.png",
    b"-rf.png",
    b"--json.png",
    b"%s {0} \\n.png",
    b"not utf-8 \xff\xfe.png",
    b" blank .png",
    "\u202egnp.exe \N{GRINNING FACE}.png".encode(),
    b"=cmd()|' '!A0.png",
    b"n" * 246 + b".png",
)


@pytest.mark.thorough
@linux
def test_any_name_goes_all_the_way_and_back(tmp_path, photos, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in HOSTILE_NAMES:
        path = os.path.join(os.fsencode(folder), name)
        if name.endswith(b"<"):  # with what is in it, the path holds a closing tag
            os.mkdir(path)
            path = os.path.join(path, b"script>.png")
        with open(path, "wb") as file:
            photos["coffee"].save(file, "PNG")
    before = sorted(os.fsencode(path) for path in folder.rglob("*"))
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    (group,) = found.groups
    assert len(group.paths) == len(HOSTILE_NAMES)

    page = tmp_path / "page.html"
    found.report(page)
    assert page.read_text().count("<script") == page.read_text().count("</script") == 2
    assert "alert(1)<" not in page.read_text()

    with pytest.raises(SystemExit):
        main(["find", str(folder), "--method", "phash", "--no-cache", "--json"])
    listed = json.loads(capsys.readouterr().out)["groups"][0]
    assert sorted(listed) == sorted(group.paths)

    applied = found.plan().apply()
    assert len([path for path in folder.rglob("*.png") if ".dedup" not in str(path)]) == 1
    dedup.undo(applied.journal)
    assert [one for one in before if not os.path.lexists(one)] == []
    assert not Path("pwned").exists()
