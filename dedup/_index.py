"""`ImageIndex`: the images that are known, and the questions that can be asked of them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dedup._catalogue import Catalogue
from dedup._discover import Inputs, discover
from dedup._duplicates import Candidates, Duplicates
from dedup._groups import Keep, keep_order
from dedup._ingest import SHORT_SIDE, Added, Ingest
from dedup._join import DISTINCT, self_join
from dedup._progress import bar
from dedup._records import Record
from dedup.pipelines import call, search
from dedup.pipelines.decoding import Decoded, ImageSource, decode, pixel_digest
from dedup.pipelines.errors import DecodeError
from dedup.pipelines.milvus import Collection, connect
from dedup.pipelines.models import model

__all__ = ["Check", "ImageIndex", "Match"]

THRESHOLD = 0.75
CANDIDATES = 0.25


class ImageIndex:
    """Images and their embeddings in Milvus.

    Parameters
    ----------
    uri : str or Path
        A Milvus Lite file, whose name ends in `.db` (made if it is missing), the address of a
        Milvus server, such as "http://localhost:19530", or of Zilliz Cloud.
    method : {"sscd", "sscd-fast"}
        What pictures are embedded with: SSCD's ResNet-50, or its small student.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud.
    collection : str
        Name of the collection.
    progress : bool
        Show a progress bar where a person can see it.

    Raises
    ------
    ModelError
        If there is no such method, or its weights are not installed.
    StoreUnavailable
        If Milvus does not answer, or another process holds the file.
    CollectionMismatch
        If the collection was made with another model.

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
        uri: str | Path,
        *,
        method: str = "sscd",
        token: str = "",
        collection: str = "dedup",
        progress: bool = True,
    ) -> None:
        self._model = model(method)
        self._model.weights_file()  # missing weights are told before anything is made
        self._token = token
        self._progress = progress
        self._connection = connect(uri, token=token)
        self._catalogue = Catalogue(
            Collection(self._connection, name=collection), model=self._model
        )

    def add(self, inputs: Inputs) -> Added:
        """Bring images in. Files that did not change since they were added cost nothing.

        Parameters
        ----------
        inputs : str, path, PIL image, array, DataFrame with a `path` column, or several
            Folders, files or patterns.

        Returns
        -------
        Added
            How many were embedded, recognised as copies, unchanged; and what was skipped.

        Raises
        ------
        InputError
            If a path does not exist, a pattern matches nothing, or there is no file.
        """
        found = discover(inputs)
        ingest = Ingest(self._catalogue, model=self._model, token=self._token)
        with bar(total=len(found.files), title="embedding", shown=self._progress) as progress:
            added = ingest.run(found.files, advance=progress.update)
        if added.embedded or added.copies:
            self._catalogue.collection.flush()
        added.skipped = sorted(found.skipped + added.skipped, key=lambda skipped: skipped.path)
        return added

    def remove(self, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> int:
        """Forget files (the files themselves are not touched); returns how many were known."""
        several = [paths] if isinstance(paths, str | os.PathLike) else paths
        return self._catalogue.remove(os.path.abspath(path) for path in several)

    def check(self, image: ImageSource, *, threshold: float | None = None) -> "Check":
        """Whether the index knows an image, or a near-duplicate of it. Nothing is added.

        Parameters
        ----------
        image : str, Path, bytes, PIL image or array
        threshold : float, optional
            Cosine from which an image counts as a near-duplicate; the default is that of
            `find_duplicates`.

        Raises
        ------
        DecodeError
            If the image can't be read.
        """
        threshold = THRESHOLD if threshold is None else threshold
        hits = call(self._search, image).get()[0]
        known = {record.id: record for record in self._catalogue.records.values()}
        near = [(known[key], score) for key, score in hits if key in known and score >= threshold]
        if not near:
            return Check("new", [])
        size = decode(image)
        matches = [
            Match(record.path, score, "exact" if _same_picture(record, image, size) else "near")
            for record, score in near
        ]
        matches.sort(key=lambda match: (match.relation != "exact", -match.similarity, match.path))
        return Check(matches[0].relation, matches)

    def duplicates(
        self,
        *,
        threshold: float | None = None,
        candidates: float | None = None,
        keep: Keep = "best",
    ) -> Duplicates:
        """All duplicates among the images of the index.

        Parameters
        ----------
        threshold : float, optional
            Cosine from which a pair is accepted, 0 to 1.
        candidates : float, optional
            Pairs are kept from this cosine up, so that `at` can go down to it.
        keep : {"best", "largest", "oldest", "shortest-path"} or callable
            Which file of a group is kept: the one of most pixels, of most bytes, the oldest,
            that of the shortest path, or by a sort key of your own.
        """
        names = {path: path for path in self._catalogue.records}
        return self._among(Added(), names, threshold=threshold, candidates=candidates, keep=keep)

    def find(
        self,
        inputs: Inputs,
        *,
        threshold: float | None = None,
        candidates: float | None = None,
        keep: Keep = "best",
        prune: bool = False,
    ) -> Duplicates:
        """Add images, and find the duplicates among them (only them, whatever else is here).

        Parameters
        ----------
        inputs, threshold, candidates, keep
            As in `add` and `duplicates`.
        prune : bool
            Forget every file that is not among them.
        """
        added = self.add(inputs)
        names = {file.path: file.name for file in added.files}
        if prune:
            self.remove(self._catalogue.records.keys() - names.keys())
        return self._among(added, names, threshold=threshold, candidates=candidates, keep=keep)

    def _among(
        self,
        added: Added,
        names: dict[str, str],
        *,
        threshold: float | None,
        candidates: float | None,
        keep: Keep,
    ) -> Duplicates:
        """The duplicates among some files of the index, given with the names to show."""
        threshold = THRESHOLD if threshold is None else threshold
        floor = min(threshold, CANDIDATES) if candidates is None else candidates
        records = [self._catalogue.records[path] for path in names]
        keep_order(records[:1], keep=keep)  # a wrong rule is told before the work
        pairs: list[tuple[int, int, float]] = []
        unfinished = 0
        for found in self_join(self._catalogue.collection, threshold=floor):
            pairs += zip(found.a.tolist(), found.b.tolist(), found.similarity.tolist(), strict=True)
            unfinished += len(found.unfinished)
        pairs.sort(key=lambda pair: (-pair[2], pair[:2]))
        return Duplicates(
            records,
            names,
            Candidates(pairs, floor, unfinished),
            added.skipped,
            threshold,
            keep,
            added.embedded,
        )

    @cached_property
    def _search(self) -> Any:
        return search(
            method=self._model.method,
            short_side=SHORT_SIDE,
            uri=self._connection.uri,
            collection=self._catalogue.collection.name,
            token=self._token,
            where=DISTINCT,
            fields=(),
        )

    def __len__(self) -> int:
        return len(self._catalogue.records)

    def close(self) -> None:
        """Close the index; another process may then open its file."""
        self._connection.close()

    def __enter__(self) -> "ImageIndex":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Match:
    """An image of the index that a checked image repeats.

    Attributes
    ----------
    path : str
        The image of the index.
    similarity : float
        Cosine of the two embeddings.
    relation : {"exact", "near"}
        "exact": the same pixels.
    """

    path: str
    similarity: float
    relation: str


@dataclass(frozen=True, slots=True)
class Check:
    """What an index says of one image.

    Attributes
    ----------
    relation : {"new", "exact", "near"}
        Of the best match; "new" if there is none.
    matches : list of Match
        The best first.
    """

    relation: str
    matches: list[Match]


def _same_picture(record: Record, image: ImageSource, decoded: Decoded) -> bool:
    if (record.width, record.height) != (decoded.width, decoded.height):
        return False
    try:
        return pixel_digest(record.path) == pixel_digest(image)
    except DecodeError:
        return False
