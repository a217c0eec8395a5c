"""The indexes that nobody asked for: kept in the cache folder, by one run at a time.

What they hold can be found out again: one that can't be used is made anew.
"""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from dedup._base.cache_folder import cache_folder
from dedup.errors import StoreError

__all__ = ["with_own_index"]

_T = TypeVar("_T")


def with_own_index(use: Callable[[Path], _T], *, name: str | None) -> _T:
    """Use an index that is kept for the next run, or one that is not.

    Parameters
    ----------
    use : callable
        Is given the Milvus Lite file, which may not exist yet. Called again with another where
        it raises a `StoreError`.
    name : str, optional
        By which the next run finds it. Without one, and where another run is using it, nothing
        is kept.
    """
    if name is not None:
        with _held(cache_folder() / f"{name}.lock") as is_ours:
            if is_ours:
                uri = cache_folder() / f"{name}.db"
                try:
                    return use(uri)
                except StoreError as error:
                    _warn(f"the cache is made anew: {error}")
                with suppress(StoreError, OSError):
                    _remove(uri)
                    return use(uri)
            else:
                _warn("another run has the cache of these files open: this one does without")
    with tempfile.TemporaryDirectory(prefix="dedup-") as folder:
        return use(Path(folder) / "index.db")


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold a lock, unless somebody else does; whether it is ours."""
    try:
        lock = _locked(path)
    except OSError:  # another user's, as sudo leaves it
        try:
            path.unlink(missing_ok=True)
            lock = _locked(path)
        except OSError:
            lock = None
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()


def _locked(path: Path) -> FileLock | None:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def _remove(uri: Path) -> None:
    """Remove an index; of another user's, what can't be removed gets another name."""
    shutil.rmtree(uri, ignore_errors=True)
    with suppress(FileNotFoundError):
        uri.rename(uri.with_name(f"{uri.stem}-{uuid.uuid4().hex[:8]}.damaged"))


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=1)
