"""Files that belong together are acted on together, or not at all.

Sidecars go with their picture. A film, or a RAW file that was not compared, shows something of its
own: it goes only if the very same file lies beside the picture that is kept. Else all stay.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from dedup._acting.companions import Companions, is_sidecar
from dedup._acting.planned import COMPANION, LEAVE, PlannedFile
from dedup._acting.protect import Protected
from dedup._catalogue.digests import file_digest

__all__ = ["with_companions"]


def with_companions(
    files: Sequence[PlannedFile], *, pictures: Collection[str], protected: Protected
) -> list[PlannedFile]:
    """The files of a plan, each followed by those that belong to it.

    Parameters
    ----------
    files : sequence of PlannedFile
        Surplus pictures, with what would be done to each.
    pictures : collection of str
        Paths of all images of the search, and those that are kept.
    protected : Protected
        Paths that are never touched.
    """
    together = _Together(files, pictures, protected)
    held = together.held_back()
    planned: list[PlannedFile] = []
    for file in files:
        if file.path in held:
            planned.append(replace(file, action=LEAVE, reason=held[file.path], why=""))
        elif file.action == LEAVE:
            planned.append(file)
        else:
            planned += together.bundled(file)
    return planned


class _Together:
    def __init__(
        self,
        files: Sequence[PlannedFile],
        pictures: Collection[str],
        protected: Protected,
    ) -> None:
        self._beside = Companions(pictures)
        self._pictures = pictures
        self._protected = protected
        self._going = {file.path: file for file in files if file.action != LEAVE}
        self._digests: dict[str, str] = {}
        self._leaders: dict[str, str] = {}

    def held_back(self) -> dict[str, str]:
        """The pictures that stay since what belongs to them, or to what they belong, does."""
        held: dict[str, str] = {}
        while True:
            reasons = {path: self._reason(file) for path, file in self._going.items()}
            new = {path: reason for path, reason in reasons.items() if reason}
            if not new:
                return held
            held |= new
            self._going = {path: f for path, f in self._going.items() if path not in new}

    def bundled(self, file: PlannedFile) -> Iterator[PlannedFile]:
        """A picture that goes, and what goes with it, or stays since others need it."""
        near = self._beside.of(file.path)
        linked = [file.path, *near, *self._beside.owners(file.path)]
        first = next((self._leaders[path] for path in linked if path in self._leaders), file.path)
        yield replace(file, belongs_to="" if first == file.path else first)
        self._leaders[file.path] = first
        for path in near:
            if path in self._pictures or path in self._leaders:
                continue
            others = [owner for owner in self._beside.owners(path) if self._stays(owner)]
            if not others:
                self._leaders[path] = first
            yield self._companion(path, file, first, needed_by=others)

    def _companion(
        self, path: str, file: PlannedFile, first: str, *, needed_by: Sequence[str]
    ) -> PlannedFile:
        planned = replace(file, path=path, relation=COMPANION, score=None, belongs_to=first, why="")
        with suppress(OSError):  # it is told when it is acted on
            planned = replace(planned, size=os.lstat(path).st_size)
        if needed_by:
            reason = f"belongs to {os.path.basename(needed_by[0])}, too, which stays"
            return replace(planned, action=LEAVE, reason=reason, digest="")
        digest = self._digest(path)
        twin = "" if is_sidecar(path) else self._twin(path, file)
        if twin:
            return replace(planned, digest=digest, keep=twin, keep_digest=digest)
        return replace(planned, digest=digest)

    def _reason(self, file: PlannedFile) -> str:
        """Why a picture stays, though by itself it might go; "" if it goes."""
        try:
            for path in self._beside.of(file.path):
                if path in self._pictures:
                    if path not in self._going:
                        return f"belongs to {os.path.basename(path)}, which stays"
                elif not any(map(self._stays, self._beside.owners(path))):
                    reason = self._fixed(path, file)
                    if reason:
                        return f"{os.path.basename(path)} beside it {reason}"
            for path in self._beside.owners(file.path):
                if self._stays(path):
                    return f"belongs to {os.path.basename(path)}, which stays"
        except OSError as error:
            return f"what is beside it can't be read: {str(error.strerror).lower()}"
        return ""

    def _fixed(self, path: str, file: PlannedFile) -> str:
        """Why a companion of a picture can't go with it; "" if it can."""
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return "is no regular file"
        if path in self._protected:
            return "is in a protected folder"
        if is_sidecar(path):
            self._digest(path)  # it can be read
            return ""
        return "" if self._twin(path, file) else "is only here"

    def _stays(self, picture: str) -> bool:
        """Whether a picture stays: one that was not compared goes if all do that it belongs to."""
        if picture in self._going or picture in self._pictures:
            return picture not in self._going
        owners = self._beside.owners(picture)
        return not (owners and all(owner in self._going for owner in owners))

    def _twin(self, path: str, file: PlannedFile) -> str:
        """The file of the same bytes beside the picture that is kept; "" if there is none."""
        suffix, status = os.path.splitext(path)[1].lower(), os.lstat(path)
        for other in self._beside.of(file.keep):
            seen = os.lstat(other)
            if (
                other not in self._going
                and os.path.splitext(other)[1].lower() == suffix
                and stat.S_ISREG(seen.st_mode)
                and seen.st_size == status.st_size
                and not os.path.samestat(seen, status)
                and self._digest(other) == self._digest(path)
            ):
                return other
        return ""

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = file_digest(path)
        return self._digests[path]
