"""Where a file that goes knows more of its picture than the one that is kept: a plan says so."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from dedup._acting.companions import Companions, sidecars
from dedup._acting.planned import COMPANION, LEAVE, WRITE, PlannedFile, sidecar_of
from dedup._acting.protect import Protected
from dedup._catalogue.digests import file_digest
from dedup._catalogue.headers import metadata_of
from dedup._catalogue.metadata import Metadata
from dedup._catalogue.xmp import written_xmp

__all__ = ["with_metadata"]


def with_metadata(
    files: Sequence[PlannedFile],
    *,
    write: bool,
    pictures: Collection[str],
    protected: Protected,
) -> list[PlannedFile]:
    """The files of a plan, with what each knows that the file to keep does not.

    Parameters
    ----------
    files : sequence of PlannedFile
    write : bool
        Write it beside the file to keep, before the first file goes that knows it.
    pictures : collection of str
        Paths of all images of the search, and those that are kept.
    protected : Protected
        Paths that are never touched.
    """
    read = _Read(pictures)
    more = {
        file.path: read.of(file.path).beyond(read.of(file.keep))
        for file in files
        if file.action != LEAVE and file.relation != COMPANION
    }
    new: dict[str, Metadata] = {}  # of each file to keep
    for file in files:
        if more.get(file.path):
            new[file.keep] = new.get(file.keep, Metadata()) | more[file.path]
    planned: list[PlannedFile] = []
    for file in files:
        knows = more.get(file.path)
        if knows and write and file.keep in new:
            planned.append(_sidecar(file, new.pop(file.keep), read, protected))
        planned.append(replace(file, knows=str(knows or "")))
    return planned


class _Read:
    """What files know, each read once; and the sidecars that they have."""

    def __init__(self, pictures: Collection[str]) -> None:
        self._beside = Companions(pictures)
        self._known: dict[str, Metadata] = {}

    def of(self, path: str) -> Metadata:
        """What a file knows of its picture, with its sidecars; nothing of an image in memory."""
        if path not in self._known:
            known = metadata_of(path, self.sidecars(path)) if os.path.isabs(path) else Metadata()
            self._known[path] = known
        return self._known[path]

    def sidecars(self, path: str) -> list[str]:
        """The XMP sidecars of a file, as far as its folder can be listed."""
        with suppress(OSError):
            return sidecars(self._beside, path)
        return []


def _sidecar(file: PlannedFile, known: Metadata, read: _Read, protected: Protected) -> PlannedFile:
    """The sidecar that is to be written beside the file to keep, or why none is."""
    there, text = read.sidecars(file.keep), written_xmp(known)
    reason = "in a protected folder" if file.keep in protected else ""
    if there:
        reason = f"{os.path.basename(there[0])} is there, which is never overwritten"
    return replace(
        file,
        path=sidecar_of(file.keep),
        action=LEAVE if reason else WRITE,
        relation=COMPANION,
        score=None,
        size=len(text.encode()),
        reason=reason,
        saved=0,
        digest=file_digest(text.encode()),
        why="",
        belongs_to=file.keep,
        knows=str(known),
        text="" if reason else text,
    )
