"""How groups look in a notebook: a few rows of small pictures, the one to keep first."""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from dedup._groups import Group
from dedup.pipelines.decoding import decode
from dedup.pipelines.errors import DecodeError

__all__ = ["groups_html", "picture_html"]

# A notebook stays small: at most 10 x 6 pictures of about 4 KB.
_GROUPS_SHOWN = 10
_FILES_SHOWN = 6
_HEIGHT = 96


def groups_html(title: str, groups: Sequence[Group]) -> str:
    """Groups as HTML with inline thumbnails."""
    rows = [_group_html(group) for group in groups[:_GROUPS_SHOWN]]
    if len(groups) > _GROUPS_SHOWN:
        rows.append(f"<p>and {len(groups) - _GROUPS_SHOWN} more groups (see .groups)</p>")
    return f"<div><p>{escape(title)}</p>{''.join(rows)}</div>"


def _group_html(group: Group) -> str:
    similarity = group.pairs.groupby("b")["similarity"].max().to_dict()
    cells = [picture_html(group.keep, "keep")]
    for path in group.remove[: _FILES_SHOWN - 1]:
        cells.append(picture_html(path, f"{similarity.get(path, 0):.2f}"))
    if len(group) > _FILES_SHOWN:
        cells.append(f"<span>and {len(group) - _FILES_SHOWN} more</span>")
    style = "display:flex;gap:8px;align-items:flex-end;flex-wrap:wrap;margin:0 0 12px"
    return f'<div style="{style}">{"".join(cells)}</div>'


def picture_html(path: str, caption: str) -> str:
    """One thumbnail with its caption; the file's name instead where it can't be read."""
    name = escape(Path(path).name, quote=True)
    try:
        picture = Image.fromarray(decode(path, short_side=_HEIGHT).image)
    except DecodeError as error:
        return f"<figure style='margin:0'>{name}: {escape(str(error))}</figure>"
    picture.thumbnail((3 * _HEIGHT, _HEIGHT))
    data = BytesIO()
    picture.save(data, "JPEG", quality=75)
    encoded = base64.b64encode(data.getvalue()).decode()
    return (
        f'<figure style="margin:0" title="{escape(path, quote=True)}">'
        f'<img alt="{name}" height="{_HEIGHT}" src="data:image/jpeg;base64,{encoded}">'
        f'<figcaption style="font-size:12px">{escape(caption)}</figcaption></figure>'
    )
