"""The report: a result as one page that needs nothing else, for people without Python."""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from dedup._base.options import LARGEST_THUMBNAIL
from dedup._base.progress import bar
from dedup._base.saving import PAGE_KIND, require_kind, save_text
from dedup._catalogue.discover import file_key
from dedup._results.members import Member
from dedup._viewing.page_data import file_data, pair_data
from dedup._viewing.thumbnails import Thumbnail, thumbnails
from dedup.errors import InputError

__all__ = ["web_text", "write_report"]

_WEB = Path(__file__).parent / "web"
_SCRIPTS = ("pair.js", "copying.js", "choices.js", "card.js", "outside.js", "report.js")
_STYLES = ("report.css", "pair.css")


def write_report(
    path: str | os.PathLike[str],
    groups: Sequence[Sequence[Member]],
    *,
    skipped: pd.DataFrame,
    uncertain: pd.DataFrame,
    run: str,
    title: str,
    summary: str,
    side: int,
    overwrite: bool,
    progress: bool,
) -> None:
    """Write the page.

    Parameters
    ----------
    path : path
    groups : sequence of sequences of Member
        The file to keep first.
    skipped, uncertain : DataFrame
        What is in no group for a reason: see `Duplicates.skipped` and `Duplicates.uncertain`.
    run : str
        Which result it is: choices that are made on the page name it.
    title, summary : str
        The heading, and the line beside it.
    side : int
        Longest side of a thumbnail in pixels; 0 for none.
    overwrite : bool
        Replace whatever is there, not only an earlier page.
    progress : bool
        Show a progress bar where a person can see it.

    Raises
    ------
    InputError
        If the side is out of range, or the file can't be written or would be lost.
    """
    if not 0 <= side <= LARGEST_THUMBNAIL:
        raise InputError(
            f"thumbnails={side}: expected their longest side, 0 to {LARGEST_THUMBNAIL} pixels"
        )
    if not overwrite:
        require_kind(path, PAGE_KIND)
    folder = Path(path).absolute().parent
    files = [member for group in groups for member in group]
    with bar(total=len(files), title="thumbnails", shown=progress and side > 0) as progressed:
        pictures = iter(
            thumbnails([file.source for file in files], box=(side, side)) if side else ()
        )
        listed = []
        for group in groups:
            small = [next(pictures, Thumbnail()) for _ in group]
            listed.append(_group_data(group, small, folder=folder))
            progressed.update(len(group))
    data = {
        "run": run,
        "groups": listed,
        "skipped": _with_full_paths(skipped),
        "uncertain": _with_full_paths(uncertain),
    }
    save_text(path, _page(data, title=title, summary=summary))


def web_text(*names: str) -> str:
    """Files of the pages, one after the other."""
    return "\n".join((_WEB / name).read_text(encoding="utf-8") for name in names)


def _group_data(
    group: Sequence[Member], small: Sequence[Thumbnail], *, folder: Path
) -> dict[str, Any]:
    return {
        "files": [
            file_data(
                member.path,
                member.record,
                picture,
                seen_from=folder,
                stays=member.stays,
                why=member.why,
            )
            for member, picture in zip(group, small, strict=True)
        ],
        "pairs": [pair_data(member.match) for member in group if member.match],
    }


def _with_full_paths(table: pd.DataFrame) -> list[list[Any]]:
    """The rows of a table of files, and where each is, if it is a file at all."""
    rows: list[list[Any]] = table.to_numpy(object).tolist()
    return [[*row, file_key(row[0]) if os.path.lexists(row[0]) else row[0]] for row in rows]


def _page(data: dict[str, Any], *, title: str, summary: str) -> str:
    script, style = web_text(*_SCRIPTS), web_text(*_STYLES)
    # Nothing runs or is loaded but what is written here, whatever a file is called.
    policy = (
        f"default-src 'none'; script-src {_allowed(script)}; style-src {_allowed(style)}; "
        "img-src data: file: 'self'; base-uri 'none'; form-action 'none'"
    )
    # Plain ASCII without "<": no name can end the element, and lone surrogates are escapes.
    content = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return Template(web_text("report.html")).substitute(
        policy=escape(policy),
        title=_text(title),
        summary=_text(summary),
        style=style,
        script=script,
        data=content,
    )


def _allowed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _text(text: str) -> str:
    return escape(text.encode("utf-8", "backslashreplace").decode())
