"""What is made of pictures once they are decoded: side by side, and the last few are kept."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Generic, TypeVar

from cachetools import LRUCache

from dedup._verification.comparing import Comparers, called
from dedup._verification.pictures import Pictures
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded, ImageSource, decode

__all__ = ["Made"]

_T = TypeVar("_T")


class Made(Generic[_T]):
    """What is made of pictures of an index, by their numbers.

    Parameters
    ----------
    make : callable
        Of a decoded picture, and of what else is known of it; processes import it by its name.
    short_side : int
        Pixels on the short side that a picture is decoded to, if it has as many.
    pictures : Pictures
    comparers : Comparers
    most : int
        Pictures that are kept, or what they may take in units of `size`.
    size : callable, optional
        What one takes.
    """

    def __init__(
        self,
        make: Callable[..., _T],
        *,
        short_side: int,
        pictures: Pictures,
        comparers: Comparers,
        most: int,
        size: Callable[[_T], int] = lambda _: 1,
    ) -> None:
        self._make = make
        self._short_side = short_side
        self._pictures = pictures
        self._comparers = comparers
        self._kept: LRUCache[int, _T] = LRUCache(most, getsizeof=size)

    def of(self, wanted: Mapping[int, Sequence[object]]) -> dict[int, _T]:
        """What is made of pictures, given what else is known of each.

        Those are left out that can't be read any more, which their `Pictures` then say.
        """
        found = {picture: self._kept[picture] for picture in wanted if picture in self._kept}
        missing = [picture for picture in wanted if picture not in found]
        calls = [
            partial(_made, self._make, self._source(picture), self._short_side, *wanted[picture])
            for picture in missing
        ]
        some = chain.from_iterable(self._comparers.each(called, calls))
        for picture, new in zip(missing, some, strict=True):
            one = self._of_another_file(picture, wanted[picture]) if new is None else new
            if one is not None:
                found[picture] = one
                with suppress(ValueError):  # larger than all that may be kept
                    self._kept[picture] = one
        return found

    def _source(self, picture: int) -> ImageSource | None:
        with suppress(DecodeError):
            return self._pictures.source(picture)
        return None

    def _of_another_file(self, picture: int, known: Sequence[object]) -> _T | None:
        decoded = self._pictures.read(picture, short_side=self._short_side)
        return None if isinstance(decoded, DecodeError) else self._make(decoded, *known)


def _made(
    make: Callable[..., _T], source: ImageSource | None, short_side: int, *known: object
) -> _T | None:
    with suppress(DecodeError):
        decoded: Decoded | None = None if source is None else decode(source, short_side=short_side)
        return None if decoded is None else make(decoded, *known)
    return None
