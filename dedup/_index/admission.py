"""Bring in only what an index does not hold yet, exact or near: `add(unless_duplicate=True)`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dedup._base.threads import cores, threads
from dedup._catalogue.added import Refused
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.discover import ImageFile
from dedup._catalogue.ingest import Advance, Ingest
from dedup._index.check import Checker
from dedup._index.trial import Asked
from dedup._search.settings import Settings
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import exists
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["Admission"]


class Admission(Ingest):
    """One `add` that asks the index about each image, and stores it before the next.

    Parameters
    ----------
    catalogue, tag
        As of `Ingest`.
    checker : Checker
    settings : Settings
        How duplicates are decided.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        tag: str,
        checker: Checker,
        settings: Settings,
    ) -> None:
        super().__init__(catalogue, tag=tag)
        self._checker = checker
        self._settings = settings

    def _bring_in(self, files: Sequence[ImageFile], *, advance: Advance) -> None:
        moved = self._moved(files)
        self._copy(list(moved.values()))
        advance(len(moved))
        rest = [file for file in files if file.path not in moved]
        images = {file.path: file.image for file in rest if file.image is not None}
        with threads("read") as readers:
            for start in range(0, len(rest), cores()):
                block = rest[start : start + cores()]
                for file, asked in zip(block, readers.map(self._read_one, block), strict=True):
                    if isinstance(asked, DecodeError):
                        self._skip(file, str(asked))
                    else:
                        self._admit(file, asked, images)
                    advance(1)

    def _moved(self, files: Sequence[ImageFile]) -> dict[str, ImageFile]:
        """One file, by path, for each of the index that is gone from where it was."""
        moved: dict[str, ImageFile] = {}
        for file in files:
            digest = self._digests[file.path]
            known = self._catalogue.by_digest.get(digest)
            if known is not None and known.is_file and not exists(known.path):
                moved.setdefault(digest, file)
        return {file.path: file for file in moved.values()}

    def _read_one(self, file: ImageFile) -> Asked | DecodeError:
        try:
            return self._checker.read(file.source, digest=self._digests[file.path])
        except DecodeError as error:
            return error

    def _admit(self, file: ImageFile, asked: Asked, images: Mapping[str, ImageSource]) -> None:
        floor = self._settings.floor(images=len(self._catalogue))
        alone = replace(asked, views=())  # what lies inside another picture does not repeat it
        seen = self._checker.check(alone, settings=self._settings, floor=floor, images=images)
        if seen.matches:
            best = seen.matches[0]
            refused = Refused(file.name, best.path, best.relation, best.score)
            self._added.duplicates.append(refused)
            self._refused.add(file.path)
            return
        record = replace(
            asked.record,
            path=file.path,
            size=file.size,
            mtime_ns=file.mtime_ns,
            tag=self._tags[file.path],
        )
        self._catalogue.expect(record)
        vectors = [vector[np.newaxis] for vector in (asked.vector, *asked.views)]
        self._catalogue.write([record.row()], vectors)
        self._catalogue.keep([record])
        self._added.embedded += 1
