"""What options and arguments take: thresholds, choices, and files that are written.

All is checked before the search begins: a typing error must not cost an hour.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

import dedup
from dedup._base.saving import PAGE_KIND, Kind, require_kind, require_writable
from dedup.errors import InputError

__all__ = ["CHOICES", "PAGE", "PLAN", "TABLE", "THRESHOLD_OR_FILE", "TUNED"]


class _Output(click.Path):
    """A file that is written at the end, in place of none but one of its own kind."""

    def __init__(self, kind: Kind, *, suffix: str = "") -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._kind = kind
        self._suffix = suffix

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Refuse what can't be written, or would be lost."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path.suffix != (self._suffix or path.suffix):
            self.fail(f"{path}: expected a name that ends in {self._suffix}", param, ctx)
        try:
            require_writable(path)
            require_kind(path, self._kind)
        except InputError as error:
            self.fail(str(error), param, ctx)
        return path


class _Threshold(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A number, or a file that `dedup calibrate` or `dedup tune` wrote."""

    name = "NUMBER|FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | dedup.Threshold:
        """Take a number for what it is, and anything else for a file."""
        try:
            return float(value)
        except ValueError:
            pass
        try:
            return dedup.Threshold.load(value)
        except InputError as error:
            expected = "expected a number, or a file that `dedup calibrate` or `dedup tune` wrote"
            self.fail(f"{error}; {expected}", param, ctx)


class _Choices(click.ParamType):  # type: ignore[type-arg]  # as above
    """A file that the report page exported."""

    name = "FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dedup.Choices:
        """Read it."""
        try:
            return dedup.Choices.load(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


THRESHOLD_OR_FILE = _Threshold()
CHOICES = _Choices()
PAGE = _Output(PAGE_KIND)
PLAN = _Output(Kind("plan of dedup's", mark='"format": "dedup plan'))
TABLE = _Output(Kind("table of dedup's", mark='"path","group","keep","stays"'), suffix=".csv")
TUNED = _Output(Kind("threshold of dedup's", mark='"format": "dedup threshold'))
