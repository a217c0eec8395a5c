"""What the user named (folders, globs, paths, images, a table) as a sorted list of files."""

import glob
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from dedup._base.arrays import Pixels
from dedup._base.threads import threads
from dedup._catalogue.derived import DERIVED
from dedup._catalogue.inputs import Inputs, each
from dedup.errors import DecodeError, InputError
from dedup.pipelines.images import archives
from dedup.pipelines.images.decoding import pixel_digest
from dedup.pipelines.images.remote import is_remote, listed
from dedup.pipelines.images.rows import Row, is_dataset, rows_of

__all__ = [
    "PUT_ASIDE",
    "Found",
    "ImageFile",
    "Skipped",
    "discover",
    "file_key",
]

# A folder that holds a file of this name holds what `Plan.apply` has put aside.
PUT_ASIDE = ".dedup-quarantine"

_InMemory: TypeAlias = bytes | Image.Image | Pixels | Row


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One image to look at.

    Attributes
    ----------
    path : str
        Its key in an index, see `file_key`; "<image 3 ...>" or "<train[3] ...>", with a digest,
        for an image in memory or in a data set.
    name : str
        How it is shown: the path as the user named it.
    size : int
        Bytes of the file; 0 of an image in memory that is no file's bytes.
    mtime_ns : int
        Time of its last modification, in nanoseconds.
    image : bytes, PIL.Image.Image, ndarray or Row, optional
        The image itself if it is in memory, or where it is read if it is in a data set.
    digest : str
        Of the pixels of an image in memory; "" of a file, and of what can't be decoded.
    """

    path: str
    name: str
    size: int = 0
    mtime_ns: int = 0
    image: _InMemory | None = None
    digest: str = ""

    @property
    def source(self) -> str | _InMemory:
        """What the decoder reads."""
        return self.path if self.image is None else self.image


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What discovery found: images, by ascending path or as they were named, and the rest."""

    files: list[ImageFile]
    skipped: list[Skipped]

    def __or__(self, other: "Found") -> "Found":
        """Both, by ascending path."""
        skipped = {one.path: one for one in (*self.skipped, *other.skipped)}
        return Found(
            sorted([*self.files, *other.files], key=lambda file: file.path),
            [skipped[path] for path in sorted(skipped)],
        )


def file_key(
    path: str | os.PathLike[str], *, realpath: Callable[[str], str] = os.path.realpath
) -> str:
    """The one absolute path of a file, whichever linked folders it was reached by.

    Two names of one file must never look like two copies, of which one may go. A link in the
    last place stays: it is not followed. Where many files are asked for at once, `realpath` may
    remember the folders.
    """
    if is_remote(path):
        return os.fspath(path)
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(realpath(folder), name)


def discover(
    inputs: Inputs, *, without: str | os.PathLike[str] | None = None, as_named: bool = False
) -> Found:
    """List the images that the user named.

    Folders are walked to the bottom, and what is inside a tar, zip or Parquet file is taken if
    that was named itself, or by a pattern such as "shards/*.tar". Symbolic links are not followed,
    so that a loop of links ends and nothing outside a folder is touched. What `Plan.apply` has put
    aside is passed over; a folder of thumbnails (`@eaDir` and the like) is skipped as a whole
    unless it, or what is in it, was named. Otherwise only the kind of a file is looked at, not its
    contents.

    Parameters
    ----------
    inputs : str, path, image, DataFrame with a `path` column, data set, or several of them
        Folders, files, or patterns such as "photos/**/*.jpg"; images in memory as bytes of a
        file, PIL images or arrays, or in the rows of a data set of Hugging Face.
    without : path, optional
        A folder to pass over: the index, if it lies among the images.
    as_named : bool
        Keep the order of the inputs. Each folder is sorted by path in any case.

    Raises
    ------
    InputError
        If a path does not exist, a pattern matches nothing, or there is no file at all.
    """
    inside = os.path.join(os.path.realpath(without), "") if without else None
    files: dict[str, ImageFile] = {}
    skipped: dict[str, Skipped] = {}
    named: list[str] = []
    sets: set[str] = set()
    realpath = cache(os.path.realpath)
    for number, one in enumerate(each(inputs)):
        if is_dataset(one):
            files |= {image.path: image for image in _in_rows(one, sets)}
            continue
        if isinstance(one, bytes | Image.Image | np.ndarray):
            image = _in_memory(one, f"image {number}")
            files[image.path] = image
            continue
        named.append(os.fspath(one))
        for name in _named(named[-1]):
            if isinstance(name, Skipped):
                skipped[name.path] = name
                continue
            path = file_key(name, realpath=realpath)
            if inside is not None and path.startswith(inside):
                continue
            seen = _image_file(path, name)
            if isinstance(seen, Skipped):
                skipped[path] = seen
            else:
                files.setdefault(path, seen)
    if not files and not skipped:
        raise InputError(f"no files in {', '.join(named)}" if named else "no files were given")
    return Found(
        [files[path] for path in (files if as_named else sorted(files))],
        [skipped[path] for path in sorted(skipped)],
    )


