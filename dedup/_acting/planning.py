"""Which surplus files may be acted on: the rules by which no picture is lost."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from dedup._acting.knowing import with_metadata
from dedup._acting.plan import Plan
from dedup._acting.planned import ACTIONS, LEAVE, PlannedFile, plan_id
from dedup._acting.protect import Protected
from dedup._acting.together import with_companions
from dedup._base.options import METADATA
from dedup._catalogue.record import Record
from dedup._search.outcome import Relation
from dedup._search.reasons import no_copy
from dedup.errors import InputError
from dedup.pipelines.images.remote import is_remote

__all__ = ["make_plan"]

_FOLDER = ".dedup-quarantine"

Relate = Callable[[Record, Record], Relation | None]
Words = Callable[[Record, Record], str]
_Status = Mapping[str, os.stat_result | None]
"""What the disk says of each file, by its path; None of one that is not there."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What decides about the files of a group."""

    action: str
    protected: Protected
    unverified: bool
    relate: Relate
    lacks: Words
    why: Words
    chosen: AbstractSet[str]
    cannot_link: AbstractSet[frozenset[str]]
    instead: Mapping[str, Record]

    def stays(self, record: Record) -> bool:
        """Whether a file is never touched."""
        return record.path in self.chosen or record.path in self.protected


def make_plan(
    groups: Iterable[Sequence[Record]],
    *,
    relate: Relate,
    lacks: Words,
    why: Words,
    action: str,
    quarantine: str | os.PathLike[str] | None,
    protect: Iterable[str | os.PathLike[str]],
    unverified: bool,
    permanently: bool,
    among: Iterable[Record],
    chosen: AbstractSet[str],
    cannot_link: AbstractSet[frozenset[str]],
    instead: Mapping[str, Record] = MappingProxyType({}),
    metadata: str = "tell",
) -> Plan:
    """Plan what to do; see `Duplicates.plan`.

    Parameters
    ----------
    groups : iterable of sequences of Record
        Files that show one picture, the one to keep first.
    relate : callable
        Relation and score of a file to keep and another one; None if it was not verified
        against the former.
    lacks : callable
        What the second of a file to keep and another one shows alone, in words; "" if nothing.
    why : callable
        Why the first of a file to keep and another one is kept, in words.
    among : iterable of Record
        All files of the search: the quarantine is in their common folder by default.
    chosen : set of str
        Paths of files that are kept since a person said so.
    cannot_link : set of frozenset of str
        Pairs of paths that a person said are no duplicates.
    instead : mapping of str to Record
        By path, files that another one than the file to keep makes needless, and that one.
    metadata : {"tell", "sidecar"}
        What to do with what only files that go know of their pictures.
    """
    _check(action, metadata, permanently=permanently)
    protected = Protected(protect)
    rules = _Rules(action, protected, unverified, relate, lacks, why, chosen, cannot_link, instead)
    listed, among = list(groups), list(among)
    files = _with_savings([file for group in listed for file in _planned(group, rules)])
    if action != "hardlink":  # such a file stays in its place
        pictures = {record.path for records in (*listed, among) for record in records}
        files = _with_savings(with_companions(files, pictures=pictures, protected=protected))
        write = metadata == "sidecar"
        files = with_metadata(files, write=write, pictures=pictures, protected=protected)
    root = _root(among)
    if quarantine is None and files and os.path.dirname(root) == root:
        raise InputError(f"these images have no folder in common but {root}: say quarantine=FOLDER")
    if quarantine is not None and os.path.realpath(quarantine) in protected:
        raise InputError(f"quarantine={os.fspath(quarantine)!r} is in a protected folder")
    name = f"{date.today()}-{plan_id(action, protected.folders, files)[:8]}"
    outer = os.path.join(root, _FOLDER) if quarantine is None else quarantine
    folder = os.path.join(os.path.realpath(outer), name)
    return Plan(action, folder, root, protected.folders, files, permanently)


def _check(action: str, metadata: str, *, permanently: bool) -> None:
    if metadata not in METADATA:
        raise InputError(f"metadata={metadata!r}: expected one of {', '.join(METADATA)}")
    if action not in ACTIONS:
        raise InputError(f"action={action!r}: expected one of {', '.join(ACTIONS)}")
    if action == "delete" and not permanently:
        raise InputError(
            'action="delete" can\'t be undone: say so with permanently=True, or quarantine the '
            "files, look, and then call dedup.purge(journal)"
        )


