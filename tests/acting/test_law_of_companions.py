"""Whatever lies beside pictures: files stay together, and no last film or RAW file goes."""

import os
import tempfile
from functools import cache
from pathlib import Path

import pytest
import skimage.data
from encoded import saved
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from trees import tree

import dedup
from dedup._acting.companions import Companions

pytestmark = pytest.mark.thorough

NAMES = [
    "IMG.jpg",
    "IMG.jpeg",
    "IMG.jpg.xmp",
    "IMG.xmp",
    "IMG.aae",
    "IMG.mov",
    "IMG.CR2",
    "IMG.png",
]
PLACES = [os.path.join(place, name) for place in ("a", "b") for name in NAMES]


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(PLACES), st.sampled_from([b"one", b"two"]), min_size=4))
def test_whatever_lies_there_files_stay_together_and_no_film_is_lost(contents):
    """The law of companions: of what shows something, the last copy never goes."""
    with tempfile.TemporaryDirectory() as there:
        folder = Path(os.path.realpath(there), "photos")
        for name, content in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shown = {".jpg": "coffee", ".jpeg": "coffee", ".png": content.decode()}
            if Path(name).suffix in shown:
                (folder / name).write_bytes(picture(shown[Path(name).suffix]))
            else:
                (folder / name).write_bytes(content)
        if not any(Path(name).suffix in (".jpg", ".jpeg", ".png") for name in contents):
            return
        before = tree(folder)
        beside = Companions()
        files = [str(path) for path in folder.rglob("*.*")]
        belong = {path: beside.of(path) for path in files}
        plan = dedup.find_duplicates(folder, cache=False, method="phash").plan()
        applied = plan.apply()
        assert applied.failed.empty
        for path in files:
            if Path(path).exists():
                assert all(map(os.path.exists, belong[path]))
        assert dedup.undo(applied.journal).failed.empty if len(plan) else True
        assert tree(folder) == before
        applied = plan.apply(journal=Path(there, "journal"))
        assert dedup.purge(applied.journal).failed.empty if len(plan) else True
        shows = (b".mov", b".CR2", b".png")
        lost = {what[-1] for name, what in before.items() if name.endswith(shows)}
        assert lost <= {what[-1] for what in tree(folder).values()}


@cache
def picture(name):
    """The bytes of one of three pictures."""
    shown = {"coffee": skimage.data.coffee, "one": skimage.data.rocket, "two": skimage.data.chelsea}
    return saved(Image.fromarray(shown[name]()).resize((60, 40)), "PNG")
