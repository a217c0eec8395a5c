"""What the commands share: options, and how duplicates are printed."""

from __future__ import annotations

import json
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

import dedup
from dedup._base.options import DEFAULT, KEEPS, METHODS
from dedup._base.text import counted, printable
from dedup._cli.errors import kept_if_interrupted, summary
from dedup._cli.printed import Printed
from dedup._cli.types import PAGE, TABLE, THRESHOLD_OR_FILE
from dedup.errors import InputError
from dedup.pipelines.store.addresses import shown

__all__ = [
    "CSV",
    "DEVICE",
    "KEEP",
    "METHOD",
    "NO_VERIFY",
    "PREFER",
    "REGIONS",
    "REPORT",
    "THRESHOLD",
    "TOKEN",
    "RunSearch",
    "keep_rule",
    "kept_in",
    "print_duplicates",
    "print_skipped",
    "print_unapplied",
    "require_images",
    "search_options",
    "warnings_in_a_line",
    "with_paths",
]


@dataclass(frozen=True, slots=True)
class RunSearch:
    """A search that was asked for; it runs when it is called.

    Attributes
    ----------
    paths : tuple of str
    settings : dict
        Of `find_duplicates`.
    verbose : bool
        Say where the time went.
    """

    paths: tuple[str, ...]
    settings: dict[str, Any]
    verbose: bool

    def __call__(self) -> dedup.Duplicates:
        """Find the duplicates."""
        index, cache = (self.settings[name] for name in ("index", "cache"))
        kept_if_interrupted(_kept(index, no_cache=not cache))
        duplicates = dedup.find_duplicates(self.paths, **self.settings)
        skipped = list(duplicates.skipped.itertuples())
        require_images(len(duplicates.distinct), paths=self.paths, skipped=skipped)
        if self.verbose:
            click.echo(str(duplicates.timings), err=True)
        return duplicates


_PATHS_SHOWN = 3

METHOD = click.option(
    "--method",
    type=click.Choice(METHODS),
    default=DEFAULT,
    show_default=True,
    help="sscd: a ResNet-50 trained for copy detection; sscd-fast: its small student; "
    "sscd-cascade: the student, and the ResNet-50 for pairs in doubt; phash: 64-bit DCT hashes, "
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
    type=THRESHOLD_OR_FILE,
    help="Accept pairs from this score up, 0 to 1; with --no-verify from this cosine up, "
    "or for phash with at most so many bits that differ, 0 to 64. "
    "Or a file that `dedup calibrate` or `dedup tune` wrote.",
)
REGIONS = click.option(
    "--regions/--no-regions",
    default=True,
    help="Look for pictures inside others too (as by default), or leave that out.",
)
NO_VERIFY = click.option("--no-verify", is_flag=True, help="Decide by the embedding or hash alone.")
TOKEN = click.option(
    "--token", default="", help="Token of the Milvus server.", envvar="MILVUS_TOKEN"
)
REPORT = click.option(
    "--report",
    type=PAGE,
    help="Write a page for the browser that shows and explains the groups (duplicates.html).",
)
KEEP = click.option(
    "--keep",
    type=click.Choice(KEEPS),
    default="best",
    show_default=True,
    help="The file of a group to keep: that shows most, of most bytes, last changed first, of the "
    "shortest path, or taken first as its header says.",
)
PREFER = click.option(
    "--prefer",
    multiple=True,
    type=click.Path(exists=True),
    help="Rather keep a file in this folder; --keep decides inside of it. Repeatable, the most "
    "preferred first.",
)
CSV = click.option(
    "--csv",
    type=TABLE,
    help="Write the groups here as a table, a file in a row (duplicates.csv).",
)
_INDEX = click.option(
    "--index", help="Keep the embeddings in this file (photos.db) or Milvus server."
)
_NO_CACHE = click.option("--no-cache", is_flag=True, help="Keep nothing after this run.")
_VERBOSE = click.option("--verbose", is_flag=True, help="Say where the time went.")
_BETWEEN = click.option(
    "--between",
    multiple=True,
    metavar="OTHER",
    help="Only pairs of one of the images with one in this folder, file or pattern. Repeatable.",
)


def with_paths(command: Callable[..., None]) -> Callable[..., None]:
    """Paths of images as arguments of a command, or for "-" those that standard input names."""

    @wraps(command)
    def reading(*, paths: tuple[str, ...], null: bool, **others: Any) -> None:
        if null and "-" not in paths:
            raise click.UsageError("-0 goes with -, for paths from standard input")
        command(paths=tuple(_each_path(paths, null=null)), **others)

    reading = click.option(
        "-0", "--null", is_flag=True, help="NUL ends each path of standard input, not a new line."
    )(reading)
    return click.argument("paths", nargs=-1, required=True, metavar="PATH...|-")(reading)


