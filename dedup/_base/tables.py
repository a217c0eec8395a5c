"""Tables of rows, as users get them."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

__all__ = ["table_of"]


def table_of(rows: Iterable[Sequence[object]], columns: Mapping[str, type]) -> pd.DataFrame:
    """A table whose texts stay Python's: a file's name need not be valid UTF-8.

    Examples
    --------
    >>> table_of([("a.jpg", 2)], {"path": object, "count": int}).to_dict("records")
    [{'path': 'a.jpg', 'count': 2}]
    """
    several = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([row[place] for row in several], dtype=kind)
            for place, (name, kind) in enumerate(columns.items())
        }
    )
