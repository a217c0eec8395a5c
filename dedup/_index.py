"""`ImageIndex`: the images that are known, and the questions that can be asked of them."""

import os
from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dedup._blank import blank_pictures
from dedup._candidates import Candidates
from dedup._catalogue import Catalogue
from dedup._discover import Found, Inputs, discover, file_key
from dedup._duplicates import Duplicates
from dedup._identical import Picture, PictureBook, thumbnail
from dedup._ingest import Added, Ingest
from dedup._join import DISTINCT, self_join
from dedup._keep import Keep, Keeper
from dedup._links import Links
from dedup._progress import bar
from dedup._records import Record
from dedup._settings import Settings
from dedup._threshold import Threshold
from dedup._verify import Pair, Verifier
from dedup.pipelines import call, search
from dedup.pipelines.decoding import ImageSource, decode
from dedup.pipelines.milvus import Collection, connect
from dedup.pipelines.models import Vectors, model
from dedup.pipelines.storage import Storage

__all__ = ["Check", "ImageIndex", "Match"]


class ImageIndex:
    """Images and their embeddings, or hashes, in Milvus.

    Parameters
    ----------
    uri : str or Path, optional
        A Milvus Lite file, whose name ends in `.db` (made if it is missing), the address of a
        Milvus server, such as "http://localhost:19530", or of Zilliz Cloud. By default what the
        environment variable MILVUS_URI says.
    method : {"sscd", "sscd-fast", "phash"}
        What pictures are compared by: embeddings of SSCD's ResNet-50 or of its small student,
        or 64-bit DCT hashes and their Hamming distance.
    token : str, optional
        "user:password" of a server, or the API key of Zilliz Cloud. By default what the
        environment variable MILVUS_TOKEN says.
    collection : str
        Name of the collection.
    storage : Storage, optional
        How vectors are kept and indexed; chosen by store and size where nothing is said.
    progress : bool
        Show a progress bar where a person can see it.

    Raises
    ------
    ModelError
        If there is no such method, or what it needs is not installed.
    StoreUnavailable
        If Milvus does not answer, or another process holds the file.
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
        method: str = "sscd",
        token: str = "",
        collection: str = "dedup",
        storage: Storage | None = None,
        progress: bool = True,
    ) -> None:
        self._model = model(method)
        self._model.require()  # what is missing is told before anything is made
        self._progress = progress
        self._connection = connect(uri, token=token)
        self._token = self._connection.token
        try:
            self._catalogue = Catalogue(
                Collection(self._connection, name=collection, storage=storage), model=self._model
            )
        except BaseException:
            self.close()
            raise

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
        return self._add(discover(inputs, without=self._connection.uri))

    def _add(self, found: Found) -> Added:
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
        return self._catalogue.remove(file_key(path) for path in several)

    def check(
        self, image: ImageSource, *, threshold: float | Threshold | None = None, verify: bool = True
    ) -> "Check":
        """Whether the index knows an image, or a near-duplicate of it. Nothing is added.

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
        settings = Settings(threshold, verify=verify, method=self._model.method)
        floor = settings.floor(images=len(self))
        known = {record.id: record for record in self._catalogue.records.values()}
        found = call(self._search, image).get()[0]
        hits = {key: score for key, score in found if score >= floor and key in known}
        decoded = decode(image)
        cells = thumbnail(decoded.image).tobytes()
        asked = Record("<an image>", 0, 0, "", "", decoded.width, decoded.height, cells)
        pictures = {0: asked} | {key: known[key] for key in hits}
        exact = _same_pixels(pictures, image)
        verifier = Verifier({0: asked, **known}, images={asked.path: image})
        candidates = Candidates(
            floor,
            among=hits.keys(),
            blank=blank_pictures(pictures) if settings.trusts_hashes else frozenset(),
            similarity={(0, key): score for key, score in hits.items()},
        )
        decision = settings.decision(candidates, verifier)
        pairs = [(0, key) for key in hits]
        decision.verify(pairs)
        matches = []
        for _, key in filter(lambda pair: pair[1] == exact or decision.is_link(pair), pairs):
            seen = verifier.evidence((0, key))
            score = 1.0 if key == exact else seen.score if seen else None
            relation = "exact" if key == exact else "near"
            matches.append(Match(known[key].path, hits[key], relation, score))
        matches.sort(key=lambda match: (match.relation != "exact", -match.similarity, match.path))
        return Check(matches[0].relation if matches else "new", matches)

    def duplicates(
        self,
        *,
        threshold: float | Threshold | None = None,
        candidates: float | None = None,
        verify: bool = True,
        relations: Several[str] = ("exact", "near"),
        keep: Keep = "best",
    ) -> Duplicates:
        """All duplicates among the images of the index.

        Parameters
        ----------
        threshold, candidates, verify, relations, keep
            As in `find_duplicates`.
        """
        method = self._model.method
        settings = Settings(threshold, candidates, verify, relations, keep, method)
        names = {path: path for path in self._catalogue.records}
        return self._among(names, settings=settings)

    def known(self, paths: Iterable[str]) -> tuple[dict[str, Record], Vectors]:
        """The records of those paths that are in the index, and a vector each."""
        records = {p: r for p in paths if (r := self._catalogue.records.get(p)) is not None}
        pictures = [record.picture for record in records.values()]
        return records, self._catalogue.collection.vectors(pictures)

    def find(self, found: Found, *, settings: Settings, prune: bool) -> Duplicates:
        """Add images, and find the duplicates among them alone; `find_duplicates` is this.

        Parameters
        ----------
        found : Found
            What was discovered.
        settings : Settings
        prune : bool
            Forget every file that is not among them.
        """
        added = self._add(found)
        names = {file.path: file.name for file in added.files}
        if prune:
            self._catalogue.remove(sorted(self._catalogue.records.keys() - names.keys()))
        images = {file.path: file.image for file in added.files if file.image is not None}
        return self._among(names, settings=settings, added=added, images=images)

    def _among(
        self,
        names: Mapping[str, str],
        *,
        settings: Settings,
        added: Added | None = None,
        images: Mapping[str, ImageSource] = MappingProxyType({}),
    ) -> Duplicates:
        """The duplicates among some files of the index, given with the names to show."""
        similarity: dict[Pair, float] = {}
        keeper = Keeper(settings.keep, similarity=similarity)
        files = keeper.files(self._catalogue.records[path] for path in names)
        firsts = {picture: records[0] for picture, records in files.items()}
        candidates = Candidates(
            settings.floor(images=len(self)),
            among=files.keys(),
            blank=blank_pictures(firsts) if settings.trusts_hashes else frozenset(),
            similarity=similarity,
        )
        verifier = Verifier(firsts, images=images)
        links = Links(settings.decision(candidates, verifier))
        rounds = self_join(
            self._catalogue.collection,
            threshold=candidates.floor,
            deeper=links.worth_deeper if settings.verify else list,
        )
        with bar(total=None, title="verifying", unit=" pairs", shown=self._progress) as progress:
            verifier.advance = progress.update
            for found in rounds:
                links.follow(candidates.add(found))
            added = added or Added()
            duplicates = Duplicates(
                _files=files,
                _names=names,
                _skipped=added.skipped,
                _candidates=candidates,
                _verifier=verifier,
                _links=links,
                _keeper=keeper,
                _settings=settings,
                embedded=added.embedded,
            )
            duplicates.groups  # noqa: B018  verified now, while the progress is shown
        return duplicates

    @cached_property
    def _search(self) -> Any:
        return search(
            method=self._model.method,
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
        Cosine of the two embeddings; of two hashes, 1 - bits / 32.
    relation : {"exact", "near"}
        "exact": the same pixels.
    score : float, optional
        Score of the verification, 0 to 1.
    """

    path: str
    similarity: float
    relation: str
    score: float | None = None


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


def _same_pixels(pictures: Mapping[int, Record], image: ImageSource) -> int | None:
    """Which of the pictures has the very pixels of picture 0, the image."""
    book = PictureBook()
    for key, record in pictures.items():
        if key:
            book.add(Picture(key, record.path, record.width, record.height, record.cells))
    asked = pictures[0]
    same = book.same(Picture(0, image, asked.width, asked.height, asked.cells))
    return None if same is None else same.id
