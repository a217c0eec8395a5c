"""Bring single files back to where and what they were: after a failure, or to undo a plan."""

import os
from contextlib import ExitStack, suppress
from typing import Final

from dedup._acting.entries import Entry, Folder, Refusal
from dedup._acting.files import (
    carry,
    copy,
    digest_and_status,
    exchange,
    has,
    is_same_entry,
    opened,
    place,
    put_aside,
    put_back,
    require_unchanged,
    restore_traits,
)
from dedup._acting.journal import Step
from dedup._acting.planned import WRITE

__all__ = ["FOR_GOOD", "in_quarantine", "recover", "restore"]

FOR_GOOD: Final = "deleted for good: it can't be brought back; what is left of it is {keep}"


def recover(entry: Entry, step: Step) -> None:
    """What was cut, or failed, at a place of a file: what is unfinished goes, the file comes back.

    Raises
    ------
    Refusal, OSError
    """
    with suppress(FileNotFoundError):
        step.part(entry).unlink()
    put_back(entry, step.aside(entry), digest=step.digest)


def restore(step: Step, *, quarantine: Folder | None) -> None:
    """Bring a file back to where and what it was; to be repeated if it was cut.

    Raises
    ------
    Refusal, OSError
    """
    with ExitStack() as held:
        to = in_quarantine(step, quarantine, held)
        entry = _at_its_place(step, held, make=to is not None)
        recover(entry, step)
        if step.action == WRITE:
            _unwrite(step, entry)
            return
        if step.action == "quarantine":
            _take_back(step, entry, to)
        elif step.action == "hardlink":
            _part(step, entry)
        elif not has(entry, step.digest):
            now = "; something else is in its place now" if entry.exists() else ""
            raise Refusal(FOR_GOOD.format(keep=step.keep) + now)
        restore_traits(entry, step.traits, digest=step.digest)


def _at_its_place(step: Step, held: ExitStack, *, make: bool) -> Entry:
    folder, name = os.path.split(step.path)
    try:
        return Entry(held.enter_context(Folder(folder, make=make)), name)
    except FileNotFoundError:
        raise Refusal(f"its folder is gone: {folder}") from None


def in_quarantine(step: Step, quarantine: Folder | None, held: ExitStack) -> Entry | None:
    """The file that was put there, once more whole; None if there is none."""
    if not step.to or quarantine is None:
        return None
    folder, name = os.path.split(step.to)
    try:
        entry = Entry(held.enter_context(Folder(folder, below=quarantine)), name)
    except FileNotFoundError:
        return None
    recover(entry, step)
    return entry if entry.exists() else None


def _take_back(step: Step, entry: Entry, to: Entry | None) -> None:
    """From quarantine, where nothing else is at the old place."""
    if entry.exists():
        if not has(entry, step.digest):
            left = f"; the file itself is still at {step.to}" if to else ""
            raise Refusal(f"something else is there now{left}")
        if to and has(to, step.digest) and not is_same_entry(entry, to):
            to.unlink()
        return
    if not to:
        raise Refusal(f"gone from the quarantine: {step.to}")
    digest, status = digest_and_status(to)
    if digest != step.digest:
        raise Refusal(f"changed in the quarantine: {step.to}")
    aside = step.aside(to)
    try:
        put_aside(to, aside, status=status)
        carry(aside, entry, part=step.part(entry), digest=step.digest)
    except (Refusal, OSError):
        recover(to, step)
        raise


def _unwrite(step: Step, entry: Entry) -> None:
    """Remove what was written, as long as it is that."""
    if not entry.exists():
        return
    digest, status = digest_and_status(entry)
    if digest != step.digest:
        raise Refusal("changed since it was written")
    aside = step.aside(entry)
    try:
        status = put_aside(entry, aside, status=status)
        require_unchanged(aside, status)
        aside.unlink()
    except (Refusal, OSError):
        recover(entry, step)
        raise


def _part(step: Step, entry: Entry) -> None:
    """A hard link from the file that it was linked to."""
    if not entry.exists():
        with opened(step.keep) as keep:
            if not has(keep, step.digest):
                raise Refusal("changed since it was linked")
            copy(keep, step.part(entry), digest=step.digest)
        place(step.part(entry), entry)
        return
    digest, status = digest_and_status(entry)
    if digest != step.digest:
        raise Refusal("changed since it was linked")
    if status.st_nlink > 1:
        aside = step.aside(entry)
        try:
            copy(entry, step.part(entry), digest=step.digest)
            status = put_aside(entry, aside, status=status)
            exchange(aside, entry, part=step.part(entry), status=status)
        except (Refusal, OSError):
            recover(entry, step)
            raise
