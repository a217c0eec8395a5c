"""What earlier runs measured of pairs of pictures, in a file of the user's cache folder.

As `evidence_cache`: by the digests of both files, and by how they were aligned.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from dedup._base.cache_file import CacheFile
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, version_of
from dedup._verification.coverage import Coverage, Only
from dedup._verification.detail import Detail
from dedup._verification.evidence import Evidence
from dedup._verification.tints import Tint

__all__ = ["BlockMatch", "CoveredPairs", "measured_from"]

BlockMatch: TypeAlias = tuple[str, str, str]
"""Digests of two files, and a name of their alignment."""

_KEPT = 100_000  # about 3 kB each


def measured_from(a: str, b: str, evidence: Evidence) -> BlockMatch:
    """The name of a measurement of two files, aligned as was seen."""
    aligned = (
        None if evidence.transform is None else evidence.transform.tolist(),
        evidence.edits,
        evidence.rotation,
        *(evidence.box_a, evidence.box_b, evidence.overlap_a, evidence.overlap_b),
    )
    return a, b, hashlib.blake2b(repr(aligned).encode(), digest_size=8).hexdigest()


class CoveredPairs:
    """Coverage of pairs of files (a, b), as it was measured from a to b.

    Parameters
    ----------
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> covered = CoveredPairs(getfixture("tmp_path"))
    >>> covered.put({("digest of a", "of b", "aligned"): Coverage(Only(within=0.25))})
    >>> found = covered.get([("digest of a", "of b", "aligned"), ("other", "files", "aligned")])
    >>> {pair: coverage.a.within for pair, coverage in found.items()}
    {('digest of a', 'of b', 'aligned'): 0.25}
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = CacheFile(
            "covered",
            version=version_of(DECODING, EVIDENCE, COVERAGE),
            key=["a", "b", "aligned"],
            answer=["coverage"],
            read=_coverage,
            most=_KEPT,
            folder=folder,
        )

    def get(self, pairs: Iterable[BlockMatch]) -> dict[BlockMatch, Coverage]:
        """What is known of some pairs."""
        return {(a, b, how): seen for (a, b, how), seen in self._file.get(pairs).items()}

    def put(self, measured: Mapping[BlockMatch, Coverage]) -> None:
        """Remember what was measured."""
        self._file.put((*pair, _text(coverage)) for pair, coverage in measured.items())


def _text(coverage: Coverage) -> str:
    """JSON; floats come back as they were."""
    return json.dumps(
        asdict(coverage),
        default=lambda value: (
            [str(value.dtype), value.tolist()] if isinstance(value, np.ndarray) else value.item()
        ),
    )


def _coverage(text: str) -> Coverage:
    values = json.loads(text)
    values |= {side: Only(**values[side]) for side in ("a", "b")}
    values["detail"] = Detail(**values["detail"])
    values |= {name: _tint(values[name]) for name in ("tint", "tint_back")}
    return Coverage(**values)


def _tint(values: dict[str, Any] | None) -> Tint | None:
    if values is None:
        return None
    arrays = {name: np.array(array, kind) for name, (kind, array) in values.items()}
    return Tint(**(arrays | {"palette": arrays["palette"].reshape(-1, 3)}))
