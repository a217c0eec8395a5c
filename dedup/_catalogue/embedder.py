"""Chunks of files become rows: what earlier runs know is recalled, the rest decoded and embedded.

Where all is known, no network is loaded and no pipeline made.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from dedup import pipelines
from dedup._base.arrays import Vectors
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.discover import ImageFile
from dedup._catalogue.known_pictures import KnownPicture, KnownPictures
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.store.collection import Row

__all__ = ["Embedder", "New", "Stored"]

New: TypeAlias = tuple[Row, Decoded | KnownPicture]
"""A picture that an index does not hold, with its row."""


class Stored(NamedTuple):
    """What became of a chunk of new pictures.

    Attributes
    ----------
    recalled, embedded : list of row
        Those that are stored now.
    lost : list of row
        Those that have no embedding.
    vectors : list of ndarray
        Of those that were embedded, as of `KnownPictures.put`.
    """

    recalled: list[Row]
    embedded: list[Row]
    lost: list[Row]
    vectors: list[Vectors]


class Embedder:
    """Decodes and embeds what is not known, and stores all. One thread asks for `pictures`.

    Parameters
    ----------
    catalogue : Catalogue
    known : KnownPictures, optional
    pool : ThreadPoolExecutor
        Where the pipeline is made that embeds, while the first pictures are decoded: its network
        takes a moment.
    is_over : callable
        Whether nobody waits any more.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        known: KnownPictures | None,
        pool: ThreadPoolExecutor,
        is_over: Callable[[], bool],
    ) -> None:
        self._catalogue = catalogue
        self._known = known
        self._pool = pool
        self._is_over = is_over

    def pictures(
        self, files: Sequence[ImageFile], digests: Sequence[str]
    ) -> list[KnownPicture | Decoded | DecodeError]:
        """The pictures of files, of which the digests are given."""
        known = {} if self._known is None else self._known.get(digests)
        sources = [
            file.source for file, digest in zip(files, digests, strict=True) if digest not in known
        ]
        decoded = iter(self._decoded(sources) if sources else ())
        return [known[digest] if digest in known else next(decoded) for digest in digests]

    def store(self, new: Sequence[New]) -> Stored:
        """Store new pictures, by way of the network where they are not known."""
        known = [(row, seen.vectors) for row, seen in new if isinstance(seen, KnownPicture)]
        recalled = [row for row, _ in known]
        if known:
            vectors = zip(*(several for _, several in known), strict=True)
            self._catalogue.write(recalled, [np.stack(one) for one in vectors])
        fresh = [(row, seen.image) for row, seen in new if isinstance(seen, Decoded)]
        if not fresh:
            return Stored(recalled, [], [], [])
        rows, images = map(list, zip(*fresh, strict=True))
        embedded, lost, *vectors = pipelines.call(self._embed.result(), rows, images).get()
        is_there = vectors[0].any(axis=1)
        return Stored(recalled, embedded, lost, [one[is_there] for one in vectors])

    def _decoded(self, sources: list[Any]) -> list[Decoded | DecodeError]:
        self._embed  # noqa: B018  begun now
        decoded: list[Decoded | DecodeError]
        (decoded,) = pipelines.call(self._decode, sources, self._is_over).get()
        return decoded

    @cached_property
    def _decode(self) -> Any:
        return pipelines.decode(method=self._catalogue.model)

    @cached_property
    def _embed(self) -> Future[Any]:
        return self._pool.submit(self._catalogue.pipeline)
