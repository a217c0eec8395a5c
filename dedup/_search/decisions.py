"""What decides whether two pictures are duplicates: their embeddings, or their alignment."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from dedup._base.pairs import Pair, ordered
from dedup._grouping.decision import Decision
from dedup._search.candidates import Candidates
from dedup._verification.edits import GROUNDS
from dedup._verification.evidence import Evidence
from dedup._verification.registration import Matrix
from dedup._verification.verify import Verifier

__all__ = ["ByAlignment", "ByCosine", "Constrained"]

# A picture lies on another if at least this part of it is seen there.
_LIES_ON = 0.5


class ByCosine:
    """Accepts a pair whose embeddings, or hashes, are similar enough.

    Parameters
    ----------
    similarity : mapping of (int, int) to float
        Cosines; a pair that is missing is not accepted.
    threshold : float
    blank : collection of int
        Pictures of which the cosine says nothing: none of their pairs is accepted.
    compare : callable
        The cosines of pairs that are missing in `similarity`, as far as they can be had.
    """

    def __init__(
        self,
        similarity: Mapping[Pair, float],
        *,
        threshold: float,
        blank: Collection[int] = frozenset(),
        compare: Callable[[Iterable[Pair]], Mapping[Pair, float]] = lambda pairs: {},
    ) -> None:
        self._similarity = similarity
        self._compared: dict[Pair, float] = {}
        self._compare = compare
        self._threshold = threshold
        self._blank = blank

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Nothing: `verify` is quick."""

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Look up the cosines."""
        self._compared.update(self._compare(pairs))

    def asked(self) -> Iterable[Pair]:
        """All pairs whose cosines are known."""
        return [*self._similarity, *self._compared]

    def is_link(self, pair: Pair) -> bool:
        """Whether the cosine reaches the threshold, and says something."""
        cosine = self._similarity.get(pair, self._compared.get(pair, -math.inf))
        if cosine < self._threshold:
            return False
        return not any(picture in self._blank for picture in pair)

    def is_cannot_link(self, pair: Pair) -> bool:
        """Never: an embedding does not see what differs."""
        del pair
        return False

    def is_of_one_layout(self, pair: Pair) -> bool:
        """Never, for the same reason."""
        del pair
        return False

    def lies_on(self, picture: int, middle: int, keeper: int) -> bool:
        """Never: an embedding does not say where."""
        del picture, middle, keeper
        return False

    def is_put_into(self, picture: int, outer: int) -> bool:
        """Never, for the same reason."""
        del picture, outer
        return False


class ByAlignment:
    """Accepts a pair for what both pictures show when they are aligned.

    Parameters
    ----------
    verifier : Verifier
    threshold : float
        Least score, 0 to 1.
    relations : collection of str
        Relations that are accepted, of "near" and "scene".
    """

    def __init__(
        self, verifier: Verifier, *, threshold: float, relations: Collection[str] = ("near",)
    ) -> None:
        self._verifier = verifier
        self._threshold = threshold
        self._relations = frozenset(relations)
        self._asked: dict[Pair, None] = {}

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Start to align and compare the pairs."""
        self._verifier.begin(pairs)

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Align and compare the pairs, and read again those that may be accepted."""
        new = dict.fromkeys(pair for pair in pairs if pair not in self._asked)
        self._verifier.verify(new)
        self._verifier.read_again(new, threshold=self._threshold)
        self._asked |= new

    def asked(self) -> Iterable[Pair]:
        """The pairs that were aligned."""
        return list(self._asked)

    def is_link(self, pair: Pair) -> bool:
        """Whether both show one picture, as far as was seen."""
        seen = self._evidence(pair)
        if seen is None or seen.score < self._threshold:
            return False
        # Below its default threshold a pair is called "different", whatever the user's is.
        return ("near" if seen.relation == "different" else seen.relation) in self._relations

    def is_cannot_link(self, pair: Pair) -> bool:
        """Whether both are of one layout, with other content."""
        seen = self._evidence(pair)
        return seen is not None and seen.relation == "lookalike" and seen.score >= self._threshold

    def is_of_one_layout(self, pair: Pair) -> bool:
        """Whether both lie over each other, and their content differs, or can't be read."""
        seen = self._evidence(pair)
        if seen is None or seen.score < self._threshold:
            return False
        return seen.read and seen.relation in ("lookalike", "uncertain")

    def lies_on(self, picture: int, middle: int, keeper: int) -> bool:
        """Whether the picture, laid over the middle one, lies on what the keeper shows there.

        Not where the middle one and the keeper differ: there a picture was pasted into the middle
        one, perhaps this.
        """
        if self._verifier.frames(middle) < self._verifier.frames(picture):
            return False  # it says nothing of the others
        first, second = self._transform(picture, middle), self._transform(middle, keeper)
        if first is None or second is None:
            return False
        steps = (np.arange(16) + 0.5) / 16
        grid = np.stack([*np.meshgrid(steps, steps), np.ones((16, 16))]).reshape(3, -1)
        on_middle = first @ grid
        on_keeper = second @ on_middle
        there = _inside(on_middle) & _inside(on_keeper)
        is_turned = self._verifier.directed(ordered(middle, keeper)) != (middle, keeper)
        seen = self._evidence(ordered(middle, keeper))
        if seen is not None and seen.changed is not None:
            there &= ~_in_blocks(on_keeper if is_turned else on_middle, seen.changed)
        return float(there.mean()) >= _LIES_ON

    def is_put_into(self, picture: int, outer: int) -> bool:
        """Whether what lies around the picture in the other one is a screen, a page, a collage."""
        pair = ordered(picture, outer)
        seen = self._evidence(pair)
        if seen is None or GROUNDS.isdisjoint(seen.edits):
            return False
        return self._verifier.directed(pair)[seen.overlap_a >= seen.overlap_b] == outer

    def _transform(self, a: int, b: int) -> npt.NDArray[np.float64] | None:
        """From a place in a to the same place in b, in parts of width and height."""
        pair = ordered(a, b)
        seen = self._evidence(pair)
        if seen is None or seen.transform is None:
            return None
        transform = np.vstack([seen.transform, [0, 0, 1]])
        return transform if self._verifier.directed(pair) == (a, b) else np.linalg.inv(transform)

    def _evidence(self, pair: Pair) -> Evidence | None:
        return self._verifier.evidence(pair) if pair in self._asked else None


