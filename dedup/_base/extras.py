"""Packages that only some of the library needs, imported where they are used."""

import importlib
from types import ModuleType

from dedup.errors import MissingExtra

__all__ = ["require"]


def require(module: str, *, extra: str) -> ModuleType:
    """Import a module that comes with an optional extra.

    Parameters
    ----------
    module : str
        Its full name, "sklearn.metrics".
    extra : str
        The extra of `dedup` that brings its package.

    Raises
    ------
    MissingExtra
        If the package is not installed; names the command. An error inside of an installed
        package is raised as it is.

    Examples
    --------
    >>> require("no_such_package.part", extra="tuning")
    Traceback (most recent call last):
    dedup.errors.MissingExtra: this needs no_such_package; install it with: ...
    """
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:  # the package is there, and lacks something itself
            raise
        raise MissingExtra(
            f'this needs {package}; install it with: pip install "dedup[{extra}]"', name=package
        ) from error
    return importlib.import_module(module)
