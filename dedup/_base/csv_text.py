"""Tables in CSV that nobody's file names can forge, or turn into formulas of a spreadsheet."""

import csv
import os
import re
from collections.abc import Callable

import pandas as pd

__all__ = ["read_csv", "write_csv"]

# A spreadsheet takes what begins so for a formula, unless an apostrophe stands before it.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write_csv(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    r"""Write a table, with texts as `read_csv` reads them.

    Texts are quoted, so that a carriage return ends no row. One that begins with =, +, -, @, a
    tab or a carriage return gets an apostrophe in front; so does one that has apostrophes before
    such a beginning, so that it can be told what was written.

    Examples
    --------
    >>> file = getfixture("tmp_path") / "a.csv"
    >>> write_csv(pd.DataFrame({"path": ["=1+1.jpg", "'=1+1.jpg", "'a\r.jpg"]}), file)
    >>> file.read_bytes()
    b'"path"\n"\'=1+1.jpg"\n"\'\'=1+1.jpg"\n"\'a\r.jpg"\n'
    >>> read_csv(file)["path"].tolist()
    ['=1+1.jpg', "'=1+1.jpg", "'a\r.jpg"]
    """
    texts = table.select_dtypes(exclude=["number", "bool"])
    guarded = {name: _each(texts[name], _guarded) for name in texts}
    table.assign(**guarded).to_csv(
        path,
        index=False,
        lineterminator="\n",
        quoting=csv.QUOTE_NONNUMERIC,
        errors="surrogateescape",  # a name need not be UTF-8
    )


def read_csv(path: str | os.PathLike[str], *, separator: str = ",") -> pd.DataFrame:
    """Read a table of texts, as `write_csv` or anybody else wrote it."""
    table = pd.read_csv(
        path,
        sep=separator,
        dtype=object,
        keep_default_na=False,
        encoding_errors="surrogateescape",
    )
    return table.assign(**{name: _each(table[name], _plain) for name in table})


def _each(column: "pd.Series[object]", change: Callable[[str], str]) -> "pd.Series[object]":
    values = [change(value) if isinstance(value, str) else value for value in column]
    return pd.Series(values, column.index, dtype=object)


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