def _planned(group: Sequence[Record], rules: _Rules) -> list[PlannedFile]:
    """What to do with the files of one group, all but the one to keep."""
    status = {record.path: _status(record) for record in group}
    keepers = _keepers(group, status, rules)
    taken = {_identity(status[keep.path]) for keep in keepers}
    marked = {path for pair in rules.cannot_link if pair <= status.keys() for path in pair}
    files: list[PlannedFile] = []
    staying: set[str] = set()
    others = (record for record in group if record is not keepers[0])
    for record in sorted(others, key=lambda record: record.path in rules.instead):
        keep, relation = _nearest(record, keepers, rules)
        other = rules.instead.get(record.path)
        if other is not None and other.path in staying:
            keep, relation = other, rules.relate(other, record)
        own = status[record.path]
        reason = _reason(record, own, relation, rules) or rules.lacks(keep, record)
        if not reason and _identity(own) in taken:
            reason = "the same file as one that is kept"
        if not reason and record.path in marked:
            reason = "marked as no duplicate"
        if not reason and rules.action == "hardlink":
            reason = _unlinkable(record, keep, status)
        if reason:
            staying.add(record.path)
        name, score = relation or ("", None)
        files.append(
            PlannedFile(
                path=record.path,
                action=LEAVE if reason else rules.action,
                keep=keep.path,
                relation=name,
                score=score,
                size=own.st_size if own else record.size,
                reason=reason,
                saved=0,
                digest=record.digest,
                keep_digest=keep.digest,
                why="" if reason else _why(keep, record, rules),
            )
        )
    return files


def _keepers(group: Sequence[Record], status: _Status, rules: _Rules) -> list[Record]:
    """What stays in any case makes the best file to keep: chosen by a person, or protected."""
    there = sorted(
        (record for record in group if status[record.path] is not None),
        key=lambda r: (r.path not in rules.chosen, r.path not in rules.protected),
    )
    keepers = there[:1] + [record for record in there[1:] if rules.stays(record)]
    return keepers or [group[0]]


def _nearest(
    record: Record, keepers: Sequence[Record], rules: _Rules
) -> tuple[Record, Relation | None]:
    """The file that is kept instead of another: the first that it was verified against.

    One that lacks nothing of it comes before others.
    """
    others = sorted(
        (k for k in keepers if k is not record), key=lambda k: bool(rules.lacks(k, record))
    )
    for keep in others:
        relation = rules.relate(keep, record)
        if relation is not None:
            return keep, relation
    return keepers[0], None


def _reason(
    record: Record, status: os.stat_result | None, relation: Relation | None, rules: _Rules
) -> str:
    """Why a file is left alone, whatever is done with the others; "" if it is not."""
    if status is None:
        return _no_file(record)
    if record.path in rules.chosen:
        return "chosen to be kept"
    if record.path in rules.protected:
        return "in a protected folder"
    return "" if rules.unverified else no_copy(relation)


def _no_file(record: Record) -> str:
    """Why a record is of no file that could be acted on."""
    if record.holder:
        return f"inside {os.path.basename(record.holder) or record.holder}: never acted on"
    return "gone since it was indexed" if record.is_file else "an image in memory"


def _why(keep: Record, record: Record, rules: _Rules) -> str:
    """Why one file is kept rather than another."""
    first = "in a protected folder" if keep.path in rules.protected else ""
    return ", ".join(filter(None, [first, rules.why(keep, record)]))


def _unlinkable(record: Record, keep: Record, status: _Status) -> str:
    """Why a file can't be replaced by a hard link to the one to keep; "" if it can."""
    own, kept = status[record.path], status[keep.path]
    if record.digest != keep.digest:
        return "no hard link: its bytes are others"
    if own and kept and own.st_dev != kept.st_dev:
        return "no hard link: on another device"
    return "no hard link: it has others already" if own and own.st_nlink > 1 else ""


def _with_savings(files: Sequence[PlannedFile]) -> list[PlannedFile]:
    """The bytes that each file frees: those of a file with several names when all of them go.

    Two names of one entry, by another mount, are one file: the second is left alone.
    """
    names: dict[tuple[int, int], list[int]] = defaultdict(list)
    links: dict[tuple[int, int], int] = {}
    planned = [replace(file, saved=0) for file in files]
    for place, file in enumerate(files):
        if file.action == LEAVE:
            continue
        try:
            status = os.lstat(file.path)
        except OSError:  # it is told when it is acted on
            continue
        identity = _identity(status)
        links[identity] = status.st_nlink
        if len(names[identity]) == status.st_nlink:
            planned[place] = replace(file, action=LEAVE, reason="the same file as another here")
        else:
            names[identity].append(place)
    for identity, places in names.items():
        if len(places) == links[identity]:
            planned[places[0]] = replace(files[places[0]], saved=files[places[0]].size)
    return planned


def _status(record: Record) -> os.stat_result | None:
    """A file that is there; None of an image in memory or in an archive."""
    try:
        return os.lstat(record.path) if record.is_file else None
    except OSError:
        return None


def _identity(status: os.stat_result | None) -> tuple[int, int]:
    """Device and inode: the same for two names of one file."""
    return (status.st_dev, status.st_ino) if status else (-1, -1)


def _root(records: Iterable[Record]) -> str:
    """The folder that all files have in common; the working directory if there is none."""
    folders = {
        os.path.dirname(record.holder or record.path)
        for record in records
        if record.is_file and not is_remote(record.path)
    }
    try:
        return os.path.commonpath(sorted(folders))
    except ValueError:  # no file at all, or several drives
        return os.getcwd()
