"""The command line: `dedup find`, `dedup demo`.

Results go to standard output, everything else to standard error. Exit codes: 0 if there are
no duplicates, 1 if there are some, 2 if something went wrong, 130 if it was interrupted.
"""

import json
import sys
from pathlib import Path

import click
import pandas as pd

from dedup._demo import run_demo
from dedup._duplicates import Duplicates
from dedup._find import find_duplicates
from dedup.pipelines.errors import DedupError
from dedup.pipelines.models import MODELS

__all__ = ["main"]


_INTERRUPTED = 130  # as shells say it: 128 + SIGINT


class _Errors(click.Group):
    """Shows an error of this library as one line, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except DedupError as error:
            raise _Failure(str(error)) from error
        except (KeyboardInterrupt, click.Abort):
            sys.exit(_INTERRUPTED)


class _Failure(click.ClickException):
    exit_code = 2


@click.group(cls=_Errors)
@click.version_option(package_name="dedup")
def main() -> None:
    """Find exact and near-duplicate images."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@click.option(
    "--method",
    type=click.Choice(sorted(MODELS)),
    default="sscd",
    show_default=True,
    help="The embedding: a ResNet-50 trained for copy detection, or its small student.",
)
@click.option("--threshold", type=float, help="Accept pairs from this value up, 0 to 1.")
@click.option("--index", help="Keep the embeddings in this file (photos.db) or Milvus server.")
@click.option("--token", default="", help="Token of the Milvus server.", envvar="MILVUS_TOKEN")
@click.option("--no-cache", is_flag=True, help="Keep nothing after this run.")
def find(
    paths: tuple[str, ...],
    *,
    as_json: bool,
    method: str,
    threshold: float | None,
    index: str | None,
    token: str,
    no_cache: bool,
) -> None:
    r"""Find the duplicates among images: folders, files or patterns.

    \b
    Examples:
      dedup find photos/
      dedup find photos/ archive/ --json > duplicates.json
      dedup find "photos/**/*.jpg" --index photos.db

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """
    found = find_duplicates(
        paths, method=method, threshold=threshold, index=index, token=token, cache=not no_cache
    )
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_groups(found)
    click.echo(repr(found), err=True)
    sys.exit(1 if found.groups else 0)


@main.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the sample; by default one in the user's cache folder.",
)
def demo(out: Path | None) -> None:
    """Build a small labelled set of real photos and edited copies, and find its duplicates."""
    try:
        run_demo(out)
    except (FileExistsError, ModuleNotFoundError) as error:  # another folder; no sample photos
        raise _Failure(str(error)) from error


def print_groups(found: Duplicates) -> None:
    """Groups on standard output, the file to keep first; what was skipped beside it."""
    for group in found.groups:
        click.echo(f"keep   {_shown(group.keep)}")
        pairs = group.pairs
        for path in group.remove:
            click.echo(f"  {_related(path, group.keep, pairs)} {_shown(path)}")
    for skipped in found.skipped.itertuples():
        click.echo(f"skipped {_shown(skipped.path)}: {skipped.reason}", err=True)


def _related(path: str, keep: str, pairs: pd.DataFrame) -> str:
    """How a file is related to the one to keep; or, if they were not paired, to its nearest."""
    own = pairs[(pairs["a"] == path) | (pairs["b"] == path)]
    with_keep = own[(own["a"] == keep) | (own["b"] == keep)]
    pair = (with_keep if len(with_keep) else own).iloc[0]
    relation = pair.relation if len(with_keep) else "near"
    return f"{relation:<5} {pair.similarity if pd.isna(pair.score) else pair.score:.3f}"


def _shown(path: str) -> str:
    """A path that any terminal can print."""
    return path.encode("utf-8", "backslashreplace").decode()
