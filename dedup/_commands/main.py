"""The command line: find, look, keep an index, calibrate.

Results go to standard output, everything else to standard error. Exit codes: 0 if there are
no duplicates, 1 if there are some, 2 if something went wrong, 130 if it was interrupted. What
acts on files exits with 0 if all was done, and with 2 if anything was not.
"""

import sys
from pathlib import Path

import click

from dedup._commands.act import COMMANDS
from dedup._commands.demo import run_demo
from dedup._commands.index import index
from dedup._commands.shared import (
    DEVICE,
    METHOD,
    NO_VERIFY,
    REPORT,
    Search,
    print_duplicates,
    print_unapplied,
    search_options,
    warnings_in_a_line,
)
from dedup._text import printable
from dedup._tuning.calibrate import calibrate as _calibrate
from dedup._viewing.report import LARGEST_THUMBNAIL
from dedup.pipelines.errors import DedupError

__all__ = ["main"]


_INTERRUPTED = 130  # as shells say it: 128 + SIGINT


class _Errors(click.Group):
    """Shows an error of this library as one line, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except DedupError as error:
            message = "\n".join(map(printable, str(error).splitlines()))
            raise _Failure(message) from error
        except (KeyboardInterrupt, click.Abort):
            sys.exit(_INTERRUPTED)


class _Failure(click.ClickException):
    exit_code = 2


@click.group(cls=_Errors)
@click.version_option(package_name="dedup")
def main() -> None:
    """Find exact and near-duplicate images."""
    click.get_current_context().with_resource(warnings_in_a_line())


@main.command()
@search_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@REPORT
def find(search: Search, *, as_json: bool, report: Path | None) -> None:
    """Find the duplicates among images: folders, files or patterns.

    \b
    Examples:
      dedup find photos/
      dedup find photos/ archive/ --json > duplicates.json
      dedup find photos/ --report duplicates.html
      dedup find "photos/**/*.jpg" --index photos.db
      dedup find photos/ --method phash --no-verify --threshold 8

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    found = search()
    print_duplicates(found, as_json=as_json, report=report)
    sys.exit(1 if found.groups else 0)


@main.command()
@search_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
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
    type=click.Path(dir_okay=False),
    help="Start from the choices that were made on an earlier page.",
)
def report(search: Search, *, out: Path, title: str, thumbnails: int, choices: str | None) -> None:
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
@METHOD
@DEVICE
@NO_VERIFY
@click.option("--seed", type=int, default=0, show_default=True)
def calibrate(
    paths: tuple[str, ...],
    *,
    out: Path,
    precision: float,
    images: int | None,
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
    calibration = _calibrate(
        paths,
        precision=precision,
        images=images,
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
        raise _Failure(str(error)) from error


for command in (index, *COMMANDS):
    main.add_command(command)
