"""What the pictures of groups show of each other: measured once, from better resolved pictures."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, Protocol

from dedup._base.pairs import Pair
from dedup._verification.comparing import Comparers
from dedup._verification.coverage.cover import Aligned, cover_all
from dedup._verification.coverage.coverage import Coverage
from dedup._verification.coverage.measured import Measured, name_of_pair
from dedup._verification.evidence import Evidence
from dedup._verification.pictures import Pictures
from dedup.errors import DecodeError

__all__ = ["Covering"]

_BLOCK: Final = 256
"""Pairs after which what was measured is kept, so that Ctrl-C loses little."""


class _Verifier(Protocol):
    """What is asked of the `Verifier`, which has a `Covering` itself."""

    pictures: Pictures
    comparers: Comparers

    def evidence(self, pair: Pair) -> Evidence | None:
        """What was seen of a pair (a < b)."""

    def directed(self, pair: Pair) -> Pair:
        """A pair as it was compared."""


class Covering:
    """Measures the coverage of aligned pairs, and remembers it.

    Parameters
    ----------
    verifier : Verifier
        Which aligns them, and knows their files.
    covered : Measured, optional
        What earlier runs measured.
    """

    def __init__(self, verifier: _Verifier, covered: Measured[Coverage] | None = None) -> None:
        self._verifier = verifier
        self._covered = covered
        self._known: dict[Pair, Coverage | None] = {}

    def measure(
        self, pairs: Iterable[Pair], *, advance: Callable[[int], object] = lambda _: None
    ) -> None:
        """Measure pairs (a < b) that were verified, side by side.

        `advance` is told how many more are done.
        """
        wanted = dict.fromkeys(pairs)
        new = [pair for pair in wanted if pair not in self._known]
        advance(len(wanted) - len(new))
        for start in range(0, len(new), _BLOCK):
            self._measure(new[start : start + _BLOCK], advance)

    def recall(self, pairs: Iterable[Pair]) -> dict[Pair, str]:
        """Look up pairs (a < b) that earlier runs measured; returns by what any is kept."""
        if self._covered is None:
            return {}
        names = {pair: name for pair in pairs if (name := self._name(pair)) is not None}
        known = self._covered.get(names.values())
        self._known |= {pair: known[name] for pair, name in names.items() if name in known}
        return names

    def _measure(self, pairs: Sequence[Pair], advance: Callable[[int], object]) -> None:
        names = self.recall(pairs)
        new = [pair for pair in pairs if pair not in self._known]
        advance(len(pairs) - len(new))
        if not new:
            return
        aligned = {pair: one for pair in new if (one := self._aligned(pair)) is not None}
        self._known |= dict.fromkeys(new)
        advance(len(new) - len(aligned))
        waiting = iter(aligned)
        for some in self._verifier.comparers.each(cover_all, list(aligned.values())):
            self._known.update(zip(islice(waiting, len(some)), some, strict=True))
            advance(len(some))
        if self._covered is not None:
            found = {names[p]: seen for p in new if p in names and (seen := self._known[p])}
            self._covered.put(found)

    def _name(self, pair: Pair) -> str | None:
        """What a measurement is kept by; None if there is none, or a file is another by now."""
        evidence, pictures = self._verifier.evidence(pair), self._verifier.pictures
        if evidence is None or evidence.transform is None:
            return None
        a, b = (pictures.files[end][0].digest for end in self._verifier.directed(pair))
        is_there = (a, b) == tuple(map(pictures.digest, self._verifier.directed(pair)))
        return name_of_pair(a, b, evidence) if is_there else None

    def of(self, a: int, b: int) -> Coverage | None:
        """What a and b show of each other; None if they are not aligned, or can't be read."""
        pair = (a, b) if a < b else (b, a)
        self.measure([pair])
        known = self._known[pair]
        if known is None or self._verifier.directed(pair) == (a, b):
            return known
        return known.swapped()

    def _aligned(self, pair: Pair) -> Aligned | None:
        """What a pair is measured from; None if it is not aligned, or not as it was indexed."""
        evidence, pictures = self._verifier.evidence(pair), self._verifier.pictures
        if evidence is None or evidence.transform is None:
            return None
        a, b = ends = self._verifier.directed(pair)
        with suppress(DecodeError):
            sources = pictures.source(a), pictures.source(b)
            counts = pictures.files[a][0].frames, pictures.files[b][0].frames
            return Aligned(ends, sources, counts, evidence)
        return None
