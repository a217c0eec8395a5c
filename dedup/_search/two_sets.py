"""Two sets of images that are compared with each other: training data with test data."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from dedup._catalogue.discover import Skipped, discover
from dedup._catalogue.record import Record
from dedup.errors import InputError

__all__ = ["TwoSets"]


@dataclass(frozen=True, slots=True)
class TwoSets:
    """Which files are in which of two sets.

    Attributes
    ----------
    of : mapping of str to int
        0 or 1, by path.
    """

    of: Mapping[str, int]

    @classmethod
    def among(cls, records: Mapping[str, Record], between: Sequence[str]) -> "TwoSets":
        """The sets that two tags, folders or patterns name.

        Raises
        ------
        InputError
            If one names no image of the index, or both name the same.
        """
        if isinstance(between, str) or len(between) != 2:
            raise InputError(f"between={between!r}: expected two tags, folders or patterns")
        return cls.apart(*(_set_of(records, os.fspath(name)) for name in between))

    @classmethod
    def apart(cls, first: Set[str], second: Set[str]) -> "TwoSets":
        """The sets of these paths.

        Raises
        ------
        InputError
            If one is in both.
        """
        both = sorted(first & second)
        if both:
            raise InputError(
                f"between=: {len(both)} of the files are in both sets, {both[0]} for one"
            )
        return cls({**dict.fromkeys(first, 0), **dict.fromkeys(second, 1)})

    def require_both(self, skipped: Sequence[Skipped]) -> None:
        """Raise an `InputError` if nothing is left in one of them."""
        if len(set(self.of.values())) < 2:
            raise InputError(
                "between=: no image of one of the two sets can be read"
                + "".join(f"; {one.path}: {one.reason}" for one in skipped[:1])
            )

    def of_pictures(self, files: Mapping[int, Sequence[Record]]) -> dict[int, int]:
        """In which sets each picture has files: 1, 2, or 3 for both."""
        return {
            picture: sum({1 << self.of[record.path] for record in records})
            for picture, records in files.items()
        }

    def across(self, a: Sequence[Record], b: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
        """Pairs of files of two pictures across the sets; each file that has one, at least once.

        The first file of each set is paired with all of the other set.
        """
        for which in (0, 1) if a is not b else (0,):
            mine = [record for record in a if self.of[record.path] == which]
            theirs = [record for record in b if self.of[record.path] != which]
            if mine and theirs:
                yield from ((mine[0], record) for record in theirs)
                yield from ((record, theirs[0]) for record in mine[1:])


def _set_of(records: Mapping[str, Record], name: str) -> set[str]:
    """The files of a tag; or else of a folder or pattern."""
    tagged = {path for path, record in records.items() if name and record.tag == name}
    if tagged:
        return tagged
    try:
        found = discover(name)
    except InputError as error:
        tags = sorted({record.tag for record in records.values()} - {""})
        raise InputError(
            f"between: {name!r} is no tag of the index (it has: {', '.join(tags) or 'none'}), "
            f"and no folder or pattern: {error}"
        ) from error
    known = {file.path for file in found.files} & records.keys()
    if not known:
        raise InputError(f"between: no image of the index is in {name}")
    return known
