"""Shards without the images that are more than needed: members are copied as they are."""

import os
import posixpath
import tarfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from dedup._catalogue.discover import file_key
from dedup._catalogue.record import path_key
from dedup.distributed._cluster import connected, imported, nodes, own_errors, spread
from dedup.distributed._stored import load
from dedup.distributed._work import Work
from dedup.errors import InputError

__all__ = ["filter_shards"]

_BATCH_ROWS = 256


def filter_shards(
    shards: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    work: str | os.PathLike[str],
    into: str | os.PathLike[str],
    workers: int | None = None,
) -> int:
    """Write tar and Parquet shards again without what `find` found to be more than needed.

    Bytes are copied: no image is encoded again, and the shards themselves are left alone. Of a
    tar, as WebDataset makes them, a sample goes with its image (`000123.jpg`, `000123.json`); one
    of several images goes only if all of them may, and what could not be read goes along. Of
    Parquet, rows go. A shard that is there in `into` is not written again.

    Parameters
    ----------
    shards : str, path, or several
        The shards, named as `find` was given them or as absolute paths.
    work : str or path
        The work folder of `find`.
    into : str or path
        A folder for the new shards, which keep their names.
    workers : int, optional
        As of `find`.

    Returns
    -------
    int
        How many samples, or rows, were left out.

    Raises
    ------
    InputError
        If a shard is neither a tar nor a Parquet file that is there, was not searched or has
        changed since, if two have one name, or `into` holds the shards themselves.
    MissingExtra
        If Ray is not installed; names the command.
    """
    several = [shards] if isinstance(shards, str | os.PathLike) else list(shards)
    paths = [file_key(shard) for shard in several]
    names = [os.path.basename(path) for path in paths]
    folder = Path(os.path.realpath(into))
    if len(set(names)) < len(names):
        raise InputError("two shards have one name, under which only one can be written")
    for path in paths:
        if not path.lower().endswith((".tar", ".parquet")) or not os.path.isfile(path):
            raise InputError(f"{path}: expected a .tar or .parquet that is there")
        if Path(path).parent == folder:
            raise InputError(f"into={folder}: the shards themselves are there")
    load(work)  # it is finished
    folder.mkdir(parents=True, exist_ok=True)
    ray = imported()
    with connected(ray, workers), own_errors():
        jobs = [(Work(work), path, str(folder / os.path.basename(path))) for path in paths]
        return sum(spread(ray, _filtered, jobs, workers=workers or nodes(ray)))


def _filtered(work: Work, shard: str, target: str) -> int:
    if os.path.exists(target):
        return 0
    write = _tar if shard.lower().endswith(".tar") else _parquet
    partial = f"{os.path.dirname(target)}/.{uuid4().hex}.partial"
    try:
        left_out = write(work, shard, partial)
        os.replace(partial, target)
    finally:
        Path(partial).unlink(missing_ok=True)
    return left_out


def _looked_up(
    work: Work, shard: str, addresses: list[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which members of a shard may go, and which are images that were searched."""
    ids = np.array([path_key(address) for address in addresses], np.int64)
    gone, known = np.zeros((2, len(ids)), np.bool_)
    for part in work.parts("removal_ids"):
        gone |= np.isin(ids, work.read("removal_ids", part)["id"].to_numpy())
    now = os.stat(shard).st_mtime_ns
    for part in work.parts("records"):
        table = work.read("records", part, columns=["id", "mtime_ns"])
        mine = np.isin(table["id"].to_numpy(), ids)
        if (table["mtime_ns"].to_numpy()[mine] != now).any():
            raise InputError(f"{shard} has changed since it was searched")
        known |= np.isin(ids, table["id"].to_numpy()[mine])
    if not known.any():
        raise InputError(f"nothing of {shard} is among the images of this search")
    return gone, known


def _tar(work: Work, shard: str, partial: str) -> int:
    with tarfile.open(shard, "r:") as old:
        members = old.getmembers()
        addresses = [file_key(f"{shard}/{member.name}") for member in members]
        gone, known = _looked_up(work, shard, addresses)
        samples: dict[str, list[int]] = defaultdict(list)
        for place, member in enumerate(members):
            samples[_sample(member.name)].append(place)
        left_out = {
            sample
            for sample, places in samples.items()
            if gone[places].any() and (gone[places] | ~known[places]).all()
        }
        with tarfile.open(partial, "x:", format=tarfile.PAX_FORMAT) as new:
            for member in members:
                if _sample(member.name) not in left_out:
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return len(left_out)


def _sample(name: str) -> str:
    """The sample that a member belongs to: its name up to the first dot, as WebDataset has it."""
    folder, file = posixpath.split(name)
    return posixpath.join(folder, file.partition(".")[0] or file)


def _parquet(work: Work, shard: str, partial: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    left_out = 0
    with pq.ParquetFile(shard) as old:
        rows = range(old.metadata.num_rows)
        gone, _ = _looked_up(work, shard, [f"{shard}/{row}" for row in rows])
        with pq.ParquetWriter(partial, old.schema_arrow) as new:
            start = 0
            for batch in old.iter_batches(batch_size=_BATCH_ROWS):
                stays = ~gone[start : start + len(batch)]
                start += len(batch)
                left_out += int((~stays).sum())
                new.write_batch(batch.filter(pa.array(stays)))
    return left_out
