"""What earlier runs measured of the pictures of groups, in files of the user's cache folder.

As `evidence_cache`: by the digests of the files, and by how they were aligned.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any, Generic, TypeVar

from dedup._base.cache_file import CacheFile
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, version_of
from dedup._verification.coverage.coverage import Coverage, Only
from dedup._verification.coverage.detail import Detail
from dedup._verification.coverage.layers import Standing
from dedup._verification.evidence import Evidence
from dedup._verification.registration import Matrix

__all__ = ["Measured", "covered_pairs", "known_standings", "name_of_layers", "name_of_pair"]

_T = TypeVar("_T")

_PAIRS = 100_000  # about 3 kB each
_GROUPS = 30_000  # about 100 bytes a picture


class Measured(Generic[_T]):
    """Measurements, by a name of all that they are made of; kept as JSON.

    Parameters
    ----------
    kind : str
        What is measured.
    values, read : callable
        What JSON knows of a measurement, and back. Floats come back as they were.
    most : int
        Measurements that are kept.
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> covered = covered_pairs(getfixture("tmp_path"))
    >>> covered.put({"a pair": Coverage(Only(within=0.25))})
    >>> {name: seen.a.within for name, seen in covered.get(["a pair", "another"]).items()}
    {'a pair': 0.25}
    """

    def __init__(
        self,
        kind: str,
        *,
        values: Callable[[_T], object],
        read: Callable[[Any], _T],
        most: int,
        folder: Path | None,
    ) -> None:
        self._values = values
        self._file = CacheFile(
            kind,
            version=version_of(DECODING, EVIDENCE, COVERAGE),
            key=["name"],
            answer=["measured"],
            read=lambda text: read(json.loads(text)),
            most=most,
            folder=folder,
        )

    def get(self, names: Iterable[str]) -> dict[str, _T]:
        """What is known of some names."""
        return {name: known for (name,), known in self._file.get((n,) for n in names).items()}

    def put(self, measured: Mapping[str, _T]) -> None:
        """Remember what was measured."""
        self._file.put((name, self._text(one)) for name, one in measured.items())

    def _text(self, measured: _T) -> str:
        return json.dumps(self._values(measured), default=lambda value: value.item())


def covered_pairs(folder: Path | None = None) -> Measured[Coverage]:
    """Coverage of pairs of files (a, b), as it was measured from a to b."""
    return Measured("covered", values=asdict, read=_coverage, most=_PAIRS, folder=folder)


def known_standings(folder: Path | None = None) -> Measured[list[Standing]]:
    """Standings of pictures that were laid over each other, in their order."""
    return Measured(
        "standings",
        values=lambda standings: list(map(astuple, standings)),
        read=lambda rows: [Standing(*row) for row in rows],
        most=_GROUPS,
        folder=folder,
    )


def name_of_pair(a: str, b: str, evidence: Evidence) -> str:
    """A name of two files, by their digests, aligned as was seen."""
    transform = None if evidence.transform is None else evidence.transform.tolist()
    boxes = evidence.box_a, evidence.box_b, evidence.overlap_a, evidence.overlap_b
    return _digest(a, b, transform, evidence.edits, evidence.rotation, *boxes)


def name_of_layers(layers: Iterable[tuple[str | None, Matrix, bool]]) -> str:
    """A name of pictures laid over each other: digest, where it lies, whether on a ground."""
    return _digest([(digest, at.tolist(), is_framed) for digest, at, is_framed in layers])


def _digest(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _coverage(values: dict[str, Any]) -> Coverage:
    a, b = (Only(**values[end]) for end in ("a", "b"))
    return Coverage(**{**values, "a": a, "b": b, "detail": Detail(**values["detail"])})
