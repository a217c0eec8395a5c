"""`embed`: the stages of `find` that fill an index, and nothing else."""

import os

from dedup._base.options import DEFAULT
from dedup._catalogue.added import Added
from dedup._catalogue.discover import Skipped
from dedup._catalogue.inputs import Inputs
from dedup.distributed._cluster import patiently
from dedup.distributed._job import new_job
from dedup.distributed._run import begun
from dedup.distributed._stored import skipped_of
from dedup.distributed._work import Work
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.storage import Storage

__all__ = ["embed"]


def embed(
    inputs: Inputs,
    *,
    work: str | os.PathLike[str],
    index: str | None = None,
    workers: int | None = None,
    method: str | Model = DEFAULT,
    device: str = "cpu",
    token: str = "",
    collection: str = "dedup",
    storage: Storage | None = None,
    regions: bool = True,
    tag: str = "",
    part: int = 1_000,
    progress: bool = True,
) -> Added:
    """Bring images into an index as `ImageIndex.add` does, on the machines of a Ray cluster.

    These are the first stages of `find`, which lie in the work folder as its do. A part that is
    there is not made again: whatever died, the same call goes on from there. What the index holds
    of these files, unchanged, is neither read nor embedded again; what has changed is first taken
    out of it.

    Copies are recognised among the files of one call. What repeats a file that the index holds
    from before is embedded as a picture of its own, and searches of the index find the two.

    It runs on the Ray that this process is connected to (`ray.init(...)`), or whose address is
    in the environment variable RAY_ADDRESS. Otherwise one is started on this machine, and
    stopped at the end; it sends no usage data.

    Parameters
    ----------
    inputs, work, index, workers, part, progress
        As of `find`. A work folder is for one call: files that come later need another.
    method, device, token, collection, storage, regions, tag
        As of `ImageIndex` and its `add`. `dedup`, and what the method needs, must be installed
        on every machine.

    Returns
    -------
    Added
        How many were embedded, recognised as copies, unchanged; and what was left out, with
        the reasons. Its `files` is empty: they are in the work folder (`records`).

    Raises
    ------
    MissingExtra
        If Ray, or what reads the work folder's address, is not installed; names the command.
    InputError
        If an image is in memory, the index a Milvus Lite file, which only one process opens, or
        the folder holds another job.
    StoreError, ModelError
        As of `ImageIndex`.

    Examples
    --------
    >>> embed("photos/", index="photos.db", work="work/")
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
        tag=tag,
    )
    with begun(
        inputs, job, does="embed", storage=storage, workers=workers, progress=progress
    ) as run:
        run.fill()
        patiently(job.catalogue).flush()
    return _added(job.work)


def _added(work: Work) -> Added:
    """What was done, counted part by part."""
    added = Added()
    for part in work.parts("records"):
        table = work.read("records", part, columns=["copy_of", "held"])
        is_copy, is_held = (table[name].to_numpy() > 0 for name in ("copy_of", "held"))
        added.unchanged += int(is_held.sum())
        added.copies += int((is_copy & ~is_held).sum())
        added.embedded += int((~is_copy & ~is_held).sum())
    skipped = skipped_of(work)
    added.skipped = [Skipped(*row) for row in zip(skipped["path"], skipped["reason"], strict=True)]
    return added
