"""The command line: `dedup find`, `dedup calibrate`, `dedup demo`.

Results go to standard output, everything else to standard error. Exit codes: 0 if there are
no duplicates, 1 if there are some, 2 if something went wrong, 130 if it was interrupted.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click
import pandas as pd

from dedup._calibrate import calibrate as _calibrate
from dedup._demo import run_demo
from dedup._duplicates import Duplicates
from dedup._find import find_duplicates
from dedup._threshold import Threshold
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


class _Threshold(click.ParamType[float | Threshold]):
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
    help="A ResNet-50 trained for copy detection, its small student, or 64-bit DCT hashes: "
    "much faster, but blind to crops, mirrors and captions.",
)
@click.option(
    "--threshold",
    type=_Threshold(),
    help="Accept pairs from this score up, 0 to 1; with --no-verify from this cosine up, "
    "or for phash with at most so many bits that differ, 0 to 64. "
    "Or a file that `dedup calibrate` wrote.",
)
@click.option("--no-verify", is_flag=True, help="Decide by the embedding or hash alone.")
@click.option("--index", help="Keep the embeddings in this file (photos.db) or Milvus server.")
@click.option("--token", default="", help="Token of the Milvus server.", envvar="MILVUS_TOKEN")
@click.option("--no-cache", is_flag=True, help="Keep nothing after this run.")
def find(
    paths: tuple[str, ...],
    *,
    as_json: bool,
    method: str,
    threshold: float | Threshold | None,
    no_verify: bool,
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
      dedup find photos/ --method phash --no-verify --threshold 8

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """
    found = find_duplicates(
        paths,
        method=method,
        threshold=threshold,
        verify=not no_verify,
        index=index,
        token=token,
        cache=not no_cache,
    )
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    else:
        print_groups(found)
    click.echo(repr(found), err=True)
    sys.exit(1 if found.groups else 0)


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Write the threshold here (threshold.json), for `dedup find --threshold`.",
)
@click.option("--precision", type=float, default=0.99, show_default=True)
@click.option("--images", type=int, help="Size of the collection; that of the photos by default.")
@click.option("--method", type=click.Choice(sorted(MODELS)), default="sscd", show_default=True)
@click.option("--no-verify", is_flag=True, help="Decide by the embedding or hash alone.")
@click.option("--seed", type=int, default=0, show_default=True)
def calibrate(
    paths: tuple[str, ...],
    *,
    out: Path,
    precision: float,
    images: int | None,
    method: str,
    no_verify: bool,
    seed: int,
) -> None:
    r"""Tune the threshold on edited copies of your own photos.

    \b
    Example:
      dedup calibrate photos/ --out threshold.json
      dedup find photos/ --threshold threshold.json
    """
    calibration = _calibrate(
        paths,
        precision=precision,
        images=images,
        method=method,
        verify=not no_verify,
        seed=seed,
    )
    calibration.threshold.save(out)
    click.echo(str(calibration))


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
