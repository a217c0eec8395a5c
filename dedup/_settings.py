"""How duplicates are decided: the settings of one search, with their defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dedup._decision import ByAlignment, ByCosine, Decision
from dedup._evidence import DEFAULT_THRESHOLD
from dedup._keep import Keep, Keeper
from dedup._verify import Pair, Verifier
from dedup.pipelines.errors import InputError

__all__ = ["Settings"]

# Without verification: where SSCD's authors put it for a precision of about 90 % on DISC21.
_COSINE_THRESHOLD = 0.75
# The cosine from which pairs are proposed, by the size of the collection: so that a photo is
# proposed about one unrelated photo. Measured on 450 distinct photos: 192 of 101,025 pairs
# reach 0.15, 13 reach 0.2, none 0.25.
_FLOORS = ((1_000, 0.15), (10_000, 0.2))
_FLOOR_BEYOND = 0.25
_RELATIONS = ("exact", "near", "scene")


@dataclass(frozen=True, slots=True)
class Settings:
    """How pairs are decided, and files kept; the defaults are those of `find_duplicates`.

    Attributes
    ----------
    threshold : float, optional
        Least score of a verified pair, or least cosine without verification, 0 to 1.
    candidates : float, optional
        Least cosine of a pair that is looked at at all, -1 to 1.
    verify : bool
        Whether pairs are decided by aligning the pictures.
    relations : collection of str
        What makes a group: of "exact", "near" and "scene".
    keep : str or callable
        Which file of a group is kept; see `Keeper`.

    Raises
    ------
    InputError
        If a setting is out of its range.
    """

    threshold: float | None = None
    candidates: float | None = None
    verify: bool = True
    relations: Collection[str] = ("exact", "near")
    keep: Keep = "best"

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"threshold={self.threshold}: expected 0 to 1")
        if self.candidates is not None and not -1 <= self.candidates <= 1:
            raise InputError(f"candidates={self.candidates}: expected a cosine, -1 to 1")
        unknown = set(self.relations).difference(_RELATIONS)
        if unknown or isinstance(self.relations, str):
            raise InputError(
                f"relations={self.relations!r}: expected some of {', '.join(_RELATIONS)}"
            )
        Keeper(self.keep, similarity={})

    @property
    def cut(self) -> float:
        """The threshold, or its default."""
        if self.threshold is not None:
            return self.threshold
        return DEFAULT_THRESHOLD if self.verify else _COSINE_THRESHOLD

    def floor(self, *, images: int) -> float:
        """The cosine from which pairs are looked at in a collection of so many images."""
        if self.candidates is not None:
            return self.candidates
        floor = next((f for most, f in _FLOORS if images <= most), _FLOOR_BEYOND)
        return floor if self.verify else min(floor, self.cut)

    def decision(self, similarity: Mapping[Pair, float], verifier: Verifier) -> Decision:
        """What decides about pairs."""
        if not self.verify:
            return ByCosine(similarity, threshold=self.cut)
        return ByAlignment(verifier, threshold=self.cut, relations=self.relations)
