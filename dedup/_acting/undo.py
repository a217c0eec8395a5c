"""Take back what a plan did, as its journal says; or let go of it for good."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from dedup._acting.applied import Applied, Outcome
from dedup._acting.entries import Entry, Folder, Refusal, open_quarantine
from dedup._acting.files import (
    digest_and_status,
    is_written_to,
    opened,
    put_aside,
    require_picture,
)
from dedup._acting.journal import Journal, Step
from dedup._acting.plan import Plan, plan_of
from dedup._acting.restore import FOR_GOOD, in_quarantine, recover, restore
from dedup._base.progress import bar
from dedup._base.text import reason_of
from dedup.errors import JournalError

__all__ = ["purge", "undo"]


def undo(journal: str | os.PathLike[str], *, progress: bool = True) -> Applied:
    """Take back what `Plan.apply` did: names, bytes, times and permissions are restored.

    It can be interrupted and repeated. What appeared meanwhile is never overwritten: such a
    file stays where it was put, in a row that says so, and the others are restored. Only a
    journal of one's own is followed, and only into the folders of its plan.

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
        If there is no journal, it can't be read, another process is at work on it, or it or the
        quarantine belongs to another user or can be written by one.

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


def _each(
    path: str | os.PathLike[str],
    action: str,
    do: Callable[[Journal, Step, Folder | None], Outcome | None],
    *,
    progress: bool,
) -> Applied:
    """Do something to each file of a journal, the last first."""
    plan = plan_of(Path(path))
    journal = Journal(plan.journal if plan else Path(path))
    if not journal.path.exists():
        raise JournalError(f"{journal.path}: there is no such journal: nothing was applied")
    with ExitStack() as held:
        held.enter_context(journal.writing())
        quarantine = _quarantine_of(journal, held)
        steps = sorted(journal.latest().values(), key=lambda step: -step.step)
        outcomes = [
            Outcome(str(journal.path), action, done=False, reason=f"line {line} can't be read")
            for line in journal.damaged
        ]
        if plan:
            _require_of(plan, journal, steps)
        with bar(total=len(steps), title=action, unit=" files", shown=progress) as shown:
            for step in steps:
                outcome = do(journal, step, quarantine)
                outcomes += [outcome] if outcome is not None else []
                shown.update(1)
        if quarantine is not None:
            _remove_empty_folders(quarantine, steps)
    return Applied(journal.path, outcomes)


def _quarantine_of(journal: Journal, held: ExitStack) -> Folder | None:
    """The folder that a journal names, which may be gone."""
    if "quarantine" not in journal.header:
        return None
    with suppress(FileNotFoundError):
        return held.enter_context(open_quarantine(journal.header["quarantine"], make=False))
    return None


def _require_of(plan: Plan, journal: Journal, steps: Iterable[Step]) -> None:
    """Make sure that a journal tells of this plan alone."""
    planned = {(f.path, f.action, f.digest, f.keep, f.keep_digest) for f in plan.files}
    recorded = {(s.path, s.action, s.digest, s.keep, s.keep_digest) for s in steps}
    header = {key: journal.header.get(key) for key in plan.header}
    if journal.header and (header != plan.header or not recorded <= planned):
        raise JournalError(f"{journal.path} is the journal of another plan")


def _restored(journal: Journal, step: Step, quarantine: Folder | None) -> Outcome | None:
    if step.state == "failed":
        return None
    if step.state == "restored":
        return Outcome(step.path, "restore", done=True, earlier=True)
    if step.state == "purged":
        reason = FOR_GOOD.format(keep=step.keep)
        return Outcome(step.path, "restore", done=False, reason=reason)
    try:
        journal.note(step, "restoring")
        restore(step, quarantine=quarantine)
    except (Refusal, OSError) as error:
        return Outcome(step.path, "restore", done=False, reason=reason_of(error))
    journal.note(step, "restored")
    return Outcome(step.path, "restore", done=True)


def _purged(journal: Journal, step: Step, quarantine: Folder | None) -> Outcome | None:
    if step.action != "quarantine" or step.state in ("failed", "restored"):
        return None
    if step.state == "purged":
        return Outcome(step.path, "purge", done=True, earlier=True)
    try:
        _let_go(journal, step, quarantine)
    except (Refusal, OSError) as error:
        return Outcome(step.path, "purge", done=False, to=step.to, reason=reason_of(error))
    return Outcome(step.path, "purge", done=True)


def _let_go(journal: Journal, step: Step, quarantine: Folder | None) -> None:
    if os.path.lexists(step.path):
        raise Refusal("it, or something else, is at its old place: undo or apply first")
    with ExitStack() as held:
        entry = in_quarantine(step, quarantine, held)
        if entry is not None:
            journal.note(step, "purging")
            _delete(step, entry)
        elif step.state not in ("purging", "done"):
            raise Refusal(f"gone from the quarantine: {step.to}")
    journal.note(step, "purged")


def _delete(step: Step, entry: Entry) -> None:
    """Delete a file in quarantine, as long as the one that was kept is there until the last."""
    digest, status = digest_and_status(entry)
    if digest != step.digest:
        raise Refusal("changed in the quarantine")
    with opened(step.keep) as keep:
        try:
            kept = require_picture(keep, digest=step.keep_digest, decodes=not step.decodes)
        except (Refusal, OSError) as error:
            raise Refusal(f"the file that was kept, {step.keep}: {reason_of(error)}") from error
        if os.path.samestat(kept, status):
            raise Refusal("the same file as the one that was kept")
        aside = step.aside(entry)
        try:
            put_aside(entry, aside, status=status)
            if is_written_to(kept, keep.status()):
                raise Refusal(f"the file that was kept, {step.keep}: it is being written to")
            aside.unlink()
        except (Refusal, OSError):
            recover(entry, step)
            raise


def _remove_empty_folders(quarantine: Folder, steps: Iterable[Step]) -> None:
    """Those that were made for files which are no longer there, the deepest first."""
    files = [Path(step.to).relative_to(quarantine.path) for step in steps if step.to]
    folders = {folder for file in files for folder in file.parents if folder.name}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        quarantine.remove_empty(str(folder))
