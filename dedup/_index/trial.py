"""One image compared with more and more pictures of an index, until more would add nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from dedup._base.arrays import Vectors
from dedup._base.pairs import Pair
from dedup._catalogue.catalogue import picture_of
from dedup._catalogue.exact_copies import PictureBook
from dedup._catalogue.record import Record
from dedup._catalogue.vector_cache import VectorCache
from dedup._grouping.decision import Decision
from dedup._search.blank import blank_pictures
from dedup._search.candidates import Candidates
from dedup._search.rerank import Reranker, reranker_of
from dedup._search.settings import Settings
from dedup._verification.evidence import Evidence
from dedup._verification.pictures import Pictures
from dedup._verification.verify import Verifier
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["Asked", "Hit", "Match", "Trial"]

# Images that are compared before one that resembles nothing is called new, and at most.
_PATIENCE = 10
_MOST_COMPARED = 16
_AT_ONCE = 4
# The same pixels, decoded in full or at reduced size, are at least this similar.
_SAME_PIXELS = 0.9
_ASKED = 0  # stands for the image; no record has this id

Hit: TypeAlias = tuple[Record, float]


@dataclass(frozen=True, slots=True)
class Match:
    """An image of the index that a checked image repeats.

    Attributes
    ----------
    path : str
        The image of the index.
    similarity : float
        Cosine of the two embeddings that proposed it, or with `verify=False` that decide; of two
        hashes, 1 - bits / 32.
    relation : {"exact", "near", "lookalike"}
        "exact": the same pixels. "lookalike": the same layout, other content.
    score : float, optional
        Score of the verification, 0 to 1.
    probability : float, optional
        Of being duplicates, if the threshold was tuned.
    """

    path: str
    similarity: float
    relation: str
    score: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An image that an index is asked about, decoded and embedded once.

    Attributes
    ----------
    record : Record
        As the index would hold it.
    source : image
        What is decoded when it is compared: its pixels, where they are all that there is.
    vector : ndarray, shape (dimension,)
    views : tuple of ndarray, shape (dimension,)
        The embeddings of its views, where pictures are looked for inside others; zero where a
        view shows nothing.
    """

    record: Record
    source: ImageSource
    vector: Vectors
    views: tuple[Vectors, ...] = ()


