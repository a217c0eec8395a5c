"""What earlier runs saw in pairs of pictures, in a file of the user's cache folder.

It is kept by the digests of both files: renamed, moved or in another index, they show what they
showed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np

from dedup._base.cache_file import CacheFile
from dedup._base.versions import DECODING, EVIDENCE, version_of
from dedup._catalogue.vector_cache import embedding_parts
from dedup._verification.evidence import Evidence, Relation
from dedup.pipelines.models.methods import Method

__all__ = ["Digests", "EvidenceCache"]

Digests: TypeAlias = tuple[str, str]

_CAPACITY = 300_000  # about 1 kB each
_TUPLES = ("box_a", "box_b", "edits")


class EvidenceCache:
    """Evidence of pairs of files (a, b), as it was seen from a to b.

    Parameters
    ----------
    reranker : Method, optional
        Of the network that scored pairs in doubt again.
    folder : Path, optional
        Where the file is; by default the user's cache folder. Other versions of the code or of
        the libraries that the evidence depends on have other files.
    most : int
        Pairs that are kept; what was written first goes first.

    Examples
    --------
    >>> seen = EvidenceCache(folder=getfixture("tmp_path"))
    >>> seen.put({("digest of a", "digest of b"): Evidence(0.98, "near", edits=("mirrored",))})
    >>> seen.get([("digest of a", "digest of b"), ("other", "files")])[
    ...     "digest of a", "digest of b"].edits
    ('mirrored',)
    """

    def __init__(
        self,
        reranker: Method | None = None,
        *,
        folder: Path | None = None,
        most: int = _CAPACITY,
    ) -> None:
        self.folder = folder
        self._file = CacheFile(
            "seen" if reranker is None else f"seen-{reranker.method}",
            version=version_of(
                DECODING, EVIDENCE, *([] if reranker is None else embedding_parts(reranker))
            ),
            key=["a", "b"],
            answer=["evidence", "changed"],
            read=_evidence,
            most=most,
            folder=folder,
        )

    def get(self, pairs: Iterable[Digests]) -> dict[Digests, Evidence]:
        """What is known of some pairs."""
        return {(a, b): seen for (a, b), seen in self._file.get(pairs).items()}

    def put(self, seen: Mapping[Digests, Evidence]) -> None:
        """Remember what was seen."""
        self._file.put((*pair, *_row(evidence)) for pair, evidence in seen.items())


def _row(evidence: Evidence) -> tuple[str, bytes | None]:
    values = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    changed = values.pop("changed")
    text = json.dumps(values, default=_plain)
    return text, None if changed is None else np.asarray(changed, np.float64).tobytes()


def _evidence(text: str, changed: bytes | None) -> Evidence:
    values: dict[str, Any] = json.loads(text)
    if not isinstance(values["score"], float) or values["relation"] not in get_args(Relation):
        raise ValueError("no evidence that was kept here")
    values |= {name: tuple(values[name]) for name in _TUPLES}
    if values["transform"] is not None:
        values["transform"] = np.array(values["transform"])
    if changed is not None:
        values["changed"] = np.frombuffer(changed).reshape(-1, 4, 2)
    return Evidence(**values)


def _plain(value: Any) -> Any:
    """What JSON does not know: arrays, NumPy's numbers, mappings."""
    return dict(value) if isinstance(value, Mapping) else value.tolist()
