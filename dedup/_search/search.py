"""The search for duplicates among files of an index: propose, decide, group."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dedup._base.allocator import give_back
from dedup._base.arrays import Vectors
from dedup._base.pairs import Pair
from dedup._base.progress import Bar, bar
from dedup._base.timings import Timings
from dedup._catalogue.added import Added
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.record import Record
from dedup._catalogue.vector_cache import VectorCache
from dedup._catalogue.verdicts import Verdicts
from dedup._grouping.keeper import Keeper
from dedup._join.self_join import Pairs, self_join
from dedup._search.blank import blank_pictures
from dedup._search.cached_join import cached_join
from dedup._search.candidates import Candidates, cosines_of
from dedup._search.depth import Depth
from dedup._search.outcome import Outcome
from dedup._search.rerank import Reranker, reranker_of
from dedup._search.rows import Rows
from dedup._search.settings import Settings
from dedup._search.two_sets import TwoSets
from dedup._verification.evidence_cache import EvidenceCache
from dedup._verification.feature_cache import FeatureCache
from dedup._verification.pictures import Pictures
from dedup._verification.verify import Verifier
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["Search"]

# So many neighbours are looked for of each picture, and more of some only, see `Depth`. Among 64
# it is seen which picture of a group is most like all the others, so that a star around that one
# needs no more.
_ALL_TO = 64
# New pictures from which so many pairs are compared, as a rule, that processes are worth while.
_MANY_NEW = 500


@dataclass(frozen=True, slots=True)
class Search:
    """A search for duplicates.

    Attributes
    ----------
    catalogue : Catalogue
    verdicts : Verdicts
        What people said of pairs.
    settings : Settings
    progress : bool
        Show a progress bar where a person can see it.
    timings : Timings
        Where the time goes.
    evidence_cache : EvidenceCache, optional
        What earlier runs saw of pairs.
    known : VectorCache, optional
        What earlier runs embedded to rank pairs again.
    keeps : bool
        Keep what is proposed in the index.
    proposed : sequence of Pairs, optional
        What was proposed elsewhere: nothing is joined.
    """

    catalogue: Catalogue
    verdicts: Verdicts
    settings: Settings
    progress: bool
    timings: Timings = field(default_factory=Timings)
    evidence_cache: EvidenceCache | None = None
    known: VectorCache | None = None
    keeps: bool = False
    proposed: Sequence[Pairs] | None = None

    def among(
        self,
        names: Mapping[str, str],
        *,
        added: Added | None = None,
        sets: TwoSets | None = None,
        features: FeatureCache | None = None,
    ) -> Outcome:
        """The duplicates among some files.

        Parameters
        ----------
        names : mapping of str to str
            How each file is shown, by path.
        added : Added, optional
            What was done to bring them in.
        sets : TwoSets, optional
            Look for pairs across these only.
        features : FeatureCache, optional
            What is known of the pictures from when they were brought in.
        """
        added = added or Added()
        similarity: dict[Pair, float] = {}
        keeper = Keeper(self.settings.keep, similarity=similarity)
        files = keeper.files(self.catalogue.records[path] for path in names)
        candidates = self._candidates(files, keeper, sets=sets, similarity=similarity)
        images = {file.path: file.image for file in added.files if file.image is not None}
        pictures = Pictures(files, images=images)
        verifier = self._verifier(pictures, candidates, features)
        reranker = self._reranker(pictures)
        with self._shown(verifier, reranker) as progress, verifier.comparers:
            if self.settings.verify and added.embedded >= _MANY_NEW:
                verifier.comparers.expect_many()
            rows = Rows([records[0].picture for records in files.values()])
            self._propose(candidates, rows, reranker, progress.update)
            give_back()
            found = Outcome(
                files=files,
                names=names,
                left_out=added.skipped,
                candidates=candidates,
                verifier=verifier,
                keeper=keeper,
                images=len(self.catalogue),
                settings=self.settings,
                sets=sets,
                reranker=reranker,
                embedded=added.embedded,
                timings=self.timings,
                progress=progress,
            )
            with self.timings.stage("verify"):
                found.links  # noqa: B018  now, while the progress is shown
            with self.timings.stage("group"):
                found.with_keepers, found.similarity  # noqa: B018  likewise
        self.timings.compared = verifier.comparers.compared
        return found

    def _candidates(
        self,
        files: Mapping[int, Sequence[Record]],
        keeper: Keeper,
        *,
        sets: TwoSets | None,
        similarity: dict[Pair, float],
    ) -> Candidates:
        """What is known of the pairs before any is proposed."""
        firsts = {picture: records[0] for picture, records in files.items()}
        return Candidates(
            self.settings.floor(images=len(self.catalogue)),
            among=files.keys(),
            choose=lambda pictures: keeper.choose(pictures, files),
            blank=blank_pictures(firsts) if self.settings.trusts_hashes else frozenset(),
            constraints=self.verdicts.of_pairs(files),
            sets=sets.of_pictures(files) if sets else {},
            similarity=similarity,
        )

    def _verifier(
        self, pictures: Pictures, candidates: Candidates, features: FeatureCache | None
    ) -> Verifier:
        return Verifier(
            pictures,
            features=features,
            evidence_cache=self.evidence_cache,
            reranker=self.settings.model.reranker,
            inside=candidates.inside,
            similarity=candidates.similarity,
            excess=candidates.excess,
        )

    @contextmanager
    def _shown(self, verifier: Verifier, reranker: Reranker | None) -> Iterator[Bar]:
        """Show how far the search is, and what it is at."""
        with bar(total=None, title="proposing", unit=" pairs", shown=self.progress) as progress:
            verifier.advance = lambda _: progress.note(f"{verifier.comparers.compared:,} compared")
            if reranker is not None:
                reranker.advance = lambda _: progress.note("reranking")
            yield progress

    def _reranker(self, pictures: Pictures) -> Reranker | None:
        """What gives the cosines, if these decide and another network proposes."""
        method = reranker_of(self.settings.model)
        if method is None or self.settings.verify:
            return None
        return Reranker(method, pictures, known=self.known, timings=self.timings)

    def _propose(
        self,
        candidates: Candidates,
        rows: Rows,
        reranker: Reranker | None,
        advance: Callable[[int], object],
    ) -> None:
        """Take in what the embedding proposes, perhaps ranked again."""
        depth = Depth(self.settings.usual_floor(images=len(self.catalogue)), all_to=_ALL_TO)
        if reranker is not None:
            candidates.proposed = {}

        def deeper(full: list[Any], limit: int) -> list[Any]:
            if candidates.sets and not self.settings.verify:
                return full  # vectors of one set alone compare nothing
            return rows.ids(depth.worth(rows.pictures(full), limit))

        with self.timings.stage("propose"):
            for pairs in self._join(candidates, deeper, rows):
                if pairs.shallow and not self.settings.verify:
                    candidates.vectors = self._vectors(rows.pictures(pairs.shallow), rows, reranker)
                found = candidates.counted(rows.renamed(pairs))
                if found.ways is None:
                    depth.add(found)
                if reranker is not None and candidates.proposed is not None:
                    candidates.proposed |= cosines_of(found)
                candidates.add(found if reranker is None else reranker.rescored(found))
                advance(len(found.a))

    def _views(self) -> list[ViewTable]:
        """The views by which pictures are found inside others, where that can be verified."""
        views = self.catalogue.views
        if not views or not self.settings.verify:
            return []
        pictures = sum(not record.copy_of for record in self.catalogue.records.values())
        missing = pictures - len(views[0])  # all have this one
        if missing > 0:
            warnings.warn(
                f"{missing:,} pictures were added without regions, and are not looked for inside "
                "others; to have them: index.remove(paths), then index.add(paths)",
                stacklevel=1,
            )
        return views

    def _vectors(
        self, pictures: list[int], rows: Rows, reranker: Reranker | None
    ) -> dict[int, Vectors]:
        if reranker is not None:
            return reranker.vectors(pictures)
        vectors = self.catalogue.collection.vectors(rows.ids(pictures))
        return dict(zip(pictures, vectors, strict=True))

    def _join(
        self, candidates: Candidates, deeper: Callable[[list[Any], int], list[Any]], rows: Rows
    ) -> Iterator[Pairs]:
        """Proposals; between two sets, what the smaller one is searched for is all there is."""
        if self.proposed is not None:
            return iter(self.proposed)
        searched = None
        if candidates.sets:
            sets = candidates.sets.items()
            one, other = (sorted(p for p, which in sets if which & s) for s in (1, 2))
            searched = rows.ids(one if len(one) <= len(other) else other)
        how: dict[str, Any] = {
            "threshold": candidates.floor,
            "deeper": deeper,
            "all_to": _ALL_TO,
            "hashed": bool(self.settings.measure.bits),
            "views": self._views(),
        }
        if searched is None and self.keeps:
            return cached_join(self.catalogue, **how)
        return self_join(self.catalogue.collection, searched=searched, **how)
