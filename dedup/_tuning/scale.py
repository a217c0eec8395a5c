"""The scale on which thresholds are chosen: where equal steps are equal evidence.

A score is a probability: between 0.99 and 0.9999 lies as much as between 0.5 and 0.99. So scores
are laid off by their log odds. Cosines and bits are taken as they are, higher for surer pairs.
"""

from math import floor
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dedup._search.measure import surety

__all__ = ["Gap", "from_scale", "on_scale"]

Floats = npt.NDArray[np.float64]

# Where the log odds end, about 20 either way: scores of identical pictures are 1.
_SUREST: Final = 1e-9
# How far a threshold lies below the last pair if there is no other below it, on the scale.
_BELOW: Final = {"score": 0.5, "cosine": 0.01, "bits": 0.0}


def on_scale(values: npt.ArrayLike, *, quantity: str) -> Floats:
    """Values of a quantity as places on the scale.

    Examples
    --------
    >>> on_scale([0.5, 1.0], quantity="score").round(1), on_scale(8, quantity="bits")
    (array([ 0. , 20.7]), array(-8.))
    """
    given = np.asarray(values, float)
    if quantity == "score":
        inside = given.clip(_SUREST, 1 - _SUREST)
        return np.asarray(np.log(inside / (1 - inside)))
    return np.asarray(surety(given, quantity=quantity))


def from_scale(place: float, *, quantity: str) -> float:
    """The value at a place on the scale."""
    if quantity == "score":
        return float(1 / (1 + np.exp(-place)))
    return float(surety(place, quantity=quantity))


class Gap(NamedTuple):
    """Two neighbouring values: the last that is accepted, and the first that is not.

    Attributes
    ----------
    accepted, rejected : float
        Values of the quantity; `rejected` is NaN if nothing was proposed beyond.
    """

    accepted: float
    rejected: float

    def middle(self, *, quantity: str) -> float:
        """A threshold in its middle, on the scale: there the shortest number in decimals.

        All numbers in the gap decide alike on the labels; one of few digits can be read, said
        and moved.

        Examples
        --------
        >>> Gap(0.9999964, 0.31).middle(quantity="score"), Gap(8, 13).middle(quantity="bits")
        (0.997, 10.0)
        """
        high = float(on_scale(self.accepted, quantity=quantity))
        if not np.isnan(self.rejected):
            low = float(on_scale(self.rejected, quantity=quantity))
        elif quantity == "score":  # nothing speaks against even odds, if they are looser
            low = min(high - _BELOW[quantity], -high)
        else:
            low = high - _BELOW[quantity]
        middle = from_scale((low + high) / 2, quantity=quantity)
        if quantity == "bits":
            return float(floor(middle))
        for digits in range(1, 16):
            short = round(middle, digits)
            place = float(on_scale(short, quantity=quantity))
            splits = short <= self.accepted and not short <= self.rejected
            # In its middle half: well off both neighbours.
            if splits and abs(place - (low + high) / 2) <= (high - low) / 4:
                return short
        return self.accepted  # neighbours that only the last digits tell apart, or beyond the scale
