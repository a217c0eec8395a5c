"""Verify candidate pairs: decode, extract features once an image, compare, in parallel."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import TypeAlias

from threadpoolctl import ThreadpoolController

from dedup._indexing.records import Record
from dedup._threads import threads
from dedup._verification.align import Features, compare, extract
from dedup._verification.evidence import Evidence
from dedup._verification.features import FeatureCache
from dedup._verification.seen import Digests, SeenPairs
from dedup.pipelines.decoding import SHORT_SIDE, ImageSource, decode
from dedup.pipelines.errors import DecodeError

__all__ = ["Pair", "Verifier", "ordered"]

Pair: TypeAlias = tuple[int, int]

# Pairs whose features are in memory at once. Pairs come cluster by cluster, so that the features
# of an image are seldom needed again after they were dropped.
_BLOCK = 256


class Verifier:
    """Compares pictures of an index, and remembers what it saw.

    Parameters
    ----------
    files : mapping of int to sequence of Record
        The files that show each picture to the pixel; the first that can be read is compared.
        What would rather be kept comes first.
    images : mapping of str to image
        Images in memory, by path.
    features : FeatureCache, optional
        Features that are known from when the pictures were embedded.
    seen : SeenPairs, optional
        What earlier runs saw.

    Attributes
    ----------
    images : mapping of str to image
        As given.
    unreadable : dict of int to str
        Pictures whose files vanished, changed or no longer decode, with the reason.
    advance : callable
        Is told how many more pairs were compared.
    """

    def __init__(
        self,
        files: Mapping[int, Sequence[Record]],
        *,
        images: Mapping[str, ImageSource],
        features: FeatureCache | None = None,
        seen: SeenPairs | None = None,
    ) -> None:
        self._files = files
        self._rank = {picture: rank for rank, picture in enumerate(files)}
        self.images = images
        self._cache = features or FeatureCache()
        self._seen = seen
        self._digest_of: dict[int, str | None] = {}
        self._evidence: dict[Pair, Evidence] = {}
        self.unreadable: dict[int, str] = {}
        self.advance: Callable[[int], object] = lambda _: None

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Compare pairs (a < b) that were not compared yet; `evidence` then knows them."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._evidence]
        if not new:
            return
        with threads("verify") as pool:
            for start in range(0, len(new), _BLOCK):
                self._verify(new[start : start + _BLOCK], pool)

    def _verify(self, pairs: list[Pair], pool: ThreadPoolExecutor) -> None:
        if self._seen is None:
            self._compare(pairs, pool)
            return
        digests = {pair: ends for pair in pairs if (ends := self._digests(pair)) is not None}
        known = self._seen.get(digests.values())
        for pair, ends in digests.items():
            if ends in known:
                self._evidence[pair] = known[ends]
                self.advance(1)
        new = self._compare([pair for pair in pairs if pair not in self._evidence], pool)
        self._seen.put({digests[pair]: self._evidence[pair] for pair in new if pair in digests})

    def _compare(self, pairs: list[Pair], pool: ThreadPoolExecutor) -> list[Pair]:
        """Compare pairs; returns those of which both pictures can be read."""
        features = self._features({picture for pair in pairs for picture in pair}, pool)
        readable = [pair for pair in pairs if not self.unreadable.keys() & set(pair)]
        both = ([features[p] for p in self.directed(pair)] for pair in readable)
        # A pair a thread: matrices are too small to be shared out, and waiting for it costs more.
        with _blas().limit(limits=1, user_api="blas"):
            seen = pool.map(lambda ends: compare(*ends), both)
            for pair, evidence in zip(readable, seen, strict=True):
                self._evidence[pair] = evidence
                self.advance(1)
        return readable

    def _digests(self, pair: Pair) -> Digests | None:
        """The files that are compared, if both are there as they were indexed."""
        a, b = (self._digest(picture) for picture in self.directed(pair))
        return None if a is None or b is None else (a, b)

    def _digest(self, picture: int) -> str | None:
        if picture not in self._digest_of:
            there = (r for r in self._files[picture] if r.path in self.images or _is_unchanged(r))
            self._digest_of[picture] = next((record.digest for record in there), None)
        return self._digest_of[picture]

    def directed(self, pair: Pair) -> Pair:
        """A pair as it is compared: from what would rather be kept to the other."""
        a, b = pair
        return pair if self._rank[a] < self._rank[b] else (b, a)

    def evidence(self, pair: Pair) -> Evidence | None:
        """What was seen from `directed(pair)`'s first to its second, for a pair (a < b).

        None if it was not compared, or can't be.
        """
        return self._evidence.get(pair)

    def compared(self) -> Mapping[Pair, Evidence]:
        """All pairs that were compared."""
        return self._evidence

    def _features(self, pictures: set[int], pool: ThreadPoolExecutor) -> dict[int, Features]:
        # By file: another with the same pixels may be decoded at another scale.
        files = {self._files[picture][0].id: picture for picture in pictures}
        found = {files[file]: known for file, known in self._cache.known(files).items()}
        missing = sorted(pictures - found.keys() - self.unreadable.keys())
        extracted = pool.map(self._features_of, missing)
        for picture, features in zip(missing, extracted, strict=True):
            if isinstance(features, DecodeError):
                self.unreadable[picture] = str(features)
            else:
                found[picture] = features
                self._cache.put(self._files[picture][0].id, features)
        return found

    def _features_of(self, picture: int) -> Features | DecodeError:
        failures = []
        for record in self._files[picture]:
            try:
                return self._features_in(record)
            except DecodeError as error:
                failures.append(error)
        return failures[0]

    def _features_in(self, record: Record) -> Features:
        source = self.images.get(record.path)
        if source is None:
            if not _is_unchanged(record):
                raise DecodeError(f"{_what_happened(record)} since it was indexed")
            source = record.path
        decoded = decode(source, short_side=SHORT_SIDE)
        return extract(decoded.image, size=(decoded.width, decoded.height))


@cache
def _blas() -> ThreadpoolController:
    """The linear algebra of this process; finding it takes some milliseconds."""
    return ThreadpoolController()


def _is_unchanged(record: Record) -> bool:
    with suppress(OSError):
        status = os.stat(record.path)
        return (status.st_size, status.st_mtime_ns) == (record.size, record.mtime_ns)
    return False


def _what_happened(record: Record) -> str:
    return "changed" if os.path.exists(record.path) else "gone"


def ordered(a: int, b: int) -> Pair:
    """A pair as it is looked up: the smaller first.

    Examples
    --------
    >>> ordered(2, 1)
    (1, 2)
    """
    return (a, b) if a < b else (b, a)
