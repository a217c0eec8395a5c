"""The pictures of a group, laid on the first one."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from dedup._base.pairs import ordered
from dedup._grouping.decision import Decision
from dedup._verification.edits import GROUNDS
from dedup._verification.registration import Matrix
from dedup._verification.verify import Verifier

__all__ = ["Placed", "Point", "centre", "laid"]

Point: TypeAlias = tuple[float, float]
_FRAMED: Final = 0.3
"""Part of a group's pairs that must say that the first one lies on a ground."""


class Placed(NamedTuple):
    """A picture of a group that is aligned to the first one.

    Attributes
    ----------
    picture : int
    to_picture : ndarray, shape (3, 3)
        From a place in the first one to the same place in this one.
    is_framed : bool
        Whether it was put on a ground, or into something else.
    scale : float
        Its pixels, in length, for one of the first one's.
    shape : float
        Logarithm of by how much more it is stretched across than down, as the first one lies.
    """

    picture: int
    to_picture: Matrix
    is_framed: bool
    scale: float
    shape: float

    @property
    def sides(self) -> tuple[int, ...]:
        """Which of its sides are those of the first one: others, if it is mirrored or turned."""
        across = self.to_picture[:2, :2]
        return tuple(np.rint(across / np.abs(across).max()).astype(int).ravel().tolist())


def laid(group: Sequence[int], *, decision: Decision, verifier: Verifier) -> Iterable[Placed]:
    """The first one, and what is linked to it."""
    first, *others = group
    found, framed = [], 0
    for other in others:
        pair = ordered(first, other)
        seen = verifier.evidence(pair)
        if seen is None or seen.transform is None or not decision.is_link(pair):
            continue
        to_b = np.vstack([seen.transform, [0, 0, 1]])
        is_turned = verifier.directed(pair)[0] == other
        on_ground = not GROUNDS.isdisjoint(seen.edits)
        other_is_whole = (seen.overlap_a >= seen.overlap_b) != is_turned
        framed += on_ground and not other_is_whole
        to_other = np.linalg.inv(to_b) if is_turned else to_b
        found.append(
            Placed(
                other,
                to_other,
                on_ground and other_is_whole,
                1 / seen.scale if is_turned else seen.scale,
                _shape(to_other, *(_size(verifier, picture) for picture in (first, other))),
            )
        )
    yield Placed(first, np.eye(3), framed > _FRAMED * len(found), 1.0, 0.0)
    yield from found


def _size(verifier: Verifier, picture: int) -> tuple[int, int]:
    record = verifier.pictures.files[picture][0]
    return record.width, record.height


def _shape(to_other: Matrix, first: tuple[int, int], other: tuple[int, int]) -> float:
    pixels = np.diag(other) @ to_other[:2, :2] @ np.linalg.inv(np.diag(first))
    across, down = np.linalg.norm(pixels, axis=0)
    return float(np.log(across / down))


def centre(one: Placed, other: Placed) -> Point:
    """Where the middle of one picture lies in another one, in parts of its sides."""
    x, y, _ = other.to_picture @ np.linalg.inv(one.to_picture) @ [0.5, 0.5, 1.0]
    return float(x), float(y)
