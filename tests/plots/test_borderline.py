"""The pairs next to a threshold, with their pictures, whatever the files are called."""

import os

import matplotlib as mpl
import numpy as np
import pytest
from scored import texts

from dedup import plots
from dedup._tuning.scored_pairs import ScoredPairs
from dedup.plots._pair_picture import short_name

pytestmark = pytest.mark.thorough


def titles(column):
    return [ax.get_title("left") for ax in column]


def test_the_pairs_nearest_to_the_threshold_are_shown_the_nearest_first(pictures):
    grid = plots.borderline(pictures, threshold=0.51, count=2)
    assert titles(grid[:, 0]) == [
        "0.55: not duplicates, wrongly accepted",
        "0.6: duplicates, accepted",
    ]
    assert titles(grid[:, 1]) == [
        "0.48: not duplicates, rejected",
        "0.45: duplicates, wrongly rejected",
    ]
    assert all(len(ax.images) == 2 for ax in grid.flat)
    assert texts(grid[0, 0])[0].endswith("coins.jpg")
    assert texts(grid[0, 0])[1].endswith("rocket.jpg")


def test_wrong_decisions_have_a_colour_of_their_own(pictures):
    grid = plots.borderline(pictures, threshold=0.5, count=4)
    colours = {True: set(), False: set()}
    for text in (text for ax in grid.flat for text in ax.findobj(mpl.text.Text)):
        if "duplicates" in text.get_text():
            colours["wrongly" in text.get_text()].add(text.get_color())
    assert len(colours[True]) == len(colours[False]) == 1
    assert colours[True].isdisjoint(colours[False])


def test_fewer_pairs_than_asked_for_leave_places_empty(pictures):
    grid = plots.borderline(pictures, threshold=0.9, count=3)
    assert titles(grid[:, 0]) == ["0.95: duplicates, accepted", "no more pairs are accepted", ""]


def test_of_bits_the_fewer_are_accepted(pictures):
    pictures.table["score"] = np.arange(8.0)
    pairs = ScoredPairs(pictures.table, quantity="bits", method="phash")
    grid = plots.borderline(pairs, threshold=3, count=1)
    assert titles(grid[0]) == [
        "3 bits: not duplicates, wrongly accepted",
        "4 bits: not duplicates, rejected",
    ]


def test_a_file_that_cannot_be_read_shows_its_reason(pictures, tmp_path):
    (tmp_path / "notes.jpg").write_text("no image")
    pictures.table.loc[4, ["a", "b"]] = [str(tmp_path / "notes.jpg"), "/gone/away.jpg"]
    ax = plots.borderline(pictures, threshold=0.5, count=1)[0, 0]
    assert not ax.images
    assert {"file not found", "gone/away.jpg"} <= set(texts(ax))
    assert any("not an image" in text for text in texts(ax))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", [b"caf\xe9.jpg", "\u7167\u7247.jpg".encode(), b"$a_1$\n\t.jpg", b"W" * 250]
)
def test_any_file_name_can_be_drawn(pictures, tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name)
    try:
        os.rename(os.fsencode(pictures.table["a"][4]), path)
    except OSError:
        pytest.skip("the file system does not take this name")
    pictures.table["a"] = pictures.table["a"].astype(object)
    pictures.table.loc[4, "a"] = os.fsdecode(path)
    ax = plots.borderline(pictures, threshold=0.5, count=1)[0, 0]
    ax.figure.canvas.draw()
    assert len(ax.images) == 2
    one, other = (text.get_window_extent() for text in ax.texts)
    assert one.x1 < other.x0
    assert all(text.get_text().isprintable() for text in ax.texts)


def test_long_names_keep_both_ends():
    assert short_name("/photos/" + "begin" + 90 * "x" + "end.jpg").startswith("begin")
    assert short_name("/photos/" + "begin" + 90 * "x" + "end.jpg").endswith("end.jpg")
