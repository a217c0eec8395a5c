"""What every task of a job is told, and the store that it works on."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, chdir, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from dedup._base.views import View
from dedup._catalogue.catalogue import Catalogue
from dedup._grouping.keeper import Keep
from dedup._search.settings import Settings
from dedup._search.threshold import Threshold
from dedup.distributed._cluster import server_at
from dedup.distributed._work import Work
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.collection import KEY_SPACE, Collection, borrow
from dedup.pipelines.store.view_table import ViewTable

__all__ = ["Job", "Window", "new_job", "of_digests", "of_keys"]


@dataclass(frozen=True)
class Job:
    """One call of `find`, or of `embed`.

    Attributes
    ----------
    work : Work
    folder : str
        Where relative paths begin.
    uri, token, collection, method, device, regions, threshold, candidates, relations, keep, tag
        As of `find`, and of `embed`.
    part : int
        Images a task.
    """

    work: Work
    folder: str
    uri: str
    token: str
    collection: str
    method: str | Model
    device: str
    regions: bool
    part: int
    threshold: float | Threshold | None = None
    candidates: float | None = None
    relations: tuple[str, ...] = ("exact", "near")
    keep: Keep = "best"
    tag: str = ""

    @cached_property
    def model(self) -> Method:
        """The method, resolved."""
        return model(self.method, device=self.device)

    @cached_property
    def settings(self) -> Settings:
        """How pairs are decided."""
        return Settings(
            self.threshold,
            self.candidates,
            relations=self.relations,
            keep=self.keep,
            method=self.model,
        )

    def catalogue(self) -> Catalogue:
        """The index, to be written to; what it holds is only read as far as `know` is told."""
        return Catalogue(self.images(), model=self.model, regions=self.regions)

    def images(self) -> Collection:
        """The rows of the index, with all that other processes have written by now."""
        images = Collection(borrow(self.uri, token=self.token), name=self.collection)
        _refresh(images)
        return images

    def views(self) -> dict[View, ViewTable]:
        """The other views of the pictures likewise, if these are looked for inside others."""
        connection = borrow(self.uri, token=self.token)
        views = {
            method.view: ViewTable(connection, images=self.collection, view=method.view)
            for method in (self.model.views if self.regions else ())
        }
        for view in views.values():
            _refresh(view)
        return views

    def at_home(self) -> AbstractContextManager[None]:
        """Where relative paths mean what the caller means."""
        return chdir(self.folder) if os.path.isdir(self.folder) else nullcontext()

    def __getstate__(self) -> dict[str, object]:
        # What is computed is computed again: a network does not travel.
        return {k: v for k, v in self.__dict__.items() if k not in ("model", "settings")}


def new_job(work: str | os.PathLike[str], index: str | None, token: str, **settings: Any) -> Job:
    """A job, by what the caller said and what is in the caller's environment."""
    uri = server_at(index)
    token = token or os.environ.get("MILVUS_TOKEN", "")
    return Job(Work(work), os.getcwd(), uri, token, **settings)


def _refresh(table: Collection) -> None:
    """See what other processes have written by now; or made anew, since an earlier task."""
    table.forget_layout()
    table.load()
    len(table)  # waits for it


class Window(NamedTuple):
    """A part of a stage that holds a range of keys.

    Attributes
    ----------
    part : str
    low, high
        The least key, and the one before which it ends; None for no bound.
    """

    part: str
    low: Any
    high: Any


def of_keys(count: int) -> list[Window]:
    """Equal ranges of the key space."""
    return _windows([KEY_SPACE * number // count for number in range(1, count)])


def of_digests(count: int) -> list[Window]:
    """The same of hexadecimal digests."""
    return _windows([f"{2**32 * number // count:08x}" for number in range(1, count)])


def _windows(edges: Sequence[Any]) -> list[Window]:
    ends = zip([None, *edges], [*edges, None], strict=True)
    return [Window(f"{number:05}", low, high) for number, (low, high) in enumerate(ends)]
