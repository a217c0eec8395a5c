"""What a search found at one threshold: what `Duplicates` shows, and can be asked."""

from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from dedup._base.pairs import Pair, ordered
from dedup._base.progress import Bar, bar
from dedup._base.timings import Timings
from dedup._catalogue.discover import Skipped
from dedup._catalogue.record import Record
from dedup._grouping.best import contest, settled
from dedup._grouping.containers import without_containers
from dedup._grouping.groups import Grouped, group, reunited
from dedup._grouping.keeper import Keeper
from dedup._grouping.links import Links
from dedup._search.candidates import Candidates
from dedup._search.rerank import Reranker
from dedup._search.settings import Settings
from dedup._search.threshold import Threshold
from dedup._search.two_sets import TwoSets
from dedup._verification.evidence import relation_of
from dedup._verification.verify import Verifier
from dedup.errors import InputError
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["Outcome", "Relation"]

Relation: TypeAlias = tuple[str, float | None]
"""How two files are related, and the score of that."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of a search; it depends on nothing that was asked before.

    Attributes
    ----------
    files : mapping of int to sequence of Record
        The files of each picture, the one to keep first.
    names : mapping of str to str
        How each file is shown, by path.
    left_out : sequence of Skipped
        Files that were not looked at.
    candidates : Candidates
        The pairs that were proposed.
    verifier : Verifier
    keeper : Keeper
    settings : Settings
    images : int
        How many the index holds.
    sets : TwoSets, optional
        Where two sets were compared.
    reranker : Reranker, optional
        What gives the cosines, if these decide and another network proposed.
    chosen : collection of str
        Names of files that a person would keep.
    embedded : int
        Images that were embedded.
    timings : Timings
    progress : Bar
        Is told what is under way.
    """

    files: Mapping[int, Sequence[Record]]
    names: Mapping[str, str]
    left_out: Sequence[Skipped]
    candidates: Candidates
    verifier: Verifier
    keeper: Keeper
    settings: Settings
    images: int
    sets: TwoSets | None = None
    reranker: Reranker | None = None
    chosen: Collection[str] = frozenset()
    embedded: int = 0
    timings: Timings = field(default_factory=Timings)
    progress: Bar = field(default_factory=lambda: bar(total=None, title="", shown=False))

    @cached_property
    def records(self) -> dict[str, Record]:
        """What the index holds of each file, by its name."""
        return {self.names[r.path]: r for files in self.files.values() for r in files}

    @cached_property
    def pictures(self) -> dict[str, int]:
        """The picture that each file shows, by its path."""
        return {r.path: picture for picture, records in self.files.items() for r in records}

    def name(self, picture: int) -> str:
        """The best file of a picture."""
        return self.names[self.files[picture][0].path]

    def source(self, record: Record) -> ImageSource:
        """What the decoder reads of a file."""
        return self.verifier.pictures.images.get(record.path, record.path)

    @cached_property
    def links(self) -> Links:
        """The links among what was proposed."""
        candidates = self.candidates
        decision = self.settings.decision(candidates, self.verifier)
        links = Links(decision, cannot_link=candidates.cannot_link, advance=self.progress.update)
        decision.verify(candidates.must_link)
        links.follow(candidates.must_link)
        pairs = candidates.ranked
        if not self.settings.verify:  # all are known
            pairs = [pair for pair in pairs if decision.is_link(pair)]
        self.progress.stage("verifying", total=len(pairs), unit=" pairs")
        links.follow(pairs)
        if self.settings.verify:
            links.follow(candidates.ranked_inside, anew=True)
            links.follow(links.of_copies(pairs), anew=True)
        return links

    @cached_property
    def grouped(self) -> Grouped:
        """The pictures of each group, one that resembles the others first."""
        clusters: dict[int, set[int]] = defaultdict(set)
        for pair in self.candidates.ranked:
            roots = {self.links.clusters.find(picture) for picture in pair}
            if len(roots) == 1:
                clusters[roots.pop()].update(pair)
        return group(
            map(sorted, clusters.values()),
            candidates=self.candidates.ranked,
            decision=self.links.decision,
            choose=self._choose,
            cannot_link=self.candidates.cannot_link,
            must_link=self.candidates.must_link,
        )

    def _choose(self, pictures: Sequence[int]) -> int:
        """The picture to keep: one that a person chose, if there is any."""
        chosen = [picture for picture in pictures if self.name(picture) in self.chosen]
        if not chosen and self.settings.verify:
            pictures = without_containers(pictures, decision=self.links.decision)
        return self.keeper.choose(chosen or pictures, self.files)

    @property
    def settled(self) -> list[list[int]]:
        """The groups, once it is known which of their pictures shows most: that one first."""
        return self.regrouped.groups

    @cached_property
    def regrouped(self) -> Grouped:
        """The pictures of each group, the one to keep first."""
        groups = self.grouped.groups
        if not self.settings.verify or self.settings.keep != "best":
            return self.grouped
        decision = self.links.decision
        self.verifier.covering.recall(filter(decision.is_link, decision.asked()))
        several = [
            members
            for members in groups
            if len(members) > 1 and self.name(members[0]) not in self.chosen
        ]
        begun = [
            contest(members, decision=decision, verifier=self.verifier, files=self.files)
            for members in self.progress.over(several, title="laying", unit=" groups")
        ]
        # Side by side, of all groups at once; what else is needed depends on what these show.
        pairs = [pair for one in begun for pair in one.pairs]
        decision.verify(pairs)
        self._measure(pairs)
        best = {
            one.group[0]: settled(one, decision=decision, verifier=self.verifier, files=self.files)
            for one in self.progress.over(begun, title="choosing", unit=" groups")
        }
        groups = [best.get(members[0], members) for members in groups]
        return reunited(groups, decision=decision, cannot_link=self.candidates.cannot_link)

    @cached_property
    def group_of(self) -> dict[int, list[int]]:
        """The pictures of the group of each, the one to keep first."""
        return {picture: members for members in self.settled for picture in members}

    @cached_property
    def accepted(self) -> list[Pair]:
        """Pairs of pictures that are accepted, or show one scene, or one layout."""
        self.settled  # noqa: B018  verifies the pairs of each group
        decision = self.links.decision
        return [
            pair for pair in decision.asked() if decision.is_link(pair) or self._resembles(pair)
        ]

    def _resembles(self, pair: Pair) -> bool:
        """Whether a pair is no duplicate, but shows one scene, or one layout."""
        seen = self.verifier.evidence(pair) if self.settings.verify else None
        if seen is None or seen.relation not in ("scene", "lookalike"):
            return False
        return seen.score >= self.settings.value

    @cached_property
    def similarity(self) -> Mapping[Pair, float]:
        """Cosines of the pairs that are reported."""
        if self.reranker is not None:
            return self.reranker.similarity(self.accepted)
        return ChainMap(self.candidates.compare(self.accepted), self.candidates.similarity)

    def copies(self, files: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
        """Pairs of files that show one picture to the pixel."""
        if self.sets is None:
            yield from ((files[0], copy) for copy in files[1:])
        else:
            for pair in self.sets.across(files, files):
                a, b = sorted(pair, key=files.index)
                yield a, b

    def relation(self, keep: Record, other: Record) -> Relation | None:
        """How two files are related; None if the one was not verified against the other."""
        a, b = (self.pictures[record.path] for record in (keep, other))
        if a == b:
            return "exact", 1.0
        pair = ordered(a, b)
        decision = self.settings.decision(self.candidates, self.verifier)
        decision.verify([pair])
        if not decision.is_link(pair):
            return None
        seen = self.verifier.evidence(pair) if self.settings.verify else None
        marked = self.candidates.constraints.get(pair, False)
        if seen is None:
            if min(keep.frames, other.frames) > 1 and not marked:
                return None  # embeddings are of the first frames
            return "near", self.candidates.similarity.get(pair)
        return ("near" if marked else relation_of(seen, accepted=True)), seen.score

    @cached_property
    def with_keepers(self) -> set[Pair]:
        """The accepted pairs of each group's keeper."""
        pairs = (ordered(keep, other) for keep, *others in self.settled for other in others)
        return set(self._measure(pairs))

    def _measure(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Measure what accepted pairs of pictures show of each other; returns which these are."""
        linked = list(filter(self.links.decision.is_link, pairs))
        if self.settings.verify and linked:
            self.progress.stage("measuring", total=len(linked), unit=" pairs")
            self.verifier.covering.measure(linked, advance=self.progress.update)
        return linked

    def at(self, threshold: float | Threshold) -> "Outcome":
        """What a fresh search at another threshold would give; see `Duplicates.at`.

        Raises
        ------
        InputError
        """
        settings = replace(self.settings, threshold=threshold)
        if not settings.verify and settings.reach < self.candidates.floor:
            least = self.candidates.floor + settings.cut - settings.reach
            kept = settings.measure.value_of(least)
            raise InputError(
                f"threshold={settings.value:g}: this search looked at pairs as far as "
                f"{settings.measure.text(kept)}; search again with candidates={settings.value:g}"
            )
        found = replace(self, settings=settings)
        candidates = self.candidates.down_to(settings.floor(images=self.images))
        if candidates is not self.candidates:
            keeper = Keeper(settings.keep, similarity=candidates.similarity)
            candidates.choose = lambda pictures: keeper.choose(pictures, self.files)
            found = replace(found, candidates=candidates, keeper=keeper)
        found.links  # noqa: B018  verified now, from the files as they are
        return found

    def constrained(self, constraints: Mapping[Pair, bool]) -> "Outcome":
        """The same with what a person said of some pairs."""
        before = {
            pair: same
            for pair, same in self.candidates.constraints.items()
            if pair not in constraints
        }
        return replace(
            self, candidates=replace(self.candidates, constraints={**before, **constraints})
        )

    def with_chosen(self, chosen: Collection[str]) -> "Outcome":
        """The same where a person would rather keep these files, by their names."""
        files = {
            picture: sorted(records, key=lambda record: self.names[record.path] not in chosen)
            for picture, records in self.files.items()
        }
        return replace(self, files=files, chosen=chosen)
