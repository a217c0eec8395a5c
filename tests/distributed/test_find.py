"""`dedup.distributed.find`: on a Ray cluster, the groups that one machine finds."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import dedup
from dedup import distributed

pytest.importorskip("ray")
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


def groups_of(found):
    return sorted(
        (group.keep, sorted(group.remove), group.retain, group.why) for group in found.groups
    )


def stored_groups(stored):
    found = []
    for _, files in stored.groups.groupby("group"):
        keep = files[files["keep"]].iloc[0]
        others = files[~files["keep"]]
        stay = others[others["stays"] != ""]
        remove = sorted(others[others["stays"] == ""]["path"])
        found.append(
            (keep["path"], remove, dict(zip(stay["path"], stay["stays"], strict=True)), keep["why"])
        )
    return sorted(found)


def assert_same(stored, found):
    assert stored_groups(stored) == groups_of(found)
    order = ["relation", "a", "b"]
    mine, theirs = (
        table[list(found.pairs.columns)].sort_values(order, ignore_index=True)
        for table in (stored.pairs, found.pairs)
    )
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, rtol=1e-5)
    for table in ("skipped", "uncertain"):
        mine = getattr(stored, table).drop_duplicates()
        pd.testing.assert_frame_equal(mine, getattr(found, table), check_dtype=False)
    ids = np.concatenate(list(stored.removal_ids()))
    assert len(ids) == sum(len(group.remove) for group in found.groups)
    assert (np.diff(ids) > 0).all()


def found(inputs, work, **settings):
    chosen = {"workers": 2, "method": "phash", "part": 4, "progress": False, **settings}
    return distributed.find(inputs, work=work, **chosen)


@pytest.mark.parametrize("method", ["phash", "sscd-fast"])
def test_the_groups_are_those_of_one_machine(varied, uri, cluster, tmp_path, method):
    local = dedup.find_duplicates(varied, method=method, cache=False)
    stored = found(varied, tmp_path / "work", index=uri, method=method, collection=method[:4])
    assert_same(stored, local)
    assert len(stored.groups) > 0