class Constrained:
    """Decides as the constraints say, and leaves the rest to another decision.

    Parameters
    ----------
    decision : Decision
    candidates : Candidates
        The constraints, and which pairs count.
    """

    def __init__(self, decision: Decision, candidates: Candidates) -> None:
        self._decision = decision
        self._candidates = candidates

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Start with the pairs that count."""
        self._decision.begin(pair for pair in pairs if self._candidates.may_pair(pair))

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Prepare the pairs that count."""
        self._decision.verify(pair for pair in pairs if self._candidates.may_pair(pair))

    def asked(self) -> Iterable[Pair]:
        """The must-link pairs, and those of the other decision's that count."""
        others = (pair for pair in self._decision.asked() if self._candidates.may_pair(pair))
        return dict.fromkeys([*self._candidates.must_link, *others])

    def is_link(self, pair: Pair) -> bool:
        """Whether it counts, and must be a link or is decided to be one."""
        if not self._candidates.may_pair(pair):
            return False
        return self._candidates.constraints.get(pair, False) or self._decision.is_link(pair)

    def is_cannot_link(self, pair: Pair) -> bool:
        """As the other decision says, of pairs that nobody marked."""
        return pair not in self._candidates.constraints and self._decision.is_cannot_link(pair)

    def is_of_one_layout(self, pair: Pair) -> bool:
        """As the other decision says."""
        return self._decision.is_of_one_layout(pair)

    def lies_on(self, picture: int, middle: int, keeper: int) -> bool:
        """As the other decision says."""
        return self._decision.lies_on(picture, middle, keeper)

    def is_put_into(self, picture: int, outer: int) -> bool:
        """As the other decision says."""
        return self._decision.is_put_into(picture, outer)


def _inside(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which points, shape (3, n), lie on the unit square."""
    return ((points[:2] >= 0) & (points[:2] <= 1)).all(axis=0)


def _in_blocks(points: npt.NDArray[np.float64], blocks: Matrix) -> npt.NDArray[np.bool_]:
    """Which points, shape (3, n), lie in any of some blocks of one shape, (m, 4, 2)."""
    if not len(blocks):
        return np.zeros(points.shape[1], np.bool_)
    first, second, _, last = blocks[0]
    to_block = np.linalg.inv(np.stack([second - first, last - first], axis=1))
    away = points[:2].T[:, None] - blocks.mean(axis=1)  # from the centre of each
    found: npt.NDArray[np.bool_] = (abs(away @ to_block.T) <= 0.5).all(axis=-1).any(axis=-1)
    return found
