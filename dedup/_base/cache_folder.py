"""Where everything lies that is kept between runs: the user's cache folder, or one like it."""

import os
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from dedup.errors import InputError

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The user's cache folder, which is made if it is missing.

    Where there can be none that is the user's own (the home is missing, others may write beside
    it, or `sudo` left it to root), a private one below the folder for temporary files, with a
    warning that says so.

    Raises
    ------
    InputError
        If that can't be had either.
    """
    try:
        folder = user_cache_path("dedup", ensure_exists=True)
        _require_writable(folder)
    except (OSError, RuntimeError) as refused:  # RuntimeError: nobody knows where the home is
        try:
            own = _private_folder()
        except OSError as error:
            raise InputError(
                f"no cache folder can be made: {_reason(refused)}; nor for now: {_reason(error)}"
            ) from error
        _say_once(f"no cache folder can be made ({_reason(refused)}): {own} is used instead")
        return own
    return folder


@cache
def _say_once(message: str) -> None:
    """Python itself would say it again once a library has changed its filters."""
    warnings.warn(message, stacklevel=1)


def _require_writable(folder: Path) -> None:
    if not os.access(
        folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        raise PermissionError(0, "nothing can be written there", str(folder))


def _private_folder() -> Path:
    """A folder below that for temporary files which nobody else made, can read, or can replace."""
    parent = Path(tempfile.gettempdir())
    user = os.geteuid() if hasattr(os, "geteuid") else ""  # elsewhere each has a folder of its own
    folder = parent / f"dedup-cache-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found, around = folder.lstat(), parent.stat()
    is_shared = around.st_mode & stat.S_IWOTH and not around.st_mode & stat.S_ISVTX
    if user != "" and (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != user
        or stat.S_IMODE(found.st_mode) & 0o077
        or is_shared
    ):
        raise PermissionError(0, "not this user's alone", str(folder))
    return folder


def _reason(error: Exception) -> str:
    """What a system call was refused for; of platformdirs, its own words."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return str(error)
