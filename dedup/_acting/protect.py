"""Folders in which no file is ever touched."""

import os
from collections.abc import Iterable

from dedup.errors import InputError

__all__ = ["Protected"]


class Protected:
    """Folders, and single files, that are never touched.

    Folders are known by what they are and not by their spelling, so that a link, another mount
    or other capital letters lead to no way around.

    Parameters
    ----------
    folders : iterable of paths

    Raises
    ------
    InputError
        If one does not exist: protection must not fail for a typing error.
    """

    def __init__(self, folders: Iterable[str | os.PathLike[str]]) -> None:
        if isinstance(folders, str | os.PathLike):
            folders = [folders]
        self.folders = [os.path.realpath(folder) for folder in folders]
        self._known: dict[str, bool] = {}
        self._identities = set()
        for folder in self.folders:
            try:
                self._identities.add(_identity(folder))
            except OSError as error:
                raise InputError(f"protect: {folder}: {str(error.strerror).lower()}") from error

    def __contains__(self, path: str) -> bool:
        """Whether a file is protected, or lies in a protected folder, at any depth."""
        if not self._identities:
            return False
        known = self._known.get(path)
        if known is None:
            parent = os.path.dirname(path)
            try:
                known = _identity(path) in self._identities
            except OSError:
                known = path in self.folders  # it is gone, or can't be looked at
            known = known or (parent != path and parent in self)
            self._known[path] = known
        return known


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
