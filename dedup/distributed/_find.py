"""`find`: the whole job on a Ray cluster, stage by stage, each in parts that are on disk.

Plain tasks, and not Ray Data: a part that is there is not made again, whoever died meanwhile, and
that is seen by its file. Nothing but numbers of parts passes through Ray.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dedup._base.about import __version__
from dedup._base.options import DEFAULT
from dedup._base.progress import bar
from dedup._base.versions import COVERAGE, DECODING, EVIDENCE, JOIN, PREPROCESSING, version_of
from dedup._catalogue.inputs import Inputs, each
from dedup._grouping.keeper import Keep
from dedup._index.image_index import ImageIndex
from dedup._join.self_join import DEEPER, EXACT_ROWS, FIRST_DEPTH
from dedup._search.threshold import Threshold
from dedup.distributed import _compare, _components, _files, _pictures
from dedup.distributed._cluster import (
    connected,
    imported,
    nodes,
    own_errors,
    patiently,
    server_at,
    spread,
)
from dedup.distributed._job import Job, Window, of_digests, of_keys
from dedup.distributed._join import ALL_TO, How, find_inside, merge, pick_deeper, search
from dedup.distributed._stored import StoredDuplicates, load
from dedup.distributed._work import Work
from dedup.errors import InputError
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.storage import Storage
from dedup.pipelines.store.table import MAX_HITS

__all__ = ["find"]

_ROWS = 65_536
"""Files of a part that only passes them on."""
_HITS = 524_288
"""Hits that one task merges, a few hundred bytes each."""


def find(
    inputs: Inputs,
    *,
    work: str | os.PathLike[str],
    index: str | None = None,
    workers: int | None = None,
    method: str | Model = DEFAULT,
    device: str = "cpu",
    threshold: float | Threshold | None = None,
    candidates: float | None = None,
    relations: Iterable[str] = ("exact", "near"),
    keep: Keep = "best",
    regions: bool = True,
    token: str = "",
    collection: str = "dedup",
    storage: Storage | None = None,
    part: int = 1_000,
    progress: bool = True,
) -> StoredDuplicates:
    """Find the duplicates among images as `find_duplicates` does, on the machines of a Ray cluster.

    It goes stage by stage, and each stage lies in the work folder as Parquet, which docs/scale.md
    documents. A part that is there is not made again: whatever died, a worker, a machine, this
    process or the Milvus server, the same call goes on from there.

    The groups are those that one machine finds, whatever the number of workers, except that of
    pictures with more than 64 neighbours one machine may look at a few more pairs.

    Parameters
    ----------
    inputs : str, path, DataFrame with a `path` column, or several
        Folders, files, patterns, tar, zip and Parquet files, or addresses, under names by which
        every machine reads them. Each is listed by one task: name several where there are many
        files. They are listed once; what is new later needs another work folder.
    work : str or path
        A folder that every machine sees, or an address such as "s3://bucket/work"; for one job.
    index : str, optional
        The address of a Milvus server, as of `embed`. What it holds of these files, unchanged, is
        not embedded again.
    workers : int, optional
        How many tasks run side by side, each with all cores of its machine; by default one a
        machine.
    method, device, threshold, candidates, relations, keep, regions, token, collection, storage
        As of `find_duplicates` and `ImageIndex`. Pairs are always verified.
    part : int
        Images a task: what is done again at most if a worker dies. Each part is a file of several
        stages: 8,192 where there are many million images.
    progress : bool
        Show a progress bar where a person can see it.

    Returns
    -------
    StoredDuplicates
        What lies in the work folder.

    Raises
    ------
    MissingExtra
        If Ray, or what reads the work folder's address, is not installed; names the command.
    InputError
        If an image is in memory, the index a Milvus Lite file, or the folder holds another job.
    StoreError, ModelError
        As of `ImageIndex`.

    Examples
    --------
    >>> find("photos/", index="photos.db", work="work/")
    Traceback (most recent call last):
    dedup.errors.InputError: index='photos.db': a Milvus Lite file ...
    """
    uri = server_at(index)
    if (workers is not None and workers < 1) or part < 1:
        raise InputError(f"workers={workers}, part={part}: expected at least one")
    ray = imported()
    several = list(each(inputs))
    names = [os.fspath(one) for one in several if isinstance(one, str | os.PathLike)]
    if not names or len(names) < len(several):
        raise InputError("images in memory can't be shared out: give files, or find_duplicates")
    job = Job(
        Work(work),
        os.getcwd(),
        uri,
        token or os.environ.get("MILVUS_TOKEN", ""),
        collection,
        method,
        device,
        regions,
        threshold,
        candidates,
        tuple(relations),
        keep,
        part,
    )
    _begin(job, names)
    with ImageIndex(  # it is made, or refused, before anything is started
        uri,
        method=method,
        device=device,
        token=token,
        collection=collection,
        storage=storage,
        regions=regions,
        progress=False,
    ):
        pass
    with connected(ray, workers), own_errors():
        _Run(ray, job, workers or nodes(ray), progress).all(names)
    return load(job.work.address)


def _begin(job: Job, names: Sequence[str]) -> None:
    """Take the work folder, unless it holds something else."""
    settings = job.settings
    said: dict[str, Any] = {
        "inputs": names,
        "collection": job.collection,
        "method": job.model.properties["dedup.model"],
        "threshold": settings.value,
        "candidates": job.candidates,
        "relations": sorted(job.relations),
        "keep": "callable" if callable(job.keep) else job.keep,
        "regions": job.regions,
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
class _Run:
    """A job that is under way: the stages in their order."""

    ray: Any
    job: Job
    workers: int
    progress: bool

    def all(self, names: Sequence[str]) -> None:
        """Do all stages of which something is missing."""
        if (self.job.work.note("result.json") or {}).get("finished"):
            return
        self._read(names)
        self._embed()
        how = self._join()
        tasks = self._compare(how)
        self._finish(how, tasks)

    def _stage(
        self, stage: str, function: Callable[..., None], jobs: Mapping[str, tuple[Any, ...]]
    ) -> None:
        """Make the parts of a stage that are missing, each by a task."""
        done = set(self.job.work.parts(stage))
        missing = [(self.job, *job) for part, job in jobs.items() if part not in done]
        with bar(total=len(jobs), title=stage, unit=" parts", shown=self.progress) as progressed:
            progressed.update(len(jobs) - len(missing))
            for _ in spread(self.ray, function, missing, workers=self.workers):
                progressed.update(1)

    def _read(self, names: Sequence[str]) -> None:
        parts = {f"{number:05}": name for number, name in enumerate(names)}
        listed = {f"list-{part}": (part, name) for part, name in parts.items()}
        self._stage("skipped", _files.list_files, listed)
        files = self.job.work.parts("files")
        self._stage("digests", _files.digest_files, {part: (part,) for part in files})
        count = max(1, self._rows("digests") // _ROWS)
        self._stage("originals", _files.part_originals, _each(of_digests(count)))

    def _rows(self, stage: str) -> int:
        return sum(self.job.work.length(stage, part) for part in self.job.work.parts(stage))

    def _embed(self) -> None:
        job, work = self.job, self.job.work
        parts = work.parts("originals")
        slices = {
            f"{part}-{start:08}": (part, start)
            for part in parts
            for start in range(0, work.length("originals", part), job.part)
        }
        self._stage("embeddings", _pictures.embed_pictures, slices)
        self._stage("cells", _pictures.sort_cells, {part: (part,) for part in parts})
        self._stage("alike", _pictures.find_alike, _each(of_keys(len(parts))))
        self._stage("same", _pictures.find_same, _each(of_digests(len(parts))))
        self._stage("records", _pictures.write_records, {part: (part,) for part in parts})

    def _join(self) -> How:
        job, work = self.job, self.job.work
        images = patiently(job.images)
        note = work.note("join.json")
        if note is None:
            images.flush()
            rows = len(images)
            note = {"images": rows, "threshold": job.settings.floor(images=rows)}
            work.save_note("join.json", note)
        here = bool(job.settings.measure.bits) or note["images"] <= EXACT_ROWS
        if not here:
            images.await_index()
        how = How(note["images"], note["threshold"], here)
        windows = of_keys(max(1, -(-how.images // min(job.part, images.window_rows))))
        limit, chosen = ALL_TO if here else FIRST_DEPTH, ""
        while True:
            named = [w._replace(part=f"{limit:05}-{w.part}") for w in windows]
            jobs = {window.part: (how, window, limit, chosen) for window in named}
            self._stage("hits", search, jobs)
            if limit >= MAX_HITS:
                break
            self._stage("deeper", pick_deeper, {f"{limit:05}": (how, limit)})
            chosen = f"{limit:05}"
            if not work.length("deeper", chosen):
                break
            limit = min(limit * DEEPER, MAX_HITS)
        for view in patiently(job.views):
            self._stage(view, find_inside, {window.part: (how, view, window) for window in windows})
        count = max(1, self._rows("hits") // _HITS)
        self._stage("candidates", merge, _each(of_keys(count)))
        return how

    def _compare(self, how: How) -> int:
        job, work = self.job, self.job.work
        shares = patiently(_components.share_out, job)
        shared = self.ray.put(shares)
        for stage, split in (
            ("records", _components.split_records),
            ("candidates", _components.split_candidates),
        ):
            parts = {part: (part, shared) for part in work.parts(stage)}
            self._stage(f"{stage}_by_task", split, parts)
        jobs = {f"{task:06}": (how, f"{task:06}", task) for task in range(shares.count)}
        self._stage("pairs", _compare.compare, jobs)
        return shares.count

    def _finish(self, how: How, tasks: int) -> None:
        work = self.job.work
        count = max(1, self._rows("removals") // _ROWS)
        self._stage("removal_ids", _compare.join_removals, _each(of_keys(count)))
        full = work.gather("full", prefix=f"{MAX_HITS:05}-")
        result = {
            "finished": True,
            "files": self._rows("records"),
            "pairs": self._rows("pairs"),
            "removals": self._rows("removal_ids"),
            "tasks": tasks,
            "exact": how.here,
            "unfinished": len(full),
        }
        work.save_note("result.json", result)


def _each(windows: Sequence[Window]) -> dict[str, tuple[Window]]:
    """A part for each window, by its name."""
    return {window.part: (window,) for window in windows}
