"""`ImageIndex`: the images that are known, and the questions that can be asked of them."""

import os
from collections.abc import Collection as Several
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from dedup._base.arrays import Vectors
from dedup._base.options import DEFAULT
from dedup._base.timings import Timings
from dedup._catalogue.added import Added
from dedup._catalogue.discover import Found, discover, file_key
from dedup._catalogue.inputs import Inputs
from dedup._catalogue.record import SCHEMA, Record
from dedup._duplicates import Duplicates
from dedup._grouping.keeper import Keep
from dedup._index.check import Check
from dedup._index.open_index import OpenIndex
from dedup._index.stats import Stats
from dedup._search.settings import Settings
from dedup._search.threshold import Threshold
from dedup._search.two_sets import TwoSets
from dedup._verification.feature_cache import FeatureCache
from dedup.errors import InputError
from dedup.pipelines.images.decoding import ImageSource
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.storage import Storage

__all__ = ["ImageIndex"]


class ImageIndex:
    """Images and their embeddings, or hashes, in Milvus.

    Threads may share it: `check` works beside everything else, the rest takes turns.

    Parameters
    ----------
    uri : str or Path, optional
        A Milvus Lite file, whose name ends in `.db` (made if it is missing), the address of a
        Milvus server, such as "http://localhost:19530", or of Zilliz Cloud. By default what the
        environment variable MILVUS_URI says.
    method : {"sscd-cascade", "sscd", "sscd-fast", "phash"} or Model
        As in `find_duplicates`.
    device : str
        As in `find_duplicates`.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud. By default what the
        environment variable MILVUS_TOKEN says. MILVUS_CA, and with it MILVUS_CERT and MILVUS_KEY,
        name PEM files for a server at https://.
    collection : str
        Name of the collection.
    storage : Storage, optional
        How vectors are kept and indexed; chosen by store and size where nothing is said.
    regions : bool
        As in `find_duplicates`: a second embedding is kept of each picture.
    cache : bool
        Keep what pairs of pictures were seen to show in the user's cache folder (numbers, by
        the digests of the files), so that none is compared twice.
    progress : bool
        Show a progress bar where a person can see it.

    Raises
    ------
    ModelError
        If there is no such method, or what it needs is not installed.
    StoreUnavailable
        If Milvus does not answer, or another process holds the file.
    StoreError
        If the file belongs to another user, or is or holds a link.
    CollectionMismatch
        If the collection was made with another model, or is kept in another way.

    Examples
    --------
    >>> folder = getfixture("sample_folder")
    >>> with ImageIndex(folder.parent / "photos.db") as index:
    ...     print(index.add(folder))
    ...     index.check(folder / "chelsea.png").relation
    6 embedded, 2 copies recognised, 0 unchanged, 0 skipped
    'exact'
    """

    def __init__(
        self,
        uri: str | Path | None = None,
        *,
        method: str | Model | Method = DEFAULT,
        device: str = "cpu",
        token: str = "",
        collection: str = "dedup",
        storage: Storage | None = None,
        regions: bool = True,
        cache: bool = True,
        progress: bool = True,
    ) -> None:
        self._opened = OpenIndex(
            uri,
            model=model(method, device=device),
            token=token,
            collection=collection,
            storage=storage,
            regions=regions,
            cache=cache,
            progress=progress,
        )
        self._model = self._opened.model
        self._catalogue = self._opened.catalogue
        self._verdicts = self._opened.verdicts

    def add(
        self,
        inputs: Inputs,
        *,
        tag: str = "",
        unless_duplicate: bool = False,
        threshold: float | Threshold | None = None,
    ) -> Added:
        """Bring images in. Files that did not change since they were added cost nothing.

        Parameters
        ----------
        inputs : str, path, image, DataFrame with a `path` column, or several
            Folders, files or patterns; images in memory as bytes of a file, PIL images or
            arrays. Of an image in memory only its digest and its embedding stay: later images
            are found to be exact copies of it, but nothing can be verified against it.
        tag : str
            A name for the set that they belong to, such as "train"; files that are known get
            it too. Without one they keep what they have.
        unless_duplicate : bool
            Leave out images that repeat one of the index, or one before them in this call:
            exactly, or nearly as `check` decides.
        threshold : float or Threshold, optional
            As in `find_duplicates`, for `unless_duplicate`.

        Returns
        -------
        Added
            How many were embedded, recognised as copies, unchanged; and what was left out.

        Raises
        ------
        InputError
            If a path does not exist, a pattern matches nothing, or there is no file.

        Examples
        --------
        >>> folder = getfixture("sample_folder")
        >>> with ImageIndex(folder.parent / "new.db") as index:
        ...     print(index.add(folder / "coffee.jpg"))
        ...     added = index.add(folder / "coffee-small.jpg", unless_duplicate=True)
        ...     [refused.relation for refused in added.duplicates], len(index)
        1 embedded, 0 copies recognised, 0 unchanged, 0 skipped
        (['near'], 1)
        """
        if len(tag.encode()) > SCHEMA["tag"]:
            raise InputError(f"tag={tag!r}: longer than {SCHEMA['tag']} bytes")
        if threshold is not None and not unless_duplicate:
            raise InputError("threshold= goes with unless_duplicate=True: nothing else compares")
        found = discover(inputs, without=self._opened.connection.uri, as_named=unless_duplicate)
        settings = Settings(threshold, method=self._model) if unless_duplicate else None
        with self._opened.turn():
            return self._opened.add(found, tag=tag, unless=settings)

    def remove(self, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> int:
        """Forget files (the files themselves are not touched); returns how many were known."""
        with self._opened.turn():
            several = [paths] if isinstance(paths, str | os.PathLike) else paths
            return self._catalogue.remove(file_key(path) for path in several)

    def prune(self) -> int:
        """Forget files that are gone; returns how many.

        A file that was moved is known where it is now if that was added before.
        """
        with self._opened.turn():
            return self._catalogue.prune()

    def stats(self) -> Stats:
        """How much it holds, of what, and where."""
        with self._opened.turn():
            collection = self._catalogue.collection
            return Stats.of(
                self._catalogue.records.values(),
                model=self._model.properties["dedup.model"],
                store=self._opened.connection.store,
                index_type=collection.layout.index.type,
            )

    def check(
        self, image: ImageSource, *, threshold: float | Threshold | None = None, verify: bool = True
    ) -> Check:
        """Whether the index knows an image, or a near-duplicate of it. Nothing is added.

        The image is decoded once. It is also looked for inside the images of the index, and these
        inside of it. If the index does not hold it exactly, it is
        compared with those that resemble it most, until ten in a row do not show the same, at
        most with 16.

        Parameters
        ----------
        image : str, Path, bytes, PIL image or array
        threshold, verify
            As in `find_duplicates`.

        Raises
        ------
        DecodeError
            If the image can't be read.
        """
        settings = Settings(threshold, verify=verify, method=self._model)
        floor, checker = settings.floor(images=len(self)), self._opened.checker
        return checker.check(checker.read(image), settings=settings, floor=floor)

    def mark(self, a: ImageSource, b: ImageSource, *, duplicate: bool) -> None:
        """Say of two images that they are duplicates, or that they are not.

        `check`, `duplicates` and `find_duplicates` on this index do as was said: a pair that is
        marked as none is never accepted, and never comes into one group by way of others; a
        pair that is marked as duplicates is accepted, whatever it looks like. The last word
        counts. It is said of the contents of the two files, and holds where these are moved,
        renamed, or removed and added again.

        Parameters
        ----------
        a, b : str, Path, bytes, PIL image or array
            Images, of the index or not.
        duplicate : bool

        Raises
        ------
        InputError
            If both are one file, or "no duplicates" is said of two that show the same picture
            to the pixel.
        DecodeError
            If one can't be read.

        Examples
        --------
        >>> folder = getfixture("sample_folder")
        >>> with ImageIndex(folder.parent / "marked.db") as index:
        ...     added = index.add(folder)
        ...     index.mark(folder / "coffee.jpg", folder / "coffee-grey.jpg", duplicate=False)
        ...     [len(group) for group in index.duplicates().groups], len(index.verdicts())
        ([5, 2], 1)
        """
        with self._opened.turn():
            self._verdicts.mark(a, b, duplicate=duplicate, find=self._catalogue.find)

    def verdicts(self) -> pd.DataFrame:
        """What was marked, as labels for tuning: `dedup.tune` takes it.

        Columns: `a` and `b`, paths, and `label`. Pairs of which a file is nowhere to be found
        are left out.
        """
        with self._opened.turn():
            return self._verdicts.table(self._catalogue.records.values())

    def duplicates(
        self,
        *,
        between: tuple[str, str] | None = None,
        threshold: float | Threshold | None = None,
        candidates: float | None = None,
        verify: bool = True,
        relations: Several[str] = ("exact", "near"),
        keep: Keep = "best",
    ) -> Duplicates:
        """All duplicates among the images of the index, or between two sets of them.

        Parameters
        ----------
        between : (str, str), optional
            Two sets, each a tag or else a folder or pattern of files: only pairs with one
            image in either are looked for, as leak from training data into test data.
        threshold, candidates, verify, relations, keep
            As in `find_duplicates`.

        Raises
        ------
        InputError
            If a set is empty, or a file is in both.

        Examples
        --------
        >>> folder = getfixture("sample_folder")
        >>> with ImageIndex(folder.parent / "sets.db") as index:
        ...     train = index.add(folder / "coffee.jpg", tag="train")
        ...     test = index.add(f"{folder}/coffee-*.jpg", tag="test")
        ...     found = index.duplicates(between=("train", "test"))
        ...     [Path(path).name for path in found.pairs["b"].sort_values()]
        ['coffee-grey.jpg', 'coffee-small.jpg']
        """
        with self._opened.turn():
            settings = Settings(threshold, candidates, verify, relations, keep, self._model)
            records = self._catalogue.records
            sets = None if between is None else TwoSets.among(records, between)
            names = records if sets is None else sets.of
            search = self._opened.search(settings)
            return Duplicates(search.among({p: p for p in names}, sets=sets))

    def known(self, paths: Iterable[str]) -> tuple[dict[str, Record], Vectors]:
        """The records of those paths that are in the index, and a vector each."""
        with self._opened.turn():
            return self._opened.known(paths)

    def find(
        self,
        found: Found,
        *,
        others: Found | None = None,
        settings: Settings,
        is_cache: bool,
        timings: Timings,
    ) -> Duplicates:
        """What `find_duplicates` does; its cache forgets all files that were not discovered."""
        of = [{file.path for file in one.files} for one in (found, others) if one is not None]
        if others is not None:
            TwoSets.apart(*of)  # told before anything is embedded
            found = found | others
        with self._opened.turn():
            features = FeatureCache() if settings.verify else None
            with timings.stage("embed"):
                added = self._opened.add(found, features=features, recalls=is_cache)
            names = {file.path: file.name for file in added.files}
            sets = None if others is None else TwoSets.apart(*(names.keys() & one for one in of))
            if sets is not None:
                sets.require_both(added.skipped)
            if is_cache:
                self._catalogue.remove(sorted(self._catalogue.records.keys() - names.keys()))
            search = self._opened.search(settings, timings)
            return Duplicates(search.among(names, added=added, sets=sets, features=features))

    def __len__(self) -> int:
        return len(self._catalogue)

    def close(self) -> None:
        """Close the index; another process may then open its file."""
        self._opened.close()

    def __enter__(self) -> "ImageIndex":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
