"""A person who waits sees what is under way, how much of it is done, and that it goes on."""

import io
import sys

import pytest

import dedup
from dedup._base.progress import Bar, bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def stages(monkeypatch):
    """The stages of all bars: title, total and what was done in the end."""
    seen = []
    begin = Bar.stage

    def stage(self, title, *, total, unit):
        seen.append([title, total, 0])
        begin(self, title, total=total, unit=unit)

    def update(self, n=1):
        if seen:
            seen[-1][2] += n

    monkeypatch.setattr(Bar, "stage", stage)
    monkeypatch.setattr(Bar, "update", update)
    return seen


@pytest.mark.thorough
def test_each_stage_of_a_search_has_a_total_and_reaches_it(stages, sample_folder):
    dedup.find_duplicates(sample_folder, cache=False)
    assert [title for title, _, _ in stages] == [
        "verifying",
        "laying",
        "measuring",
        "choosing",
        "measuring",
    ]
    assert all(total > 0 and done == total for _, total, done in stages)


def test_a_bar_shows_its_stages_and_what_it_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with bar(total=None, title="proposing", unit=" pairs") as progress:
        progress.mininterval = 0  # or it is drawn ten times a second only
        progress.update(3)
        progress.stage("verifying", total=4, unit=" pairs")
        progress.note("1 compared")
        progress.update(2)
    shown = terminal.getvalue()
    assert "proposing: 3 pairs" in shown
    assert "verifying:  50%" in shown
    assert "1 compared" in shown


def test_nobody_looking_sees_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", silent := io.StringIO())
    with bar(total=1, title="proposing") as progress:
        assert list(progress.over([1, 2], title="choosing", unit=" groups")) == [1, 2]
        progress.note("1 compared")
    assert silent.getvalue() == ""
