"""The files that show each picture, as they were indexed, and what is in them now."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dedup._verification.features import Features, extract
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import exists, status
from dedup.pipelines.images.colours import BLACK, WHITE
from dedup.pipelines.images.decoding import Decoded, ImageSource, decode, decode_frames

if TYPE_CHECKING:  # it loads the store, which a process that compares does not need
    from dedup._catalogue.record import Record

__all__ = ["Pictures", "features_of"]


class Pictures:
    """Pictures of an index, by number, and the files that show each of them to the pixel.

    Parameters
    ----------
    files : mapping of int to sequence of Record
        The first file that can be read is taken. What would rather be kept comes first.
    images : mapping of str to image
        Images in memory, by path.

    Attributes
    ----------
    files, images : mapping
        As given.
    unreadable : dict of int to str
        Pictures whose files vanished, changed or no longer decode, with the reason.
    """

    def __init__(
        self, files: "Mapping[int, Sequence[Record]]", *, images: Mapping[str, ImageSource]
    ) -> None:
        self.files = files
        self.images = images
        self.unreadable: dict[int, str] = {}
        self._there: dict[int, Record] = {}

    def there(self, picture: int) -> "Record | None":
        """The first file that is as it was indexed; None if there is none."""
        if picture not in self._there:
            for record in self.files[picture]:
                if record.path in self.images or _is_unchanged(record):
                    return self._there.setdefault(picture, record)
        return self._there.get(picture)

    def digest(self, picture: int) -> str | None:
        """Digest of the first file that is as it was indexed; None if there is none."""
        record = self.there(picture)
        return None if record is None else record.digest

    def read(self, picture: int, *, short_side: int) -> Decoded | DecodeError:
        """A picture, decoded; or why it can't be, which `unreadable` then says too."""
        failures = []
        for record in self.files[picture]:
            try:
                return self._read(record, short_side)
            except DecodeError as error:
                failures.append(error)
        self.unreadable[picture] = str(failures[0])
        return failures[0]

    def source(self, picture: int) -> ImageSource:
        """What is decoded of a picture's first file.

        Raises
        ------
        DecodeError
            If it is not as it was indexed.
        """
        return self._source(self.files[picture][0])

    def frames(self, picture: int, *, short_side: int) -> Iterator[Decoded]:
        """Each frame or page of a picture, decoded, one at a time.

        Raises
        ------
        DecodeError
            If one can't be read.
        """
        yield from decode_frames(self.source(picture), short_side=short_side)

    def _read(self, record: "Record", short_side: int) -> Decoded:
        return decode(self._source(record), short_side=short_side)

    def _source(self, record: "Record") -> ImageSource:
        source = self.images.get(record.path)
        if source is not None:
            return source
        if not _is_unchanged(record):
            what = "changed" if exists(record.path) else "gone"
            raise DecodeError(f"{what} since it was indexed")
        return record.path


def features_of(decoded: Decoded) -> Features:
    """What is compared of a decoded picture; of a transparent one, over both grounds.

    Examples
    --------
    >>> import numpy as np
    >>> glyph = np.full((9, 9, 4), (255, 255, 255, 51), np.uint8)
    >>> features = features_of(decode(glyph))
    >>> int(features.grey.max()), int(features.over_black.grey.max())
    (255, 51)
    """
    size = decoded.width, decoded.height
    if decoded.alpha is None:
        return extract(decoded.image, size=size)
    white, black = (extract(decoded.over(ground), size=size) for ground in (WHITE, BLACK))
    return replace(white, over_black=black)


def _is_unchanged(record: "Record") -> bool:
    with suppress(OSError):
        return status(record.path) == (record.size, record.mtime_ns)
    return False
