"""How duplicates are decided: the settings of one search, with their defaults."""

from collections.abc import Collection
from dataclasses import dataclass
from numbers import Real

from dedup._base.options import DEFAULT
from dedup._grouping.decision import Decision
from dedup._grouping.keeper import Keep, Keeper
from dedup._search.candidates import Candidates
from dedup._search.decisions import ByAlignment, ByCosine, Constrained
from dedup._search.measure import Measure, measure_of, written
from dedup._search.rerank import reranker_of
from dedup._search.threshold import Threshold
from dedup._verification.evidence import DEFAULT_THRESHOLD
from dedup._verification.verify import Verifier
from dedup.errors import InputError
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model

__all__ = ["Settings"]

# How much higher the reranker's cosine may be than that of what proposes. Of 54,000 pairs that
# SSCD's ResNet-50 puts at 0.75 or above, its student puts none below 0.56.
_APART = 0.25
_RELATIONS = ("exact", "near", "scene")


@dataclass(frozen=True, slots=True)
class Settings:
    """How pairs are decided, and files kept; the defaults are those of `find_duplicates`.

    Attributes
    ----------
    threshold : float or Threshold, optional
        Least score of a verified pair, 0 to 1; without verification the least cosine, 0 to 1,
        or the most bits that differ. A tuned one must fit the method and `verify`.
    candidates : float, optional
        Least cosine of a pair that is looked at at all, -1 to 1, or the most bits that differ.
    verify : bool
        Whether pairs are decided by aligning the pictures.
    relations : collection of str
        What makes a group: of "exact", "near" and "scene".
    keep : str or callable
        Which file of a group is kept; see `Keeper`.
    method : str, Model or Method
        What pictures are compared by; says what candidates and threshold are counted in.

    Raises
    ------
    InputError
        If a setting is out of its range, or needed for a model of the user's and not given.
    ModelError
        If there is no such method.
    """

    threshold: float | Threshold | None = None
    candidates: float | None = None
    verify: bool = True
    relations: Collection[str] = ("exact", "near")
    keep: Keep = "best"
    method: str | Model | Method = DEFAULT

    def __post_init__(self) -> None:
        if not isinstance(self.threshold, Real | Threshold | None):
            raise InputError(
                f"threshold={self.threshold!r}: expected a number, or what dedup.tune gives "
                "(dedup.Threshold.load reads it from a file)"
            )
        if isinstance(self.threshold, Threshold):
            self.threshold.check(method=self.model, verify=self.verify)
        elif self.threshold is not None and not self.verify:
            self.measure.check("threshold", self.threshold, least_cosine=0)
        elif self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(
                f"threshold={self.threshold}: expected the score of a verified pair, 0 to 1"
                + (" (bits go with verify=False)" if self.measure.bits else "")
            )
        if self.candidates is not None:
            self.measure.check("candidates", self.candidates)
        unknown = set(self.relations).difference(_RELATIONS)
        if unknown or isinstance(self.relations, str):
            raise InputError(
                f"relations={self.relations!r}: expected some of {', '.join(_RELATIONS)}"
            )
        Keeper(self.keep, similarity={})
        self._require_cuts()

    def _require_cuts(self) -> None:
        """Nobody knows where another's embedding proposes pairs, or accepts them."""
        cuts = self.model.defaults
        if cuts is None:
            return
        if self.verify and self.candidates is None and cuts.candidates is None:
            raise InputError(
                f"from which cosine {self.model.method} proposes pairs is not known here: give "
                "candidates=, to the search or to dedup.Model; docs/models.md says how to find it"
            )
        if not self.verify and self.threshold is None and cuts.threshold is None:
            raise InputError(
                f"from which cosine {self.model.method} shows duplicates is not known here: tune "
                "it (dedup.calibrate, dedup.tune), or give threshold=, to the search or to "
                "dedup.Model; or let the pictures decide, with verify=True"
            )

    @property
    def model(self) -> Method:
        """The method, resolved."""
        return model(self.method)

    @property
    def measure(self) -> Measure:
        """What cosines are to the user of this method."""
        return measure_of(self.model)

    @property
    def value(self) -> float:
        """The threshold, or its default, as the user says it."""
        if self.threshold is not None:
            return float(self.threshold)
        return DEFAULT_THRESHOLD if self.verify else self.measure.threshold

    @property
    def tuned(self) -> Threshold | None:
        """The threshold if it was tuned on labels."""
        return self.threshold if isinstance(self.threshold, Threshold) else None

    @property
    def text(self) -> str:
        """The threshold with its unit."""
        return (
            written(self.value, quantity="score") if self.verify else self.measure.text(self.value)
        )

    @property
    def cut(self) -> float:
        """The threshold as what decides: a score, or a cosine."""
        return self.value if self.verify else self.measure.similarity_of(self.value)

    def floor(self, *, images: int) -> float:
        """The cosine from which pairs are looked at in a collection of so many images."""
        usual = self.usual_floor(images=images)
        return usual if self.verify or self.candidates is not None else min(usual, self.reach)

    def usual_floor(self, *, images: int) -> float:
        """The same whatever the threshold is; the floor is never above it."""
        if self.candidates is not None:
            return self.measure.similarity_of(self.candidates)
        return self.measure.similarity_of(self.measure.proposes_from(images))

    @property
    def reach(self) -> float:
        """The least cosine at which a pair may be proposed that is accepted for its cosine."""
        return self.cut - (0 if reranker_of(self.model) is None else _APART)

    @property
    def trusts_hashes(self) -> bool:
        """Whether pairs are accepted for their hashes alone."""
        return bool(self.measure.bits) and not self.verify

    def decision(self, candidates: Candidates, verifier: Verifier) -> Decision:
        """What decides about pairs."""
        decision: Decision
        if self.verify:
            decision = ByAlignment(verifier, threshold=self.cut, relations=self.relations)
        else:
            decision = ByCosine(
                candidates.similarity,
                threshold=self.cut,
                blank=candidates.blank,
                compare=candidates.compare,
            )
        return (
            Constrained(decision, candidates)
            if candidates.constraints or candidates.sets
            else decision
        )
