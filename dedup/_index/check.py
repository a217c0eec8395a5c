"""One image against an index: new, or which image of the index it repeats."""

from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from dedup._base.arrays import Vectors
from dedup._base.pairs import Pair
from dedup._catalogue.catalogue import picture_of
from dedup._catalogue.exact_copies import PictureBook, thumbnail
from dedup._catalogue.ingest import file_digest
from dedup._catalogue.record import FIELDS, Record
from dedup._catalogue.verdicts import Verdicts
from dedup._join.self_join import DISTINCT
from dedup._search.blank import blank_pictures
from dedup._search.candidates import Candidates
from dedup._search.rerank import KnownVectors, SecondLook
from dedup._search.settings import Settings
from dedup._verification.evidence import Evidence
from dedup._verification.pictures import Pictures
from dedup._verification.verify import Verifier
from dedup.pipelines import call, embed
from dedup.pipelines.images.decoding import ImageSource, decode, pixel_digest
from dedup.pipelines.models.methods import Method
from dedup.pipelines.store.collection import MAX_HITS, Collection

__all__ = ["Asked", "Check", "Checker", "Match"]

_DEPTHS = (16, 128, 1_024, MAX_HITS)
# Images that are compared before one that resembles nothing is called new, and at most.
_PATIENCE = 10
_MOST_COMPARED = 16
_AT_ONCE = 4
# The same pixels, decoded in full or at reduced size, are at least this similar.
_SAME_PIXELS = 0.9
_ASKED = 0  # stands for the image; no record has this id

_Seen: TypeAlias = tuple[Record, float]


@dataclass(frozen=True, slots=True)
class Match:
    """An image of the index that a checked image repeats.

    Attributes
    ----------
    path : str
        The image of the index.
    similarity : float
        Cosine of the two embeddings; of two hashes, 1 - bits / 32.
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
class Check:
    """What an index says of one image.

    Attributes
    ----------
    relation : {"new", "exact", "near"}
        Of the best match; "new" if there is none.
    matches : list of Match
        The best first.
    lookalikes : list of Match
        Images of the same layout with other content, such as one form filled in twice, that were
        met on the way; no matches.
    """

    relation: str
    matches: list[Match]
    lookalikes: list[Match] = field(default_factory=list)


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
    """

    record: Record
    source: ImageSource
    vector: Vectors


