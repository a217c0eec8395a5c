"""`dedup index ...`: an index that is kept, on the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import dedup
from dedup._base.text import printable
from dedup._cli.errors import kept_if_interrupted
from dedup._cli.shared import (
    CSV,
    DEVICE,
    KEEP,
    METHOD,
    NO_VERIFY,
    PREFER,
    REGIONS,
    REPORT,
    THRESHOLD,
    TOKEN,
    keep_rule,
    kept_in,
    print_duplicates,
    print_skipped,
    require_images,
    with_paths,
)
from dedup.errors import DecodeError, InputError, StoreError
from dedup.pipelines.store.addresses import shown
from dedup.pipelines.store.storage import store_at

__all__ = ["index"]

_URI = click.option(
    "--index",
    "uri",
    envvar="MILVUS_URI",
    required=True,
    metavar="URI",
    help="A Milvus Lite file (photos.db), or the address of a Milvus server or of Zilliz Cloud; "
    "by default what MILVUS_URI says.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")


@click.group()
def index() -> None:
    """Keep an index of images: add to it, ask it, find its duplicates.

    \b
    Examples:
      dedup index add photos/ --index photos.db
      dedup index check upload.jpg --index photos.db
      dedup index duplicates --index photos.db --json
      dedup index mark a.jpg b.jpg --different --index photos.db
      dedup index prune --index photos.db
    """  # noqa: D301  click wants the \b itself


@index.command()
@with_paths
@_URI
@TOKEN
@METHOD
@DEVICE
@REGIONS
@click.option("--tag", default="", help="A name for the set that they belong to, as train.")
@click.option("--unless-duplicate", is_flag=True, help="Leave out what repeats an image.")
@THRESHOLD
def add(
    paths: tuple[str, ...],
    *,
    uri: str,
    token: str,
    method: str,
    device: str,
    regions: bool,
    tag: str,
    unless_duplicate: bool,
    threshold: float | dedup.Threshold | None,
) -> None:
    """Add folders, files or patterns; files that did not change cost nothing.

    \b
    Examples:
      dedup index add photos/ archive/ --index photos.db
      dedup index add train/ --tag train --index sets.db
      dedup index add uploads/ --unless-duplicate --index photos.db
    """  # noqa: D301  click wants the \b itself
    kept_if_interrupted(kept_in(shown(uri)))
    with dedup.ImageIndex(
        uri, method=method, device=device, token=token, regions=regions
    ) as images:
        added = images.add(paths, tag=tag, unless_duplicate=unless_duplicate, threshold=threshold)
    read = added.embedded + added.copies + added.unchanged + len(added.duplicates)
    require_images(read, paths=paths, skipped=added.skipped)
    _print_added(added)


def _print_added(added: dedup.Added) -> None:
    for refused in added.duplicates:
        relation = f"{refused.relation} of {printable(refused.of)}"
        click.echo(f"duplicate {printable(refused.path)}: {relation}", err=True)
    print_skipped(added.skipped)
    click.echo(str(added))


@index.command()
@click.argument("image", type=click.Path(path_type=Path))
@_URI
@TOKEN
@METHOD
@DEVICE
@THRESHOLD
@NO_VERIFY
@REGIONS
@_JSON
def check(
    image: Path,
    *,
    threshold: float | dedup.Threshold | None,
    no_verify: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Say whether an image is new, or which image of the index it repeats.

    \b
    Examples:
      dedup index check upload.jpg --index photos.db
      dedup index check upload.jpg --index photos.db --json

    Exit code: 0 if it is new, 1 if it is a duplicate, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    with _opened(**where) as images:
        try:
            found = images.check(image, threshold=threshold, verify=not no_verify)
        except DecodeError as error:
            raise InputError(f"{image}: {error}") from error
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
    else:
        click.echo(found.relation)
        for match in [*found.matches, *found.lookalikes]:
            sure = match.similarity if match.score is None else match.score
            click.echo(f"  {match.relation:<5} {sure:.3f} {printable(match.path)}")
        for path, reason in found.unread.items():
            click.echo(f"  not compared: {printable(path)}: {reason}")
    sys.exit(1 if found.matches else 0)


@index.command()
@_URI
@TOKEN
@METHOD
@THRESHOLD
@NO_VERIFY
@REGIONS
@click.option(
    "--between",
    nargs=2,
    metavar="A B",
    help="Only pairs of an image of one set with one of another: tags, folders or patterns.",
)
@KEEP
@PREFER
@_JSON
@CSV
@REPORT
def duplicates(
    *,
    threshold: float | dedup.Threshold | None,
    no_verify: bool,
    between: tuple[str, str] | None,
    keep: str,
    prefer: tuple[str, ...],
    as_json: bool,
    csv: Path | None,
    report: Path | None,
    **where: Any,
) -> None:
    """Find the duplicates among the images of the index.

    \b
    Examples:
      dedup index duplicates --index photos.db
      dedup index duplicates --index photos.db --report duplicates.html
      dedup index duplicates --index sets.db --between train test --json

    Exit code: 0 if there are no duplicates, 1 if there are some, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    with _opened(**where) as images:
        found = images.duplicates(
            between=between,
            threshold=threshold,
            verify=not no_verify,
            keep=keep_rule(keep, prefer),
        )
    if not found.distinct:
        raise InputError(f"{shown(where['uri'])}: the index holds no images")
    print_duplicates(found, as_json=as_json, csv=csv, report=report)
    sys.exit(1 if found.groups else 0)


