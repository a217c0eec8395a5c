"""What grouping asks of whoever decides about pairs."""

from collections.abc import Iterable
from typing import Protocol

from dedup._base.pairs import Pair

__all__ = ["Decision"]


class Decision(Protocol):
    """What decides about pairs of pictures (a < b)."""

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Start to prepare the answers for some pairs, if that takes time."""

    def verify(self, pairs: Iterable[Pair]) -> None:
        """Prepare the answers for some pairs, side by side."""

    def asked(self) -> Iterable[Pair]:
        """The pairs that were prepared: what else is known of others counts for nothing."""

    def is_link(self, pair: Pair) -> bool:
        """Whether a pair that was prepared is accepted."""

    def is_cannot_link(self, pair: Pair) -> bool:
        """Whether what was seen of a pair tells all copies of the one from those of the other."""

    def is_of_one_layout(self, pair: Pair) -> bool:
        """Whether a pair that is no link may be two pages of one template."""

    def lies_on(self, picture: int, middle: int, keeper: int) -> bool:
        """Whether a picture lies on the keeper's, seen through a third, linked to both."""

    def is_put_into(self, picture: int, outer: int) -> bool:
        """Whether a picture was put into another, linked one, which may contain more of them."""
