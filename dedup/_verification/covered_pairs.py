"""What earlier runs measured of pairs of pictures, in a file of the user's cache folder.

As `evidence_cache`: by the digests of both files, and by how they were aligned.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from dedup._base.cache_file import CacheFile
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, version_of
from dedup._verification.coverage import Coverage, Only
from dedup._verification.detail import Detail
from dedup._verification.evidence import Evidence

__all__ = ["CoveredPairs", "PairName", "measured_from"]

PairName: TypeAlias = tuple[str, str, str]
"""Digests of two files, and a name of their alignment."""

_KEPT = 100_000  # about 3 kB each


def measured_from(a: str, b: str, evidence: Evidence) -> PairName:
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

    def get(self, pairs: Iterable[PairName]) -> dict[PairName, Coverage]:
        """What is known of some pairs."""
        return {(a, b, how): seen for (a, b, how), seen in self._file.get(pairs).items()}

    def put(self, measured: Mapping[PairName, Coverage]) -> None:
        """Remember what was measured."""
        self._file.put((*pair, _text(coverage)) for pair, coverage in measured.items())


def _text(coverage: Coverage) -> str:
    """JSON; floats come back as they were."""
    return json.dumps(asdict(coverage), default=lambda value: value.item())


def _coverage(text: str) -> Coverage:
    values: dict[str, Any] = json.loads(text)
    a, b = (Only(**values[end]) for end in ("a", "b"))
    tint, is_turned = float(values["tint"]), bool(values["is_turned"])
    return Coverage(a, b, Detail(**values["detail"]), tint, is_turned)
