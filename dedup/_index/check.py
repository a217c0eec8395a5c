"""One image against an index: new, or which image of the index it repeats."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from dedup import pipelines
from dedup._base.arrays import Vectors
from dedup._base.pairs import EXCHANGED
from dedup._catalogue.digests import file_digest
from dedup._catalogue.record import FIELDS, Record
from dedup._catalogue.shown import shown
from dedup._catalogue.vector_cache import VectorCache
from dedup._catalogue.verdicts import Verdicts
from dedup._index.trial import Asked, Hit, Match, Trial
from dedup._join.inside import MARGINS, searches_inner
from dedup._join.self_join import DISTINCT
from dedup._search.settings import Settings
from dedup.pipelines.images.decoding import ImageSource, decode, pixel_digest
from dedup.pipelines.models.methods import Method
from dedup.pipelines.store.collection import MAX_HITS, Collection
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["Check", "Checker"]

_DEPTHS = (16, 128, 1_024, MAX_HITS)


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
    unread : dict of str to str
        Images of the index that resemble it, but could not be compared: why, by path. Files that
        are gone are forgotten by `ImageIndex.remove` and `ImageIndex.prune`.
    """

    relation: str
    matches: list[Match]
    lookalikes: list[Match] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """What Milvus answers of an image, before anything is compared.

    Attributes
    ----------
    verdicts : dict of str to bool
        What was said of it and others, by their digests.
    files : list of Record
        Those that are the image, or said to be.
    nearest : list of Hit
        The pictures that are near it as a whole.
    around : list of lists of Hit
        The pictures that are near each view of it.
    within : list of dict of int to float
        The pictures of which each view is near it: cosines by id.
    """

    verdicts: dict[str, bool]
    files: list[Record]
    nearest: list[Hit]
    around: list[list[Hit]]
    within: list[dict[int, float]]


