"""Files that are written whole or not at all."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dedup.errors import InputError

__all__ = ["PAGE_KIND", "Kind", "replacing", "require_kind", "require_writable", "save_text"]

_BEGIN = 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """What tells files of one kind that dedup writes from all others.

    Attributes
    ----------
    name : str
        In words.
    mark : str
        What each has in its first 1,024 bytes.
    """

    name: str
    mark: str


PAGE_KIND: Final = Kind("page of dedup's", mark='<meta name="generator" content="dedup">')
"""Reports."""


def save_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text as UTF-8; see `replacing`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A name to write a file under, which takes its place once all of it is on the disk.

    Where that fails, as the disk is full, the file that was there stays as it was.

    Raises
    ------
    InputError
        If it can't be written.

    Examples
    --------
    >>> file = getfixture("tmp_path") / "a.txt"
    >>> save_text(file, "one")
    >>> with replacing(file) as partial:
    ...     partial.write_text("two"), file.read_text()
    (3, 'one')
    >>> file.read_text()
    'two'
    """
    file = Path(os.path.realpath(path))  # a link to the file stays one
    if file.exists() and not file.is_file():  # a pipe, a terminal, or a folder, which is refused
        with _reported(path):
            yield file
        return
    partial = _partial(file)
    try:
        with _reported(path):
            partial.touch()
            if file.exists():
                shutil.copymode(file, partial)
            yield partial
            with partial.open("rb+") as written:
                os.fsync(written.fileno())
            partial.replace(file)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Make sure that `replacing` can begin, before the work of which it writes the result.

    Raises
    ------
    InputError
        If it can't.

    Examples
    --------
    >>> require_writable(getfixture("tmp_path") / "none" / "a.txt")
    Traceback (most recent call last):
        ...
    dedup.errors.InputError: ...a.txt: no such file or directory
    """
    file = Path(os.path.realpath(path))
    with _reported(path):
        if file.exists() and not file.is_file():
            if not os.access(file, os.W_OK):
                raise PermissionError("permission denied")
            return
        partial = _partial(file)
        partial.touch()
        partial.unlink()


def require_kind(path: str | os.PathLike[str], kind: Kind) -> None:
    """Make sure that nothing is lost where a file is written: one of its own kind, or nothing.

    Raises
    ------
    InputError
        If another file is there.

    Examples
    --------
    >>> file = getfixture("tmp_path") / "letter.txt"
    >>> save_text(file, "Dear all")
    >>> require_kind(file, Kind("page of dedup's", mark="<html>"))
    Traceback (most recent call last):
        ...
    dedup.errors.InputError: ...letter.txt is there, and no page of dedup's: it is not overwritten
    """
    if not os.path.isfile(path):
        return
    with _reported(path), open(path, "rb") as file:
        begin = file.read(_BEGIN)
    if begin and kind.mark.encode() not in begin:
        raise InputError(f"{os.fspath(path)} is there, and no {kind.name}: it is not overwritten")


def _partial(file: Path) -> Path:
    return file.with_name(f".dedup-{os.getpid()}-{threading.get_ident()}.part")


@contextmanager
def _reported(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{os.fspath(path)}: {str(error.strerror or error).lower()}") from error
