"""`find_duplicates`: the whole job in one call, over an index that the next call finds again."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from PIL import Image

from dedup._base.options import DEFAULT
from dedup._base.timings import Timings
from dedup._base.versions import DECODING, PREPROCESSING, version_of
from dedup._catalogue.discover import discover
from dedup._catalogue.inputs import Inputs
from dedup._catalogue.record import FIELDS
from dedup._duplicates import Duplicates
from dedup._grouping.keeper import Keep
from dedup._index.cached import with_own_index
from dedup._index.image_index import ImageIndex
from dedup._search.settings import Settings
from dedup._search.threshold import Threshold
from dedup.errors import InputError
from dedup.pipelines.images.remote import is_remote
from dedup.pipelines.images.rows import is_dataset
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model

__all__ = ["find_duplicates", "index_name"]

_ONE = (str, os.PathLike, bytes, Image.Image, np.ndarray, Mapping)
Paths: TypeAlias = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def find_duplicates(
    inputs: Inputs,
    *,
    between: Paths | None = None,
    method: str | Model | Method = DEFAULT,
    device: str = "cpu",
    threshold: float | Threshold | None = None,
    candidates: float | None = None,
    verify: bool = True,
    relations: Collection[str] = ("exact", "near"),
    keep: Keep = "best",
    regions: bool = True,
    index: str | Path | None = None,
    token: str = "",
    cache: bool = True,
    progress: bool = True,
) -> Duplicates:
    """Find the exact and near-duplicates among images.

    Parameters
    ----------
    inputs : str, path, image, DataFrame with a `path` column, data set, or several of them
        Folders (walked to the bottom), files, or patterns such as "photos/**/*.jpg"; tar, zip
        and Parquet files, read in place; addresses such as "s3://bucket/photos"; images in memory
        as bytes of a file, PIL images or arrays; data sets of Hugging Face. See docs/data.md.
    between : str, path, or several of them, optional
        Other folders, files or patterns: only pairs of one of `inputs` with one of these are
        looked for, as leak from training data into test data.
    method : {"sscd-cascade", "sscd", "sscd-fast", "phash"} or Model
        What pictures are compared by: embeddings of SSCD's ResNet-50 ("sscd"), of its small
        student ("sscd-fast"), or of the student, and of the ResNet-50 only to rerank the pairs
        that are in doubt ("sscd-cascade"); or 64-bit DCT hashes and their Hamming
        distance ("phash"), for copies that were resized, recompressed or recoloured a little:
        what is mirrored, turned, cropped or captioned has another hash, and is missed. Or a
        model of your own, see `Model`.
    device : str
        What networks run on: "cpu", or "cuda" or "cuda:1" for a graphics card of NVIDIA's, which
        needs `pip install "dedup-vision[gpu]"`.
    threshold : float or Threshold, optional
        Pairs at or above it are accepted, 0 to 1: on the score of the verification, or with
        `verify=False` on the cosine of the embeddings. For hashes with `verify=False`: the most
        bits that may differ, 0 to 64, by default 8 (distances are even, so that 9 is 8).
        What `tune` gave brings its probabilities along, and refuses what it is not valid for.
    candidates : float, optional
        The cosine from which the embedding proposes a pair; by default 0.15, or 0.3 above
        1,000 images. For hashes, with or without verification, the bits up to which;
        by default 18 to 12, more for small collections.
    verify : bool
        Accept a pair only if the two pictures, aligned, show the same.
    relations : collection of {"exact", "near", "scene"}
        What makes a group. "scene", two shots of one scene, is reported but not grouped
        unless it is asked for.
    keep : {"best", "largest", "oldest", "shortest-path", "exif-date"}, callable or list
        Which file of a group is kept: the one that shows most (see docs/keeping.md), of most bytes,
        the oldest, that of the shortest path, the first by the date in its header, or by a sort key
        of your own. A list is of folders, the preferred first, and perhaps a rule for files of
        one folder: `keep=["archive/", "inbox/", "oldest"]`. What shows something that
        the file to keep does not is in `group.retain`.
    regions : bool
        Look for pictures inside others too, pasted into a photo, a page or a screenshot; with
        `verify` and the built-in networks. Takes a fifth of the embedding's time more.
    index : str or Path, optional
        Where embeddings and hashes are kept: a Milvus Lite file ("photos.db") or the address of
        a server. By default a file in the user's cache folder, one for these inputs and this
        method, filled from what is known there of each image: what was embedded once is not again,
        in whichever folder. Images in memory, and data sets, are not cached.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud.
    cache : bool
        Keep what was embedded (unless `index` is given) and what pairs of pictures were seen to
        show, for a later call. False: keep nothing but the index, if it is given.
    progress : bool
        Show a progress bar where a person can see it.

    Returns
    -------
    Duplicates
        Its groups, pairs, and what was skipped; `at` gives another threshold at once.

    Raises
    ------
    InputError
        If a path does not exist, a pattern matches nothing, there is no file, or one is in both
        sets.
    ModelError, StoreError
        If what the method needs is not installed; if the index can't be used.

    Examples
    --------
    >>> found = find_duplicates(getfixture("sample_folder"), cache=False)
    >>> [len(group) for group in found.groups]
    [5, 3]
    """
    if isinstance(inputs, Iterator):
        inputs = list(inputs)
    against = None if between is None else _paths(between)
    known = model(method, device=device)
    known.require()  # what is missing is told before anything is made
    settings = Settings(threshold, candidates, verify, relations, keep, known)
    timings = Timings()
    with timings.stage("discover"):
        found = discover(inputs, without=index)
        others = None if against is None else discover(against, without=index)

    def search(uri: str | Path, *, is_cache: bool) -> Duplicates:
        with ImageIndex(
            uri, method=known, token=token, regions=regions, cache=cache, progress=progress
        ) as images:
            return images.find(
                found,
                others=others,
                settings=settings,
                is_cache=is_cache,
                timings=timings,
            )

    if index is not None:
        return search(index, is_cache=False)
    regions = regions and verify
    both = [*_several(inputs), *(against or ())]
    name = index_name(both, method=known, regions=regions) if cache else None
    return with_own_index(lambda uri: search(uri, is_cache=name is not None), name=name)


def index_name(inputs: Inputs, *, method: Method, regions: bool = True) -> str | None:
    """A name for these inputs and what they are embedded with; None for images in memory."""
    several = _several(inputs)
    if not all(isinstance(one, str | os.PathLike) for one in several) or not several:
        return None
    paths = sorted(str(one) if is_remote(one) else os.path.abspath(one) for one in several)
    # A new version embeds again where what it keeps is different.
    methods = (method, *(method.views if regions else ()))
    properties = (value for one in methods for value in one.properties.values())
    made_with = version_of(DECODING, PREPROCESSING, *properties, *FIELDS)
    text = "\0".join([made_with, *paths])
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8)
    stem = "".join(c for c in Path(paths[0]).name if c.isascii() and c.isalnum())[:24]
    return f"{stem or 'images'}-{digest.hexdigest()}"


def _several(inputs: Inputs) -> list[Any]:
    """Inputs as a list."""
    if isinstance(inputs, pd.DataFrame):
        return list(inputs.get("path", []))
    if isinstance(inputs, _ONE) or is_dataset(inputs):
        return [inputs]
    return list(inputs)


def _paths(between: Paths) -> list[str | os.PathLike[str]]:
    """The other set as a list, of paths alone: images in memory are numbered from 0 in either."""
    several = _several(between)
    if not all(isinstance(one, str | os.PathLike) for one in several):
        raise InputError("between= takes folders, files and patterns")
    return several
