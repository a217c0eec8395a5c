"""Which pictures must be looked at together: the components of what was proposed.

The process that runs the job holds two numbers for each picture, and one part of the pairs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from dedup._catalogue.verdicts import Verdicts
from dedup._grouping.union_find import clusters_of
from dedup.distributed._job import Job

__all__ = ["Shares", "share_out", "split_candidates", "split_records"]

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """The task that each picture is given to.

    Attributes
    ----------
    ids : ndarray
        Of all pictures, ascending.
    tasks : ndarray
        The number of the task of each; -1 of pictures that nothing resembles.
    """

    ids: Ids
    tasks: npt.NDArray[np.int32]

    @property
    def count(self) -> int:
        """How many tasks there are."""
        return int(self.tasks.max(initial=-1)) + 1

    def of(self, ids: Ids) -> npt.NDArray[np.int32]:
        """The tasks of some pictures; -1 of those that are not of this job."""
        place = _places(self.ids, ids)
        tasks: npt.NDArray[np.int32] = np.where(place >= 0, self.tasks[place], -1)
        return tasks


def share_out(job: Job) -> Shares:
    """Share out the pictures: whole components, so many pictures a task."""
    pictures, copied = [], []
    for part in job.work.parts("records"):
        table = job.work.read("records", part, columns=["id", "copy_of"])
        ids, copy_of = (table[name].to_numpy() for name in ("id", "copy_of"))
        pictures.append(ids[copy_of == 0])
        copied.append(copy_of[copy_of != 0])
    if not pictures:
        return Shares(np.empty(0, np.int64), np.empty(0, np.int32))
    ids = np.sort(np.concatenate(pictures))
    label = np.arange(len(ids))
    wanted = np.zeros(len(ids), np.bool_)
    wanted[_places(ids, np.unique(np.concatenate(copied)))] = True
    for ends in chain(_proposed(job, ids), _marked(job, ids)):
        wanted[ends] = True
        label = clusters_of(label[ends], pictures=len(ids))[label]
    return Shares(ids, _packed(label, wanted, job.part))


def _proposed(job: Job, ids: Ids) -> Iterator[Ids]:
    """The ends of proposed pairs as places, part by part."""
    for part in job.work.parts("candidates"):
        table = job.work.read("candidates", part, columns=["a", "b"])
        places = np.stack([_places(ids, table[end].to_numpy()) for end in "ab"], axis=1)
        yield places[(places >= 0).all(axis=1)]


def _marked(job: Job, ids: Ids) -> Iterable[Ids]:
    """The ends of pairs that somebody marked, as places."""
    images = job.images()
    pairs = Verdicts(images.connection, collection=job.collection).marked(images)
    places = _places(ids, np.array(pairs, np.int64).reshape(-1)).reshape(-1, 2)
    return [places[(places >= 0).all(axis=1)]]


def _packed(label: Ids, wanted: npt.NDArray[np.bool_], most: int) -> npt.NDArray[np.int32]:
    """Components that follow each other, until they are so many pictures."""
    tasks = np.full(len(label), -1, np.int32)
    order = np.flatnonzero(wanted)[np.argsort(label[wanted], kind="stable")]
    of = label[order]
    first = np.flatnonzero(np.append(True, of[1:] != of[:-1]))[: len(of)]
    number = np.repeat(first // most, np.diff(np.append(first, len(of))))
    tasks[order] = np.unique(number, return_inverse=True)[1]
    return tasks


def _places(ids: Ids, wanted: Ids) -> Ids:
    """Where ids are among others, which ascend; -1 of those that are not."""
    if not len(ids):
        return np.full(len(wanted), -1)
    place = np.searchsorted(ids, wanted).clip(max=len(ids) - 1)
    return np.where(ids[place] == wanted, place, -1)


def split_records(job: Job, part: str, shares: Shares) -> None:
    """Give the files of a part to the tasks of their pictures."""
    table = job.work.read("records", part)
    ids, copy_of = (table[name].to_numpy() for name in ("id", "copy_of"))
    _split(job, "records", part, table, shares.of(np.where(copy_of, copy_of, ids)))


def split_candidates(job: Job, part: str, shares: Shares) -> None:
    """Give the pairs of a part to the tasks of their pictures."""
    table = job.work.read("candidates", part)
    tasks, others = (shares.of(table[end].to_numpy()) for end in "ab")
    _split(job, "candidates", part, table, np.where(others < 0, others, tasks))


def _split(job: Job, stage: str, part: str, table: Any, tasks: npt.NDArray[np.int32]) -> None:
    order = np.argsort(tasks, kind="stable")
    order = order[tasks[order] >= 0]
    columns = {name: table[name].take(order) for name in table.column_names}
    job.work.write(f"{stage}_by_task", part, {"task": tasks[order], **columns})
