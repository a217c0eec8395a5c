"""How far a threshold from few photos is believed: it is moved towards the default."""

from dataclasses import dataclass
from typing import Final

from dedup._tuning.scale import from_scale, on_scale

__all__ = ["EVEN", "Shrinkage"]

EVEN: Final = 200
"""So many photos weigh as much as the default does."""


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """A threshold of one's own photos, weighed against the default one.

    A linear credibility estimate on the scale of log odds: n photos get the weight n / (n + k),
    where k = 200 is how much more the thresholds of samples differ, a photo, than those of whole
    collections. It is the mean of what is to be expected if both are normally distributed.

    A threshold that is stricter than the default stays: it was set by false pairs that were seen.
    One that is looser says only that none were seen, among few.

    Attributes
    ----------
    default : float
    photos : int
        How many differ.

    References
    ----------
    H. Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4(3), 1967, 199-207.
    B. Efron and C. Morris, "Data analysis using Stein's estimator and its generalizations",
    Journal of the American Statistical Association 70(350), 1975, 311-319.

    Examples
    --------
    >>> few, many = Shrinkage(0.5, photos=40), Shrinkage(0.5, photos=100_000)
    >>> few.of(0.0001, quantity="score"), many.of(0.0001, quantity="score")
    (0.177, 0.000102)
    >>> few.of(0.9, quantity="score")
    0.9
    """

    default: float
    photos: int

    @property
    def weight(self) -> float:
        """How much of the way from the default to the tuned threshold is gone."""
        return self.photos / (self.photos + EVEN)

    def of(self, tuned: float, *, quantity: str) -> float:
        """The threshold to use instead of a tuned one."""
        start, end = (float(on_scale(v, quantity=quantity)) for v in (self.default, tuned))
        if end >= start:
            return tuned
        place = start + self.weight * (end - start)
        value = from_scale(place, quantity=quantity)
        return float(int(value)) if quantity == "bits" else float(f"{value:.3g}")
