"""Packages that only some of the library needs, imported where they are used."""

import importlib
from types import ModuleType

from dedup._base.about import DISTRIBUTION
from dedup.errors import MissingExtra

__all__ = ["command", "missing", "require"]


def require(module: str, *, extra: str) -> ModuleType:
    """Import a module that comes with an optional extra.

    Parameters
    ----------
    module : str
        Its full name, "sklearn.metrics".
    extra : str
        The extra that brings its package.

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
        raise missing(f"this needs {package}", package=package, extra=extra) from error
    return importlib.import_module(module)


def missing(what: str, *, package: str, extra: str) -> MissingExtra:
    """The error that says what needs a package, and the command that installs it."""
    return MissingExtra(f"{what}; install it with: {command(extra)}", name=package)


def command(extra: str) -> str:
    """What brings an optional extra.

    Examples
    --------
    >>> command("raw")
    'pip install "dedup-vision[raw]"'
    """
    return f'pip install "{DISTRIBUTION}[{extra}]"'
