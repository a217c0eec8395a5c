"""What somebody else does between two steps of an act, at any of them."""

import os
from itertools import count

import pytest

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
