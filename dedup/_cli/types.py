"""What options and arguments take: thresholds, choices, and files that are written.

All is checked before the search begins: a typing error must not cost an hour.
"""

import os
from pathlib import Path
from typing import Any

import click

from dedup._base.saving import require_writable
from dedup._results.choices import Choices
from dedup._search.threshold import Threshold
from dedup.errors import InputError

__all__ = ["CHOICES", "PAGE", "PLAN", "THRESHOLD_OR_FILE", "TUNED"]

_BEGIN = 1024


class _Output(click.Path):
    """A file that is written at the end, in place of none but one of its own kind.

    Parameters
    ----------
    kind : str
        In words.
    mark : str
        What each has in its first 1,024 bytes.
    """

    def __init__(self, kind: str, *, mark: str) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._kind = kind
        self._mark = mark.encode()

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Refuse what can't be written, or would be lost."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            require_writable(path)
            if path.is_file() and not self._is_of_kind(path):
                self.fail(
                    f"{path} is there, and no {self._kind}: it is not overwritten", param, ctx
                )
        except InputError as error:
            self.fail(str(error), param, ctx)
        return path

    def _is_of_kind(self, path: Path) -> bool:
        with path.open("rb") as file:
            begin = file.read(_BEGIN)
        return not begin or self._mark in begin


class _Threshold(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A number, or a file that `dedup calibrate` wrote."""

    name = "NUMBER|FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | Threshold:
        """Take a number for what it is, and anything else for a file."""
        try:
            return float(value)
        except ValueError:
            pass
        try:
            return Threshold.load(value)
        except InputError as error:
            self.fail(
                f"{error}; expected a number, or a file that `dedup calibrate` wrote", param, ctx
            )


class _Choices(click.ParamType):  # type: ignore[type-arg]  # as above
    """A file that the report page exported."""

    name = "FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Choices:
        """Read it."""
        try:
            return Choices.load(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


THRESHOLD_OR_FILE = _Threshold()
CHOICES = _Choices()
PAGE = _Output("page of dedup's", mark='<meta name="generator" content="dedup">')
PLAN = _Output("plan of dedup's", mark='"format": "dedup plan')
TUNED = _Output("threshold of dedup's", mark='"format": "dedup threshold')
