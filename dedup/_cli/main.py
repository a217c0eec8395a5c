"""The command line: find, look, keep an index, calibrate."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

import dedup
from dedup._base.about import DISTRIBUTION
from dedup._base.allocator import one_arena_a_core
from dedup._base.options import LARGEST_THUMBNAIL
from dedup._base.text import printable
from dedup._cli.act import COMMANDS as ACTIONS
from dedup._cli.demo import run_demo
from dedup._cli.errors import Commands, Failure, kept_if_interrupted, summary
from dedup._cli.index_commands import index
from dedup._cli.labelled_commands import COMMANDS as LABELLED
from dedup._cli.printed import PrintedBefore
from dedup._cli.shared import (
    CSV,
    DEVICE,
    METHOD,
    NO_VERIFY,
    REPORT,
    RunSearch,
    print_duplicates,
    print_unapplied,
    search_options,
    warnings_in_a_line,
    with_paths,
)
from dedup._cli.types import CHOICES, PAGE, TUNED

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=DISTRIBUTION)
def main() -> None:
    """Find exact and near-duplicate images.

    Results go to standard output, everything else to standard error.

    \b
    Exit codes:
      0    images were looked at, and there are no duplicates; or all was done
      1    there are duplicates
      2    an error, nothing that can be read as an image, or something was not done
      130  interrupted (Ctrl-C)

    Files that can't be read among others that can are listed as skipped, and are no error.
    """  # noqa: D301  click wants the \b itself
    one_arena_a_core()
    click.get_current_context().with_resource(warnings_in_a_line(main.in_options))


@main.command()
@search_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@CSV
@REPORT
def find(search: RunSearch, *, as_json: bool, csv: Path | None, report: Path | None) -> None:
    """Find the duplicates among images: folders, files or patterns.

    \b
    Examples:
      dedup find photos/
      dedup find photos/ archive/ --json > duplicates.json
      dedup find photos/ --report duplicates.html
      dedup find "photos/**/*.jpg" --index photos.db
      dedup find inbox/ --between archive/
      find photos/ -name "*.jpg" -print0 | dedup find - -0
      dedup find photos/ --method phash --no-verify --threshold 8

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    before = None
    if csv is None and report is None and not search.verbose:
        before = PrintedBefore(search.paths, search.settings, as_json=as_json)
        if (known := before.get()) is not None:
            known.show()
            sys.exit(known.code)
    found = search()
    printed = print_duplicates(found, as_json=as_json, csv=csv, report=report)
    if before is not None:
        again = printed.remarks.replace(f"{found.embedded:,} embedded", "0 embedded")
        before.put(replace(printed, remarks=again), skipped=len(found.skipped))
    sys.exit(printed.code)


@main.command()
@search_options
@click.option(
    "--out",
    type=PAGE,
    required=True,
    help="Write the page here (duplicates.html).",
)
@click.option("--title", default="Duplicates", show_default=True)
@click.option(
    "--thumbnails",
    type=click.IntRange(0, LARGEST_THUMBNAIL),
    default=160,
    show_default=True,
    help="Longest side of the small pictures in pixels; 0 for none.",
)
@click.option(
    "--choices",
    type=CHOICES,
    help="Start from the choices that were made on an earlier page.",
)
def report(
    search: RunSearch, *, out: Path, title: str, thumbnails: int, choices: dedup.Choices | None
) -> None:
    """Find duplicates, and write a page that shows and explains them, for any browser.

    \b
    Examples:
      dedup report photos/ --out duplicates.html
      dedup report photos/ --index photos.db --title "Summer" --out summer.html

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    found = search()
    if choices is not None:
        found = found.with_choices(choices)
    found.report(out, title=title, thumbnails=thumbnails)
    print_unapplied(found)
    click.echo(summary(found), err=True)
    sys.exit(1 if found.groups else 0)


@main.command()
@with_paths
@click.option(
    "--out",
    type=TUNED,
    required=True,
    help="Write the threshold here (threshold.json), for `dedup find --threshold`.",
)
@click.option(
    "--precision",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.99,
    show_default=True,
    help="The part of accepted pairs that are to be duplicates.",
)
@click.option(
    "--images",
    type=click.IntRange(2),
    help="Size of the collection; that of the photos by default.",
)
@click.option(
    "--sources",
    type=click.IntRange(1),
    help="Photos that are copied, which is the number of pairs of each edit; 16 by default.",
)
@METHOD
@DEVICE
@NO_VERIFY
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def calibrate(
    paths: tuple[str, ...],
    *,
    out: Path,
    precision: float,
    images: int | None,
    sources: int | None,
    method: str,
    device: str,
    no_verify: bool,
    seed: int,
) -> None:
    """Tune the threshold on edited copies of your own photos.

    \b
    Example:
      dedup calibrate photos/ --out threshold.json
      dedup find photos/ --threshold threshold.json
    """  # noqa: D301  click wants the \b itself
    kept_if_interrupted("what was embedded of the photos is kept in the cache folder")
    calibration = dedup.calibrate(
        paths,
        precision=precision,
        images=images,
        sources=sources,
        method=method,
        device=device,
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
        raise Failure(printable(str(error))) from error


for command in (index, *ACTIONS, *LABELLED):
    main.add_command(command)
