"""What the commands share: options, and how duplicates are printed."""

import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click
import pandas as pd

from dedup._find import find_duplicates
from dedup._results.duplicates import Duplicates
from dedup._text import printable
from dedup._tuning.threshold import Threshold
from dedup.pipelines.models import DEFAULT, MODELS

__all__ = [
    "DEVICE",
    "METHOD",
    "NO_VERIFY",
    "REPORT",
    "THRESHOLD",
    "TOKEN",
    "Search",
    "print_duplicates",
    "print_unapplied",
    "search_options",
    "warnings_in_a_line",
]

Search = Callable[[], Duplicates]


class _Threshold(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.4
    """A number, or a file that `dedup calibrate` wrote."""

    name = "NUMBER|FILE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | Threshold:
        """Take a number for what it is, and anything else for a file."""
        del param, ctx
        try:
            return float(value)
        except ValueError:
            return Threshold.load(value)


METHOD = click.option(
    "--method",
    type=click.Choice(sorted(MODELS)),
    default=DEFAULT,
    show_default=True,
    help="sscd: a ResNet-50 trained for copy detection; sscd-fast: its small student; "
    "sscd-cascade: the student, and the ResNet-50 for what it proposes; phash: 64-bit DCT hashes, "
    "much faster, but blind to crops, mirrors and captions.",
)
DEVICE = click.option(
    "--device",
    default="cpu",
    show_default=True,
    help='Where the network runs: cpu, cuda or cuda:1 (needs the extra "gpu").',
)
THRESHOLD = click.option(
    "--threshold",
    type=_Threshold(),
    help="Accept pairs from this score up, 0 to 1; with --no-verify from this cosine up, "
    "or for phash with at most so many bits that differ, 0 to 64. "
    "Or a file that `dedup calibrate` wrote.",
)
NO_VERIFY = click.option("--no-verify", is_flag=True, help="Decide by the embedding or hash alone.")
TOKEN = click.option(
    "--token", default="", help="Token of the Milvus server.", envvar="MILVUS_TOKEN"
)
REPORT = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page for the browser that shows and explains the groups (duplicates.html).",
)
_INDEX = click.option(
    "--index", help="Keep the embeddings in this file (photos.db) or Milvus server."
)
_NO_CACHE = click.option("--no-cache", is_flag=True, help="Keep nothing after this run.")
_VERBOSE = click.option("--verbose", is_flag=True, help="Say where the time went.")
_PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...")


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Paths and options of a search; the command is called with `search`, which runs it."""

    @wraps(command)
    def searching(
        *,
        paths: tuple[str, ...],
        method: str,
        device: str,
        threshold: float | Threshold | None,
        no_verify: bool,
        index: str | None,
        token: str,
        no_cache: bool,
        verbose: bool,
        **others: Any,
    ) -> None:
        found = partial(
            find_duplicates,
            paths,
            method=method,
            device=device,
            threshold=threshold,
            verify=not no_verify,
            index=index,
            token=token,
            cache=not no_cache,
        )

        def search() -> Duplicates:
            duplicates = found()
            if verbose:
                click.echo(str(duplicates.timings), err=True)
            return duplicates

        command(search, **others)

    for option in (
        _VERBOSE, _NO_CACHE, TOKEN, _INDEX, NO_VERIFY, THRESHOLD, DEVICE, METHOD, _PATHS,
    ):  # fmt: skip
        searching = option(searching)
    return searching


def print_duplicates(found: Duplicates, *, as_json: bool, report: Path | None = None) -> None:
    """Groups on standard output, the file to keep first; the rest on standard error."""
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        _print_groups(found)
    if report is not None:
        found.report(report)
    click.echo(repr(found), err=True)


def print_unapplied(found: Duplicates) -> None:
    """Choices that do not fit the result, on standard error."""
    for choice, reason in found.unapplied.itertuples(index=False):
        click.echo(f"choices: {printable(choice)}: {printable(reason)}", err=True)


def _print_groups(found: Duplicates) -> None:
    """Groups on standard output, the file to keep first; what was skipped beside it."""
    for group in found.groups:
        click.echo(f"keep   {printable(group.keep)}")
        pairs = group.pairs
        for path in group.remove:
            click.echo(f"  {_related(path, group.keep, pairs)} {printable(path)}")
    for skipped in found.skipped.itertuples():
        click.echo(f"skipped {printable(skipped.path)}: {skipped.reason}", err=True)


def _related(path: str, keep: str, pairs: pd.DataFrame) -> str:
    """How a file is related to the one to keep; or, if they were not paired, to its nearest."""
    own = pairs[(pairs["a"] == path) | (pairs["b"] == path)]
    with_keep = own[(own["a"] == keep) | (own["b"] == keep)]
    pair = (with_keep if len(with_keep) else own).iloc[0]
    relation = pair.relation if len(with_keep) else "near"
    return f"{relation:<5} {pair.similarity if pd.isna(pair.score) else pair.score:.3f}"


@contextmanager
def warnings_in_a_line() -> Iterator[None]:
    """Show a warning as what it says, without the line of code that gave it."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(
            f"Warning: {printable(str(message))}", err=True
        )
        yield
