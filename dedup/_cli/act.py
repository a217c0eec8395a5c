"""`dedup plan`, `dedup apply`, `dedup undo`, `dedup purge`: act on duplicates, and take it back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import dedup
from dedup._acting.planned import ACTIONS, COMPANION, LEAVE, WRITE, PlannedFile
from dedup._base.options import EDITED, METADATA
from dedup._base.text import printable
from dedup._cli.errors import FAILED, Failure, kept_if_interrupted, summary
from dedup._cli.shared import RunSearch, print_skipped, print_unapplied, search_options
from dedup._cli.types import CHOICES, PLAN

__all__ = ["COMMANDS"]


@click.command()
@search_options
@click.option(
    "--out",
    type=PLAN,
    required=True,
    help="Write the plan here (plan.json), for `dedup apply`.",
)
@click.option("--action", type=click.Choice(ACTIONS), default="quarantine", show_default=True)
@click.option(
    "--quarantine",
    type=click.Path(file_okay=False),
    help="Put the files below this folder; by default .dedup-quarantine among the images.",
)
@click.option(
    "--protect",
    multiple=True,
    type=click.Path(exists=True),
    help="Never touch a file in this folder, and rather keep one in there. Repeatable.",
)
@click.option(
    "--choices",
    type=CHOICES,
    help="Follow the choices that were made on the report page.",
)
@click.option("--unverified", is_flag=True, help="Act on all files of a group.")
@click.option(
    "--edited",
    type=click.Choice(EDITED),
    default="retain",
    show_default=True,
    help="What to do with copies that something was put on, such as a caption.",
)
@click.option("--lossy", is_flag=True, help="Act also on files that show more than what is kept.")
@click.option(
    "--metadata",
    type=click.Choice(METADATA),
    default="tell",
    show_default=True,
    help="What to do with a date, place, rating or keywords that only files that go have: "
    "say so, or write them beside what is kept too, as IMG.jpg.xmp.",
)
@click.option("--permanently", is_flag=True, help="Really delete, with --action delete.")
def plan(
    search: RunSearch,
    *,
    out: Path,
    action: str,
    quarantine: str | None,
    protect: tuple[str, ...],
    choices: dedup.Choices | None,
    unverified: bool,
    edited: str,
    lossy: bool,
    metadata: str,
    permanently: bool,
) -> None:
    """Find duplicates, and write what would be done to them; nothing is touched.

    Sidecars, the film of a live photo and the RAW file of a shot go with their picture, or stay
    with it.

    \b
    Examples:
      dedup plan photos/ --out plan.json && dedup apply plan.json
      dedup plan inbox/ archive/ --protect archive/ --out plan.json
      dedup plan inbox/ --between archive/ --protect archive/ --out plan.json
      dedup plan photos/ --choices choices.json --out plan.json
      dedup plan photos/ --action hardlink --out plan.json

    Exit code: 0 if the plan was written, 2 on an error, or if a choice does not fit.
    """  # noqa: D301  click wants the \b itself
    if action == "delete" and not permanently:
        raise click.UsageError("--action delete can't be undone: say so with --permanently")
    found = search()
    if choices is not None:
        found = found.with_choices(choices)
    planned = found.plan(
        action=action,
        quarantine=quarantine,
        protect=protect,
        unverified=unverified,
        edited=edited,
        lossy=lossy,
        metadata=metadata,
        permanently=permanently,
    )
    planned.save(out)
    print_skipped(found.skipped.itertuples())
    for file in planned.files:
        click.echo(f"{file.action:<10} {printable(file.path)} ({printable(_why(file))})")
    print_unapplied(found)
    click.echo(summary(found), err=True)
    click.echo(summary(planned), err=True)
    sys.exit(FAILED if len(found.unapplied) else 0)


@click.command()
@click.argument("file", metavar="PLAN", type=click.Path(dir_okay=False))
@click.option(
    "--journal",
    type=click.Path(dir_okay=False),
    help="Write what is done here; by default beside what is put into quarantine.",
)
@click.option("--permanently", is_flag=True, help="Really delete, if the plan says so.")
def apply(file: str, *, journal: str | None, permanently: bool) -> None:
    """Do what a plan says. Cut off, it is continued by the same command.

    Before a file is touched, it must have the bytes that were indexed, and the file that is
    kept must be there, unchanged, and decode.

    \b
    Example:
      dedup apply plan.json
      dedup undo plan.json

    Exit code: 0 if all was done, 2 if some was not (each file with the reason), or was purged
    since.
    """  # noqa: D301  click wants the \b itself
    planned = dedup.Plan.load(file)
    _acts(journal or planned.journal)
    _end(planned.apply(journal=journal, permanently=permanently))


@click.command()
@click.argument("journal", metavar="PLAN|JOURNAL", type=click.Path(dir_okay=False))
def undo(journal: str) -> None:
    """Take back what `dedup apply` did: names, bytes, times and permissions.

    \b
    Examples:
      dedup undo plan.json
      dedup undo photos/.dedup-quarantine/2026-05-01-3f0a9c12/dedup-journal.jsonl

    Exit code: 0 if all was restored, 2 if some was not (each file with the reason).
    """  # noqa: D301  click wants the \b itself
    _acts(journal)
    _end(dedup.undo(journal))


@click.command()
@click.argument("journal", metavar="PLAN|JOURNAL", type=click.Path(dir_okay=False))
@click.option("--yes", is_flag=True, help="Delete them without asking.")
def purge(journal: str, *, yes: bool) -> None:
    """Delete, for good, what a plan has put into quarantine.

    Each file only if the one that was kept is still there, unchanged, and decodes.

    \b
    Example:
      dedup purge plan.json --yes

    Exit code: 0 if all was deleted, 2 if some was not (each file with the reason).
    """  # noqa: D301  click wants the \b itself
    if not (yes or _sure("Delete the files in quarantine for good?")):
        raise Failure("nothing was deleted (--yes does it without asking)")
    _acts(journal)
    _end(dedup.purge(journal))


COMMANDS: tuple[click.Command, ...] = (plan, apply, undo, purge)


def _why(file: PlannedFile) -> str:
    """What is said of a file of a plan beside its action."""
    if file.action == LEAVE:
        return file.reason
    if file.action == WRITE:
        return file.knows
    if file.relation == COMPANION:
        return f"belongs to {file.belongs_to}"
    knows = f"; knows more: {file.knows}" if file.knows else ""
    return f"keeps {file.keep}: {file.why}{knows}"


def _sure(question: str) -> bool:
    """What a person answers; where nobody can, it is no."""
    try:
        return click.confirm(question)
    except click.Abort as end:
        if isinstance(end.__context__, EOFError):
            return False
        raise


def _acts(journal: str | Path) -> None:
    kept_if_interrupted(f"what was done is in {journal}; the same command goes on from there")


def _end(applied: dedup.Applied) -> None:
    """What was done on standard output, the rest on standard error."""
    for row in applied.table.itertuples():
        if row.done:
            click.echo(
                f"{row.action:<10} {printable(row.path)}{printable(row.to and f' -> {row.to}')}"
            )
        else:
            click.echo(f"not done {printable(row.path)}: {printable(row.reason)}", err=True)
    click.echo(summary(applied), err=True)
    if applied.journal.exists():
        click.echo(f"journal: {printable(str(applied.journal))}", err=True)
    sys.exit(FAILED if len(applied.failed) else 0)
