"""What the pictures of groups show of each other: measured once, from better resolved pictures."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Final, Protocol

from dedup._base.pairs import Pair
from dedup._base.threads import threads
from dedup._verification.coverage import COVER_SIDE, Coverage, coverage_of
from dedup._verification.evidence import Evidence
from dedup._verification.frames import covered_in_all
from dedup._verification.measured import Measured, name_of_pair
from dedup._verification.pictures import Pictures
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded

__all__ = ["Covering"]

_HELD: Final = 8
"""Decoded pictures, of up to 10 MB, that are in memory at once: a keeper meets all its members."""
_BLOCK: Final = 256
"""Pairs after which what was measured is kept, so that Ctrl-C loses little."""


class Aligned(Protocol):
    """What is asked of the `Verifier`, which has a `Covering` itself."""

    pictures: Pictures

    def evidence(self, pair: Pair) -> Evidence | None:
        """What was seen of a pair (a < b)."""

    def directed(self, pair: Pair) -> Pair:
        """A pair as it was compared."""


class Covering:
    """Measures the coverage of aligned pairs, and remembers it.

    Parameters
    ----------
    verifier : Aligned
        Which aligns them, and knows their files.
    covered : Measured, optional
        What earlier runs measured.
    """

    def __init__(self, verifier: Aligned, covered: Measured[Coverage] | None = None) -> None:
        self._verifier = verifier
        self._covered = covered
        self._known: dict[Pair, Coverage | None] = {}
        self._decoded: OrderedDict[int, Decoded | None] = OrderedDict()
        self._lock = Lock()

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
        with threads("cover") as pool:
            for pair, measured in zip(new, pool.map(self._measured, new), strict=True):
                self._known[pair] = measured
                advance(1)
        self._decoded.clear()
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

    def _measured(self, pair: Pair) -> Coverage | None:
        evidence = self._verifier.evidence(pair)
        if evidence is None or evidence.transform is None:
            return None
        ends = self._verifier.directed(pair)
        a, b = map(self._picture, ends)
        seen = None if a is None or b is None else coverage_of(a, b, evidence)
        if seen is None:
            return None
        pictures = self._verifier.pictures
        frames = (pictures.frames(picture, short_side=COVER_SIDE) for picture in ends)
        counts = (pictures.files[picture][0].frames for picture in ends)
        return covered_in_all(seen, *frames, counts=(next(counts), next(counts)))

    def _picture(self, picture: int) -> Decoded | None:
        """A picture, if it can be read as it was indexed."""
        with self._lock:
            if picture in self._decoded:
                self._decoded.move_to_end(picture)
                return self._decoded[picture]
        decoded = None
        with suppress(DecodeError):
            decoded = self._verifier.pictures.look(picture, short_side=COVER_SIDE)
        with self._lock:
            self._decoded[picture] = decoded
            while len(self._decoded) > _HELD:
                self._decoded.popitem(last=False)
        return decoded
