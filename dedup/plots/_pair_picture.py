"""Two pictures side by side in matplotlib axes, with the names of their files."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from dedup._base.extras import require
from dedup.errors import DecodeError
from dedup.pipelines.images.decoding import decode

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["draw_pair", "short_name"]

Predicate: TypeAlias = Callable[[str], bool]

_SHORT_SIDE: Final = 240
# Each picture has a place of the same size, so that there is room for its file's name. The
# unit is the height of the place.
_WIDTH: Final = 1.55
_GAP: Final = 0.08
_SIZE: Final = 7.5  # points
_ROOM: Final = 110  # points, in a figure of the usual size
_EMPTY: Final = "#eeeeee"


def draw_pair(ax: "Axes", a: str, b: str) -> None:
    """Draw two image files side by side; the reason in the place of one that can't be read."""
    for left, path in ((0.0, a), (_WIDTH + _GAP, b)):
        reason = _draw_picture(ax, path, left=left)
        middle = left + _WIDTH / 2
        text = ax.text(middle, -0.04, "", ha="center", va="top", size=_SIZE, parse_math=False)
        shows, fits = _font(text)
        text.set_text(short_name(path, shows=shows, fits=fits))
        if reason:
            ax.text(middle, 0.5, textwrap.fill(reason, 22), ha="center", va="center", size=_SIZE)
    # After the pictures, which fit the axes to themselves.
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set_xlim(0, 2 * _WIDTH + _GAP)
    ax.set_ylim(-0.25, 1)


def short_name(
    path: str, *, shows: Predicate = str.isprintable, fits: Predicate = lambda text: len(text) <= 24
) -> str:
    r"""Name of a file, with its folder as far as there is room.

    Parameters
    ----------
    path : str
    shows : callable
        Whether a character can be shown; escapes take the place of those that can't, and of
        bytes that are no text.
    fits : callable
        Whether a text is short enough; the middle of a longer name is left out.

    Examples
    --------
    >>> short_name("/photos/2023/a.jpg"), short_name("/photos/caf\udce9.jpg")
    ('2023/a.jpg', 'photos/caf\\xe9.jpg')
    >>> short_name("/photos/Screenshot 2023-05-12 at 10.15.30 AM.png")
    'Screenshot …15.30 AM.png'
    """
    folder, name = ("", "", *(_escaped(part, shows) for part in Path(path).parts))[-2:]
    names = [f"{folder}/{name}"] if folder.strip("/") else []
    names += [f"{folder[:kept]}…/{name}" for kept in range(len(folder) - 2, 2, -1)]
    names += [name]
    names += [f"{name[: kept // 2]}…{name[-(kept - kept // 2) :]}" for kept in range(60, 1, -1)]
    return next(filter(fits, names), names[-1])


def _font(text: "Text") -> tuple[Predicate, Predicate]:
    """Whether a text's font has a character, and whether it fits below a picture."""
    fonts = require("matplotlib.font_manager", extra="tuning")
    to_path = require("matplotlib.textpath", extra="tuning").text_to_path
    properties = text.get_fontproperties()
    font = fonts.get_font(fonts.findfont(properties))

    def shows(character: str) -> bool:
        return bool(font.get_char_index(ord(character)))

    def fits(name: str) -> bool:
        return bool(to_path.get_text_width_height_descent(name, properties, False)[0] <= _ROOM)

    return shows, fits


def _escaped(name: str, shows: Predicate) -> str:
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        c if c.isprintable() and shows(c) else c.encode("unicode_escape").decode() for c in text
    )


def _draw_picture(ax: "Axes", path: str, *, left: float) -> str:
    """Draw a picture in the middle of its place; what is wrong if it can't be read."""
    try:
        picture = decode(path, short_side=_SHORT_SIDE).image
    except DecodeError as error:
        patches = require("matplotlib.patches", extra="tuning")
        ax.add_patch(patches.Rectangle((left, 0), _WIDTH, 1, facecolor=_EMPTY))
        return str(error)
    height, width = picture.shape[:2]
    scale = min(1 / height, _WIDTH / width)
    x, y = left + (_WIDTH - width * scale) / 2, (1 - height * scale) / 2
    ax.imshow(picture, extent=(x, x + width * scale, y, y + height * scale))
    return ""
