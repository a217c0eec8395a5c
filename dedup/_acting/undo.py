"""Take back what a plan did, as its journal says; or let go of it for good."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dedup._acting.applied import Applied, Outcome
from dedup._acting.files import (
    Refusal,
    copy_in_place_of,
    digest_of,
    is_same_entry,
    move,
    reason_of,
    require_picture,
    restore_traits,
)
from dedup._acting.journal import Journal, Step
from dedup._acting.plan import journal_of
from dedup._progress import bar
from dedup.pipelines.errors import JournalError

__all__ = ["purge", "restore", "undo"]

_FOR_GOOD = "deleted for good: it can't be brought back; what is left of it is {keep}"


def undo(journal: str | os.PathLike[str], *, progress: bool = True) -> Applied:
    """Take back what `Plan.apply` did: names, bytes, times and permissions are restored.

    It can be interrupted and repeated. What appeared meanwhile is never overwritten: such a
    file stays where it was put, in a row that says so, and the others are restored.

    Parameters
    ----------
    journal : path
        The journal (`Applied.journal`), or the plan that was saved and applied.
    progress : bool
        Show a progress bar where a person can see it.

    Returns
    -------
    Applied
        A row a file. What was deleted can't be undone, and has a row that says so.

    Raises
    ------
    JournalError
        If there is no journal, it can't be read, or another process is at work on it.

    Examples
    --------
    >>> import dedup
    >>> photos = getfixture("sample_folder")
    >>> found = dedup.find_duplicates(photos, method="phash", cache=False)
    >>> applied = found.plan(quarantine=getfixture("tmp_path")).apply()
    >>> undo(applied.journal)
    6 files restored
    """
    return _each(journal, "restore", _restored, progress=progress)


def purge(journal: str | os.PathLike[str], *, progress: bool = True) -> Applied:
    """Delete, for good, the files that a plan has put into quarantine.

    Each only if the file that was kept instead is still there, unchanged, and decodes.

    Parameters
    ----------
    journal, progress
        As in `undo`.

    Raises
    ------
    JournalError
        As in `undo`.
    """
    return _each(journal, "purge", _purged, progress=progress)


def restore(step: Step) -> None:
    """Bring a file back to where and what it was; to be repeated if it was cut.

    Raises
    ------
    Refusal, OSError
    """
    for place in filter(None, (step.path, step.to)):
        with suppress(FileNotFoundError):
            os.unlink(step.partial(place))
    if step.action == "quarantine":
        _take_back(step)
    elif step.action == "hardlink":
        _part(step)
    elif not os.path.lexists(step.path):
        raise Refusal(_FOR_GOOD.format(keep=step.keep))
    restore_traits(step.path, step.traits)


def _take_back(step: Step) -> None:
    """From quarantine, where nothing else is at the old place."""
    there = os.path.lexists(step.to)
    if os.path.lexists(step.path):
        if not _has(step.path, step.digest):
            left = f"; the file itself is still at {step.to}" if there else ""
            raise Refusal(f"something else is there now{left}")
        if there and _has(step.to, step.digest) and not is_same_entry(step.path, step.to):
            os.unlink(step.to)
        return
    if not there:
        raise Refusal(f"gone from the quarantine: {step.to}")
    if not _has(step.to, step.digest):
        raise Refusal(f"changed in the quarantine: {step.to}")
    os.makedirs(os.path.dirname(step.path), exist_ok=True)
    move(step.to, step.path, partial=step.partial(step.path), digest=step.digest)


def _part(step: Step) -> None:
    """A hard link from the file that it was linked to."""
    source = step.path if os.path.lexists(step.path) else step.keep
    if not _has(source, step.digest):
        raise Refusal("changed since it was linked")
    if source != step.path or os.lstat(source).st_nlink > 1:
        partial = step.partial(step.path)
        copy_in_place_of(step.path, source, partial=partial, digest=step.digest)


def _has(path: str, digest: str) -> bool:
    try:
        return digest_of(path)[0] == digest
    except Refusal:
        return False


def _each(
    path: str | os.PathLike[str],
    action: str,
    do: Callable[[Journal, Step], Outcome | None],
    *,
    progress: bool,
) -> Applied:
    """Do something to each file of a journal, the last first."""
    journal = Journal(journal_of(Path(path)))
    if not journal.path.exists():
        raise JournalError(f"{journal.path}: there is no such journal: nothing was applied")
    with journal.writing():
        steps = sorted(journal.latest().values(), key=lambda step: -step.step)
        outcomes = [
            Outcome(str(journal.path), action, done=False, reason=f"line {line} can't be read")
            for line in journal.damaged
        ]
        with bar(total=len(steps), title=action, unit=" files", shown=progress) as shown:
            for step in steps:
                outcome = do(journal, step)
                outcomes += [outcome] if outcome is not None else []
                shown.update(1)
    _remove_empty_folders(journal.header.get("quarantine", ""))
    return Applied(journal.path, outcomes)


def _restored(journal: Journal, step: Step) -> Outcome | None:
    if step.state == "failed":
        return None
    if step.state == "restored":
        return Outcome(step.path, "restore", done=True)
    if step.state == "purged":
        reason = _FOR_GOOD.format(keep=step.keep)
        return Outcome(step.path, "restore", done=False, reason=reason)
    try:
        journal.note(step, "restoring")
        restore(step)
    except (Refusal, OSError) as error:
        return Outcome(step.path, "restore", done=False, reason=reason_of(error))
    journal.note(step, "restored")
    return Outcome(step.path, "restore", done=True)


def _purged(journal: Journal, step: Step) -> Outcome | None:
    if step.action != "quarantine" or step.state in ("failed", "restored"):
        return None
    try:
        if step.state != "purged":
            _let_go(journal, step)
    except (Refusal, OSError) as error:
        return Outcome(step.path, "purge", done=False, to=step.to, reason=reason_of(error))
    return Outcome(step.path, "purge", done=True)


def _let_go(journal: Journal, step: Step) -> None:
    if os.path.lexists(step.path):
        raise Refusal("it, or something else, is at its old place: undo or apply first")
    if os.path.lexists(step.to):
        try:
            kept = require_picture(step.keep, digest=step.keep_digest)
        except Refusal as error:
            raise Refusal(f"the file that was kept, {step.keep}: {error}") from error
        digest, status = digest_of(step.to)
        if digest != step.digest:
            raise Refusal("changed in the quarantine")
        if os.path.samestat(kept, status):
            raise Refusal("the same file as the one that was kept")
        journal.note(step, "purging")
        os.unlink(step.to)
    elif step.state not in ("purging", "done"):
        raise Refusal(f"gone from the quarantine: {step.to}")
    journal.note(step, "purged")


def _remove_empty_folders(quarantine: str) -> None:
    for where, folders, _ in os.walk(quarantine, topdown=False):
        for name in folders:
            folder = os.path.join(where, name)
            if stat.S_ISDIR(os.lstat(folder).st_mode):
                with suppress(OSError):  # not empty
                    os.rmdir(folder)