class Checker:
    """Asks an index about single images; it reads no more of it than it needs.

    Parameters
    ----------
    collection : Collection
    model : Method
    verdicts : Verdicts
    known : KnownVectors, optional
        What was embedded before for a second look.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        model: Method,
        verdicts: Verdicts,
        known: KnownVectors | None = None,
    ) -> None:
        self._collection = collection
        self._model = model
        self._verdicts = verdicts
        self._known = known

    @cached_property
    def _embed(self) -> Any:
        return embed(method=self._model)

    def read(self, image: ImageSource, *, digest: str = "") -> Asked:
        """Decode and embed an image; its digest is taken if it is not given.

        Raises
        ------
        DecodeError
            If it can't be read.
        StoreUnavailable
            In a process that was forked off after the index was opened.
        """
        self._collection.connection.require_own()
        decoded = decode(image)
        is_plain = (decoded.frames, decoded.depth) == (1, 8) and decoded.alpha is None
        source = decoded.image if is_plain else image
        small = decode(source, short_side=self._model.short_side)
        if not digest:
            if isinstance(image, str | Path | bytes):
                digest = file_digest(image)
            else:
                digest = pixel_digest(source)
        record = Record(
            path="<an image>",
            size=0,
            mtime_ns=0,
            digest=digest,
            format=decoded.format,
            width=decoded.width,
            height=decoded.height,
            thumbnail=thumbnail(small.image).tobytes(),
            frames=decoded.frames,
            depth=decoded.depth,
            alpha=small.is_transparent,
        )
        return Asked(record, source, call(self._embed, small.image).get()[0])

    def check(
        self,
        asked: Asked,
        *,
        settings: Settings,
        floor: float,
        images: Mapping[str, ImageSource] = MappingProxyType({}),
    ) -> Check:
        """What the index says of an image.

        Parameters
        ----------
        asked : Asked
        settings : Settings
        floor : float
            Least similarity of what is looked at.
        images : mapping of str to image
            Images of the index that are in memory, by path.
        """
        told = self._verdicts.of_image([asked.record.digest])
        trial = _Trial(
            asked, told, settings=settings, floor=floor, images=images, known=self._known
        )
        wanted = {digest for digest, same in told.items() if same}
        rounds = self._nearest(asked.vector, floor=floor)
        first = next(rounds)
        if not any(record.digest == asked.record.digest for record, _ in first):
            wanted.add(asked.record.digest)
        for found in chain([[*self._files(wanted, asked.vector), *first]], rounds):
            trial.look_at(found)
            if trial.is_over(found):
                break
        matches = sorted(
            trial.matches, key=lambda m: (m.relation != "exact", -m.similarity, m.path)
        )
        return Check(matches[0].relation if matches else "new", matches, trial.lookalikes)

    def _files(self, digests: Several[str], vector: Vectors) -> list[_Seen]:
        """Files by their digests, wherever their vectors are, with their similarities."""
        if not digests:
            return []
        these = ", ".join(f'"{digest}"' for digest in sorted(digests))
        rows = self._collection.read(f"digest in [{these}]", fields=FIELDS)
        records = {record.picture: record for record in map(Record.from_row, rows)}
        if not records:
            return []
        cosines = (self._collection.vectors(list(records)) @ vector).tolist()
        return list(zip(records.values(), cosines, strict=True))

    def _nearest(self, vector: Vectors, *, floor: float) -> Iterator[list[_Seen]]:
        """The nearest pictures, best first, as deep as they pass."""
        before = 0
        for limit in _DEPTHS:
            (hits,) = self._collection.hits(
                vector[np.newaxis], limit=limit, where=DISTINCT, fields=FIELDS
            )
            passing = [hit for hit in hits if hit["score"] >= floor]
            yield [(Record.from_row(hit), hit["score"]) for hit in passing[before:]]
            if len(passing) < limit:
                return
            before = len(passing)


class _Trial:
    """The comparison of one image with more and more pictures of an index."""

    def __init__(
        self,
        asked: Asked,
        told: Mapping[str, bool],
        *,
        settings: Settings,
        floor: float,
        images: Mapping[str, ImageSource],
        known: KnownVectors | None,
    ) -> None:
        self.matches: list[Match] = []
        self.lookalikes: list[Match] = []
        self._asked = asked
        self._told = told
        self._settings = settings
        self._floor = floor
        self._files: dict[int, list[Record]] = {_ASKED: [asked.record]}
        self._pictures = Pictures(self._files, images={**images, asked.record.path: asked.source})
        second = settings.model.second
        self._second = None if second is None else SecondLook(second, self._pictures, known=known)
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

    def look_at(self, found: Sequence[_Seen]) -> None:
        """Compare it with pictures, the most similar first."""
        new: dict[int, _Seen] = {}
        for record, cosine in found:
            if record.picture not in self._seen:
                new.setdefault(record.picture, (record, cosine))
        self._seen.update(new)
        found = list(new.values())
        known = {picture: record for picture, (record, _) in new.items()}
        exact = self._exact(known)
        self._files |= {picture: [record] for picture, record in known.items()}
        verifier = Verifier(self._pictures)
        candidates = self._candidates(found)
        if self._second is not None and not self._settings.verify:
            others = [(_ASKED, picture) for picture in known if picture != exact]
            seen = self._second.similarity(others)
            candidates.similarity |= {pair: seen.get(pair, -1.0) for pair in others}
        decision = self._settings.decision(candidates, verifier)
        self._has_exact |= exact is not None and candidates.may_pair((_ASKED, exact))
        for start in range(0, len(found), _AT_ONCE):
            pairs = [(_ASKED, record.picture) for record, _ in found[start : start + _AT_ONCE]]
            pairs = [pair for pair in pairs if self._is_worth(pair, candidates, exact)]
            decision.verify(pair for pair in pairs if pair[1] != exact)
            self._compared += len(pairs)
            for pair in pairs:
                is_exact = pair[1] == exact
                if is_exact or decision.is_link(pair):
                    score = 1.0 if is_exact else _score(verifier.evidence(pair))
                    relation = "exact" if is_exact else "near"
                    similarity = candidates.similarity[pair]
                    if self._second is not None and not is_exact:
                        similarity = self._second.similarity([pair]).get(pair, similarity)
                    self._accept(Match(known[pair[1]].path, similarity, relation, score))
                else:
                    self._failures += 1
                    alike = verifier.evidence(pair) if decision.keeps_apart(pair) else None
                    if alike is not None:
                        similarity = candidates.similarity[pair]
                        path = known[pair[1]].path
                        self.lookalikes.append(Match(path, similarity, "lookalike", alike.score))

    def is_over(self, found: Sequence[_Seen]) -> bool:
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
        needed = pair[1] == exact or pair in candidates.told or not self._settings.verify
        return needed or not self._is_done

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

    def _candidates(self, found: Sequence[_Seen]) -> Candidates:
        pictures = {_ASKED: self._asked.record} | {r.picture: r for r, _ in found}
        return Candidates(
            self._floor,
            among=pictures.keys(),
            blank=blank_pictures(pictures) if self._settings.trusts_hashes else frozenset(),
            told={
                (_ASKED, record.picture): self._told[record.digest]
                for record, _ in found
                if record.digest in self._told
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


def _score(evidence: Evidence | None) -> float | None:
    return None if evidence is None else evidence.score
