"""The environment of this process, as what is imported or started may see it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["environment", "for_children"]

_LIBRARIES = "LD_LIBRARY_PATH"


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """With other variables for a moment; then they are as they were.

    Examples
    --------
    >>> with environment(SOME_VARIABLE="1"):
    ...     os.environ["SOME_VARIABLE"]
    '1'
    >>> "SOME_VARIABLE" in os.environ
    False
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def for_children() -> dict[str, str]:
    """Variables with which a process takes no code from the folder that it is started in.

    Python does not import from there, nor does the linker search it: importing OpenCV adds an
    empty entry to its path, which is the current folder.

    Examples
    --------
    >>> with environment(LD_LIBRARY_PATH="/lib:here:"):
    ...     for_children()
    {'PYTHONSAFEPATH': '1', 'LD_LIBRARY_PATH': '/lib'}
    """
    libraries = os.environ.get(_LIBRARIES, "").split(os.pathsep)
    return {"PYTHONSAFEPATH": "1", _LIBRARIES: os.pathsep.join(filter(os.path.isabs, libraries))}
