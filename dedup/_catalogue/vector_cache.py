"""Embeddings and hashes of files, by the files' digests, in the user's cache folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from dedup._base.arrays import Vectors
from dedup._base.cache_file import CacheFile
from dedup._base.versions import DECODING, PREPROCESSING, Part, version_of
from dedup.pipelines.models.methods import Method

__all__ = ["VectorCache", "embedding_parts"]

_CAPACITY = 200_000  # about 2 kB each


def embedding_parts(method: Method) -> list[Part | str]:
    """What a method's embeddings of given pixels depend on, see `version_of`."""
    device = method.network.device if method.network else ""
    return [PREPROCESSING, *method.properties.values(), device]


class VectorCache:
    """What a method made of files. All methods share one file.

    Parameters
    ----------
    method : Method
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> from dedup.pipelines.models.methods import model
    >>> known = VectorCache(model("sscd"), folder=getfixture("tmp_path"))
    >>> known.put({"digest": np.full(512, 0.044, np.float32)})
    >>> {digest: vector.shape for digest, vector in known.get(["digest", "other"]).items()}
    {'digest': (512,)}
    """

    def __init__(self, method: Method, *, folder: Path | None = None) -> None:
        self._made_by = version_of(*embedding_parts(method))
        self._dimension = method.dimension
        self._file = CacheFile(
            "vectors",
            version=version_of(DECODING, PREPROCESSING),
            key=["digest", "made_by"],
            answer=["vector"],
            read=self._read,
            most=_CAPACITY,
            folder=folder,
        )

    def get(self, digests: Iterable[str]) -> dict[str, Vectors]:
        """Those that are known, shape (dimension,)."""
        found = self._file.get((digest, self._made_by) for digest in digests)
        return {digest: vector for (digest, _), vector in found.items()}

    def put(self, vectors: Mapping[str, Vectors]) -> None:
        """Keep some."""
        self._file.put(
            (digest, self._made_by, np.asarray(vector, np.float32).tobytes())
            for digest, vector in vectors.items()
        )

    def _read(self, data: bytes) -> Vectors:
        vector = np.frombuffer(data, np.float32)
        if len(vector) != self._dimension:
            raise ValueError("not of this method")
        return vector
