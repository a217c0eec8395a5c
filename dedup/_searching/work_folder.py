"""The folder of a self-join, from where one that was killed goes on."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from dedup.pipelines.errors import InputError

__all__ = ["digest_of", "replacing", "work_in"]


def digest_of(value: Any) -> str:
    """A short name of a text or of a list of ids.

    Examples
    --------
    >>> len(digest_of([1, 2, 3])), digest_of([1]) == digest_of([2])
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


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when all of it is on the disk."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
