"""`find`: the whole job on a Ray cluster, stage by stage, each in parts that are on disk."""

import os
from collections.abc import Iterable

from dedup._base.options import DEFAULT
from dedup._catalogue.inputs import Inputs
from dedup._grouping.keeper import Keep
from dedup._join.self_join import DEEPER, EXACT_ROWS, FIRST_DEPTH
from dedup._search.threshold import Threshold
from dedup.distributed import _compare, _components
from dedup.distributed._cluster import patiently
from dedup.distributed._job import new_job, of_keys
from dedup.distributed._join import ALL_TO, How, find_inside, merge, pick_deeper, search
from dedup.distributed._run import ROWS, Run, begun, by_part
from dedup.distributed._stored import StoredDuplicates, load
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.storage import Storage
from dedup.pipelines.store.table import MAX_HITS

__all__ = ["find"]

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
    job = new_job(
        work,
        index,
        token,
        collection=collection,
        method=method,
        device=device,
        regions=regions,
        part=part,
        threshold=threshold,
        candidates=candidates,
        relations=tuple(relations),
        keep=keep,
    )
    with begun(
        inputs, job, does="find", storage=storage, workers=workers, progress=progress
    ) as run:
        _search(run)
    return load(job.work.address)


def _search(run: Run) -> None:
    """Do all stages of which something is missing."""
    if (run.job.work.note("result.json") or {}).get("finished"):
        return
    run.fill()
    how = _propose(run)
    tasks = _decide(run, how)
    _finish(run, how, tasks)


def _propose(run: Run) -> How:
    """Propose the pairs to look at."""
    job, work = run.job, run.job.work
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
        run.stage("hits", search, jobs)
        if limit >= MAX_HITS:
            break
        run.stage("deeper", pick_deeper, {f"{limit:05}": (how, limit)})
        chosen = f"{limit:05}"
        if not work.length("deeper", chosen):
            break
        limit = min(limit * DEEPER, MAX_HITS)
    for view in patiently(job.views):
        run.stage(view, find_inside, {window.part: (how, view, window) for window in windows})
    count = max(1, run.rows("hits") // _HITS)
    run.stage("candidates", merge, by_part(of_keys(count)))
    return how


def _decide(run: Run, how: How) -> int:
    """Share out the pictures, and decide about their pairs; says by how many tasks."""
    job, work = run.job, run.job.work
    shares = patiently(_components.share_out, job)
    shared = run.ray.put(shares)
    for stage, split in (
        ("records", _components.split_records),
        ("candidates", _components.split_candidates),
    ):
        parts = {part: (part, shared) for part in work.parts(stage)}
        run.stage(f"{stage}_by_task", split, parts)
    jobs = {f"{task:06}": (how, f"{task:06}", task) for task in range(shares.count)}
    run.stage("pairs", _compare.compare, jobs)
    return shares.count


def _finish(run: Run, how: How, tasks: int) -> None:
    """Sort what may go, and count."""
    work = run.job.work
    count = max(1, run.rows("removals") // ROWS)
    run.stage("removal_ids", _compare.join_removals, by_part(of_keys(count)))
    full = work.gather("full", prefix=f"{MAX_HITS:05}-")
    result = {
        "finished": True,
        "files": run.rows("records"),
        "pairs": run.rows("pairs"),
        "removals": run.rows("removal_ids"),
        "tasks": tasks,
        "exact": how.here,
        "unfinished": len(full),
    }
    work.save_note("result.json", result)