def _in_memory(image: _InMemory, number: str) -> ImageFile:
    """An image in memory, under a path that another image of a later call does not take."""
    name = number if isinstance(image, Row) else f"<{number}>"
    try:
        read = image.read() if isinstance(image, Row) else image
        digest = pixel_digest(read)
    except DecodeError:  # it will be skipped, with this reason
        return ImageFile(f"<{number}>", name, image=image)
    size = len(read) if isinstance(read, bytes) else 0
    return ImageFile(f"<{number} {digest}>", name, size, image=image, digest=digest)


def _in_rows(dataset: Any, sets: set[str]) -> Iterator[ImageFile]:
    """The images of a data set, named by its split and their rows; none is kept in memory."""
    split = str(getattr(dataset, "split", None) or "rows")
    name = split
    for number in count(2):
        if name not in sets:
            break
        name = f"{split}-{number}"
    sets.add(name)

    def image(row: Row) -> ImageFile:
        return _in_memory(row, f"{name}[{row.number}]")

    with threads("read") as readers:
        yield from readers.map(image, rows_of(dataset))


def _named(name: str) -> Iterator[str | Skipped]:
    """The files of one folder, archive, pattern or path, as the user would name them."""
    if is_remote(name):
        yield from listed(name)
    elif os.path.isdir(name):
        yield from _walk(name)
    elif os.path.lexists(name):
        yield from _members(name)
    elif archives.archive_of(name):
        yield name
    elif glob.has_magic(name):
        matches = _glob(name)
        if not matches:
            raise InputError(f"nothing matches {name}")
        for match in matches:
            is_folder = os.path.isdir(match) and not os.path.islink(match)
            if is_folder:
                yield from _walk(match)
            else:  # "*.tar" means archives, "*" does not
                yield from _members(match) if archives.named_as_archive(name) else [match]
    else:
        raise InputError(f"no such file or folder: {name}")


def _members(name: str) -> Iterator[str | Skipped]:
    """The files of an archive that was named, by name; a file that is none is itself."""
    try:
        if not archives.is_archive(name):
            yield name
            return
        inside = archives.members(name)
    except (DecodeError, OSError) as error:
        yield Skipped(name, str(getattr(error, "strerror", "") or error).lower())
        return
    if not inside:
        yield Skipped(name, "an archive that holds no file")
    for member, seen in sorted(inside.items()):
        address = f"{name}/{member}"
        yield Skipped(address, seen) if isinstance(seen, str) else address


def _glob(pattern: str) -> list[str]:
    """Paths that match, hidden ones too; `**` does not follow links, which may be loops."""
    parts = Path(pattern).parts
    first = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    top = Path(*parts[:first])
    is_aside = {top: False}
    try:
        matches = top.glob(os.path.join(*parts[first:]))
        return sorted(
            str(match)
            for match in matches
            if match == top
            or not (_is_aside(match.parent, is_aside) or os.path.lexists(match / PUT_ASIDE))
        )
    except ValueError as error:
        raise InputError(f"{pattern}: {error}") from error


def _is_aside(folder: Path, known: dict[Path, bool]) -> bool:
    """Whether a folder, below one that is known, holds what was put aside."""
    if folder not in known:
        known[folder] = _is_aside(folder.parent, known) or os.path.lexists(folder / PUT_ASIDE)
    return known[folder]


def _walk(folder: str) -> Iterator[str]:
    """The files below a folder; `os.walk` recurses, before Python 3.12, once for each level."""
    waiting = [folder]
    while waiting:
        where = waiting.pop()
        try:
            with os.scandir(where) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield where  # with its reason
            continue
        if where != folder and any(entry.name == PUT_ASIDE for entry in inside):
            continue
        folders = [
            entry.path
            for entry in inside
            if entry.name not in DERIVED and entry.is_dir(follow_symlinks=False)
        ]
        yield from sorted({entry.path for entry in inside}.difference(folders))
        waiting += reversed(folders)


_UNREADABLE = "folder that can't be read"
# What a run of `Plan.apply` or `undo` was at when it was killed.
_OWN_NAME = re.compile(r"\.dedup-[0-9a-f]{16}\.(aside|part)")
_UNFINISHED = "a file that was being acted on when dedup was killed: apply or undo that plan"


def _image_file(path: str, name: str) -> ImageFile | Skipped:
    """A file, looked at once: it may be gone the next moment."""
    try:
        if archives.archive_of(path) or is_remote(path):
            return ImageFile(path, name, *archives.status(path))
        status = os.lstat(path)
    except OSError as error:
        return Skipped(name, str(error.strerror).lower())
    problem = _problem(path, status.st_mode)
    if problem is not None:
        return Skipped(name, problem)
    return ImageFile(path, name, status.st_size, status.st_mtime_ns)


def _problem(path: str, mode: int) -> str | None:
    """Why a file is not even opened; None if it may be."""
    may_be_read = os.access(path, os.R_OK)
    if stat.S_ISDIR(mode):
        derived = DERIVED.get(os.path.basename(path)) if may_be_read else None
        return f"{derived} (name the folder to read it)" if derived else _UNREADABLE
    reasons = {
        "symbolic link (not followed)": stat.S_ISLNK(mode),
        "not a regular file": not stat.S_ISREG(mode),
        _UNFINISHED: bool(_OWN_NAME.fullmatch(os.path.basename(path))),
        "permission denied": not may_be_read,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)
