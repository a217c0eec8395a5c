"""Files of JSON that dedup writes and reads: whoever brings the wrong one is told which it is."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dedup._base.saving import save_text
from dedup.errors import InputError

__all__ = ["reading", "save_json"]


def save_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write plain data, whole or not at all.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    save_text(path, json.dumps(content, indent=1) + "\n")


@contextmanager
def reading(path: str | os.PathLike[str], *, what: str) -> Iterator[None]:
    """Name the file in what goes wrong while it is read and made sense of.

    Parameters
    ----------
    path : str or path
    what : str
        What it should be, in words.

    Raises
    ------
    InputError
        If there is no such file, or it holds something else.

    Examples
    --------
    >>> file = getfixture("tmp_path") / "a.json"
    >>> save_json(file, {"format": "of another program"})
    >>> with reading(file, what="threshold that dedup saved"):
    ...     json.loads(file.read_text())["value"]
    Traceback (most recent call last):
        ...
    dedup.errors.InputError: ...a.json is no threshold that dedup saved
    """
    try:
        yield
    except InputError:  # which says more
        raise
    except OSError as error:
        raise InputError(f"{path}: {str(error.strerror).lower()}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is no {what}") from error
