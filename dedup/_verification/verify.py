"""Verify candidate pairs: decode, extract features once an image, compare, in parallel."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from dedup._base.allocator import give_back
from dedup._base.arrays import SHORT_SIDE
from dedup._base.pairs import EXCHANGED, Pair, ordered
from dedup._base.threads import threads
from dedup._verification.closer_look import CloserLook, Look
from dedup._verification.comparing import Comparers
from dedup._verification.coverage.covering import Covering
from dedup._verification.coverage.layers import Layer, Standing, standings
from dedup._verification.coverage.measured import covered_pairs, known_standings, name_of_layers
from dedup._verification.evidence import Evidence
from dedup._verification.evidence_cache import Digests, EvidenceCache
from dedup._verification.feature_cache import FeatureCache
from dedup._verification.features import Features
from dedup._verification.frames import seen_in_all
from dedup._verification.inside import is_worth_a_look
from dedup._verification.pictures import Pictures, features_of
from dedup._verification.registration import Matrix
from dedup._verification.rerank import OverlapReranker
from dedup._verification.rereading import Rereading
from dedup._verification.second_reading import is_settled
from dedup.errors import DecodeError
from dedup.pipelines.models.methods import Method

__all__ = ["Verifier"]

# Pairs whose features are in memory at once. Pairs come cluster by cluster, so that the features
# of an image are seldom needed again after they were dropped.
_BLOCK = 256
# Blocks that wait while one is compared, so that no process does.
_AHEAD = 1


class Verifier:
    """Compares pictures of an index, and remembers what it saw.

    Parameters
    ----------
    pictures : Pictures
    features : FeatureCache, optional
        Features that are known from when the pictures were embedded.
    evidence_cache : EvidenceCache, optional
        What earlier runs saw, with the same reranker.
    reranker : Method, optional
        Of the network that scores pairs in doubt again.
    inside : mapping of (int, int) to int
        Pairs (a < b) of which one may lie inside the other: 1 for a in b, 2 for b in a, 3 for
        both. There the inner one is looked for where the ordinary alignment finds nothing.
    similarity, excess : mapping of (int, int) to float
        What is known of how pairs were proposed, see `Candidates`.

    Attributes
    ----------
    pictures : Pictures
        As given.
    comparers : Comparers
        Who compares; in a `with` block of theirs perhaps in processes.
    covering : Covering
        What the pictures of groups show of each other.
    advance : callable
        Is told how many more pairs were compared; 0 where one was read again.
    """

    def __init__(
        self,
        pictures: Pictures,
        *,
        features: FeatureCache | None = None,
        evidence_cache: EvidenceCache | None = None,
        reranker: Method | None = None,
        inside: Mapping[Pair, int] = MappingProxyType({}),
        similarity: Mapping[Pair, float] = MappingProxyType({}),
        excess: Mapping[Pair, float] = MappingProxyType({}),
    ) -> None:
        self.pictures = pictures
        self.comparers = Comparers()
        covered = None if evidence_cache is None else covered_pairs(evidence_cache.folder)
        self.covering = Covering(self, covered)
        self._rank = {picture: rank for rank, picture in enumerate(pictures.files)}
        self._cache = features or FeatureCache()
        self._evidence_cache = evidence_cache
        self._reranker = None if reranker is None else OverlapReranker(reranker, pictures)
        self._standings = None if evidence_cache is None else known_standings(evidence_cache.folder)
        self._inside = inside
        self._similarity = similarity
        self._excess = excess
        self._closer_look = CloserLook(pictures, self.comparers)
        self._looked_inside: set[Pair] = set()
        self._rereading = Rereading(pictures, self.comparers)
        self._evidence: dict[Pair, Evidence] = {}
        self._under_way: deque[_Batch] = deque()
        self._unreturned = 0  # pairs since memory was given back, which takes as long as some pairs
        self.advance: Callable[[int], object] = lambda _: None

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Start to compare pairs (a < b) that were not compared yet; `verify` waits for them."""
        under_way = set().union(*(batch.pairs for batch in self._under_way))
        new = [p for p in dict.fromkeys(pairs) if p not in self._evidence and p not in under_way]
        if new:
            self._under_way.append(self._begun(new))

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Compare pairs (a < b) that were not compared yet; `evidence` then knows them."""
        wanted = list(dict.fromkeys(pairs))
        for start in range(0, len(wanted), _BLOCK):
            self.begin(wanted[start : start + _BLOCK])
            while len(self._under_way) > _AHEAD:
                self._finish(self._under_way.popleft())
        while any(not batch.pairs.isdisjoint(wanted) for batch in self._under_way):
            self._finish(self._under_way.popleft())

    def read_again(self, pairs: Iterable[Pair], *, threshold: float) -> None:
        """Read pairs, of those that were compared, at full resolution if they have this score.

        What it finds does not depend on the threshold. Each pair is read once.
        """
        unsettled = {
            self.directed(pair): seen
            for pair in dict.fromkeys(pairs)
            if (seen := self._evidence.get(pair)) is not None
            and seen.score >= threshold
            and not is_settled(seen)
        }
        new: dict[Pair, Evidence] = {}
        for some in self._rereading.read(unsettled):
            new |= {ordered(*ends): seen for ends, seen in some.items()}
            self.advance(0)
        self._evidence |= new
        if self._evidence_cache is not None:
            digests = {pair: ends for pair in new if (ends := self._digests(pair)) is not None}
            self._evidence_cache.put(
                {ends: new[pair] for pair, ends in digests.items() if new[pair].read}
            )

    def _begun(self, pairs: list[Pair]) -> "_Batch":
        digests: dict[Pair, Digests] = {}
        if self._evidence_cache is not None:
            digests = {pair: ends for pair in pairs if (ends := self._digests(pair)) is not None}
            known = self._evidence_cache.get(digests.values())
            for pair, ends in digests.items():
                if ends in known:
                    self._evidence[pair] = known[ends]
                    self.advance(1)
        new = [pair for pair in pairs if pair not in self._evidence]
        features = self.features({picture for pair in new for picture in pair})
        readable = [pair for pair in new if not self.pictures.unreadable.keys() & set(pair)]
        results = self.comparers.compare([self.directed(pair) for pair in readable], features)
        return _Batch(set(pairs), readable, digests, results)

    def _finish(self, batch: "_Batch") -> None:
        """Take in what was seen in pairs, of which both pictures can be read."""
        waiting = iter(batch.readable)
        for evidence in batch.results:
            pairs = list(islice(waiting, len(evidence)))
            self._evidence.update(zip(pairs, map(self._in_all, pairs, evidence), strict=True))
            self.advance(len(evidence) - len(self._doubtful(pairs)))
        self._rerank(batch.readable)
        new = [pair for pair in batch.readable if pair in batch.digests and self._lasts(pair)]
        if self._evidence_cache is not None and new:
            self._evidence_cache.put({batch.digests[pair]: self._evidence[pair] for pair in new})
        self._look_inside(batch.pairs)
        self._unreturned += len(batch.readable)
        if self._unreturned >= _BLOCK:
            self._unreturned = 0
            give_back()

    def _look_inside(self, pairs: Iterable[Pair]) -> None:
        """Look closer at pages and for pictures inside others, where nothing else was found."""
        new = [pair for pair in sorted(pairs) if self._needs_closer_look(pair)]
        if not new:
            return
        self._looked_inside.update(new)
        digests = {pair: ends for pair in new if (ends := self._digests(pair)) is not None}
        known = {} if self._evidence_cache is None else self._evidence_cache.get(digests.values())
        seen = {pair: known[ends] for pair, ends in digests.items() if ends in known}
        left = [pair for pair in new if pair not in seen]
        features = self.features({picture for pair in left for picture in pair})
        looks = [
            Look(self.directed(pair), self._ways(pair), self._evidence[pair].drawn)
            for pair in left
            if features.keys() >= set(pair)
        ]
        found = self._closer_look.see(looks, features)
        seen |= {ordered(*ends): one for ends, one in found.items()}
        if self._evidence_cache is not None:
            self._evidence_cache.put(
                {digests[pair]: seen[pair] for pair in left if pair in digests and pair in seen}
            )
        self._evidence.update(
            (pair, one) for pair, one in seen.items() if one.score > self._evidence[pair].score
        )

    def _needs_closer_look(self, pair: Pair) -> bool:
        first = self._evidence.get(pair)
        if pair in self._looked_inside or first is None:
            return False
        if pair not in self._inside and not first.drawn:
            return False
        if pair in self._similarity:
            cosine, excess = self._similarity[pair], self._excess.get(pair, 0.0)
            if not is_worth_a_look(cosine, excess, drawn=first.drawn):
                return False
        records = [self.pictures.files[picture][0] for picture in pair]
        is_plain = all(record.frames == 1 and not record.alpha for record in records)
        # Where too little is seen of a small picture, more is seen closely.
        may_be_seen = pair in self._inside and first.relation == "uncertain" and not first.read
        return is_plain and (first.relation == "different" or may_be_seen)

    def _doubtful(self, pairs: Iterable[Pair]) -> list[Pair]:
        """The pairs that wait for a network's word."""
        if self._reranker is None:
            return []
        return [pair for pair in pairs if self._evidence[pair].is_doubtful]

    def _rerank(self, pairs: Iterable[Pair]) -> None:
        """Have the network score those pairs that the alignment leaves in doubt."""
        doubtful = {self.directed(pair): self._evidence[pair] for pair in self._doubtful(pairs)}
        if self._reranker is not None and doubtful:
            for reranked in self._reranker.rerank(doubtful):
                self._evidence.update((ordered(*ends), seen) for ends, seen in reranked.items())
                self.advance(len(reranked))

    def _in_all(self, pair: Pair, first: Evidence) -> Evidence:
        """What is seen in all frames of a pair, of which the first ones were compared."""
        a, b = ends = self.directed(pair)
        counts = self.frames(a), self.frames(b)
        frames = (self.pictures.frames(p, short_side=SHORT_SIDE) for p in ends)
        return seen_in_all(first, *(map(features_of, f) for f in frames), counts=counts)

    def _lasts(self, pair: Pair) -> bool:
        """Whether what was seen holds for later runs: not where files could not be looked at."""
        if self._doubtful([pair]):
            return False
        return self._evidence[pair].relation != "uncertain" or 1 in map(self.frames, pair)

    def frames(self, picture: int) -> int:
        """How many frames or pages a picture has."""
        return self.pictures.files[picture][0].frames

    def _digests(self, pair: Pair) -> Digests | None:
        """The files that are compared, if both are there as they were indexed."""
        a, b = (self.pictures.digest(picture) for picture in self.directed(pair))
        if a is None or b is None:
            return None
        return (f"{a} inside {self._ways(pair)}", b) if pair in self._looked_inside else (a, b)

    def _ways(self, pair: Pair) -> int:
        """Which of a pair may lie inside which, as it is compared."""
        ways = self._inside.get(pair, 0)
        return ways if self.directed(pair) == pair else EXCHANGED[ways]

    def directed(self, pair: Pair) -> Pair:
        """A pair as it is compared: from what would rather be kept to the other."""
        a, b = pair
        return pair if self._rank[a] < self._rank[b] else (b, a)

    def evidence(self, pair: Pair) -> Evidence | None:
        """What was seen from `directed(pair)`'s first to its second, for a pair (a < b).

        None if it was not compared, or can't be.
        """
        return self._evidence.get(pair)

    def features(self, pictures: set[int]) -> dict[int, Features]:
        """What is compared of some pictures, those left out that can't be read."""
        # By file: another with the same pixels may be decoded at another scale.
        files = {self.pictures.files[picture][0].id: picture for picture in pictures}
        found = {files[file]: known for file, known in self._cache.known(files).items()}
        missing = sorted(pictures - found.keys() - self.pictures.unreadable.keys())
        with threads("extract") as pool:
            extracted = zip(missing, pool.map(self._extract, missing), strict=True)
            new = {picture: features for picture, features in extracted if features is not None}
        for picture, features in new.items():
            self._cache.put(self.pictures.files[picture][0].id, features)
        return found | new

    def standings(self, laid: Sequence[tuple[int, Matrix, bool]]) -> dict[int, Standing]:
        """How pictures that lie over each other stand; without those that can't be read.

        Parameters
        ----------
        laid : sequence of (int, ndarray, bool)
            Pictures; where they lie, and whether they are framed, as of `Layer`.
        """
        digests = [self.pictures.digest(picture) for picture, _, _ in laid]
        kept = None if None in digests else self._standings
        name = name_of_layers((d, at, on) for d, (_, at, on) in zip(digests, laid, strict=True))
        known = [] if kept is None else kept.get([name]).get(name, [])
        if len(known) == len(laid):
            return dict(zip((picture for picture, _, _ in laid), known, strict=True))
        features = self.features({picture for picture, _, _ in laid})
        there = [one for one in laid if one[0] in features]
        found = standings([Layer(features[picture], at, on) for picture, at, on in there])
        if kept is not None and len(there) == len(laid):
            kept.put({name: found})
        return dict(zip((picture for picture, _, _ in there), found, strict=True))

    def _extract(self, picture: int) -> Features | None:
        decoded = self.pictures.read(picture, short_side=SHORT_SIDE)
        if isinstance(decoded, DecodeError):
            return None
        return features_of(decoded)


class _Batch(NamedTuple):
    """Pairs that are being compared."""

    pairs: Set[Pair]
    readable: list[Pair]
    digests: Mapping[Pair, Digests]
    results: Iterator[list[Evidence]]
