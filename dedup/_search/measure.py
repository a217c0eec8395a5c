"""What people compare pictures by, cosines or bits that differ, and what that is inside.

Inside, all is similarity, the higher the better: the cosine of two vectors of unit length. A hash
of n bits is such a vector too, and at a Hamming distance of d the cosine is 1 - 2 d / n. Who asks
by hash speaks of bits, the fewer the better: this is where the one becomes the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import floor, log10
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from dedup.errors import InputError
from dedup.pipelines.models.methods import MeasureName, Method

__all__ = ["MEASURES", "Measure", "measure_of", "surety", "written"]

# Decimals that somebody may have typed, and those that are shown of any other number.
_TYPED: Final = 6
_DECIMALS: Final = 4

_Values = TypeVar("_Values", float, npt.NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Measure:
    """How the user says how similar two pictures are.

    Attributes
    ----------
    name : {"cosine", "bits"}
    threshold : float
        Where pairs are accepted that are not verified.
    candidates : tuple of (int, float)
        Where pairs are proposed in a collection of at most so many images.
    candidates_beyond : float
        The same for larger ones.
    bits : int
        Length of the hash; 0 if values are cosines.

    Examples
    --------
    >>> MEASURES["bits"].similarity_of(8), MEASURES["bits"].value_of(0.75)
    (0.75, 8.0)
    """

    name: MeasureName
    threshold: float
    candidates: tuple[tuple[int, float], ...]
    candidates_beyond: float
    bits: int = 0

    def similarity_of(self, value: float) -> float:
        """The cosine at a value of the user's."""
        return 1 - 2 * value / self.bits if self.bits else value

    def value_of(self, similarity: float) -> float:
        """The value that the user would say for a cosine."""
        return float(self.values(similarity))

    def values(self, similarity: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of cosines, an array of any shape."""
        cosines = np.asarray(similarity, np.float64)
        return np.rint((1 - cosines) * self.bits / 2) if self.bits else cosines

    def proposes_from(self, images: int) -> float:
        """Where pairs are proposed in a collection of so many images."""
        return next((v for most, v in self.candidates if images <= most), self.candidates_beyond)

    def check(self, setting: str, value: float, *, least_cosine: float = -1) -> None:
        """Raise an `InputError` that says the unit if a setting is no such value."""
        if self.bits:
            # A fraction was meant as a cosine or a score.
            if not (0 <= value <= self.bits and value == int(value)):
                raise InputError(
                    f"{setting}={value}: expected bits, 0 to {self.bits}, a whole number "
                    "(the most that may differ)"
                )
        elif not least_cosine <= value <= 1:
            raise InputError(f"{setting}={value}: expected a cosine, {least_cosine:g} to 1")

    def text(self, value: float) -> str:
        """A value with its unit."""
        return written(value, quantity=self.name)


MEASURES: Final[Mapping[MeasureName, Measure]] = MappingProxyType(
    {
        # Accepted from where SSCD's authors put it for a precision of about 90 % on DISC21.
        # Proposed so that a photo is proposed about one unrelated photo. Measured on 450
        # distinct photos: 192 of 101,025 pairs reach 0.15, 13 reach 0.2, none 0.25. From 0.25
        # up the groups of the folders of `benchmarks/peers.py` are those from 0.3 up.
        "cosine": Measure(
            "cosine",
            threshold=0.75,
            candidates=((1_000, 0.15),),
            candidates_beyond=0.3,
        ),
        # Likewise, of the 64 bits of a DCT hash. Of 1,121,250 pairs of unrelated photos and
        # parts of photos, none is within 8 bits, 7 within 12, 261 within 16, 1,335 within 18.
        "bits": Measure(
            "bits",
            threshold=8,
            candidates=((1_000, 18), (10_000, 16)),
            candidates_beyond=12,
            bits=64,
        ),
    }
)
"""The measures by their names."""


def surety(values: _Values, *, quantity: str) -> _Values:
    """Values of a quantity, turned so that higher is a surer duplicate; and such values back.

    Examples
    --------
    >>> surety(0.5, quantity="score"), surety(8.0, quantity="bits"), surety(-8.0, quantity="bits")
    (0.5, -8.0, 8.0)
    """
    return -values if quantity == "bits" else values


def written(value: float, *, quantity: str) -> str:
    """A threshold or a score, with the digits that matter and its unit.

    All digits of a number that a person could have typed; of others four decimals, or as many as
    it takes to tell it from 0 and 1.

    Examples
    --------
    >>> [written(value, quantity="score") for value in (0.5, 0.654321098, 0.9999964, 1.928e-5)]
    ['0.5', '0.6543', '0.9999964', '0.000019']
    >>> written(8.0, quantity="bits"), written(0.382146, quantity="cosine")
    ('8 bits', '0.382146')
    """
    if quantity == "bits":
        return f"{value:g} bits"
    near = min(abs(value), abs(1 - abs(value)))  # of 0, 1 and -1 the nearest
    decimals = _TYPED
    if near and round(value, _TYPED) != value:
        decimals = max(_DECIMALS, 2 + floor(-log10(near)))
    return np.format_float_positional(value, precision=decimals, trim="-")


def measure_of(method: Method) -> Measure:
    """The measure of a method; of a model of the user's with what the user said of it.

    What the user did not say is 1, which proposes and accepts nothing: `Settings` refuses a
    search that depends on it.
    """
    measure, said = MEASURES[method.measure], method.defaults
    if said is None:
        return measure
    threshold, candidates = (1.0 if value is None else value for value in said[::-1])
    return replace(measure, threshold=threshold, candidates=(), candidates_beyond=candidates)
