"""Carry a plan out: each file is checked, then journalled, then acted on."""

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from dedup._acting.applied import Applied, Outcome
from dedup._acting.files import (
    Refusal,
    Traits,
    digest_of,
    link_in_place_of,
    move,
    reason_of,
    require_picture,
    require_unchanged,
    version,
)
from dedup._acting.journal import Journal, Step
from dedup._acting.protect import Protected
from dedup._acting.undo import restore
from dedup._indexing.discover import PUT_ASIDE
from dedup._progress import bar
from dedup.pipelines.errors import JournalError

if TYPE_CHECKING:
    from dedup._acting.plan import Plan, PlannedFile

__all__ = ["apply"]

_MARK = """Duplicates that `dedup` has put aside; it passes this folder over when it searches.
To bring them back: dedup undo JOURNAL; to delete them for good: dedup purge JOURNAL.
JOURNAL is the file dedup-journal.jsonl in this folder, if no other was asked for.
"""


def apply(plan: "Plan", *, journal: str | os.PathLike[str], progress: bool) -> Applied:
    """Carry a plan out, or on; see `Plan.apply`."""
    files = [file for file in plan.files if file.action == plan.action]
    path = Path(os.path.abspath(journal))
    if not files:
        return Applied(path, [])
    protected = Protected(plan.protect)
    if plan.action == "quarantine" or path == plan.journal:
        _make_quarantine(plan.quarantine)
    book = Journal(path)
    with book.writing(header={"plan": plan.id, "quarantine": plan.quarantine}):
        run = _Run(plan, book, protected)
        with bar(total=len(files), title=plan.action, unit=" files", shown=progress) as shown:
            outcomes = []
            for file in files:
                outcomes.append(run.outcome(file))
                shown.update(1)
    return Applied(path, outcomes)


class _Run:
    """One call of `apply`, with what it knows of the journal and of the files to keep."""

    def __init__(self, plan: "Plan", journal: Journal, protected: Protected) -> None:
        self._plan = plan
        self._journal = journal
        self._protected = protected
        self._earlier: Mapping[str, Step] = journal.latest()
        self._kept: dict[tuple[str, str], os.stat_result] = {}

    def outcome(self, file: "PlannedFile") -> Outcome:
        """Act on a file, unless an earlier run has."""
        try:
            step = self._settled(self._earlier.get(file.path)) or self._act(file)
        except (Refusal, OSError) as error:
            return Outcome(file.path, file.action, done=False, reason=reason_of(error))
        return Outcome(file.path, file.action, done=True, to=step.to, saved=file.saved)

    def _settled(self, step: Step | None) -> Step | None:
        """What an earlier run did with a file; what it left half done is taken back first."""
        if step is None or step.state in ("failed", "restored"):
            return None
        if step.state in ("done", "purged"):
            return step
        if step.state != "restoring" and _is_complete(step):
            return self._journal.note(step, "done")
        restore(step)
        self._journal.note(step, "restored")
        return None

    def _act(self, file: "PlannedFile") -> Step:
        kept = self._check_kept(file)
        if file.path in self._protected:
            raise Refusal("in a protected folder")
        digest, status = digest_of(file.path)
        if digest != file.digest:
            raise Refusal("changed since it was indexed")
        if os.path.samestat(kept, status):
            raise Refusal("the same file as the one to keep")
        if file.action == "hardlink" and (digest != file.keep_digest or status.st_nlink > 1):
            raise Refusal("no hard link: its bytes are others, or it has other links")
        step = Step(
            step=self._journal.next_number,
            action=file.action,
            path=file.path,
            to=self._place(file.path) if file.action == "quarantine" else "",
            keep=file.keep,
            digest=digest,
            keep_digest=file.keep_digest,
            traits=Traits.of(status),
        )
        self._journal.begin(step)
        try:
            require_unchanged(file.path, status)
            _perform(step)
        except (Refusal, OSError) as error:
            self._take_back(step, error)
            raise
        return self._journal.note(step, "done")

    def _take_back(self, step: Step, error: Exception) -> None:
        """After a failure; what can't be taken back stays open in the journal, for `undo`."""
        if not isinstance(error, FileExistsError):  # what is there is not ours
            with suppress(Refusal, OSError):
                restore(step)
            if step.to and os.path.lexists(step.to):
                return
        self._journal.note(step, "failed", reason=reason_of(error))

    def _check_kept(self, file: "PlannedFile") -> os.stat_result:
        """Make sure that the file to keep is there and decodes: once, until it changes."""
        key = file.keep, file.keep_digest
        try:
            known = self._kept.get(key)
            if known is None or version(os.lstat(file.keep)) != version(known):
                self._kept[key] = require_picture(file.keep, digest=file.keep_digest)
        except (Refusal, OSError) as error:
            raise Refusal(f"the file to keep, {file.keep}: {reason_of(error)}") from error
        return self._kept[key]

    def _place(self, path: str) -> str:
        """A free place in the quarantine, at the same place below its top as below the root."""
        inside = os.path.relpath(path, self._plan.root)
        if inside.split(os.sep)[0] == os.pardir:
            drive, rest = os.path.splitdrive(path)
            inside = os.path.join(drive.strip(":\\/"), rest.lstrip("\\/"))
        to = os.path.join(self._plan.quarantine, inside)
        stem, suffix = os.path.splitext(to)
        names = (f"{stem} ({number}){suffix}" for number in count(2))
        while os.path.lexists(to):
            to = next(names)
        return to


def _perform(step: Step) -> None:
    if step.action == "quarantine":
        os.makedirs(os.path.dirname(step.to), exist_ok=True)
        move(step.path, step.to, partial=step.partial(step.to), digest=step.digest)
    elif step.action == "hardlink":
        link_in_place_of(step.path, step.keep, partial=step.partial(step.path))
    else:
        os.unlink(step.path)


def _is_complete(step: Step) -> bool:
    """Whether a step was done, though the journal does not say so."""
    try:
        if step.action == "hardlink":
            return os.path.samestat(os.lstat(step.path), os.lstat(step.keep))
        if os.path.lexists(step.path):
            return False
        return step.action == "delete" or digest_of(step.to)[0] == step.digest
    except (Refusal, OSError):
        return False


def _make_quarantine(folder: str) -> None:
    """The folder that what is put aside goes into, for its owner's eyes only."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        Path(folder, PUT_ASIDE).write_text(_MARK, encoding="utf-8")
    except OSError as error:
        raise JournalError(
            f"{folder}: {reason_of(error)}; choose another folder with quarantine="
        ) from error
