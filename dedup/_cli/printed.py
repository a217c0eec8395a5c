"""What `dedup find` printed, for when the same is asked again and nothing has changed.

A run depends on what is asked, on the files, which are listed and looked at each time, and on the
code. As in an index, a file is what it was while its size and time are the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import dedup
from dedup.errors import InputError

if TYPE_CHECKING:
    from dedup._base.cache_file import CacheFile

__all__ = ["Printed", "PrintedBefore"]

_KEPT: Final = 64
_LONGEST: Final = 2**22  # characters


@dataclass(frozen=True, slots=True)
class Printed:
    """What a run printed, and its exit code.

    Attributes
    ----------
    result, remarks : str
        On standard output, and on standard error.
    code : int
    """

    result: str
    remarks: str
    code: int

    def show(self) -> None:
        """Print it."""
        if self.result:
            click.echo(self.result)
        click.echo(self.remarks, err=True)


class PrintedBefore:
    """What was printed when the same was asked of the same files.

    Parameters
    ----------
    inputs : sequence of str
    settings : mapping
        Of `find_duplicates`. Where it keeps nothing, uses an index of the user's or a threshold
        from a file, nothing is kept here either; nor of files elsewhere, which take long to list.
    as_json : bool
    """

    def __init__(
        self, inputs: Sequence[str], settings: Mapping[str, Any], *, as_json: bool
    ) -> None:
        from dedup.pipelines.images.remote import is_remote

        self._sets = [list(one) for one in (inputs, settings["between"] or ()) if one]
        self._asked = repr((sorted(settings.items()), as_json))
        is_own = settings["cache"] and settings["index"] is None
        is_plain = isinstance(settings["threshold"], float | None)
        is_here = not any(is_remote(one) for several in self._sets for one in several)
        self._state = self._now() if is_own and is_plain and is_here else None

    def get(self) -> Printed | None:
        """It, if it is known."""
        if self._state is None:
            return None
        key = (self._state[0],)
        return self._file.get([key]).get(key)

    def put(self, printed: Printed, *, skipped: int) -> None:
        """Keep it, if the files are still the same.

        Nor is it kept where more were skipped than could not even be looked at: they may be
        readable the next time.
        """
        if self._state is None or len(printed.result) > _LONGEST:
            return
        key, unseen = self._state
        if skipped == unseen and self._now() == self._state:
            self._file.put([(key, *astuple(printed))])

    def _now(self) -> tuple[str, int] | None:
        """A name for what is asked of the files as they are, and how many can't be looked at."""
        from dedup._catalogue.discover import discover

        digest, skipped = hashlib.blake2b(self._asked.encode(), digest_size=16), 0
        try:
            digest.update(repr(os.getcwd()).encode())  # --prefer may name a folder in it
            for several in self._sets:
                found = discover(several)
                for file in found.files:
                    seen = (file.path, file.name, file.size, file.mtime_ns)
                    digest.update(repr(seen).encode())
                digest.update(repr(found.skipped).encode())
                skipped += len(found.skipped)
        except (InputError, OSError):
            return None  # the run will say so
        return digest.hexdigest(), skipped

    @property
    def _file(self) -> CacheFile[Printed]:
        from dedup._base import versions
        from dedup._base.cache_file import CacheFile

        parts = (versions.COVERAGE, versions.DECODING, versions.EVIDENCE, versions.JOIN)
        return CacheFile(
            "printed",
            version=versions.version_of(*parts, versions.PREPROCESSING, _digest_of_code()),
            key=["asked"],
            answer=["result", "remarks", "code"],
            read=Printed,
            most=_KEPT,
        )


def _digest_of_code() -> str:
    """Of all modules, by size and time: each may change what is printed."""
    folders = {Path(file).parent for file in (dedup.__file__, dedup.pipelines.__file__)}
    modules = sorted({module for folder in folders for module in folder.rglob("*.py")})
    states = ((str(module), module.stat()) for module in modules)
    known = repr([(name, state.st_size, state.st_mtime_ns) for name, state in states])
    return hashlib.blake2b(known.encode(), digest_size=8).hexdigest()