@index.command()
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option(
    "--different/--same",
    default=None,
    help="They are no duplicates, or they are, whatever they look like.",
)
@_URI
@TOKEN
@METHOD
def mark(a: str, b: str, *, different: bool | None, **where: Any) -> None:
    """Say of two images that they are no duplicates, or that they are; the last word counts.

    It is remembered of their contents: `check`, `duplicates`, and `dedup find` on this index do as
    was said, wherever the files go.

    \b
    Examples:
      dedup index mark a.jpg b.jpg --different --index photos.db
      dedup index mark a.jpg b.jpg --same --index photos.db
    """  # noqa: D301  click wants the \b itself
    if different is None:
        raise click.UsageError("say --different or --same")
    with _opened(**where) as images:
        images.mark(a, b, duplicate=not different)
    click.echo(f"{'different' if different else 'the same'}: {printable(a)}, {printable(b)}")


@index.command()
@with_paths
@_URI
@TOKEN
@METHOD
def remove(paths: tuple[str, ...], **where: Any) -> None:
    """Forget files. The files themselves are not touched.

    \b
    Example:
      dedup index remove photos/old.jpg --index photos.db

    Exit code: 0 if all were known, 1 if some were not, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    from dedup._catalogue.discover import file_key  # imports pandas

    with _opened(**where) as images:
        held, _ = images.known(map(file_key, paths))
        click.echo(f"{images.remove(paths)} removed")
    unknown = [path for path in paths if file_key(path) not in held]
    for path in unknown:
        click.echo(f"{printable(path)}: not in the index", err=True)
    sys.exit(1 if unknown else 0)


@index.command()
@_URI
@TOKEN
@METHOD
def prune(**where: Any) -> None:
    """Forget files that are gone from the disk.

    \b
    Example:
      dedup index prune --index photos.db
    """  # noqa: D301  click wants the \b itself
    with _opened(**where) as images:
        click.echo(f"{images.prune()} removed")


@index.command()
@_URI
@TOKEN
@METHOD
@_JSON
def stats(*, as_json: bool, **where: Any) -> None:
    """Say what the index holds.

    \b
    Example:
      dedup index stats --index photos.db
    """  # noqa: D301  click wants the \b itself
    with _opened(**where) as images:
        held = images.stats()
    click.echo(json.dumps(asdict(held), indent=1) if as_json else repr(held))


def _opened(
    *, uri: str, token: str, method: str, device: str = "cpu", regions: bool = True
) -> dedup.ImageIndex:
    """An index that is there: a mistyped name makes none."""
    if store_at(uri) == "lite" and not Path(uri).exists():
        raise StoreError(f"{shown(uri)}: there is no such index")
    return dedup.ImageIndex(uri, method=method, device=device, token=token, regions=regions)
