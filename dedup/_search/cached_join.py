"""What was proposed among the pictures of a Milvus Lite file, kept inside it until they change.

To read the vectors and to compare them takes longer than all else that a run does which finds
nothing new. It is kept with the rows, so that it goes when they go.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dedup._base.versions import JOIN, version_of
from dedup._catalogue.catalogue import Catalogue
from dedup._join.checkpoint import remove_work
from dedup._join.self_join import Pairs, self_join

__all__ = ["cached_join"]

_FOLDER = "dedup-pairs"
_NAME = re.compile("[0-9a-f]{32}")


def cached_join(catalogue: Catalogue, *, threshold: float, **how: Any) -> Iterator[Pairs]:
    """The self-join of an index; of one that did not change since, what it found the last time.

    Parameters
    ----------
    catalogue : Catalogue
    threshold : float
    **how
        As `self_join` takes it.
    """
    folder = _work_folder(catalogue, threshold)
    try:
        yield from self_join(catalogue.collection, threshold=threshold, work_folder=folder, **how)
    except Exception:  # of files that are damaged, or of another schema, anything may come
        if folder is None:
            raise
        remove_work(folder)  # damaged, or no room for it
        yield from self_join(catalogue.collection, threshold=threshold, **how)


def _work_folder(catalogue: Catalogue, threshold: float) -> Path | None:
    """The folder for the join of an index as it is now; other work goes.

    None for a server, which several processes may write to.
    """
    connection = catalogue.collection.connection
    if not connection.is_local:
        return None
    digest = hashlib.blake2b(f"{version_of(JOIN)} {connection.uri} {threshold!r}".encode())
    for record in sorted(catalogue.records.values(), key=lambda record: record.id):
        digest.update(f"{record.id} {record.digest} {record.copy_of}\n".encode())
    home = Path(connection.uri) / _FOLDER / catalogue.collection.name
    folder = home / digest.hexdigest()[:32]  # as _NAME
    for other in home.glob("*"):
        if other != folder and _NAME.fullmatch(other.name):
            remove_work(other)
    return folder
