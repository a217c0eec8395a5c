"""How results look in a notebook: small pictures inside the HTML."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from dedup._groups import Group
from dedup.pipelines.decoding import ImageSource, decode
from dedup.pipelines.errors import DecodeError

__all__ = ["groups_html", "image_html"]

# A notebook stays small: at most 10 x 6 pictures of about 4 KB.
_GROUPS_SHOWN = 10
_FILES_SHOWN = 6
_HEIGHT = 96


def groups_html(title: str, groups: Sequence[Group], *, images: Mapping[str, ImageSource]) -> str:
    """Groups as rows of thumbnails, the one to keep first, with what was done to the others.

    Parameters
    ----------
    title : str
    groups : sequence of Group
    images : mapping of str to image
        Images in memory, by path.
    """
    rows = [_group_html(group, images) for group in groups[:_GROUPS_SHOWN]]
    if len(groups) > _GROUPS_SHOWN:
        rows.append(f"<p>and {len(groups) - _GROUPS_SHOWN} more groups (see .groups)</p>")
    return f"<div><p>{escape(title)}</p>{''.join(rows)}</div>"


def image_html(picture: Image.Image, *, alt: str, caption: str, title: str = "") -> str:
    """A picture with its caption, as HTML that needs no other file."""
    data = BytesIO()
    picture.save(data, "JPEG", quality=80)
    encoded = base64.b64encode(data.getvalue()).decode()
    return (
        f'<figure style="margin:0" title="{escape(title)}">'
        f'<img alt="{escape(alt)}" height="{picture.height}" '
        f'src="data:image/jpeg;base64,{encoded}">'
        f'<figcaption style="font-size:12px">{escape(caption)}</figcaption></figure>'
    )


def _group_html(group: Group, images: Mapping[str, ImageSource]) -> str:
    pairs = group.pairs[group.pairs["a"] == group.keep].set_index("b")
    edits = pairs["edit"].where(pairs["edit"] != "", pairs["relation"]).to_dict()
    cells = [_file_html(group.keep, "keep", images)]
    cells += [
        _file_html(path, edits.get(path, ""), images) for path in group.remove[: _FILES_SHOWN - 1]
    ]
    if len(group) > _FILES_SHOWN:
        cells.append(f"<span>and {len(group) - _FILES_SHOWN} more</span>")
    style = "display:flex;gap:8px;align-items:flex-start;flex-wrap:wrap;margin:0 0 12px"
    return f'<div style="{style}">{"".join(cells)}</div>'


def _file_html(path: str, caption: str, images: Mapping[str, ImageSource]) -> str:
    """One thumbnail with its caption; the file's name instead where it can't be read."""
    name = Path(path).name
    try:
        picture = Image.fromarray(decode(images.get(path, path), short_side=_HEIGHT).image)
    except DecodeError as error:
        return f'<figure style="margin:0">{escape(f"{name}: {error}")}</figure>'
    picture.thumbnail((3 * _HEIGHT, _HEIGHT))
    return image_html(picture, alt=name, caption=caption, title=path)
