"""What the user may give: folders, patterns, paths, images, tables, data sets; one or several."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import numpy as np
from PIL import Image

from dedup._base.arrays import Pixels
from dedup.errors import InputError
from dedup.pipelines.images.rows import is_dataset

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Inputs", "each"]

_One: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | Pixels
Inputs: TypeAlias = "_One | pd.DataFrame | Iterable[_One]"


def each(inputs: Inputs) -> Iterator[_One]:
    """What was given, one by one.

    Raises
    ------
    InputError
        If there is something else in it.
    """
    if _is_table(inputs):
        if "path" not in inputs.columns:
            raise InputError(
                f"the table has no column `path`; it has: {', '.join(map(str, inputs.columns))}"
            )
        inputs = inputs["path"]
    if isinstance(inputs, Mapping) and any(map(is_dataset, inputs.values())):
        inputs = inputs.values()  # a DatasetDict: by split
    if _is_one(inputs):
        yield inputs
    elif isinstance(inputs, Iterable):
        for one in inputs:
            if not _is_one(one):
                raise InputError(f"can't read images from {one!r}, a {type(one).__name__}")
            yield one
    else:
        raise InputError(f"can't read images from what is of type {type(inputs).__name__}")


def _is_one(value: object) -> TypeGuard[_One]:
    kinds = (str, os.PathLike, bytes, Image.Image, np.ndarray)
    return isinstance(value, kinds) or is_dataset(value)


def _is_table(value: object) -> TypeGuard["pd.DataFrame"]:
    """Whether it is a table; whoever has one has imported pandas, which is slow to load."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)
