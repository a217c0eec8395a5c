"""The folder of a self-join, from where one that was killed goes on."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from dedup.errors import InputError

__all__ = ["remove_work", "replacing", "short_name", "work_in"]

# The names of what a join writes into its folder.
_WRITTEN = re.compile(r"(join\.json|vectors\.f32|[\w-]+\.(hits\.npy|rest\.npz))(\.\d+\.partial)?")


def short_name(value: Any) -> str:
    """A short name of a text or of a list of ids.

    Examples
    --------
    >>> len(short_name([1, 2, 3])), short_name([1]) == short_name([2])
    (32, False)
    """
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]


@contextmanager
def work_in(work_folder: Path | None, job: Mapping[str, Any]) -> Iterator[Path]:
    """A folder for the work of one join; a new one, or that where it was left.

    Parameters
    ----------
    work_folder : Path, optional
        A folder that is kept. Otherwise it is one that goes when the join ends.
    job : mapping
        What is joined, and how: a folder holds the work of one job.

    Raises
    ------
    InputError
        If the folder holds the work of another join, or something else.
    """
    if work_folder is None:
        with TemporaryDirectory(prefix="dedup-join-") as folder:
            yield Path(folder)
        return
    work_folder.mkdir(parents=True, exist_ok=True)
    record = work_folder / "join.json"
    if record.exists():
        found = json.loads(record.read_text())
        other = [f"{key} {found.get(key)!r}, not {job[key]!r}" for key in job
                 if found.get(key) != job[key]]  # fmt: skip
        if other:
            raise InputError(
                f"{work_folder} holds the work of another join ({'; '.join(other)}): "
                "remove it, or name another folder"
            )
    elif any(path.suffix != ".partial" for path in work_folder.iterdir()):
        raise InputError(f"{work_folder} is not empty, and holds no work of a join")
    else:
        with replacing(record) as file:
            file.write(json.dumps(job).encode())
    yield work_folder


def remove_work(folder: Path) -> None:
    """Delete the files that a join wrote into a folder, and the folder if it is empty then.

    Links, and what has another name, stay.
    """
    with suppress(OSError):
        if folder.is_symlink():
            return
        for path in folder.iterdir():
            if _WRITTEN.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                path.unlink()
        folder.rmdir()


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when all of it is on the disk."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    with partial.open("xb") as file:  # through no link
        yield file
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
