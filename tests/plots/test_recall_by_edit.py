"""Recall by edit: the worst family first, edits from weak to strong."""

import numpy as np
import pytest
from scored import scored, texts

from dedup import plots


def test_families_are_rows_the_worst_first_and_edits_go_from_weak_to_strong():
    rows = [(True, s, "jpeg-20", "jpeg") for s in (0.9, 0.9, 0.1, 0.9, 0.9)]
    rows += [(True, 0.9, "jpeg-40", "jpeg")] * 5 + [(True, 0.9, "mirror", "mirror")] * 5
    rows += [(True, 0.1, "crop-25", "crop"), (True, 0.9, "crop-70", "crop")]
    ax = plots.recall_by_edit(scored([*rows, (False, 0.9)]), threshold=0.5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["crop", "jpeg", "mirror"]
    cells = {tuple(np.floor(text.get_position())): text.get_text() for text in ax.texts[:5]}
    assert cells == {
        (0, 0): "70: 1.00 (n=1)",
        (1, 0): "25: 0.00 (n=1)",
        (0, 1): "40: 1.00",
        (1, 1): "20: 0.80",
        (0, 2): "1.00",
    }
    assert "■ 15 of 17 edited copies are found" in texts(ax)
    assert "■ 2 are missed" in texts(ax)


def test_bar_is_all_copies_of_an_edit_and_its_part_in_blue_those_that_are_found():
    rows = [(True, score, "jpeg-20", "jpeg") for score in (0.9, 0.9, 0.9, 0.1)]
    ax = plots.recall_by_edit(scored([*rows, (False, 0.9)]), threshold=0.5)
    found, missed = ax.patches
    assert found.get_x() == 0
    assert found.get_width() == pytest.approx(3 * missed.get_width())
    assert found.get_x() + found.get_width() == missed.get_x()
    assert found.get_facecolor() != missed.get_facecolor()


def test_edits_that_are_not_ours_go_by_their_number_or_name():
    names = ["rust-9", "rust-10", "torn"]
    rows = [(True, 0.9, name, "wear" if name == "torn" else "") for name in names]
    ax = plots.recall_by_edit(scored([*rows, (True, 0.9)]), threshold=0.5)
    assert texts(ax)[:3] == ["9: 1.00 (n=1)", "10: 1.00 (n=1)", "torn: 1.00 (n=1)"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rust", "wear"]
    assert "not counted: 1 duplicate without an edit" in texts(ax)[-1]
