"""Folders, patterns, paths, images and tables become one sorted list; the rest has a reason."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dedup
from dedup._catalogue.discover import discover

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files only")


@pytest.fixture
def tree(tmp_path):
    """A folder with four files at three depths."""
    for name in ("b.jpg", "a.png", "sub/c.jpg", "sub/deeper/d.jpg"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "tree"


def names(inputs):
    return [file.name for file in discover(inputs).files]


def test_folder_is_walked_to_the_bottom_in_sorted_order(tree):
    wanted = ["a.png", "b.jpg", "sub/c.jpg", "sub/deeper/d.jpg"]
    assert names(tree) == [str(tree / name) for name in wanted]


def test_pattern(tree):
    assert names(f"{tree}/*.jpg") == [str(tree / "b.jpg")]
    assert names(f"{tree}/**/*.jpg") == [
        str(tree / name) for name in ("b.jpg", "sub/c.jpg", "sub/deeper/d.jpg")
    ]
    assert names(f"{tree}/s?b") == [str(tree / "sub/c.jpg"), str(tree / "sub/deeper/d.jpg")]


def test_file_whose_name_looks_like_a_pattern(tree):
    (tree / "photo[1].jpg").touch()
    assert names(tree / "photo[1].jpg") == [str(tree / "photo[1].jpg")]


def test_list_tuple_generator_table_and_column_name_the_same_files(tree):
    paths = [str(tree / "b.jpg"), str(tree / "a.png")]
    table = pd.DataFrame({"path": paths, "label": [1, 2]})
    for inputs in (paths, tuple(paths), (p for p in paths), map(Path, paths), table, table["path"]):
        assert names(inputs) == sorted(paths)


def test_images_and_arrays_in_memory(tree):
    image, array = Image.new("RGB", (4, 3)), np.zeros((3, 4, 3), np.uint8)
    found = discover([image, tree / "a.png", array])
    assert [file.name for file in found.files] == [str(tree / "a.png"), "<image 0>", "<image 2>"]
    assert found.files[1].source is image
    assert names(image) == names(array) == ["<image 0>"]


def test_names_stay_as_the_user_gave_them(tree, monkeypatch):
    monkeypatch.chdir(tree)
    found = discover("sub")
    assert [file.name for file in found.files] == ["sub/c.jpg", "sub/deeper/d.jpg"]
    assert [file.path for file in found.files] == [
        os.path.realpath(tree / name) for name in ("sub/c.jpg", "sub/deeper/d.jpg")
    ]


def test_file_named_in_several_ways_is_there_once(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert names(["a.png", tree / "a.png", "./a.png", "sub/../a.png", "*.png"]) == ["a.png"]


@needs_links
def test_file_behind_a_linked_folder_is_no_second_copy(tree, tmp_path):
    (tmp_path / "link").symlink_to(tree)
    files = discover([tree, tmp_path / "link", f"{tmp_path}/link/*"]).files
    assert [file.name for file in files] == names(tree)


@needs_links
def test_links_in_a_folder_are_not_followed_and_are_told(tree, tmp_path):
    (tree / "file.jpg").symlink_to(tree / "a.png")
    (tree / "gone.jpg").symlink_to(tmp_path / "nothing")
    (tree / "outside").symlink_to(tmp_path)
    found = discover(tree)
    assert len(found.files) == 4
    assert {Path(skipped.path).name: skipped.reason for skipped in found.skipped} == dict.fromkeys(
        ("file.jpg", "gone.jpg", "outside"), "symbolic link (not followed)"
    )


@needs_links
@pytest.mark.parametrize("pattern", ["", "/*", "/**/*", "/**/*.jpg"])
def test_loops_of_links_end(tree, pattern):
    (tree / "sub" / "loop").symlink_to(tree)
    (tree / "loop").symlink_to(tree / "sub")
    files = names(f"{tree}{pattern}")
    assert 3 <= len(files) <= 4
    assert not any("loop" in Path(name).relative_to(tree).parts for name in files)


def test_missing_path_is_an_error(tree):
    with pytest.raises(dedup.InputError, match=r"no such file or folder: .*none\.jpg"):
        discover([tree, tree / "none.jpg"])


def test_pattern_without_a_match_is_an_error(tree):
    with pytest.raises(dedup.InputError, match=r"nothing matches .*\.gif"):
        discover(f"{tree}/*.gif")


def test_empty_folder_and_empty_list_are_errors(tmp_path):
    with pytest.raises(dedup.InputError, match=f"no files in {tmp_path}"):
        discover(tmp_path)
    with pytest.raises(dedup.InputError, match="no files were given"):
        discover([])


@pytest.mark.parametrize("inputs", [3, [3], {"photo.jpg": 1}.values(), None, [None]])
def test_what_is_no_image_and_no_path_is_an_error(inputs):
    with pytest.raises(dedup.InputError, match="can't read images from"):
        discover(inputs)


def test_table_without_paths_is_an_error(tree):
    with pytest.raises(dedup.InputError, match=r"no column `path`; it has: file, label"):
        discover(pd.DataFrame({"file": [], "label": []}))
    with pytest.raises(dedup.InputError, match="can't read images from nan, a float"):
        discover(pd.DataFrame({"path": [str(tree / "a.png"), float("nan")]}))


@posix
def test_fifo_is_skipped_and_never_opened(tree):
    os.mkfifo(tree / "pipe.jpg")
    found = discover(tree)
    assert len(found.files) == 4
    assert [skipped.reason for skipped in found.skipped] == ["not a regular file"]


@posix
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may read everything")
def test_unreadable_file_and_folder_are_skipped(tree):
    (tree / "a.png").chmod(0)
    (tree / "sub").chmod(0)
    try:
        found = discover(tree)
    finally:
        (tree / "sub").chmod(0o755)
    assert [file.name for file in found.files] == [str(tree / "b.jpg")]
    assert [skipped.reason for skipped in found.skipped] == [
        "permission denied",
        "folder that can't be read",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux only")
def test_name_that_is_not_utf8(tree):
    path = os.fsdecode(os.fsencode(tree) + b"/caf\xe9.jpg")
    Path(path).touch()
    assert path in names(tree)
    assert names(path) == [path]


def test_file_that_was_being_acted_on_is_no_image_of_its_own(folder):
    (folder / "coffee.png").rename(folder / ".dedup-0123456789abcdef.aside")
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    ((path, reason),) = found.skipped.itertuples(index=False)
    assert path.endswith(".aside")
    assert "apply or undo" in reason
