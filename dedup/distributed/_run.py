"""A job that is under way: its first stages, which fill an index, and how a stage is done.

Plain tasks, and not Ray Data: a part that is there is not made again, whoever died meanwhile, and
that is seen by its file. Nothing but numbers of parts passes through Ray.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dedup._base.about import __version__
from dedup._base.progress import bar
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, JOIN, PREPROCESSING, version_of
from dedup._catalogue.inputs import Inputs, each
from dedup._index.image_index import ImageIndex
from dedup.distributed import _files, _pictures
from dedup.distributed._cluster import connected, imported, nodes, own_errors, spread
from dedup.distributed._job import Job, Window, of_digests, of_keys
from dedup.errors import InputError
from dedup.pipelines.store.storage import Storage

__all__ = ["ROWS", "Run", "begun", "by_part"]

ROWS = 65_536
"""Files of a part that only passes them on."""
_LISTINGS = 1_024
"""Tasks that list what was named, at most."""


@contextmanager
def begun(
    inputs: Inputs, job: Job, *, does: str, storage: Storage | None, workers: int | None,
    progress: bool,
) -> Iterator["Run"]:  # fmt: skip
    """A job on the cluster, once all that can be wrong with what was asked for is told."""
    if (workers is not None and workers < 1) or job.part < 1:
        raise InputError(f"workers={workers}, part={job.part}: expected at least one")
    ray = imported()
    several = list(each(inputs))
    names = [os.fspath(one) for one in several if isinstance(one, str | os.PathLike)]
    if not names or len(names) < len(several):
        raise InputError("images in memory can't be shared out: give files, or do it here")
    _take(job, {"does": does, "inputs": names})
    with ImageIndex(  # it is made, or refused, before anything is started
        job.uri,
        method=job.method,
        device=job.device,
        token=job.token,
        collection=job.collection,
        storage=storage,
        regions=job.regions,
        progress=False,
    ):
        pass
    with connected(ray, workers), own_errors():
        yield Run(ray, job, names, workers or nodes(ray), progress)


def _take(job: Job, asked: Mapping[str, Any]) -> None:
    """Take the work folder, unless it holds something else."""
    settings = job.settings
    said: dict[str, Any] = {
        **asked,
        "collection": job.collection,
        "method": job.model.properties["dedup.model"],
        "threshold": settings.value,
        "candidates": job.candidates,
        "relations": sorted(job.relations),
        "keep": "callable" if callable(job.keep) else job.keep,
        "regions": job.regions,
        "tag": job.tag,
        "part": job.part,
        "dedup": __version__,
        "versions": version_of(
            DECODING, PREPROCESSING, EVIDENCE, COVERAGE, JOIN, *job.model.properties.values()
        ),
    }
    before = job.work.note("manifest.json")
    if before is None:
        if not job.work.is_empty():
            raise InputError(f"{job.work.address} is not empty, and holds no work of dedup's")
        job.work.save_note("manifest.json", said)
        return
    other = [f"{key} {before.get(key)!r}, not {said[key]!r}" for key in said
             if before.get(key) != said[key]]  # fmt: skip
    if other:
        raise InputError(
            f"{job.work.address} holds the work of another job ({'; '.join(other)}): "
            "name another folder"
        )


@dataclass(frozen=True)
class Run:
    """A job that is under way.

    Attributes
    ----------
    ray : module
    job : Job
    names : sequence of str
        What was named.
    workers : int
        Tasks side by side.
    progress : bool
    """

    ray: Any
    job: Job
    names: Sequence[str]
    workers: int
    progress: bool

    def stage(
        self, stage: str, function: Callable[..., None], jobs: Mapping[str, tuple[Any, ...]]
    ) -> None:
        """Make the parts of a stage that are missing, each by a task."""
        done = set(self.job.work.parts(stage))
        missing = [(self.job, *job) for part, job in jobs.items() if part not in done]
        with bar(total=len(jobs), title=stage, unit=" parts", shown=self.progress) as progressed:
            progressed.update(len(jobs) - len(missing))
            for _ in spread(self.ray, function, missing, workers=self.workers):
                progressed.update(1)

    def rows(self, stage: str) -> int:
        """How many rows a stage has."""
        return sum(self.job.work.length(stage, part) for part in self.job.work.parts(stage))

    def fill(self) -> None:
        """List, read, embed and store; and find what is the same to the byte, and to the pixel."""
        work = self.job.work
        size = -(-len(self.names) // _LISTINGS)
        several = [self.names[at : at + size] for at in range(0, len(self.names), size)]
        jobs = {f"{number:05}": names for number, names in enumerate(several)}
        listed = {f"list-{part}": (part, names) for part, names in jobs.items()}
        self.stage("skipped", _files.list_files, listed)
        self.stage("digests", _files.digest_files, {part: (part,) for part in work.parts("files")})
        self.stage("forgotten", _files.forget_changed, {"00000": ("00000",)})
        count = max(1, self.rows("digests") // ROWS)
        self.stage("originals", _files.part_originals, by_part(of_digests(count)))
        self._embed()

    def _embed(self) -> None:
        job, work = self.job, self.job.work
        parts = work.parts("originals")
        slices = {
            f"{part}-{start:08}": (part, start)
            for part in parts
            for start in range(0, work.length("originals", part), job.part)
        }
        self.stage("embeddings", _pictures.embed_pictures, slices)
        self.stage("cells", _pictures.sort_cells, {part: (part,) for part in parts})
        self.stage("alike", _pictures.find_alike, by_part(of_keys(len(parts))))
        self.stage("same", _pictures.find_same, by_part(of_digests(len(parts))))
        self.stage("records", _pictures.write_records, {part: (part,) for part in parts})


def by_part(windows: Sequence[Window]) -> dict[str, tuple[Window]]:
    """A part for each window, by its name."""
    return {window.part: (window,) for window in windows}