def _each_path(paths: Iterable[str], *, null: bool) -> Iterator[str]:
    for path in paths:
        if path != "-":
            yield path
            continue
        for line in sys.stdin.buffer.read().split(b"\0" if null else b"\n"):
            name = line if null else line.removesuffix(b"\r")
            if name:
                yield os.fsdecode(name)


def search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Paths and options of a search; the command is called with `search`, which runs it."""

    @wraps(command)
    def searching(
        *,
        paths: tuple[str, ...],
        between: tuple[str, ...],
        method: str,
        device: str,
        threshold: float | dedup.Threshold | None,
        no_verify: bool,
        regions: bool,
        keep: str,
        prefer: tuple[str, ...],
        index: str | None,
        token: str,
        no_cache: bool,
        verbose: bool,
        **others: Any,
    ) -> None:
        settings = {
            "between": between or None,
            "method": method,
            "device": device,
            "threshold": threshold,
            "verify": not no_verify,
            "regions": regions,
            "keep": keep_rule(keep, prefer),
            "index": index,
            "token": token,
            "cache": not no_cache,
        }
        command(RunSearch(paths, settings, verbose), **others)

    for option in (
        _VERBOSE, _NO_CACHE, TOKEN, _INDEX, PREFER, KEEP, REGIONS, NO_VERIFY, THRESHOLD,
        DEVICE, METHOD, _BETWEEN,
    ):  # fmt: skip
        searching = option(searching)
    return with_paths(searching)


def keep_rule(keep: str, prefer: Sequence[str]) -> str | list[str]:
    """What `keep=` takes."""
    return [*prefer, keep] if prefer else keep


def print_duplicates(
    found: dedup.Duplicates, *, as_json: bool, csv: Path | None, report: Path | None
) -> Printed:
    """Groups on standard output, the file to keep first; the rest on standard error."""
    result = json.dumps(found.to_dict(), indent=1) if as_json else "\n".join(_lines(found))
    remarks = [] if as_json else list(_skipped_lines(found.skipped.itertuples()))
    printed = Printed(result, "\n".join([*remarks, summary(found)]), 1 if found.groups else 0)
    printed.show()
    if csv is not None:
        found.save(csv)
    if report is not None:
        found.report(report)
    return printed


def print_skipped(several: Iterable[Any]) -> None:
    """What was left out, each with its reason, on standard error."""
    for line in _skipped_lines(several):
        click.echo(line, err=True)


def _skipped_lines(several: Iterable[Any]) -> Iterator[str]:
    for skipped in several:
        yield f"skipped {printable(skipped.path)}: {printable(skipped.reason)}"


def require_images(images: int, *, paths: Sequence[str], skipped: Sequence[Any]) -> None:
    """A run that could look at no image did not find that there are no duplicates."""
    if images:
        return
    print_skipped(skipped)
    named = ", ".join(paths[:_PATHS_SHOWN])
    if len(paths) > _PATHS_SHOWN:
        named += f" and {len(paths) - _PATHS_SHOWN:,} more"
    raise InputError(
        f"{named}: no image that can be read ({counted(len(skipped), 'file')} skipped)"
    )


def print_unapplied(found: dedup.Duplicates) -> None:
    """Choices that do not fit the result, on standard error."""
    for choice, reason in found.unapplied.itertuples(index=False):
        click.echo(f"choices: {printable(choice)}: {printable(reason)}", err=True)


def _lines(found: dedup.Duplicates) -> Iterator[str]:
    """Groups, the file to keep first."""
    for group in found.groups:
        yield f"keep   {printable(group.keep)} ({group.why})"
        related = _related(group)
        for path in group.remove:
            yield f"  {related[path]} {printable(path)}"
        for path, why in group.retain.items():
            yield f"  {related[path]} {printable(path)} (stays: {why})"


def _kept(index: str | None, *, no_cache: bool) -> str:
    if index is None and no_cache:
        return "nothing was kept (--no-cache)"
    return kept_in("the cache folder" if index is None else shown(index))


def kept_in(where: str) -> str:
    """What Ctrl-C says of embeddings."""
    return f"what was embedded until now is kept in {where}; the same command goes on from there"


def _related(group: dedup.Group) -> dict[str, str]:
    """How each file is related to the one to keep; or, if they were not paired, to its nearest."""
    related = {}
    columns = (group.pairs[name] for name in ("a", "b", "relation", "similarity", "score"))
    for a, b, relation, similarity, score in zip(*columns, strict=True):
        sure = similarity if math.isnan(score) else score
        for path in (a, b):
            if group.keep in (a, b):
                related[path] = f"{relation:<5} {sure:.3f}"
            else:
                related.setdefault(path, f"near  {sure:.3f}")
    return related


@contextmanager
def warnings_in_a_line(in_words: Callable[[str], str]) -> Iterator[None]:
    """Show a warning as what it says, in these words, without the line of code that gave it."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(
            f"Warning: {printable(in_words(str(message)))}", err=True
        )
        yield
