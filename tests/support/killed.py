"""What processes do that the tests kill; a fork of one that has imported everything."""

import multiprocessing
import os

from full_disk import files_of_at_most

import dedup


def adding(uri, paths, method, batch, report):
    """Add files batch by batch, and report those that `add` said are in the index."""
    descriptor = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with dedup.ImageIndex(uri, method=method, progress=False) as index:
        for start in range(0, len(paths), batch):
            added = index.add(paths[start : start + batch])
            text = "".join(f"{file.path}\n" for file in added.files)
            os.write(descriptor, text.encode())


def processes():
    """Where processes are started within milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dedup", "dedup._index.find"])
    return context


def adding_without_space(uri, paths, method, most, answers):
    """Add files while no file may be larger than `most` bytes, and again when it may."""
    stored = []
    with dedup.ImageIndex(uri, method=method, progress=False) as index:
        stored += [file.path for file in index.add(paths[:32]).files]
        with files_of_at_most(most):
            try:
                for start in range(32, len(paths), 32):
                    stored += [file.path for file in index.add(paths[start : start + 32]).files]
            except dedup.StoreError as error:
                answers.put(str(error))
            answers.put(stored)
        answers.put(set(stored) <= index._catalogue.records.keys())
        index.add(paths)
        answers.put(len(index))
