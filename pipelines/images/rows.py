"""Images in the rows of a data set of Hugging Face, each read when it is looked at.

`datasets` itself is not imported: whoever has such a data set has the package.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

from dedup.errors import DecodeError, InputError

__all__ = ["Row", "is_dataset", "rows_of"]


class Row:
    """The image of one row; what is read of it is not kept.

    Attributes
    ----------
    dataset : datasets.Dataset
        What the user gave.
    number : int
        The row.
    """

    __slots__ = ("_column", "_view", "dataset", "number")

    def __init__(self, dataset: Any, number: int, *, view: Any, column: str) -> None:
        self.dataset = dataset
        self.number = number
        self._view = view
        self._column = column

    def read(self) -> bytes | Path:
        """The bytes of the file; or its path, where the row holds no more.

        Raises
        ------
        DecodeError
            If there is nothing to be read.
        """
        try:
            cell = self._view[self.number][self._column] or {}
            data, path = cell.get("bytes"), cell.get("path")
        except Exception as error:  # Arrow and its file systems raise many kinds
            raise DecodeError(f"a row that can't be read: {error}"[:200]) from error
        if data is not None:
            return bytes(data)
        if path is None:
            raise DecodeError("a row without an image")
        return Path(path)


def is_dataset(value: object) -> TypeGuard[Any]:
    """Whether something is a data set of Hugging Face, with rows.

    Raises
    ------
    InputError
        If its rows are streamed, so that none can be read again.
    """
    if not (hasattr(value, "features") and hasattr(value, "cast_column")):
        return False
    if not hasattr(value, "__len__"):
        raise InputError("a streamed data set can't be read twice: load it without streaming")
    return True


def rows_of(dataset: Any) -> Sequence[Row]:
    """The rows of a data set, none of them read.

    Raises
    ------
    InputError
        If not exactly one of its columns holds images.
    """
    features = dataset.features
    columns = [name for name, kind in features.items() if type(kind).__name__ == "Image"]
    if len(columns) != 1:
        found = ", ".join(columns or features)
        raise InputError(
            f"expected a data set with one column of images; there are: {found}: take one with "
            '.select_columns("image")'
            if columns
            else f'no column is of type Image; there are: {found}: .cast_column("image", Image())'
        )
    column = columns[0]
    as_bytes = type(features[column])(decode=False)
    view = dataset.with_format(None).select_columns([column]).cast_column(column, as_bytes)
    return [Row(dataset, number, view=view, column=column) for number in range(len(dataset))]
