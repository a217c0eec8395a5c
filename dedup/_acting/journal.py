"""The journal: what is about to be done to which file, on disk before it is done.

JSON lines. The first says which plan it belongs to. Each step begins with all that undoing it
takes, and later lines say how it went::

    {"format": "dedup journal 1", "plan": "<id>", "quarantine": "<folder>"}
    {"step": 1, "state": "begun", "action": "quarantine", "path": ..., "to": ..., ...}
    {"step": 1, "state": "done"}

A line is only ever added. What a killed run left undecided (begun, restoring, purging) is found
out from the files themselves, so only the lines *before* an act must have reached the disk.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from io import FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from dedup._acting.files import Traits, reason_of, sync_folder
from dedup._cache_folder import cache_folder
from dedup.pipelines.errors import JournalError

__all__ = ["Journal", "Step"]

_FORMAT = "dedup journal 1"
_START = json.dumps({"format": _FORMAT}).encode()[:-1]
_STATES = ("begun", "done", "failed", "restoring", "restored", "purging", "purged")


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one file.

    Attributes
    ----------
    step : int
        Its number in the journal.
    action : {"quarantine", "hardlink", "delete"}
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

    def partial(self, path: str) -> str:
        """A name of our own beside a place of the file, for what is not finished."""
        return os.path.join(os.path.dirname(path), f".dedup-{self.step}-{self.digest[:16]}.part")


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
        self._read()

    @contextmanager
    def writing(self, *, header: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Let steps be written, by this process alone; a new journal begins with the header."""
        with _alone(self.path), self._opened() as file:
            self._read()  # another process may have written until now
            if self.header and header is not None and self.header.get("plan") != header["plan"]:
                raise JournalError(f"{self.path} is the journal of another plan")
            self._file = file
            try:
                file.truncate(self._whole)
                if not self.header and header is not None:
                    self.header = {"format": _FORMAT, **header}
                    self._write(self.header, sync=True)
                    sync_folder(str(self.path))
                yield
                self._write({}, sync=True)
            finally:
                self._file = None

    def _opened(self) -> FileIO:
        try:
            return self.path.open("ab", buffering=0)  # a failed write is not tried again
        except OSError as error:
            raise self._error(error) from error

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

    def _error(self, error: OSError) -> JournalError:
        """Without its journal, nothing is done to a file."""
        return JournalError(f"{self.path}: {reason_of(error)}")

    def _read(self) -> None:
        self.header, self.steps, self.damaged = {}, {}, []
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
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
            if content["format"] != _FORMAT or not _are_texts(content.get("quarantine", "")):
                raise KeyError("format")
            self.header = content
        elif content["state"] not in _STATES:
            raise ValueError(content["state"])
        elif "path" in content:
            values = {f.name: content[f.name] for f in fields(Step) if f.name in content}
            values |= {"step": int(content["step"]), "traits": Traits(**content["traits"])}
            self.steps[values["step"]] = _checked(Step(**values))
        else:
            step = self.steps[content["step"]]
            reason = content.get("reason", "")
            self.steps[step.step] = replace(step, state=content["state"], reason=reason)


def _checked(step: Step) -> Step:
    """A step, if it holds what `begin` writes: a journal may have been edited."""
    texts = (step.action, step.path, step.to, step.keep, step.digest, step.keep_digest)
    numbers = asdict(step.traits).values()
    if not _are_texts(*texts) or not all(type(n) is int and -(2**63) <= n < 2**63 for n in numbers):
        raise TypeError("not what is written here")
    return step


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) and "\0" not in value for value in values)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other runs of this user away: of two plans each may keep what the other removes."""
    try:
        lock = FileLock(cache_folder() / "acting.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise JournalError(
            f"{path}: another process is acting on files; try again when it has ended"
        ) from error
    except OSError as error:
        raise JournalError(f"no lock can be made in the cache folder: {error}") from error
    try:
        yield
    finally:
        lock.release()
