"""Carry a plan out: each file is checked, then journalled, then acted on."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from dedup._acting.applied import Applied, Outcome
from dedup._acting.companions import Companions, sidecars
from dedup._acting.entries import Entry, Folder, Refusal, open_quarantine
from dedup._acting.files import (
    carry,
    create,
    digest_and_status,
    exchange,
    has,
    is_written_to,
    opened,
    place,
    put_aside,
    require_picture,
    require_unchanged,
)
from dedup._acting.journal import Journal, Step
from dedup._acting.planned import COMPANION, LEAVE, WRITE, PlannedActions, PlannedFile
from dedup._acting.protect import Protected
from dedup._acting.restore import FOR_GOOD, recover, restore
from dedup._acting.traits import Traits
from dedup._base.progress import bar
from dedup._base.text import reason_of
from dedup._catalogue.digests import file_digest
from dedup._catalogue.discover import PUT_ASIDE
from dedup.errors import DecodeError, JournalError
from dedup.pipelines.images.decoding import pixel_digest

__all__ = ["apply"]

_MARK = """Duplicates that `dedup` has put aside; it passes this folder over when it searches.
To bring them back: dedup undo JOURNAL; to delete them for good: dedup purge JOURNAL.
JOURNAL is the file dedup-journal.jsonl in this folder, if no other was asked for.
"""


def apply(plan: PlannedActions, *, journal: str | os.PathLike[str], progress: bool) -> Applied:
    """Carry a plan out, or on; see `Plan.apply`."""
    files = [file for file in plan.files if file.action != LEAVE]
    path = Path(os.path.abspath(journal))
    if not files:
        return Applied(path, [])
    protected = Protected(plan.protect)
    with ExitStack() as held:
        quarantine = None
        if plan.action == "quarantine" or path == plan.journal:
            quarantine = held.enter_context(open_quarantine(plan.quarantine, make=True))
            _mark(quarantine)
        book = Journal(path)
        held.enter_context(book.writing(header=plan.header))
        run = _Run(plan, book, protected, quarantine)
        with bar(total=len(files), title=plan.action, unit=" files", shown=progress) as shown:
            outcomes = []
            for bundle in _bundles(files):
                outcomes += run.outcomes(bundle)
                shown.update(len(bundle))
    return Applied(path, outcomes)


class _Run:
    """One call of `apply`, with what it knows of the journal and of the files to keep."""

    def __init__(
        self,
        plan: PlannedActions,
        journal: Journal,
        protected: Protected,
        quarantine: Folder | None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._protected = protected
        self._quarantine = quarantine
        self._unwritten: dict[str, str] = {}  # of files to keep, why their sidecars are not
        self._beside = Companions()
        self._planned = {file.path for file in plan.files}
        self._earlier: Mapping[str, Step] = journal.latest()
        self._kept: dict[tuple[str, str], os.stat_result] = {}
        self._pictures: set[str] = set()  # digests of files that decode
        self._pixels: dict[str, str] = {}  # of files that are kept, by their digest

    def outcomes(self, bundle: Sequence[PlannedFile]) -> list[Outcome]:
        """Act on files that belong together, unless an earlier run has: on all, or on none."""
        done: dict[str, Step] = {}
        reasons: dict[str, str] = {}
        file = bundle[0]
        try:
            for file in bundle:
                step = self._settled(self._earlier.get(file.path))
                done |= {file.path: step} if step else {}
            waiting = [file for file in bundle if file.path not in done]
            if len(bundle) > 1:  # nothing is touched if one of them can't be
                for file in waiting:
                    with opened(file.path) as entry:
                        self._check(file, entry)
            for file in waiting:
                act = self._write if file.action == WRITE else self._act
                done[file.path] = act(file)
        except (Refusal, OSError) as error:
            reason = reason_of(error)
            reasons = {f.path: f"{os.path.basename(file.path)}: {reason}" for f in bundle}
            reasons[file.path] = reason
            if file.action == WRITE:
                self._unwritten[file.keep] = reason
            for path in list(done)[::-1]:
                if self._is_taken_back(done[path]):
                    del done[path]
        return [self._outcome(f, done.get(f.path), reasons.get(f.path, "")) for f in bundle]

    def _outcome(self, file: PlannedFile, step: Step | None, reason: str) -> Outcome:
        if step is None:
            return Outcome(file.path, file.action, done=False, reason=reason)
        if step.state == "purged":  # it is in no quarantine any more
            reason = FOR_GOOD.format(keep=step.keep)
            return Outcome(file.path, file.action, done=False, reason=reason)
        earlier = step is self._earlier.get(file.path)
        return Outcome(file.path, file.action, True, step.to, saved=file.saved, earlier=earlier)

    def _is_taken_back(self, step: Step) -> bool:
        """Take a file back since another, which belongs to it, stays: unless it is deleted."""
        if step.state != "done" or step.action == "delete":
            return False
        try:
            step = self._journal.note(step, "restoring")
            restore(step, quarantine=self._quarantine)
        except (Refusal, OSError):
            return False  # it is where it was put, and `undo` tries again
        self._journal.note(step, "restored")
        return True

    def _settled(self, step: Step | None) -> Step | None:
        """What an earlier run did with a file; what it left half done is taken back first."""
        if step is None or step.state in ("failed", "restored"):
            return None
        if step.state in ("done", "purged"):
            return step
        if step.state != "restoring" and self._is_complete(step):
            return self._journal.note(step, "done")
        restore(step, quarantine=self._quarantine)
        self._journal.note(step, "restored")
        return None

    def _check(self, file: PlannedFile, entry: Entry) -> tuple[str, os.stat_result]:
        """Make sure that a file may be acted on; its digest and status."""
        if file.path in self._protected:
            raise Refusal("in a protected folder")
        new = [path for path in self._near(file) if path not in self._planned]
        if new:
            raise Refusal(
                f"{os.path.basename(new[0])} is beside it, of which the plan says nothing"
            )
        if file.knows and file.keep in self._unwritten:
            raise Refusal(f"what it knows is not written: {self._unwritten[file.keep]}")
        kept = self._check_kept(file)
        digest, status = digest_and_status(entry)
        if digest != file.digest:
            raise Refusal("changed since it was indexed")
        if os.path.samestat(kept, status):
            raise Refusal("the same file as the one to keep")
        if file.action == "hardlink" and (digest != file.keep_digest or status.st_nlink > 1):
            raise Refusal("no hard link: its bytes are others, or it has other links")
        if file.relation == "exact" and digest != file.keep_digest:
            self._compare_pixels(file)
        return digest, status

    def _near(self, file: PlannedFile) -> list[str]:
        """What belongs to a picture that is to be moved or deleted, when its folder was listed."""
        if file.action == "hardlink" or file.relation == COMPANION:
            return []
        with suppress(FileNotFoundError):  # it is told of the picture
            return self._beside.of(file.path)
        return []

    def _act(self, file: PlannedFile) -> Step:
        with opened(file.path) as entry:
            digest, status = self._check(file, entry)
            step = Step(
                step=self._journal.next_number,
                action=file.action,
                path=file.path,
                to=self._destination(file.path) if file.action == "quarantine" else "",
                keep=file.keep,
                digest=digest,
                keep_digest=file.keep_digest,
                traits=Traits.of(status),
                decodes=not file.is_twin,
            )
            self._journal.begin(step)
            try:
                require_unchanged(entry, status)
                self._perform(step, file, entry, status)
            except (Refusal, OSError) as error:
                self._take_back(step, entry, error)
                raise
        return self._journal.note(step, "done")

    def _write(self, file: PlannedFile) -> Step:
        """Put a sidecar beside the file to keep, which must have none."""
        if file.path in self._protected:
            raise Refusal("in a protected folder")
        kept = self._check_kept(file)
        there = sidecars(self._beside, file.keep)
        if there:
            raise Refusal(f"{os.path.basename(there[0])} is there, which is never overwritten")
        data = file.text.encode()
        if file_digest(data) != file.digest:
            raise Refusal("it is not what was planned")
        with opened(file.path) as entry:
            step = Step(
                step=self._journal.next_number,
                action=WRITE,
                path=file.path,
                to="",
                keep=file.keep,
                digest=file.digest,
                keep_digest=file.keep_digest,
                traits=Traits.of(kept),
            )
            self._journal.begin(step)
            try:
                part = step.part(entry)
                create(part, data)
                place(part, entry)
            except (Refusal, OSError) as error:
                self._take_back(step, entry, error)
                raise
        return self._journal.note(step, "done")

    def _perform(self, step: Step, file: PlannedFile, entry: Entry, status: os.stat_result) -> None:
        """Put the file aside, look at the one to keep once more, and only then let go of it."""
        aside = step.aside(entry)
        status = put_aside(entry, aside, status=status)
        kept = self._check_kept(file)
        if step.action == "quarantine":
            with self._in_quarantine(step, make=True) as to:
                carry(aside, to, part=step.part(to), digest=step.digest)
        elif step.action == "hardlink":
            part = step.part(entry)
            with opened(step.keep) as keep:
                keep.link(part)
            if not os.path.samestat(part.status(), kept):
                raise Refusal(f"the file to keep, {step.keep}: it is being written to")
            exchange(aside, entry, part=part, status=status)
        else:
            require_unchanged(aside, status)
            aside.unlink()

    def _take_back(self, step: Step, entry: Entry, error: Exception) -> None:
        """After a failure; what can't be taken back stays open in the journal, for `undo`."""
        with suppress(Refusal, OSError):
            if isinstance(error, FileExistsError):  # what is there is not ours
                recover(entry, step)
            else:
                restore(step, quarantine=self._quarantine)
        left = step.to and os.path.lexists(step.to) and not isinstance(error, FileExistsError)
        if not left and not step.aside(entry).exists():
            self._journal.note(step, "failed", reason=reason_of(error))

    def _check_kept(self, file: PlannedFile) -> os.stat_result:
        """Make sure that the file to keep is there and decodes: again as soon as it changes."""
        key = file.keep, file.keep_digest
        try:
            with opened(file.keep) as keep:
                known = self._kept.get(key)
                if known is not None and not is_written_to(known, keep.status()):
                    return known
                decodes = file.is_twin or file.keep_digest in self._pictures
                self._kept[key] = require_picture(keep, digest=file.keep_digest, decodes=decodes)
                self._pictures |= set() if file.is_twin else {file.keep_digest}
        except (Refusal, OSError) as error:
            raise Refusal(f"the file to keep, {file.keep}: {reason_of(error)}") from error
        return self._kept[key]

    def _compare_pixels(self, file: PlannedFile) -> None:
        """Of other bytes, that the pixels are the same is known only from when they were read."""
        try:
            kept = self._pixels.get(file.keep_digest) or pixel_digest(file.keep)
            self._pixels[file.keep_digest] = kept
            if pixel_digest(file.path) != kept:
                raise Refusal(f"its pixels are not those of the file to keep, {file.keep}")
        except DecodeError as error:
            raise Refusal(str(error)) from error

    def _destination(self, path: str) -> str:
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

    @contextmanager
    def _in_quarantine(self, step: Step, *, make: bool = False) -> Iterator[Entry]:
        folder, name = os.path.split(step.to)
        with Folder(folder, below=self._quarantine, make=make) as inside:
            yield Entry(inside, name)

    def _has_arrived(self, step: Step) -> bool:
        with self._in_quarantine(step) as to:
            return has(to, step.digest)

    def _is_complete(self, step: Step) -> bool:
        """Whether a step was done, though the journal does not say so."""
        try:
            with opened(step.path) as entry:
                if step.aside(entry).exists():
                    return False
                if step.action == WRITE:
                    return has(entry, step.digest)
                if step.action == "hardlink":
                    with opened(step.keep) as keep:
                        return os.path.samestat(entry.status(), keep.status())
                if entry.exists():
                    return False
            return step.action == "delete" or self._has_arrived(step)
        except (Refusal, OSError):
            return False


def _bundles(files: Iterable[PlannedFile]) -> Iterator[list[PlannedFile]]:
    """Files that belong together, the pictures first: what is left behind is rather a sidecar."""
    bundles: dict[str, list[PlannedFile]] = {}
    for file in files:
        bundles.setdefault(file.belongs_to or file.path, []).append(file)
    for bundle in bundles.values():
        yield sorted(bundle, key=lambda file: file.relation == COMPANION)


def _mark(quarantine: Folder) -> None:
    """Say what is in there, so that a later search passes it over."""
    try:
        with suppress(FileExistsError):
            file = Entry(quarantine, PUT_ASIDE).open(os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with open(file, "w", encoding="utf-8") as mark:
                mark.write(_MARK)
    except OSError as error:
        raise JournalError(f"{quarantine.path}: {reason_of(error)}; see quarantine=") from error
