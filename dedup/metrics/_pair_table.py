"""Pairs of images with their truth and score, checked: what `dedup.metrics` is counted from."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup.errors import InputError

__all__ = ["pair_table"]


def pair_table(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    weight: npt.ArrayLike | None,
    **more: Sequence[Hashable],
) -> pd.DataFrame:
    """The pairs that count, checked: columns `truth`, `score`, `weight`, and more as given."""
    given = {"truth": truth, "score": score, **({} if weight is None else {"weight": weight})}
    columns = {name: _column(values, name) for name, values in (given | more).items()}
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{len(column)} of {name}" for name, column in columns.items())
        raise InputError(f"entries for different numbers of pairs: {lengths}")
    columns["truth"] = _as_truth(columns["truth"])
    columns["score"] = _as_numbers(columns["score"], "score")
    if weight is None:
        return pd.DataFrame(columns).assign(weight=1)
    weights = columns["weight"] = _as_numbers(columns["weight"], "weight")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise InputError("weight: expected finite numbers, 0 or more")
    return pd.DataFrame(columns)[weights > 0]


def _column(values: Any, name: str) -> pd.Series:
    """One column, numbered from 0 whatever its own index: position says what belongs together."""
    try:
        return pd.Series(values).reset_index(drop=True)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error


def _as_truth(column: pd.Series) -> pd.Series:
    wrong = ~column.isin([0, 1]).to_numpy(dtype=bool)
    if wrong.any():
        place = int(wrong.argmax())
        raise InputError(
            f"truth[{place}] is {column.tolist()[place]!r}: expected True or False (1 or 0)"
        )
    return column.astype(bool)


def _as_numbers(column: pd.Series, name: str) -> pd.Series:
    try:
        return pd.Series(column.to_numpy(dtype=float, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}") from error
