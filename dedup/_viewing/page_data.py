"""Files and pairs as plain data: what the report page and the review in a notebook draw."""

import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from dedup._catalogue.record import Record
from dedup._results.members import MemberPair
from dedup._verification.evidence import Evidence
from dedup._viewing.thumbnails import Thumbnail

__all__ = ["file_data", "pair_data"]

Data = dict[str, Any]


def file_data(
    path: str,
    record: Record,
    shown: Thumbnail,
    *,
    seen_from: str | os.PathLike[str] | None = None,
    stays: str = "",
    why: str = "",
) -> Data:
    """One file.

    Parameters
    ----------
    path : str
        As the user named it; a name that is not UTF-8 holds lone surrogates.
    record : Record
    shown : Thumbnail
    seen_from : path, optional
        The folder of the page, if it may show the file itself.
    stays : str
        What it shows that the file to keep does not.
    why : str
        Of the file to keep, why it is.
    """
    data: Data = {"path": path, "width": record.width, "height": record.height}
    if record.is_file:
        data["size"] = record.size
        if record.path != path:
            data["full"] = record.path
        if seen_from is not None and not record.holder:
            data["uri"] = _uri(record.path, seen_from)
    if stays:
        data["stays"] = stays
    if why:
        data["why"] = why
    if shown.problem:
        data["problem"] = shown.problem
    elif shown.data:
        data["thumbnail"] = shown.data
    return data


def pair_data(match: MemberPair) -> Data:
    """Two files of a group, and what was seen of them; what is unknown is left out.

    `transform` maps a place in a, in parts of its width and height, to b: x' = t0 x + t1 y + t2,
    y' = t3 x + t4 y + t5. `changed` are first corners of the blocks that differ, in parts of a,
    one after the other, and `block` the corners of one of them, from its first.
    """
    data: Data = {"a": match.a, "b": match.b, "relation": match.relation, "edit": match.edit}
    for name in ("score", "similarity", "bits", "probability", "certainty"):
        value = getattr(match, name)
        if value is not None and not math.isnan(value):
            data[name] = round(float(value), 4)
    if match.marked:
        data["marked"] = True
    return data | _evidence_data(match.evidence)


def _evidence_data(evidence: Evidence | None) -> Data:
    if evidence is None or evidence.transform is None:
        return {}
    data: Data = {"transform": np.round(evidence.transform, 5).reshape(-1).tolist()}
    if evidence.changed is not None and len(evidence.changed):
        # All blocks have one shape: a page of thousands of pairs stays small.
        data["block"] = np.round(evidence.changed[0] - evidence.changed[0, 0], 4).tolist()
        data["changed"] = np.round(evidence.changed[:, 0], 3).reshape(-1).tolist()
    return data


def _uri(path: str, folder: str | os.PathLike[str]) -> str:
    """A file's address, relative to a folder, so that both can be moved together."""
    try:
        relative = os.path.relpath(path, os.path.realpath(folder))
    except ValueError:  # another drive of Windows
        return Path(path).as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
