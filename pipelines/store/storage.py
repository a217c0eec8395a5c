"""How vectors are kept in Milvus: which index, with which parameters, in which numbers.

Nothing here talks to Milvus. What the choices rest on, 512 floats a row on two cores: a Milvus
Lite file answers a thousand searches in 0.7 s with FLAT at 10,000 rows, and in 0.4 s with
IVF_FLAT at 30,000, where FLAT takes three times as long; a server is four times slower with
FLAT than with HNSW at 30,000 rows, and thirteen times at 100,000.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlparse

from dedup.errors import InputError, StoreError

__all__ = ["PART_ROWS", "Index", "Storage", "Store", "store_at"]

Store = Literal["lite", "server", "zilliz"]
_NAMES: dict[Store, str] = {
    "lite": "Milvus Lite",
    "server": "a Milvus server",
    "zilliz": "Zilliz Cloud",
}

# Milvus Lite takes any name for an empty collection, and can't open the file again.
_TYPES: dict[Store, tuple[str, ...]] = {
    "lite": ("FLAT", "IVF_FLAT", "IVF_SQ8", "HNSW"),
    "server": ("FLAT", "IVF_FLAT", "IVF_SQ8", "HNSW", "SCANN", "DISKANN", "AUTOINDEX"),
    "zilliz": ("AUTOINDEX",),
}
_EXACT = frozenset(("FLAT", "BIN_FLAT", "GPU_BRUTE_FORCE"))
# In the names of those whose scores are computed on shortened vectors.
_QUANTISED = ("_SQ", "_PQ", "_PRQ", "RABITQ", "SCANN", "DISKANN", "CAGRA", "AUTOINDEX")
# Up to here Milvus Lite compares a vector with all others.
_FLAT_ROWS = 20_000
PART_ROWS: Final = 16_384
"""Milvus Lite is told to write after so many rows, and each part has an index of its own."""
_LEAST_IN_LIST = 39  # or faiss warns
_PROBES = 32
_DEPTH = 128


def store_at(uri: str) -> Store:
    """What kind of Milvus an address leads to.

    Examples
    --------
    >>> store_at("photos.db"), store_at("http://localhost:19530")
    ('lite', 'server')
    """
    if "://" not in uri:
        return "lite"
    try:
        host = urlparse(uri).hostname or ""
    except ValueError:  # it is refused where it is opened
        host = ""
    return "zilliz" if "zilliz" in host else "server"


@dataclass(frozen=True, slots=True)
class Index:
    """An index over vectors.

    Attributes
    ----------
    type : str
        Milvus' name of it.
    metric : str
        "COSINE", "IP", "L2" or "HAMMING".
    params : mapping
        What it was built with.
    name : str
        Its own name.
    """

    type: str
    metric: str
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = "vector"

    @property
    def is_exact(self) -> bool:
        """Whether a search misses nothing."""
        return self.type in _EXACT

    @property
    def is_quantised(self) -> bool:
        """Whether its scores are approximate."""
        return any(part in self.type for part in _QUANTISED)

    @property
    def lower_is_nearer(self) -> bool:
        """Whether its numbers are distances."""
        return self.metric not in ("COSINE", "IP")

    def search_params(self, *, limit: int) -> dict[str, Any]:
        """What a search for so many hits needs.

        An inverted file is probed in as many lists as hold several times the hits asked for,
        if it was built with four times the root of its rows, so that a list holds nlist / 16.
        """
        if self.type.startswith("HNSW"):
            return {"ef": max(_DEPTH, limit)}  # a server refuses less than the limit
        if "IVF" in self.type or self.type == "SCANN":
            lists = int(self.params.get("nlist", 128))
            return {"nprobe": min(lists, max(_PROBES, math.ceil(4 * limit * 16 / lists)))}
        if self.type == "DISKANN":
            return {"search_list": max(_DEPTH, limit)}
        return {}


@dataclass(frozen=True, slots=True)
class Storage:
    """How an `ImageIndex` keeps its vectors. What is not set is chosen by store and size.

    A Milvus Lite file has FLAT up to 20,000 images and IVF_FLAT above (it is rebuilt when the
    index outgrows it), a server HNSW, and Zilliz Cloud AUTOINDEX. Hashes (method "phash") are
    compared with all others wherever they are, and take no setting.

    Parameters
    ----------
    index_type : str, optional
        Milvus' name of the index: on Milvus Lite "FLAT", "IVF_FLAT", "IVF_SQ8" or "HNSW"; on a
        server also "SCANN", "DISKANN" and "AUTOINDEX".
    params : mapping, optional
        What Milvus builds it with: `{"M": 16, "efConstruction": 200}` for HNSW,
        `{"nlist": 1024}` for IVF.
    float16 : bool
        Keep vectors in half the space, on a server from Milvus 2.4 on, or Zilliz Cloud.

    Raises
    ------
    InputError
        If there are parameters without an index type.

    Examples
    --------
    >>> Storage().index("server", rows=0)
    Index(type='HNSW', metric='COSINE', params={'M': 16, 'efConstruction': 200}, name='vector')
    >>> Storage("IVF_FLAT").index("lite", rows=10_000).params
    {'nlist': 400}
    """

    index_type: str | None = None
    params: Mapping[str, Any] | None = None
    float16: bool = False

    def __post_init__(self) -> None:
        if self.params is not None and self.index_type is None:
            raise InputError("params= of a Storage go with an index_type=")

    def index(self, store: Store, *, rows: int) -> Index:
        """The index of so many embeddings.

        Raises
        ------
        StoreError
            If the store does not have it, naming those that it has.
        """
        chosen = self.index_type or _default(store, rows)
        if chosen not in _TYPES[store]:
            raise StoreError(
                f"{_NAMES[store]} has no index {chosen!r}; it has: {', '.join(_TYPES[store])}"
            )
        params = _params(chosen, rows) if self.params is None else self.params
        if store == "lite" and self.params is None and "nlist" in params:
            params = {"nlist": min(params["nlist"], PART_ROWS // _LEAST_IN_LIST)}
        return Index(chosen, "COSINE", params)

    def outgrown(self, index: Index, *, rows: int) -> bool:
        """Whether an index of Milvus Lite, chosen for fewer rows, is to be built again.

        A server builds its index by parts, and chooses no other type for more.
        """
        wanted = self.index("lite", rows=rows)
        lists = [int(i.params.get("nlist", 1)) for i in (index, wanted)]
        return wanted.type != "FLAT" and (index.type != wanted.type or lists[1] > 2 * lists[0])


def _default(store: Store, rows: int) -> str:
    if store == "zilliz":
        return "AUTOINDEX"
    if store == "server":
        return "HNSW"
    return "FLAT" if rows <= _FLAT_ROWS else "IVF_FLAT"


def _params(index_type: str, rows: int) -> dict[str, Any]:
    if index_type == "HNSW":
        return {"M": 16, "efConstruction": 200}
    if index_type in ("IVF_FLAT", "IVF_SQ8", "SCANN"):
        # faiss advises 4 to 16 times the root of the rows.
        return {"nlist": max(128, round(4 * math.sqrt(rows)))}
    return {}
