"""Embed more images than one machine can: on a Ray cluster, into a Milvus server.

The pipeline is that of `ImageIndex.add`. Each worker, an actor of Ray Data, reads, decodes, embeds
and stores; one more actor, the `Ledger`, keeps the books.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dedup import pipelines
from dedup._base.arrays import Pixels
from dedup._base.options import DEFAULT
from dedup._base.progress import bar
from dedup._base.threads import threads
from dedup._catalogue.added import Added
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.digests import digest_or_reason
from dedup._catalogue.discover import ImageFile, discover
from dedup._catalogue.exact_copies import thumbnail
from dedup._catalogue.inputs import Inputs
from dedup._catalogue.ledger import Ledger
from dedup._catalogue.record import decode_path, encode_path, path_key
from dedup._index.image_index import ImageIndex
from dedup.distributed._cluster import connected, imported, nodes, own_errors, server_at
from dedup.errors import DecodeError, InputError
from dedup.pipelines.images.decoding import Decoded
from dedup.pipelines.models.methods import model
from dedup.pipelines.models.own_models import Model
from dedup.pipelines.store.collection import Collection, Row, connect
from dedup.pipelines.store.storage import Storage

__all__ = ["embed"]

# Files that a worker takes at once, and those that it gives back if it dies.
_CHUNK = 32
_TASK_FILES = 8 * _CHUNK


def embed(
    inputs: Inputs,
    *,
    index: str | None = None,
    workers: int | None = None,
    method: str | Model = DEFAULT,
    device: str = "cpu",
    token: str = "",
    collection: str = "dedup",
    storage: Storage | None = None,
    regions: bool = True,
    tag: str = "",
    progress: bool = True,
) -> Added:
    """Bring images into an index as `ImageIndex.add` does, on the machines of a Ray cluster.

    Files that did not change since they were added cost nothing: a second call does what is
    missing. A worker that dies is replaced, and what it was at is done again.

    It runs on the Ray that this process is connected to (`ray.init(...)`), or whose address is
    in the environment variable RAY_ADDRESS. Otherwise one is started on this machine, and
    stopped at the end; it sends no usage data.

    Parameters
    ----------
    inputs : str, path, DataFrame with a `path` column, or several
        Folders, files or patterns, under paths by which every machine reads them (a shared or
        mounted file system).
    index : str, optional
        The address of a Milvus server, such as "http://milvus:19530", as every machine reaches
        it, or of Zilliz Cloud. By default what the environment variable MILVUS_URI says.
    workers : int, optional
        How many files are worked on side by side, each worker with all cores of its machine; by
        default one a machine.
    method, device, token, collection, storage, regions, tag
        As of `ImageIndex` and its `add`. `dedup`, and what the method needs, must be installed
        on every machine.
    progress : bool
        Show a progress bar where a person can see it.

    Returns
    -------
    Added
        How many were embedded, recognised as copies, unchanged; and what was left out, with
        the reasons.

    Raises
    ------
    MissingExtra
        If Ray is not installed; names the command.
    InputError
        If an image is in memory, or the index a Milvus Lite file, which only one process opens.
    StoreError, ModelError
        As of `ImageIndex`.

    Examples
    --------
    >>> embed("photos/", index="photos.db")
    Traceback (most recent call last):
    dedup.errors.InputError: index='photos.db': a Milvus Lite file ...
    """
    uri = server_at(index)
    if workers is not None and workers < 1:
        raise InputError(f"workers={workers}: expected at least one")
    ray = imported()
    found = discover(inputs)
    if any(file.image is not None for file in found.files):
        raise InputError("images in memory can't be shared out: give files, or use ImageIndex.add")
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
    place = {
        "uri": uri,
        "token": token or os.environ.get("MILVUS_TOKEN", ""),
        "collection": collection,
        "method": method,
        "device": device,
        "regions": regions,
    }
    with connected(ray, workers), own_errors():
        # The books are kept here, on the driver's machine; a call waits for its turn.
        ledger = ray.remote(_Books).options(num_cpus=0).remote(place, tag=tag)
        fresh = ray.get(ledger.begin.remote(found.files))
        with bar(total=len(found.files), title="embedding", shown=progress) as progressed:
            progressed.update(len(found.files) - len(fresh))
            for done in _spread(ray, fresh, ledger=ledger, place=place, workers=workers):
                progressed.update(done)
        added: Added = ray.get(ledger.finish.remote())
    added.skipped = sorted(found.skipped + added.skipped, key=lambda skipped: skipped.path)
    return added


def _spread(
    ray: Any, files: list[ImageFile], *, ledger: Any, place: dict[str, Any], workers: int | None
) -> Iterator[int]:
    """Have workers do the files; yields how many more are done."""
    if not files:
        return
    size = workers or nodes(ray)
    size = min(size, -(-len(files) // _CHUNK))
    blocks = max(size, -(-len(files) // _TASK_FILES))
    rows = [
        {
            "path": encode_path(file.path),
            "name": encode_path(file.name),
            "size": file.size,
            "mtime_ns": file.mtime_ns,
        }
        for file in files
    ]
    data = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        _Worker,
        fn_constructor_args=[ledger, place],
        batch_size=_CHUNK,
        compute=ray.data.ActorPoolStrategy(size=size),
        scheduling_strategy="SPREAD",
    )
    for batch in data.iter_batches(batch_size=None):
        yield int(sum(batch["files"]))


class _Books(Ledger):
    """The ledger, in a process of its own."""

    def __init__(self, place: dict[str, Any], *, tag: str) -> None:
        known = model(place["method"], device=place["device"])
        connection = connect(place["uri"], token=place["token"])
        collection = Collection(connection, name=place["collection"])
        catalogue = Catalogue(collection, model=known, regions=place["regions"])
        super().__init__(catalogue, model=known, token=place["token"], tag=tag)


class _Worker:
    """Reads, decodes, embeds and stores."""

    def __init__(self, ledger: Any, place: dict[str, Any]) -> None:
        import ray

        self._get = ray.get
        self._ledger = ledger
        method = model(place["method"], device=place["device"])
        self._decoder = pipelines.decode(method=method)
        # The collection exists: the ledger has made it.
        self._store = pipelines.ingest(
            method=method,
            uri=place["uri"],
            collection=place["collection"],
            regions=place["regions"],
            token=place["token"],
        )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        columns = (batch[name].tolist() for name in ("path", "name", "size", "mtime_ns"))
        files = [
            ImageFile(decode_path(path), decode_path(name), size, mtime_ns)
            for path, name, size, mtime_ns in zip(*columns, strict=True)
        ]
        with threads("read") as readers:
            digests = list(readers.map(digest_or_reason, files))
        firsts = self._get(self._ledger.claim.remote(files, digests))
        if firsts:
            written, lost, *_ = pipelines.call(self._store, *self._new_pictures(firsts)).get()
            self._get(self._ledger.stored.remote(written, lost))
        return {"files": np.array([len(files)])}

    def _new_pictures(self, files: list[ImageFile]) -> tuple[list[Row], list[Pixels]]:
        """The new pictures of files, with their rows; the ledger sees their thumbnails only."""
        (decoded,) = pipelines.call(
            self._decoder, [file.source for file in files], lambda: False
        ).get()
        seen = [one if isinstance(one, DecodeError) else _small(one) for one in decoded]
        rows = self._get(self._ledger.select.remote(files, seen))
        new = {row["id"] for row in rows}
        images = [
            one.image
            for file, one in zip(files, decoded, strict=True)
            if not isinstance(one, DecodeError) and path_key(file.path) in new
        ]
        return rows, images


def _small(decoded: Decoded) -> Decoded:
    """The same with a picture of 8 x 8 grey pixels, which has the same thumbnail."""
    grey = thumbnail(decoded.image).reshape(8, 8, 1)
    alpha = None if decoded.alpha is None else decoded.alpha.min(keepdims=True)
    return replace(decoded, image=np.repeat(grey, 3, axis=2), alpha=alpha)
