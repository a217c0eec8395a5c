"""What earlier runs read and embedded, whatever they were asked for, in the user's cache folder.

It is kept by the digests of files: in another folder, under another name or in another set of
inputs they show what they showed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from dedup._base.arrays import Vectors
from dedup._base.cache_file import CacheFile
from dedup._base.versions import DECODING, version_of
from dedup._catalogue.record import Record
from dedup._catalogue.shown import SHOWN
from dedup._catalogue.vector_cache import VectorCache
from dedup.pipelines.models.methods import Method

__all__ = ["KnownPicture", "KnownPictures"]

_CAPACITY: Final = 200_000  # about 300 bytes each


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """A picture that need not be decoded again.

    Attributes
    ----------
    shown : mapping
        What its record says of it.
    vectors : sequence of ndarray, shape (dimension,)
        By the method; then, where regions are looked for, by each of `method.views`: zero where
        that says nothing of it.
    """

    shown: Mapping[str, Any]
    vectors: Sequence[Vectors]


class KnownPictures:
    """The pictures of files, by the digests of these.

    Parameters
    ----------
    method : Method
    regions : bool
        Whether they are looked for inside others.
    folder : Path, optional
        Where the files are; by default the user's cache folder.

    Examples
    --------
    >>> import numpy as np
    >>> from dedup.pipelines.models.methods import model
    >>> known = KnownPictures(model("phash"), regions=False, folder=getfixture("tmp_path"))
    >>> record = Record("/a.png", 9, 9, "digest", "PNG", 300, 200, bytes(64))
    >>> known.put([record], [np.full((1, 64), 0.125, np.float32)])
    >>> {digest: seen.shown["width"] for digest, seen in known.get(["digest", "other"]).items()}
    {'digest': 300}
    """

    def __init__(self, method: Method, *, regions: bool, folder: Path | None = None) -> None:
        views = method.views if regions else ()
        self._vectors = [VectorCache(one, folder=folder) for one in (method, *views)]
        self._side = method.short_side  # a thumbnail is of what was decoded
        self._shown = CacheFile(
            "pictures",
            version=version_of(DECODING, *SHOWN),
            key=["digest", "side"],
            answer=SHOWN,
            read=lambda *shown: dict(zip(SHOWN, shown, strict=True)),
            most=_CAPACITY,
            folder=folder,
        )

    def get(self, digests: Iterable[str]) -> dict[str, KnownPicture]:
        """Those of which all is known."""
        digests = list(digests)
        known = self._shown.get((digest, self._side) for digest in digests)
        vectors = [cache.get(digests) for cache in self._vectors]
        return {
            digest: KnownPicture(
                {**shown, "alpha": bool(shown["alpha"])}, [one[digest] for one in vectors]
            )
            for (digest, _), shown in known.items()
            if all(digest in one for one in vectors) and vectors[0][digest].any()
        }

    def put(self, records: Sequence[Record], vectors: Sequence[Vectors]) -> None:
        """Keep the pictures of files, with arrays of their vectors, as of `KnownPicture`."""
        digests = [record.digest for record in records]
        for cache, several in zip(self._vectors, vectors, strict=True):
            cache.put(dict(zip(digests, several, strict=True)))
        self._shown.put(
            (record.digest, self._side, *map(_kept, attrgetter(*SHOWN)(record)))
            for record in records
        )


def _kept(value: Any) -> Any:
    """As SQLite gives it back, which has no booleans."""
    return int(value) if isinstance(value, bool) else value
