"""The pairs of a result that a person may judge, by how narrowly they were decided."""

import math
from collections.abc import Collection, Iterator

from dedup._base.pairs import Pair, ordered
from dedup._catalogue.record import Record
from dedup._results.members import MemberPair
from dedup._search.outcome import Outcome
from dedup.errors import InputError
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["ReviewPairs"]

# Pairs that some threshold accepts; "scene" and "uncertain" none does.
_DECIDED = ("near", "different")


class ReviewPairs:
    """Pairs of pictures of a result, from the most narrowly decided on.

    Parameters
    ----------
    found : Outcome
    """

    def __init__(self, found: Outcome) -> None:
        self.found = found
        self.settings = found.settings

    @property
    def quantity(self) -> str:
        """What the threshold cuts: "score", "cosine" or "bits"."""
        return "score" if self.settings.verify else self.settings.measure.name

    def rating(self, pair: Pair) -> float:
        """What the threshold cuts of a pair; NaN if no threshold accepts it."""
        if self.settings.verify:
            seen = self.found.verifier.evidence(pair)
            return seen.score if seen is not None and seen.relation in _DECIDED else math.nan
        similarity = self.found.candidates.similarity.get(pair)
        return math.nan if similarity is None else self.settings.measure.value_of(similarity)

    def nearest(self, *, without: Collection[Pair]) -> Iterator[Pair]:
        """Pairs, the nearest to the threshold first; but those that are left out."""
        candidates, threshold = self.found.candidates, self.settings.value
        pairs = self.found.links.decision.asked()
        open_ones = [
            pair for pair in pairs if pair not in without and pair not in candidates.constraints
        ]
        distance = {pair: abs(self.rating(pair) - threshold) for pair in open_ones}
        yield from sorted(
            (pair for pair, far in distance.items() if not math.isnan(far)),
            key=lambda pair: (distance[pair], pair),
        )

    def files(self, pair: Pair) -> list[tuple[str, Record, ImageSource]]:
        """The best file of each picture: its name, what is known of it, what can be decoded."""
        records = (self.found.files[picture][0] for picture in self.found.verifier.directed(pair))
        return [(self.found.names[r.path], r, self.found.source(r)) for r in records]

    def match(self, pair: Pair) -> MemberPair:
        """What was seen from the first of `files` to the second."""
        verify, measure = self.settings.verify, self.settings.measure
        seen = self.found.verifier.evidence(pair) if verify else None
        similarity = self.found.candidates.similarity.get(pair, math.nan)
        tuned, rating = self.settings.tuned, self.rating(pair)
        probability = math.nan
        if tuned is not None and not math.isnan(rating):
            probability = float(tuned.probability(rating))
        return MemberPair(
            0,
            1,
            "near",
            score=math.nan if seen is None else seen.score,
            similarity=similarity,
            bits=measure.value_of(similarity) if measure.bits else math.nan,
            probability=probability,
            edit=", ".join(seen.edits) if seen is not None else "",
            evidence=seen,
        )

    def is_accepted(self, pair: Pair) -> bool:
        """Whether the threshold, or a verdict, accepts a pair."""
        return self.found.links.decision.is_link(pair)

    def pair_of(self, a: str, b: str) -> Pair:
        """The pictures of two files.

        Raises
        ------
        InputError
            If a file is not one of the result's, or both show one picture to the pixel.
        """
        for path in (a, b):
            if path not in self.found.records:
                raise InputError(f"no image of this result: {path}")
        pictures = [self.found.pictures[self.found.records[path].path] for path in (a, b)]
        if pictures[0] == pictures[1]:
            raise InputError(f"{a} and {b} show the same picture to the pixel")
        return ordered(*pictures)
