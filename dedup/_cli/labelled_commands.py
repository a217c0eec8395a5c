"""`dedup tune`, `dedup explain`: a threshold from labels, and what was seen in two pictures."""

import json
from pathlib import Path
from typing import Any

import click

import dedup
from dedup._base.text import printable
from dedup._cli.errors import kept_if_interrupted
from dedup._cli.shared import DEVICE, METHOD, NO_VERIFY
from dedup._cli.types import TUNED

__all__ = ["COMMANDS"]

_SHARE = click.FloatRange(0, 1, min_open=True)


def _names(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """Names of columns, parted by commas."""
    del context, option
    return None if value is None else tuple(value.split(","))


@click.command()
@click.argument("labels", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=TUNED, help="Write the threshold here (threshold.json).")
@click.option("--precision", type=_SHARE, help="The part of accepted pairs to be duplicates.")
@click.option("--recall", type=_SHARE, help="The part of the duplicates to be found.")
@click.option("--f1", is_flag=True, help="The threshold of the highest F1.")
@click.option(
    "--cost",
    type=(click.FloatRange(0), click.FloatRange(0)),
    metavar="REMOVED MISSED",
    help="The least cost, if an image wrongly removed and a copy missed cost so much (100 1).",
)
@click.option(
    "--columns",
    callback=_names,
    metavar="A,B,LABEL",
    help="What the table calls these columns; or PATH,GROUP.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False),
    help="What relative paths are relative to; by default the folder of the table.",
)
@click.option("--strict", is_flag=True, help="Refuse labels of files that are missing.")
@click.option(
    "--collection",
    type=click.IntRange(2),
    help="Size of the collection that the threshold is for; the labelled mixture by default.",
)
@METHOD
@DEVICE
@NO_VERIFY
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
def tune(
    labels: Path,
    *,
    out: Path | None,
    cost: tuple[float, float] | None,
    no_verify: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Tune a threshold on labelled duplicates: a table, or a folder of folders.

    A table is a file (.csv, .tsv, .jsonl, .parquet) of pairs (a, b, label) or of images
    (path, group). Of a folder, each sub-folder is a group of duplicates.

    \b
    Examples:
      dedup tune labels.csv --precision 0.99 --out threshold.json
      dedup tune labels.tsv --columns left,right,same --cost 100 1
      dedup find photos/ --threshold threshold.json

    Exit code: 0 if a threshold was tuned, 2 on an error, or if none reaches the goal.
    """  # noqa: D301  click wants the \b itself
    kept_if_interrupted("what was embedded of the images is kept in the cache folder")
    prices = None if cost is None else dict(zip(("wrongly_removed", "missed"), cost, strict=True))
    threshold = dedup.tune(labels, cost=prices, verify=not no_verify, **how)
    if out is not None:
        threshold.save(out)
    if as_json:
        click.echo(json.dumps(threshold.to_dict(), indent=1))
        return
    click.echo(f"threshold       {threshold.text}: {threshold.quantity} of {threshold.method}")
    click.echo(f"goal            {threshold.goal}")
    for name, figures in threshold.expected.items():
        click.echo(f"{name:<15} {figures}")
    click.echo(f"tuned on        {threshold.images:,} images of {threshold.sources:,} photos")


@click.command()
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
def explain(a: str, b: str, *, as_json: bool) -> None:
    """Align two images, and say what happened from the first to the second.

    \b
    Examples:
      dedup explain photo.jpg copy.png
      dedup explain photo.jpg copy.png --json

    Exit code: 0 if both were read, whatever they show, 2 on an error.
    """  # noqa: D301  click wants the \b itself
    explanation = dedup.explain(a, b)
    if as_json:
        click.echo(json.dumps({"a": a, "b": b, **explanation.to_dict()}, indent=1))
    else:
        click.echo(printable(repr(explanation)))


COMMANDS: tuple[click.Command, ...] = (tune, explain)