class Trial:
    """The comparison of one image with more and more pictures of an index.

    Parameters
    ----------
    asked : Asked
    constraints : mapping of str to bool
        What was said of it and others, by their digests.
    settings : Settings
    floor : float
        Least similarity of what is looked at.
    images : mapping of str to image
        Images of the index that are in memory, by path.
    copies_of : callable
        All files that show pictures to the pixel, by their ids.
    known : VectorCache, optional
        What was embedded before to rank pairs again.

    Attributes
    ----------
    matches, lookalikes : list of Match
    unread : dict of str to str
        What it was not compared with, by path: why the file can't be read.
    """

    def __init__(
        self,
        asked: Asked,
        constraints: Mapping[str, bool],
        *,
        settings: Settings,
        floor: float,
        images: Mapping[str, ImageSource],
        copies_of: Callable[[Sequence[int]], Sequence[Record]],
        known: VectorCache | None,
    ) -> None:
        self.matches: list[Match] = []
        self.lookalikes: list[Match] = []
        self.unread: dict[str, str] = {}
        self._asked = asked
        self._constraints = constraints
        self._settings = settings
        self._floor = floor
        self._copies_of = copies_of
        self._files: dict[int, list[Record]] = {_ASKED: [asked.record]}
        self._pictures = Pictures(self._files, images={**images, asked.record.path: asked.source})
        large = None if settings.verify else reranker_of(settings.model)
        self._reranker = None if large is None else Reranker(large, self._pictures, known=known)
        self._picture = replace(
            picture_of(asked.record),
            id=_ASKED,
            source=asked.source,
            # Of an image that was not read from a file, it is known.
            digest=None if asked.record.format else asked.record.digest,
        )
        self._seen: set[int] = set()
        self._has_exact = False
        self._compared = self._failures = 0

    def look_at(self, found: Sequence[Hit], *, inside: Mapping[int, int]) -> None:
        """Compare it with pictures, the most similar first.

        Parameters
        ----------
        found : sequence of Hit
        inside : mapping of int to int
            What may lie inside what, by the picture: 1 for the image in it, 2 for it in the image.
        """
        new: dict[int, Hit] = {}
        for record, cosine in found:
            if record.picture not in self._seen:
                new.setdefault(record.picture, (record, cosine))
        self._seen.update(new)
        found = list(new.values())
        known = {picture: record for picture, (record, _) in new.items()}
        exact = self._exact(known)
        self._files |= {picture: [record] for picture, record in known.items()}
        ways = {(_ASKED, picture): way for picture, way in inside.items()}
        large = self._settings.model.reranker
        verifier = Verifier(self._pictures, reranker=large, inside=ways)
        candidates = self._candidates(found)
        if self._reranker is not None:
            others = [(_ASKED, picture) for picture in known if picture != exact]
            seen = self._reranker.similarity(others)
            candidates.similarity |= {pair: seen.get(pair, -1.0) for pair in others}
        decision = self._settings.decision(candidates, verifier)
        self._has_exact |= exact is not None and candidates.may_pair((_ASKED, exact))
        for start in range(0, len(found), _AT_ONCE):
            pairs = [(_ASKED, record.picture) for record, _ in found[start : start + _AT_ONCE]]
            pairs = [pair for pair in pairs if self._is_worth(pair, candidates, exact)]
            self._find_files([picture for _, picture in pairs])
            decision.verify(pair for pair in pairs if pair[1] != exact)
            for pair in pairs:
                is_exact = pair[1] == exact
                evidence = None if is_exact else verifier.evidence(pair)
                path = (self._pictures.there(pair[1]) or known[pair[1]]).path
                match = Match(path, candidates.similarity[pair], "exact", 1.0)
                if is_exact:
                    self._compared += 1
                    self._accept(match)
                else:
                    self._judge(pair, match, evidence, decision)

    def _judge(
        self, pair: Pair, match: Match, evidence: Evidence | None, decision: Decision
    ) -> None:
        """Take in what a comparison has shown: a match, a lookalike, or neither."""
        picture = pair[1]
        if decision.is_link(pair):
            score = None if evidence is None else evidence.score
            self._accept(replace(match, relation="near", score=score))
        elif picture in self._pictures.unreadable:
            self.unread[match.path] = self._pictures.unreadable[picture]
            return
        else:
            self._failures += 1
            if evidence is not None and decision.is_cannot_link(pair):
                alike = replace(match, relation="lookalike", score=evidence.score)
                self.lookalikes.append(alike)
        self._compared += 1

    def is_over(self, found: Sequence[Hit]) -> bool:
        """Whether pictures less similar than these would add nothing."""
        if not self._settings.verify or not self._is_done:
            return False
        return self._has_exact or not found or found[-1][1] < _SAME_PIXELS

    @property
    def _is_done(self) -> bool:
        return self._has_exact or self._failures >= _PATIENCE or self._compared >= _MOST_COMPARED

    def _is_worth(self, pair: Pair, candidates: Candidates, exact: int | None) -> bool:
        if not candidates.may_pair(pair):
            return False
        needed = pair[1] == exact or pair in candidates.constraints or not self._settings.verify
        return needed or not self._is_done

    def _find_files(self, pictures: Sequence[int]) -> None:
        """Where the file that stands for a picture is gone, take others that show the same."""
        gone = [picture for picture in pictures if self._pictures.there(picture) is None]
        for record in self._copies_of(gone) if gone else ():
            self._files[record.picture].append(record)

    def _accept(self, match: Match) -> None:
        self.matches.append(replace(match, probability=self._probability(match)))
        self._failures = 0

    def _exact(self, known: Mapping[int, Record]) -> int | None:
        """The picture that is the same file, or has the very same pixels."""
        book = PictureBook()
        for key, record in known.items():
            if record.digest == self._asked.record.digest:
                return key
            book.add(picture_of(record))
        same = None if self._has_exact else book.same(self._picture)
        return None if same is None else known[same.id].picture

    def _candidates(self, found: Sequence[Hit]) -> Candidates:
        pictures = {_ASKED: self._asked.record} | {r.picture: r for r, _ in found}
        return Candidates(
            self._floor,
            among=pictures.keys(),
            blank=blank_pictures(pictures) if self._settings.trusts_hashes else frozenset(),
            constraints={
                (_ASKED, record.picture): self._constraints[record.digest]
                for record, _ in found
                if record.digest in self._constraints
            },
            similarity={(_ASKED, record.picture): cosine for record, cosine in found},
        )

    def _probability(self, match: Match) -> float | None:
        tuned = self._settings.tuned
        if tuned is None:
            return None
        if match.relation == "exact":
            return 1.0
        measure = self._settings.measure
        value = match.score if tuned.quantity == "score" else measure.value_of(match.similarity)
        return None if value is None else float(tuned.probability(value))
