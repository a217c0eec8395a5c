"""Which of several files that show one picture is kept."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from typing import TypeAlias

from dedup._base.options import KEEPS
from dedup._catalogue.derived import is_thumbnail
from dedup._catalogue.record import Record
from dedup._grouping.camera import date_taken, knowledge
from dedup._grouping.encoding import made_how_late
from dedup._grouping.fuller import enclosed_in
from dedup._grouping.profiles import has_profile
from dedup._grouping.why import rule_in_words
from dedup.errors import InputError

__all__ = ["Keep", "Keeper"]

Keep: TypeAlias = str | Callable[[Record], object] | Sequence[str | os.PathLike[str]]


def _best(record: Record) -> object:
    frames, alpha, depth = record.fullness
    pixels = record.width * record.height
    return (-frames, -alpha, -depth, -pixels, -record.size, len(record.path))


def _tells_more(record: Record) -> object:
    """Of files of the same pixels what encloses more; then a JPEG before what was made from it.

    Of one format the bytes say how they were packed: what a file knows, of its colours and of the
    picture, counts before these.
    """
    known = not has_profile(record), -knowledge(record)
    return -len(enclosed_in(record)), made_how_late(record), known


def _by_date(record: Record) -> object:
    taken = date_taken(record)
    return (not taken, taken, _best(record))


_RULES: dict[str, Callable[[Record], object]] = {
    "best": _best,
    "largest": lambda record: -record.size,
    "oldest": lambda record: record.mtime_ns,
    "shortest-path": lambda record: len(record.path),
    "exif-date": _by_date,
}


class _Preferred:
    """Folders of which files are rather kept, the first before all others."""

    def __init__(self, folders: Iterable[str | os.PathLike[str]]) -> None:
        self._named = [os.fspath(folder) for folder in folders]
        for name in self._named:
            if not os.path.lexists(name):
                raise InputError(f"keep: no such folder: {name}")
        self._inside = [os.path.join(os.path.realpath(name), "") for name in self._named]

    def place(self, record: Record) -> int:
        """The place of the folder that a file is in; of others, after all."""
        path = os.path.join(record.path, "")  # a file may be preferred too
        inside = (place for place, folder in enumerate(self._inside) if path.startswith(folder))
        return next(inside, len(self._inside))

    def name(self, record: Record) -> str:
        """The folder, as the user named it; "" of a file that is in none."""
        return [*self._named, ""][self.place(record)]


def _rule_and_folders(keep: Keep) -> tuple[str | Callable[[Record], object], _Preferred]:
    if isinstance(keep, str) or callable(keep):
        return keep, _Preferred(())
    if not isinstance(keep, Sequence) or not keep:
        return "", _Preferred(())  # which is none
    if keep[-1] in KEEPS:
        return str(keep[-1]), _Preferred(keep[:-1])
    return "best", _Preferred(keep)


# Edits lead away from the original, so that it resembles the others most. Members whose mean
# similarity is within this of the highest are taken for as little edited.
_AS_CENTRAL = 0.03


class Keeper:
    """A rule that chooses what to keep.

    Parameters
    ----------
    keep : {"best", "largest", "oldest", "shortest-path", "exif-date"}, callable or sequence
        "best": first those with most frames, then with transparency, then with most bits; of
        three or more, then those that resemble the others most, since edits lead away from the
        original; then most pixels, then most bytes, then the shortest path; of files with the
        same pixels, those that enclose more (a film, a prompt), then a JPEG before the lossless
        file that was made from it, then those that know more of the picture. Once the pairs are
        verified, a member that shows more takes its place (`best.settled`).
        "largest": most bytes. "exif-date": the earliest of those whose header says when they were
        taken. A sequence: folders, the preferred first, and perhaps one of these rules, for files
        of one folder. By each of these, a thumbnail of a NAS or file manager (`@eaDir`)
        comes last. A callable gets a `Record` and returns a sort key: the smallest
        is kept. Ties are broken by the path.
    similarity : mapping of (int, int) to float
        Cosines of pairs of pictures (a < b).

    Raises
    ------
    InputError
        If there is no such rule, or no such folder.
    """

    def __init__(self, keep: Keep, *, similarity: Mapping[tuple[int, int], float]) -> None:
        self._named, self._preferred = _rule_and_folders(keep)
        if not callable(self._named) and self._named not in KEEPS:
            raise InputError(
                f"keep={keep!r}: expected one of {', '.join(KEEPS)}, a callable, or folders in "
                "a list"
            )
        self._is_best = self._named == "best"
        self._ranked: dict[int, object] = {}
        self._similarity = similarity
        self._counted = -1
        self._near: dict[int, dict[int, float]] = defaultdict(dict)

    def why(self, record: Record) -> str:
        """What decides for a file before what it shows, in words; "" if nothing."""
        folder = self._preferred.name(record)
        words = [f"in the preferred {folder}" if folder else "", rule_in_words(self._named)]
        return ", ".join(filter(None, words))

    def _first(self, record: Record) -> tuple[bool, int]:
        """What comes before a rule: a thumbnail that a program made replaces no picture."""
        return is_thumbnail(record.path), self._preferred.place(record)

    def _rule(self, record: Record) -> object:
        if record.id not in self._ranked:  # a rule may read the file
            named = self._named
            self._ranked[record.id] = (
                named(record) if callable(named) else (self._first(record), _RULES[named](record))
            )
        return self._ranked[record.id]

    def files(self, records: Iterable[Record]) -> dict[int, list[Record]]:
        """The files of each picture, the one to keep first; and the best pictures first.

        Pictures are numbered in this order. So what is done with them does not depend on which
        of their files was indexed first, nor on where a folder lies.
        """
        files: dict[int, list[Record]] = defaultdict(list)
        for record in sorted(records, key=lambda record: (self._rule(record), record.path)):
            files[record.picture].append(record)
        if self._is_best:
            for several in files.values():
                if len({record.digest for record in several}) > 1:
                    several.sort(key=lambda record: (self._first(record), _tells_more(record)))
        return dict(enumerate(files.values()))

    def choose(self, pictures: Sequence[int], files: Mapping[int, Sequence[Record]]) -> int:
        """The picture to keep, of pictures that show the same; `files` as `files` gives them."""
        if self._is_best:
            first = {picture: self._first(files[picture][0]) for picture in pictures}
            foremost = min(first.values())
            pictures = [p for p in pictures if first[p] == foremost]
            fullest = max(files[picture][0].fullness for picture in pictures)
            pictures = [p for p in pictures if files[p][0].fullness == fullest]
        if self._is_best and len(pictures) > 2:
            pictures = self._most_central(pictures)
        return min(pictures, key=lambda p: (self._rule(files[p][0]), files[p][0].path))

    def _most_central(self, pictures: Sequence[int]) -> list[int]:
        among = set(pictures)
        near = self._neighbours()
        total = {
            picture: fsum(cosine for other, cosine in near[picture].items() if other in among)
            for picture in pictures
        }
        least = max(total.values()) - _AS_CENTRAL * (len(pictures) - 1)
        return [picture for picture in pictures if total[picture] >= least]

    def _neighbours(self) -> Mapping[int, Mapping[int, float]]:
        """The cosines of each picture with the others, as far as they are known by now."""
        if self._counted != len(self._similarity):
            self._counted = len(self._similarity)
            self._near = defaultdict(dict)
            for (a, b), cosine in self._similarity.items():
                self._near[a][b] = self._near[b][a] = cosine
        return self._near
