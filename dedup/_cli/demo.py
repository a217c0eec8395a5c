"""`dedup demo`: the main job on real photos whose duplicates are known."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click

import dedup
from dedup import data
from dedup._base.cache_folder import cache_folder
from dedup._base.text import counted, printable
from dedup._cli.errors import summary
from dedup._cli.shared import print_skipped

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run_demo"]


def run_demo(out: Path | None) -> None:
    """Build the sample, find its duplicates, and print them beside its labels."""
    folder = cache_folder() / "sample" if out is None else out
    labels = data.build_sample(folder)
    click.echo(f"{counted(len(labels), 'labelled image')} in {printable(str(folder))}", err=True)
    found = dedup.find_duplicates(folder)
    _print_against_labels(found, labels, folder)


def _print_against_labels(found: dedup.Duplicates, labels: pd.DataFrame, folder: Path) -> None:
    shown_as = dict(zip(labels.path, labels.group, strict=True))
    for group in found.groups:
        keep, *others = group.paths
        click.echo(f"\nkeep {_relative(keep, folder)}")
        for path in others:
            name = _relative(path, folder)
            stays = f" (stays: {group.retain[path]})" if path in group.retain else ""
            is_wrong = shown_as[name] != shown_as[_relative(keep, folder)]
            click.echo(f"     {name}{stays}{'  WRONG: another picture' if is_wrong else ''}")
    click.echo()
    print_skipped(found.skipped.itertuples())
    true = _pairs(labels.groupby("group").path.apply(list))
    reported = _pairs([[_relative(p, folder) for p in group.paths] for group in found.groups])
    right = len(true & reported)
    click.echo(
        f"{summary(found)}\n"
        f"against the labels: {right} of {len(true)} duplicate pairs found, "
        f"{counted(len(reported) - right, 'pair')} wrong"
    )
    _print_missed(labels, true - reported)


def _print_missed(labels: pd.DataFrame, missed: set[frozenset[str]]) -> None:
    edits = dict(zip(labels.path, labels.edit, strict=True))
    by_edit: dict[str, int] = defaultdict(int)
    for pair in missed:
        kinds = {edits[path] for path in pair}
        if "original" in kinds:
            by_edit[max(kinds - {"original"})] += 1
    if by_edit:
        counts = ", ".join(f"{edit} ({count})" for edit, count in sorted(by_edit.items()))
        click.echo(f"copies apart from their original: {counts}")


def _pairs(groups: pd.Series[object] | list[list[str]]) -> set[frozenset[str]]:
    return {frozenset(pair) for paths in groups for pair in combinations(paths, 2)}


def _relative(path: str, folder: Path) -> str:
    return Path(path).relative_to(folder).as_posix()
