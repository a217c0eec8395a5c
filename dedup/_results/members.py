"""The files of a group as they are shown: each with the pair that says why it is there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dedup._base.pairs import Pair, ordered
from dedup._catalogue.exact_copies import exactly
from dedup._catalogue.record import Record
from dedup._grouping.groups import Group
from dedup._search.outcome import Outcome
from dedup._verification.evidence import Evidence
from dedup._verification.verify import Verifier
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["Member", "MemberPair", "members"]


class MemberPair(NamedTuple):
    """Two files of a group, and what is known of them as a pair.

    Attributes
    ----------
    a, b : int
        Places in the group; `edit` and `evidence` say what happened from a to b.
    relation : {"exact", "near", "contains", "scene"}
    score, similarity, bits, probability : float
        As in `found.pairs`; NaN where unknown.
    edit : str
    marked : bool
        Whether somebody marked them as duplicates.
    evidence : Evidence, optional
        None of files with the same pixels, and of what was not aligned.
    """

    a: int
    b: int
    relation: str
    score: float = math.nan
    similarity: float = math.nan
    bits: float = math.nan
    probability: float = math.nan
    edit: str = ""
    marked: bool = False
    evidence: Evidence | None = None

    @property
    def certainty(self) -> float:
        """How sure it is that they are duplicates, 0 to 1: what groups are sorted by."""
        if self.relation == "exact" or self.marked:
            return 1.0
        known = (self.probability, self.score, self.similarity)
        return next((value for value in known if not math.isnan(value)), 0.0)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group.

    Attributes
    ----------
    path : str
        As the user named it.
    record : Record
    source : image
        What the decoder reads.
    match : MemberPair, optional
        With the file to keep, or, if it was not paired with that, with the surest other one.
        None for the file to keep itself.
    stays : str
        What it shows that the file to keep does not, so that it stays; "" if it may go.
    why : str
        Of the file to keep, why it is; "" of the others.
    """

    path: str
    record: Record
    source: ImageSource
    match: MemberPair | None
    stays: str = ""
    why: str = ""


def members(group: Group, found: Outcome) -> list[Member]:
    """The files of a group of an outcome, the one to keep first."""
    files = [found.records[path] for path in group.paths]
    shown = [found.pictures[record.path] for record in files]
    rows = _rows(group, dict(zip(group.paths, shown, strict=True)))
    matches = [_match(place, files, shown, rows, found.verifier) for place in range(1, len(files))]
    return [
        Member(
            path,
            record,
            found.source(record),
            match,
            stays=group.retain.get(path, ""),
            why="" if match else group.why,
        )
        for path, record, match in zip(group.paths, files, [None, *matches], strict=True)
    ]


def _rows(group: Group, picture: Mapping[str, int]) -> dict[Pair, Any]:
    """The row of the group's table on each pair of pictures."""
    rows: dict[Pair, Any] = {}
    for row in group.pairs.itertuples(index=False):
        rows.setdefault(ordered(picture[row.a], picture[row.b]), row)
    return rows


def _match(
    place: int,
    files: Sequence[Record],
    pictures: Sequence[int],
    rows: Mapping[Pair, Any],
    verifier: Verifier,
) -> MemberPair:
    mine = pictures[place]
    if mine == pictures[0]:
        edit = exactly(files[0], files[place])
        return MemberPair(0, place, "exact", score=1.0, similarity=1.0, edit=edit)
    pairs = [ordered(picture, mine) for picture in pictures]
    others = [at for at, pair in enumerate(pairs) if pair[0] != pair[1] and pair in rows]
    if not others:  # of two sets that are compared, files of one set are not paired
        return MemberPair(0, place, "near")
    # The file to keep before any other.
    other = max(others, key=lambda at: (at == 0, _sureness(rows[pairs[at]]), -at))
    pair, row = pairs[other], rows[pairs[other]]
    forward = verifier.directed(pair)[0] == pictures[other]
    a, b = (other, place) if forward else (place, other)
    return MemberPair(
        a,
        b,
        row.relation,
        score=row.score,
        similarity=row.similarity,
        bits=row.bits,
        probability=row.probability,
        edit=row.edit,
        marked=row.marked,
        evidence=verifier.evidence(pair),
    )


def _sureness(row: Any) -> float:
    """What the rows of one group are compared by."""
    return float(row.similarity if math.isnan(row.score) else row.score)
