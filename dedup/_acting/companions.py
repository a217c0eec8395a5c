"""Which files of one folder belong together, by their names: a picture, and what is beside it."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache
from typing import Final

from PIL import Image

from dedup.pipelines.images.camera_raw import RAW_SUFFIXES

__all__ = ["Companions", "is_sidecar", "sidecars"]

_SIDECARS: Final = frozenset([".aae", ".json", ".thm", ".xmp"])
_FILMS: Final = frozenset([".mov", ".mp4"])
_SHOTS: Final = frozenset([".heic", ".heif", ".hif", ".jpeg", ".jpg"])
"""What a camera writes beside its RAW file."""
_COUNTED: Final = re.compile(r"(.+)(\(\d+\))", re.DOTALL)
_TAKEOUT: Final = "supplemental-metadata"


class Companions:
    """What lies beside pictures, as it was when a folder was first asked for.

    Sidecars belong to all pictures of their stem (`IMG.xmp`), or to the one whose name they begin
    with (`IMG.jpg.xmp`, Google's `IMG.jpg.json` and `IMG.jpg.supplemental-metadata.json`, which it
    may cut short, and counts: `IMG.jpg(1).json` is of `IMG(1).jpg`); films to all pictures of their
    stem; and a RAW file and a JPEG or HEIF file of one stem to each other.

    Parameters
    ----------
    pictures : collection of str
        Absolute paths that are pictures, whatever their suffixes are.
    """

    def __init__(self, pictures: Collection[str] = ()) -> None:
        self._pictures = pictures
        self._folders: dict[str, dict[str, set[str]]] = {}

    def of(self, path: str) -> list[str]:
        """The files that belong to a picture, sorted.

        Raises
        ------
        OSError
            If its folder can't be listed.
        """
        return sorted(other for other in self._near(path) if _belongs(other, path))

    def owners(self, path: str) -> list[str]:
        """The pictures that a file belongs to, sorted.

        Raises
        ------
        OSError
        """
        return sorted(
            other
            for other in self._near(path)
            if (other in self._pictures or _suffix(other) in _pictured()) and _belongs(path, other)
        )

    def _near(self, path: str) -> set[str]:
        """The files in its folder that have a key in common with it."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = _listed(folder)
        by_key = self._folders[folder]
        near = set().union(*(by_key.get(key, ()) for key in _keys(name)))
        return {os.path.join(folder, other) for other in near if other != name}


def sidecars(beside: Companions, path: str) -> list[str]:
    """The XMP sidecars of a picture.

    Raises
    ------
    OSError
    """
    return [other for other in beside.of(path) if _suffix(other) == ".xmp"]


def is_sidecar(path: str) -> bool:
    """Whether a file holds only words about a picture, or a small copy of it."""
    return _suffix(path) in _SIDECARS


def _belongs(path: str, picture: str) -> bool:
    """Whether a file belongs to a picture in the same folder."""
    name, of = os.path.basename(path), os.path.basename(picture)
    suffix, kind = _suffix(path), _suffix(picture)
    if kind in _SIDECARS | _FILMS:
        return False
    if suffix in _SIDECARS:
        base = _base(name)
        return base == _stem(of) or _folded(base) == _folded(of)
    raw = suffix in RAW_SUFFIXES and kind in _SHOTS
    developed = suffix in _SHOTS and kind in RAW_SUFFIXES
    return _stem(name) == _stem(of) and (suffix in _FILMS or raw or developed)


def _listed(folder: str) -> dict[str, set[str]]:
    by_key: dict[str, set[str]] = defaultdict(set)
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                for key in _keys(entry.name):
                    by_key[key].add(entry.name)
    return by_key


def _keys(name: str) -> Iterator[str]:
    """What the names of files that belong together have in common."""
    yield _stem(name)
    yield _folded(name)
    yield _folded(_base(name))


def _base(name: str) -> str:
    """The name, or the stem, that a sidecar's own begins with."""
    base, suffix = os.path.splitext(name)
    if suffix.lower() != ".json":
        return base
    counted = _COUNTED.fullmatch(base)
    whole, number = counted.groups() if counted else (base, "")
    before, tail = os.path.splitext(whole)
    if len(tail) > 1 and _TAKEOUT.startswith(tail[1:].lower()) and os.path.splitext(before)[1]:
        whole = before
    stem, own = os.path.splitext(whole)
    return stem + number + own


def _folded(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return stem + suffix.lower()


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


@cache
def _pictured() -> Collection[str]:
    """The suffixes of pictures, read by this installation or not."""
    return (Image.registered_extensions().keys() | RAW_SUFFIXES | _SHOTS) - _FILMS - _SIDECARS
