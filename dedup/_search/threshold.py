"""A tuned threshold: its value, what to expect of it, and what it is valid for."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._base.json_files import reading, save_json
from dedup._search.measure import written
from dedup.errors import InputError
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model

__all__ = ["Estimate", "Threshold"]

_FORMAT = "dedup threshold 1"
_NEAR = 0.001


class Estimate(NamedTuple):
    """An estimated share, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class Threshold:
    """A threshold that was tuned on labels; give it to `find_duplicates(threshold=...)`.

    Attributes
    ----------
    value : float
        Pairs from here up are accepted; of "bits", from here down.
    quantity : {"score", "cosine", "bits"}
        What it cuts: the verification's score, or without verification the cosine of two
        embeddings or the differing bits of two hashes.
    method : str
        What the pictures were embedded with.
    properties : mapping of str to str
        The model and the preprocessing that it is valid for.
    goal : str
        What it was tuned for, in words.
    precision, recall : Estimate
        What to expect on other photos, in a collection like the labelled set: cross-validated
        over sources, with 95 % intervals.
    precision_in_sample, recall_in_sample : float, optional
        On the labelled pairs themselves, on which it was chosen: too good to expect elsewhere.
    images, sources, collection : int
        Images and photos that were labelled, and the size of the collection that the precision
        is meant for.
    calibration : sequence of (float, float)
        Scores in ascending order, with the probability that a pair of that score is a duplicate.
    """

    value: float
    quantity: str
    method: str
    properties: Mapping[str, str]
    goal: str
    precision: Estimate
    recall: Estimate
    images: int
    sources: int
    collection: int
    calibration: Sequence[tuple[float, float]] = ()
    precision_in_sample: float | None = None
    recall_in_sample: float | None = None

    @property
    def text(self) -> str:
        """Its value as people read it; near 0 and 1 with the log odds, on which it is chosen."""
        text = written(self.value, quantity=self.quantity)
        if self.quantity != "score" or not 0 < min(self.value, 1 - self.value) < _NEAR:
            return text
        return f"{text} (log odds {math.log(self.value / (1 - self.value)):+.1f})"

    @property
    def expected(self) -> dict[str, str]:
        """Precision and recall, each as cross-validated and, beside it, in sample."""
        both = {
            "precision": (self.precision, self.precision_in_sample),
            "recall": (self.recall, self.recall_in_sample),
        }
        return {
            name: f"{estimate} cross-validated"
            + ("" if seen is None else f", {seen:.4f} in sample")
            for name, (estimate, seen) in both.items()
        }

    def check(self, *, method: str | Model | Method, verify: bool) -> None:
        """Refuse another method, model or quantity than it was tuned for.

        Raises
        ------
        InputError
        """
        wanted = "with verification" if self.quantity == "score" else "with verify=False"
        known = model(method)
        if known.method != self.method:
            raise InputError(
                f"this threshold was tuned for method={self.method!r}, not {known.method!r}"
            )
        if (self.quantity == "score") != verify:
            raise InputError(f"this threshold cuts the {self.quantity}: use it {wanted}")
        if dict(self.properties) != dict(known.properties):
            raise InputError(
                f"this threshold was tuned with {_listed(self.properties)}; "
                f"installed here is {_listed(known.properties)}: tune it again"
            )

    def probability(self, score: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The probability that pairs of these scores are duplicates.

        Calibrated on the labelled pairs that were proposed, and for their mixture: where
        duplicates are rarer, so they are at each score.
        """
        if not self.calibration:
            return np.full(np.shape(score), np.nan)
        scores, probabilities = np.array(self.calibration, float).T
        return np.asarray(np.interp(np.asarray(score, float), scores, probabilities))

    def to_dict(self) -> dict[str, Any]:
        """What a file of it holds: plain data, for JSON."""
        return {"format": _FORMAT, **asdict(self), "properties": dict(self.properties)}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a JSON file.

        Raises
        ------
        InputError
            If the file can't be written.
        """
        save_json(path, self.to_dict())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Threshold":
        """Read it from a file that `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it holds something else.
        """
        with reading(path, what="threshold that dedup saved"):
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if content.pop("format") != _FORMAT:
                raise KeyError("format")
            for name in ("precision", "recall"):
                content[name] = Estimate(*map(float, content[name]))
            content["calibration"] = tuple((float(s), float(p)) for s, p in content["calibration"])
            return cls(**content)._checked()

    def _checked(self) -> "Threshold":
        """Itself, if a file held what `save` writes."""
        texts = (self.method, self.goal, *self.properties, *self.properties.values())
        counts = (self.images, self.sources, self.collection)
        in_sample = (self.precision_in_sample, self.recall_in_sample)
        if not (
            math.isfinite(self.value)
            and self.quantity in ("score", "cosine", "bits")
            and all(isinstance(text, str) for text in texts)
            and all(isinstance(count, int) for count in counts)
            and all(share is None or isinstance(share, float | int) for share in in_sample)
        ):
            raise ValueError("no threshold")
        return self

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        figures = "; ".join(f"{name} {figure}" for name, figure in self.expected.items())
        return (
            f"<Threshold {self.text} on the {self.quantity} of {self.method}, for {self.goal}: "
            f"{figures}; tuned on {self.images:,} images of {self.sources:,} photos>"
        )


def _listed(properties: Mapping[str, str]) -> str:
    return ", ".join(properties.values())