class Checker:
    """Asks an index about single images; it reads no more of it than it needs.

    Parameters
    ----------
    collection : Collection
    model : Method
    verdicts : Verdicts
    views : sequence of ViewTable
        Other views of the pictures, where they are looked for inside others.
    known : VectorCache, optional
        What was embedded before to rank pairs again.
    """

    def __init__(
        self,
        collection: Collection,
        *,
        model: Method,
        verdicts: Verdicts,
        views: Sequence[ViewTable] = (),
        known: VectorCache | None = None,
    ) -> None:
        self._collection = collection
        self._views = views
        self._model = model
        self._verdicts = verdicts
        self._known = known

    @cached_property
    def _embed(self) -> Any:
        return pipelines.embed(method=self._model)

    @cached_property
    def _embed_views(self) -> list[Any]:
        views = self._model.views if self._views else ()
        return [pipelines.embed(method=view) for view in views]

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
            **shown(replace(decoded, image=small.image, alpha=small.alpha)),
        )
        vector = pipelines.call(self._embed, small.image).get()[0]
        views = (pipelines.call(embed, small.image).get()[0] for embed in self._embed_views)
        return Asked(record, source, vector, tuple(views))

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
        known = self._known_of(asked, floor=floor, inside=settings.verify)
        trial = Trial(
            asked,
            known.verdicts,
            settings=settings,
            floor=floor,
            images=images,
            copies_of=self._copies_of,
            known=self._known,
        )
        rounds = self._nearest(asked.vector, known.nearest, floor=floor)
        first = next(rounds)
        files = known.files
        if any(record.digest == asked.record.digest for record, _ in first):
            files = [record for record in files if record.digest != asked.record.digest]
        ways, around = self._inside(known, floor=floor)
        whole = {record.picture for record, _ in first}
        around = [seen for seen in around if seen[0].picture not in whole]
        first = sorted([*first, *around], key=lambda seen: -seen[1])
        for found in chain([[*self._similar(files, asked.vector), *first]], rounds):
            trial.look_at(found, inside=ways)
            if trial.is_over(found):
                break
        matches = sorted(
            trial.matches, key=lambda m: (m.relation != "exact", -m.similarity, m.path)
        )
        relation = matches[0].relation if matches else "new"
        return Check(relation, matches, trial.lookalikes, trial.unread)

    def _known_of(self, asked: Asked, *, floor: float, inside: bool) -> _Known:
        """Ask for all at once: a server answers five questions in the time of the longest."""
        tables = self._views if inside else ()
        with ThreadPoolExecutor(1 + len(tables), thread_name_prefix="dedup-check") as calls:
            said = calls.submit(self._said, asked.record.digest)
            within = [
                calls.submit(_near_view, table, asked.vector, least=floor + MARGINS[table.view])
                for table in tables
            ]
            nearest, *around = self._whole([asked.vector, *(asked.views if inside else ())])
            verdicts, files = said.result()
            return _Known(verdicts, files, nearest, around, [near.result() for near in within])

    def _said(self, digest: str) -> tuple[dict[str, bool], list[Record]]:
        """Verdicts on an image, by other digests; and the files that are it, or said to be."""
        verdicts = self._verdicts.of_image([digest])
        same = {digest, *(other for other, is_same in verdicts.items() if is_same)}
        these = ", ".join(f'"{digest}"' for digest in sorted(same))
        rows = self._collection.read(f"digest in [{these}]", fields=FIELDS)
        return verdicts, list(map(Record.from_row, rows))

    def _copies_of(self, pictures: Sequence[int]) -> list[Record]:
        """All files that show these pictures to the pixel."""
        these = list(pictures)
        rows = self._collection.read(f"id in {these} or copy_of in {these}", fields=FIELDS)
        return list(map(Record.from_row, rows))

    def _similar(self, files: Sequence[Record], vector: Vectors) -> list[Hit]:
        """A record a picture with its similarity, wherever its vector is."""
        records = {record.picture: record for record in files}
        if not records:
            return []
        cosines = (self._collection.vectors(list(records)) @ vector).tolist()
        return list(zip(records.values(), cosines, strict=True))

    def _inside(self, known: _Known, *, floor: float) -> tuple[dict[int, int], list[Hit]]:
        """What the image may lie inside of (1), and what inside of it (2), with similarities."""
        ids = sorted({key for near in known.within for key in near})
        rows = self._collection.read(f"id in {ids}", fields=FIELDS) if ids else []
        records = {record.id: record for record in map(Record.from_row, rows) if not record.copy_of}
        ways: dict[int, int] = {}
        seen: list[Hit] = []
        # Nothing is known of views if nobody asked.
        for table, around, near in zip(self._views, known.around, known.within, strict=False):
            least = floor + MARGINS[table.view]
            way = 1 if searches_inner(table.view) else 2
            within = [(records[key], cosine) for key, cosine in near.items() if key in records]
            for hits, this in ((around, way), (within, EXCHANGED[way])):
                for record, cosine in hits:
                    if cosine >= least:
                        ways[record.id] = ways.get(record.id, 0) | this
                        seen.append((record, cosine))
        best = {record.id: (record, cosine) for record, cosine in sorted(seen, key=lambda s: s[1])}
        return ways, list(best.values())

    def _whole(self, vectors: Sequence[Vectors], limit: int = _DEPTHS[0]) -> list[list[Hit]]:
        """The pictures that are near each vector as a whole, in one call; none of a zero vector."""
        asked = [vector for vector in vectors if vector.any()]
        if not asked:
            return [[] for _ in vectors]
        found = self._collection.hits(np.stack(asked), limit=limit, where=DISTINCT, fields=FIELDS)
        return [
            [(Record.from_row(hit), hit["score"]) for hit in next(found)] if vector.any() else []
            for vector in vectors
        ]

    def _nearest(self, vector: Vectors, first: list[Hit], *, floor: float) -> Iterator[list[Hit]]:
        """The nearest pictures, best first, as deep as they pass; `first` are those of a look."""
        before, hits = 0, first
        for limit, deeper in pairwise((*_DEPTHS, 0)):
            passing = [hit for hit in hits if hit[1] >= floor]
            yield passing[before:]
            if len(passing) < limit or not deeper:
                return
            before = len(passing)
            (hits,) = self._whole([vector], deeper)


def _near_view(table: ViewTable, vector: Vectors, *, least: float) -> dict[int, float]:
    """The pictures of which a view is near, from a cosine on, by their ids."""
    ((ids, scores),) = table.search(vector[np.newaxis], limit=_DEPTHS[0])
    found = zip(ids.tolist(), scores.tolist(), strict=True)
    return {key: score for key, score in found if score >= least}
