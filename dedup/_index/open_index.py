"""What an index is made of while it is open, and the work that its parts do together."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from dedup._base.allocator import give_back
from dedup._base.arrays import Vectors
from dedup._base.progress import bar
from dedup._base.timings import Timings
from dedup._catalogue.added import Added
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.discover import Found
from dedup._catalogue.ingest import Ingest
from dedup._catalogue.known_pictures import KnownPictures
from dedup._catalogue.record import Record
from dedup._catalogue.vector_cache import VectorCache
from dedup._catalogue.verdicts import Verdicts
from dedup._index.admission import Admission
from dedup._index.check import Checker
from dedup._search.rerank import reranker_of
from dedup._search.search import Search
from dedup._search.settings import Settings
from dedup._verification.evidence_cache import EvidenceCache
from dedup._verification.feature_cache import FeatureCache
from dedup.pipelines.models.methods import Method
from dedup.pipelines.store.collection import Collection, connect
from dedup.pipelines.store.storage import Storage

__all__ = ["OpenIndex"]

# Rows after which a server is asked to write, and index, what it has.
_FLUSHED_FROM = 1_024


class OpenIndex:
    """An index that is open. Threads may share `checker`; with the rest they take turns.

    Parameters
    ----------
    uri, token, collection, storage, regions, cache, progress
        As of `ImageIndex`.
    model : Method

    Attributes
    ----------
    model : Method
    connection : Connection
    catalogue : Catalogue
    verdicts : Verdicts
    """

    def __init__(
        self,
        uri: str | Path | None,
        *,
        model: Method,
        token: str = "",
        collection: str = "dedup",
        storage: Storage | None = None,
        regions: bool = False,
        cache: bool,
        progress: bool,
    ) -> None:
        model.require()  # what is missing is told before anything is made
        self.model = model
        self._turn = threading.RLock()
        self._progress = progress
        self._keeps = cache
        self._evidence_cache = EvidenceCache(model.reranker) if cache else None
        reranker = reranker_of(model)
        self._known = VectorCache(reranker) if cache and reranker is not None else None
        self.connection = connect(uri, token=token)
        try:
            self.catalogue = Catalogue(
                Collection(self.connection, name=collection, storage=storage),
                model=model,
                regions=regions,
            )
            self.verdicts = Verdicts(self.connection, collection=collection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What is on its way into the index is not there for other threads yet."""
        self.connection.require_own()  # in a forked process nobody may ever end the turn
        with self._turn:
            yield

    @cached_property
    def checker(self) -> Checker:
        """Who asks it about single images."""
        collection = self.catalogue.collection
        return Checker(
            collection,
            model=self.model,
            views=self.catalogue.views,
            verdicts=self.verdicts,
            known=self._known,
        )

    def add(
        self,
        found: Found,
        *,
        tag: str = "",
        unless: Settings | None = None,
        features: FeatureCache | None = None,
        recalls: bool = False,
    ) -> Added:
        """Bring in what was discovered.

        Parameters
        ----------
        found : Found
        tag : str
            As of `ImageIndex.add`.
        unless : Settings, optional
            Leave out what repeats an image of the index, as these decide.
        features : FeatureCache, optional
            Sees the new pictures while they are decoded.
        recalls : bool
            Embed nothing that an earlier run did, and keep for later ones what this one does.
        """
        catalogue = self.catalogue
        known = KnownPictures(self.model, regions=bool(catalogue.views)) if recalls else None
        ingest = (
            Ingest(catalogue, tag=tag, observer=features, known=known)
            if unless is None
            else Admission(catalogue, tag=tag, checker=self.checker, settings=unless)
        )
        with bar(total=len(found.files), title="embedding", shown=self._progress) as progress:
            added = ingest.run(found.files, advance=progress.update)
        written = len(added.files) - added.unchanged
        # A server flushes by itself, and lets ten seconds pass between two flushes.
        if written >= (1 if self.connection.is_local else _FLUSHED_FROM):
            catalogue.flush()
            give_back()
        added.skipped = sorted(found.skipped + added.skipped, key=lambda skipped: skipped.path)
        return added

    def known(self, paths: Iterable[str]) -> tuple[dict[str, Record], Vectors]:
        """The records of those paths that are in it, and a vector each."""
        records = {p: r for p in paths if (r := self.catalogue.records.get(p)) is not None}
        pictures = [record.picture for record in records.values()]
        return records, self.catalogue.collection.vectors(pictures)

    def search(self, settings: Settings, timings: Timings | None = None) -> Search:
        """A search among its images."""
        return Search(
            self.catalogue,
            verdicts=self.verdicts,
            settings=settings,
            progress=self._progress,
            timings=Timings() if timings is None else timings,
            evidence_cache=self._evidence_cache,
            known=self._known,
            keeps=self._keeps,
        )

    def close(self) -> None:
        """Close it; another process may then open its file."""
        self.connection.close()
