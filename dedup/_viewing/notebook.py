"""How results look in a notebook: a few small pictures inside the HTML."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from dedup._base.text import printable
from dedup._results.members import Member
from dedup._viewing.thumbnails import Thumbnail, thumbnails

__all__ = ["GroupsView", "image_html", "stored_html"]

# A notebook stays small: of a group at most so many pictures, of about 4 KB.
_FILES_SHOWN = 6
_BOX = (200, 96)
_QUIET = "opacity:0.75"
_KEPT = "#1a9850"


@dataclass(frozen=True, eq=False, repr=False)
class GroupsView:
    """Some groups of a result: as pictures in a notebook, as text elsewhere.

    The file to keep comes first. It takes a few kilobytes for each picture, and shows at most
    six of a group.
    """

    _title: str
    _groups: Sequence[Sequence[Member]]
    _start: int
    _total: int

    def __repr__(self) -> str:
        lines = [self._title]
        for group in self._groups:
            lines.append(f"keep {printable(group[0].path)}: {group[0].why}")
            some = group[1:_FILES_SHOWN]
            lines += [f"     {printable(one.path)}: {_words(one)}" for one in some]
            if len(group) > _FILES_SHOWN:
                lines.append(f"     and {len(group) - _FILES_SHOWN} more")
        return "\n".join([*lines, self._rest])

    def _repr_html_(self) -> str:
        shown = [group[:_FILES_SHOWN] for group in self._groups]
        pictures = thumbnails([member.source for group in shown for member in group], box=_BOX)
        rows = []
        for group, all_of_it in zip(shown, self._groups, strict=True):
            cells = [_file_html(member, next(pictures)) for member in group]
            if len(all_of_it) > len(group):
                cells.append(
                    f'<span style="{_QUIET}">and {len(all_of_it) - len(group)} more</span>'
                )
            style = "display:flex;gap:10px;align-items:flex-start;flex-wrap:wrap;margin:0 0 14px"
            rows.append(f'<div style="{style}">{"".join(cells)}</div>')
        rest = f'<p style="{_QUIET}">{escape(self._rest)}</p>' if self._rest else ""
        return f"<div><p>{_escaped(self._title)}</p>{''.join(rows)}{rest}</div>"

    @property
    def _rest(self) -> str:
        """Which groups these are, and how to see the next."""
        end = self._start + len(self._groups)
        if end - self._start == self._total:
            return ""
        text = f"groups {self._start + 1} to {end} of {self._total}"
        return f"{text}; the next: .show(start={end})" if end < self._total else text


def image_html(picture: Image.Image, *, alt: str, caption: str) -> str:
    """A picture with its caption, as HTML that needs no other file."""
    data = BytesIO()
    picture.save(data, "JPEG", quality=80)
    encoded = base64.b64encode(data.getvalue()).decode()
    return (
        f'<figure style="margin:0">'
        f'<img alt="{_escaped(alt)}" height="{picture.height}" '
        f'src="data:image/jpeg;base64,{encoded}">'
        f'<figcaption style="font-size:12px">{_escaped(caption)}</figcaption></figure>'
    )


def stored_html(html: str, *, of: str) -> str:
    """What a notebook shows in place of a widget when it is opened without its kernel.

    Parameters
    ----------
    html : str
    of : str
        The widget's model, which hides this while it lives.
    """
    # JupyterLab would say of the widget "Error displaying widget: model not found".
    gone = ".jp-OutputArea:has(> * > * .dedup-stored) > * > .jp-OutputArea-output.jupyter-widgets"
    return (
        f'<div class="dedup-stored dedup-stored-{of}"><style>{gone} {{display: none}}</style>'
        f"{html}<p>Run this cell again to judge pairs.</p></div>"
    )


def _file_html(member: Member, shown: Thumbnail) -> str:
    """One picture with what is known of it; the reason instead where it can't be read."""
    name, record = Path(member.path).name, member.record
    if shown.problem:
        picture = f'<div style="width:120px;{_QUIET}">{_escaped(shown.problem)}</div>'
    else:
        picture = (
            f'<img alt="{_escaped(name)}" width="{shown.width}" height="{shown.height}" '
            f'src="data:image/jpeg;base64,{shown.data}">'
        )
    edge = _KEPT if member.match is None else "transparent"
    lines = [
        f"<b>{_escaped(name)}</b>",
        f'<span style="{_QUIET}">{record.width} &times; {record.height}</span>',
        _escaped(_words(member)),
    ]
    return (
        f'<figure style="margin:0;padding-left:6px;border-left:3px solid {edge}" '
        f'title="{_escaped(member.path)}">{picture}'
        f'<figcaption style="font-size:12px;line-height:1.35;max-width:{max(shown.width, 120)}px;'
        f'overflow-wrap:anywhere">{"<br>".join(lines)}</figcaption></figure>'
    )


def _words(member: Member) -> str:
    """What happened to a file, how sure it is, and why it stays; of the one to keep, why it is."""
    match = member.match
    if match is None:
        return f"keep: {member.why}"
    stays = f"; stays: {member.stays}" if member.stays else ""
    if match.relation == "exact":
        return match.edit + stays
    sure = match.similarity if math.isnan(match.score) else match.score
    return f"{match.edit or match.relation}, {sure:.2f}{stays}"


def _escaped(text: str) -> str:
    return escape(printable(text))
