"""Which of several files that show one picture is kept."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum
from typing import TypeAlias

from dedup._catalogue.discover import is_thumbnail
from dedup._catalogue.record import Record
from dedup.errors import InputError

__all__ = ["Keep", "Keeper"]

Keep: TypeAlias = str | Callable[[Record], object]


def _best(record: Record) -> object:
    frames, alpha, depth = record.fullness
    pixels = record.width * record.height
    return (-frames, -alpha, -depth, -pixels, -record.size, len(record.path))


_RULES: dict[str, Callable[[Record], object]] = {
    "best": _best,
    "largest": lambda record: -record.size,
    "oldest": lambda record: record.mtime_ns,
    "shortest-path": lambda record: len(record.path),
}


def _pictures_first(rule: Callable[[Record], object]) -> Callable[[Record], object]:
    """The rule, but a thumbnail that a program made is kept in place of no picture."""
    return lambda record: (is_thumbnail(record.path), rule(record))


# Of files with the very same pixels, the one that lost some comes before those that were made from
# it and lost none: a JPEG before all others, then formats that are rather lossy.
_FIRST = frozenset({"JPEG", "MPO"})
_RATHER_LOSSY = frozenset({"AVIF", "HEIF", "JPEG2000", "JXL", "WEBP"})

# Edits lead away from the original, so that it resembles the others most. Members whose mean
# similarity is within this of the highest are taken for as little edited.
_AS_CENTRAL = 0.03


def _losslessness(name: str) -> int:
    return 0 if name in _FIRST else 1 if name in _RATHER_LOSSY else 2


class Keeper:
    """A rule that chooses what to keep.

    Parameters
    ----------
    keep : {"best", "largest", "oldest", "shortest-path"} or callable
        "best": first those with most frames, then with transparency, then with most bits; of
        three or more, then those that resemble the others most, since edits lead away from the
        original; then most pixels, then most bytes, then the shortest path; of files with the
        same pixels, a JPEG before the lossless file that was made from it. Once the pairs are
        verified, a member that shows more takes its place (`best.settled`).
        "largest": most bytes. By each of these, a thumbnail of a NAS or file manager (`@eaDir`)
        comes last. A callable gets a `Record` and returns a sort key: the smallest
        is kept. Ties are broken by the path.
    similarity : mapping of (int, int) to float
        Cosines of pairs of pictures (a < b).

    Raises
    ------
    InputError
        If there is no such rule.
    """

    def __init__(self, keep: Keep, *, similarity: Mapping[tuple[int, int], float]) -> None:
        if not callable(keep) and keep not in _RULES:
            raise InputError(f"keep={keep!r}: expected a callable or one of {', '.join(_RULES)}")
        self._is_best = keep == "best"
        self._rule = keep if callable(keep) else _pictures_first(_RULES[keep])
        self._similarity = similarity
        self._counted = -1
        self._near: dict[int, dict[int, float]] = defaultdict(dict)

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
                several.sort(key=lambda r: (is_thumbnail(r.path), _losslessness(r.format)))
        return dict(enumerate(files.values()))

    def choose(self, pictures: Sequence[int], files: Mapping[int, Sequence[Record]]) -> int:
        """The picture to keep, of pictures that show the same; `files` as `files` gives them."""
        if self._is_best:
            pictures = [p for p in pictures if not is_thumbnail(files[p][0].path)] or pictures
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
