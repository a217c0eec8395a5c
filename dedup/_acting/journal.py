"""The journal: what is about to be done to which file, on disk before it is done.

JSON lines. The first says which plan it belongs to. Each step begins with all that undoing it
takes, and later lines say how it went::

    {"format": "dedup journal 1", "plan": "<id>", "root": "<folder>", "quarantine": "<folder>"}
    {"step": 1, "state": "begun", "action": "quarantine", "path": ..., "to": ..., ...}
    {"step": 1, "state": "done"}

A line is only ever added. What a killed run left undecided (begun, restoring, purging) is found
out from the files themselves, so only the lines *before* an act must have reached the disk.

Who can write a journal says what `undo` does: it must be the user's own, and a line that leads
out of the plan's folders is none that can be read.
"""

import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from io import FileIO
from pathlib import Path
from typing import Any

from dedup._acting.entries import Entry, Folder, Refusal, require_own
from dedup._acting.planned import ACTIONS, WRITE, is_absolute, is_below_root, is_inside
from dedup._acting.traits import Traits
from dedup._base.text import reason_of
from dedup._catalogue.discover import file_key
from dedup.errors import JournalError

__all__ = ["Journal", "Step"]

_FORMAT = "dedup journal 1"
_START = json.dumps({"format": _FORMAT}).encode()[:-1]
_TOKEN = re.compile("[0-9a-f]{16}")
_STATES = ("begun", "done", "failed", "restoring", "restored", "purging", "purged")


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one file.

    Attributes
    ----------
    step : int
        Its number in the journal.
    action : {"quarantine", "hardlink", "delete", "write"}
    path, to, keep : str
        The file, where it is put ("" where it is not moved), and the file that is kept.
    digest, keep_digest : str
        Of the bytes of the file and of the one that is kept.
    traits : Traits
        What undo restores.
    state : str
        How far it went: one of "begun", "done", "failed", "restoring", "restored", "purging",
        "purged".
    reason : str
        Why it failed.
    decodes : bool
        Whether the file that is kept is a picture, and not a film or a file that can't be read.
    token : str
        Makes the names of our own up, which nobody can have taken before.
    """

    step: int
    action: str
    path: str
    to: str
    keep: str
    digest: str
    keep_digest: str
    traits: Traits
    state: str = "begun"
    reason: str = ""
    decodes: bool = True
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def part(self, entry: Entry) -> Entry:
        """A name of our own beside a place of the file, for what is not finished."""
        return entry.beside(f".dedup-{self.token}.part")

    def aside(self, entry: Entry) -> Entry:
        """A name of our own beside a place of the file, for the file while it is acted on."""
        return entry.beside(f".dedup-{self.token}.aside")


class Journal:
    """A journal that was read, and, inside of `writing`, is written on.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    header : mapping
        Its first line; empty if nothing was written.
    steps : dict of int to Step
        The steps as they are now, by number.
    damaged : list of int
        Lines that can't be read, counted from 1; one that was cut off at the end is not among
        them, since it was written for nothing.

    Raises
    ------
    JournalError
        If the file can't be read, or is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Mapping[str, Any] = {}
        self.steps: dict[int, Step] = {}
        self.damaged: list[int] = []
        self._file: FileIO | None = None
        self._whole = 0
        if os.path.lexists(path):
            with self._open(os.O_RDONLY) as file:
                self._read(file)

    @contextmanager
    def writing(self, *, header: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Let steps be written, by this process alone; a new journal begins with the header."""
        with self._open(os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
            self._lock(file)
            self._read(file)  # another process may have written until now
            if self.header and any(self.header.get(k) != v for k, v in (header or {}).items()):
                raise JournalError(f"{self.path} is the journal of another plan")
            self._file = file
            try:
                file.truncate(self._whole)
                if not self.header and header is not None:
                    self.header = {"format": _FORMAT, **header}
                    self._write(self.header, sync=True)
                yield
                self._write({}, sync=True)
            finally:
                self._file = None

    def _open(self, flags: int) -> FileIO:
        """The journal, which is the user's own, and is not behind a link."""
        path = file_key(self.path)
        try:
            with Folder(os.path.dirname(path)) as folder:
                descriptor = Entry(folder, os.path.basename(path)).open(flags)
                if flags & os.O_CREAT:
                    folder.sync()
        except (OSError, Refusal) as error:
            raise self._error(error) from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise JournalError(f"{self.path} is no journal that dedup wrote")
            require_own(status, str(self.path), way_out="take a journal of your own")
            return FileIO(descriptor, "a+" if flags & os.O_RDWR else "r")
        except BaseException:
            os.close(descriptor)
            raise

    def _lock(self, file: FileIO) -> None:
        """Keep other processes away from this journal; the lock ends with the process."""
        try:
            if sys.platform == "win32":
                import msvcrt

                file.seek(1 << 40)  # beyond all lines, which another process may read
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                with suppress(ImportError):  # a system without locks
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise JournalError(
                f"{self.path}: another process is at work on it; try again when it has ended"
            ) from error
        except OSError as error:
            raise JournalError(
                f"{self.path}: it can't be locked: {reason_of(error)}; choose another with journal="
            ) from error

    def begin(self, step: Step) -> None:
        """Write what is about to be done; it is on the disk when this returns."""
        content = asdict(step)
        del content["reason"]
        self._note(step, content, sync=True)

    def note(self, step: Step, state: str, *, reason: str = "") -> Step:
        """Write how a step went, or that it is about to be taken back.

        The latter is on the disk when this returns.
        """
        step = replace(step, state=state, reason=reason)
        content = {"step": step.step, "state": state} | ({"reason": reason} if reason else {})
        self._note(step, content, sync=state in ("restoring", "purging"))
        return step

    @property
    def next_number(self) -> int:
        """A number that no step has."""
        return next(reversed(self.steps), 0) + 1

    def latest(self) -> dict[str, Step]:
        """The last step of each file, by its path."""
        return {step.path: step for step in self.steps.values()}

    def _note(self, step: Step, content: Mapping[str, Any], *, sync: bool) -> None:
        self._write(content, sync=sync)
        self.steps[step.step] = step

    def _write(self, content: Mapping[str, Any], *, sync: bool) -> None:
        assert self._file is not None, "written on outside of `writing`"
        try:
            line = json.dumps(content).encode() + b"\n" if content else b""
            while line:
                line = line[self._file.write(line) :]
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError | Refusal) -> JournalError:
        """Without its journal, nothing is done to a file."""
        return JournalError(f"{self.path}: {reason_of(error)}")

    def _read(self, file: FileIO | None) -> None:
        self.header, self.steps, self.damaged = {}, {}, []
        try:
            data = b"" if file is None else (file.seek(0), file.readall())[1]
        except OSError as error:
            raise self._error(error) from error
        *lines, tail = data.split(b"\n")
        self._whole = len(data) - len(tail)
        for number, line in enumerate(lines, 1):
            try:
                self._take_in(json.loads(line), first=number == 1)
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                if number == 1:
                    raise JournalError(f"{self.path} is no journal that dedup wrote") from error
                self.damaged.append(number)
        if not lines and tail and not _START.startswith(tail[: len(_START)]):
            raise JournalError(f"{self.path} is no journal that dedup wrote")

    def _take_in(self, content: Any, *, first: bool) -> None:
        if first:
            places = content["root"], content["quarantine"]
            if content["format"] != _FORMAT or not all(map(is_absolute, places)):
                raise ValueError(content["format"])
            if not all(isinstance(value, str) for value in content.values()):
                raise TypeError(content)
            self.header = content
        elif content["state"] not in _STATES:
            raise ValueError(content["state"])
        elif "path" in content:
            values = {f.name: content[f.name] for f in fields(Step) if f.name in content}
            values |= {"step": int(content["step"]), "traits": Traits(**content["traits"])}
            step = _checked(Step(**values))
            root, quarantine = self.header["root"], self.header["quarantine"]
            inside = is_below_root(step.path, root) and (
                not step.to or is_inside(step.to, quarantine)
            )
            if (
                not inside
                or step.action not in (*ACTIONS, WRITE)
                or not _TOKEN.fullmatch(step.token)
            ):
                raise ValueError(step.path)
            self.steps[step.step] = step
        else:
            step = self.steps[content["step"]]
            reason = content.get("reason", "")
            self.steps[step.step] = replace(step, state=content["state"], reason=reason)


def _checked(step: Step) -> Step:
    """A step, if it holds what `begin` writes: a journal may have been edited."""
    texts = (step.action, step.path, step.to, step.keep, step.digest, step.keep_digest, step.token)
    numbers = asdict(step.traits).values()
    if (
        not isinstance(step.decodes, bool)
        or not _are_texts(*texts)
        or not all(type(n) is int and -(2**63) <= n < 2**63 for n in numbers)
    ):
        raise TypeError("not what is written here")
    return step


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) and "\0" not in value for value in values)
