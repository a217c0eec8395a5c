"""What somebody else does between two steps of an act, at any of them."""

import os
from functools import partial
from itertools import count

import pytest
from trees import tree

import dedup

CALLS = ("chmod", "fsync", "link", "mkdir", "open", "rename", "replace", "rmdir", "unlink", "utime")


def happens_meanwhile(act, event, *, at):
    """Run an act, and let an event happen right before this one of its calls that change files.

    Returns
    -------
    bool
        Whether there was such a call.
    """
    calls = count()

    def counted(function):
        def call(*arguments, **options):
            if next(calls) == at:
                event()  # its own calls come later in the count
            return function(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        act()
    return next(calls) > at


class _Cut(BaseException):
    """Nothing that is written to clean up after errors may catch it."""


def _cut():
    raise _Cut


def _is_cut(act, *, at):
    try:
        happens_meanwhile(act, _cut, at=at)
    except _Cut:
        return True
    return False


def cut_before_every_step(plan, act, *, folder, journals, applied, undone=lambda: None):
    """Cut applying a plan, or undoing it, before each of its steps; all is as before in the end.

    Every second time the plan is continued before it is undone. What was applied, and undone, is
    looked at by `applied(result)` and `undone()`.

    Returns
    -------
    int
        The number of cuts.
    """
    before = tree(folder)
    for at in count():
        journal = journals / f"journal-{at}"
        apply, undo = partial(plan.apply, journal=journal), partial(dedup.undo, journal)
        if act == "undo":
            applied(apply())
        more = _is_cut({"apply": apply, "undo": undo}[act], at=at)
        if at % 2:
            applied(apply())
        if journal.exists():
            assert undo().failed.empty
        assert tree(folder) == before
        undone()
        if not more:
            break
    return at
