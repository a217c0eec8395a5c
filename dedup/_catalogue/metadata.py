"""What is known of a picture, as a value: when and where it was taken, a rating, keywords."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Metadata", "date_of", "place_of", "rating_of", "words_of"]

_DATE: Final = re.compile(
    r"(\d{4})[:-](\d\d)[:-](\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?"
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a picture.

    Attributes
    ----------
    date : str
        When it was taken, as in ISO 8601; "" if that is unknown.
    place : tuple of float, optional
        Latitude and longitude in degrees.
    rating : int
        1 to 5; 0 if there is none.
    keywords : tuple of str
    """

    date: str = ""
    place: tuple[float, float] | None = None
    rating: int = 0
    keywords: tuple[str, ...] = ()

    def beyond(self, other: "Metadata") -> "Metadata":
        """What the other does not know at all; where both know something, that stands.

        Examples
        --------
        >>> Metadata(rating=3, keywords=("cat", "sofa")).beyond(Metadata("2024", keywords=("cat",)))
        Metadata(date='', place=None, rating=3, keywords=('sofa',))
        """
        return Metadata(
            "" if other.date else self.date,
            None if other.place else self.place,
            0 if other.rating else self.rating,
            tuple(word for word in self.keywords if word not in other.keywords),
        )

    def __bool__(self) -> bool:
        return self != Metadata()

    def __or__(self, other: "Metadata") -> "Metadata":
        return Metadata(
            self.date or other.date,
            self.place or other.place,
            self.rating or other.rating,
            tuple(dict.fromkeys([*self.keywords, *other.keywords])),
        )

    def __str__(self) -> str:
        said = [
            f"date {self.date.replace('T', ' ')}" if self.date else "",
            f"place {self.place[0]:.5f} {self.place[1]:.5f}" if self.place else "",
            f"rating {self.rating}" if self.rating else "",
            f"keywords {', '.join(self.keywords)}" if self.keywords else "",
        ]
        return ", ".join(filter(None, said))


def date_of(text: str) -> str:
    """A date as ISO 8601 has it; "" if it is none, or what a camera without a clock writes.

    Examples
    --------
    >>> date_of("2024:05:01 12:30:00"), date_of("0000:00:00 00:00:00")
    ('2024-05-01T12:30:00', '')
    """
    found = _DATE.fullmatch(text.strip("\0 "))
    if not found or "00" in found.groups()[1:3]:
        return ""
    year, month, day, time, zone = found.groups()
    return f"{year}-{month}-{day}" + (f"T{time}{zone or ''}" if time else "")


def place_of(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """A place on Earth; programs that know none write zeros."""
    if latitude is None or longitude is None or not (latitude or longitude):
        return None
    inside = abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if inside else None


def rating_of(value: Any) -> int:
    """1 to 5; 0 of what is no rating, or says that a picture is rejected."""
    with suppress(ValueError, TypeError, OverflowError):
        rating = int(float(value))
        return rating if 1 <= rating <= 5 else 0
    return 0


def words_of(several: Iterable[str]) -> tuple[str, ...]:
    """Keywords, each in one line, as XML can hold them."""
    clean = ("".join(filter(str.isprintable, word)).strip() for word in several)
    return tuple(dict.fromkeys(filter(None, clean)))
