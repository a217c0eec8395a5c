"""How earlier runs saw the pictures of groups stand, in a file of the user's cache folder.

As `evidence_cache`: by the digests of the files, and by how they were aligned.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path

from dedup._base.cache_file import CacheFile
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, version_of
from dedup._verification.layers import Standing
from dedup._verification.registration import Matrix

__all__ = ["KnownStandings", "name_of"]

_KEPT = 30_000  # about 100 bytes a picture


def name_of(pictures: Iterable[tuple[str | None, Matrix, bool]]) -> str:
    """A name of pictures laid over each other: digest, where it lies, whether on a ground."""
    laid = [(digest, to_picture.tolist(), is_framed) for digest, to_picture, is_framed in pictures]
    return hashlib.blake2b(repr(laid).encode(), digest_size=16).hexdigest()


class KnownStandings:
    """The standings of pictures that were laid over each other, by their name.

    Parameters
    ----------
    folder : Path, optional
        Where the file is; by default the user's cache folder.

    Examples
    --------
    >>> known = KnownStandings(getfixture("tmp_path"))
    >>> known.put("a group", [Standing(1.0, 0.25, 3.0, 0.5, False)])
    >>> known.get("a group", count=1)[0].altered, known.get("another", count=2)
    (0.25, None)
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = CacheFile(
            "standings",
            version=version_of(DECODING, EVIDENCE, COVERAGE),
            key=["pictures"],
            answer=["standings"],
            read=lambda text: [Standing(*values) for values in json.loads(text)],
            most=_KEPT,
            folder=folder,
        )

    def get(self, name: str, *, count: int) -> list[Standing] | None:
        """Those of so many pictures, in their order, if they are known."""
        known = self._file.get([(name,)]).get((name,), [])
        return known if len(known) == count else None

    def put(self, name: str, standings: Sequence[Standing]) -> None:
        """Remember them."""
        text = json.dumps(list(map(astuple, standings)), default=lambda value: value.item())
        self._file.put([(name, text)])
