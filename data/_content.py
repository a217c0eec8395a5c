"""What is written on pages of one template: values of which a page has some of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
from PIL import ImageFont

from dedup.data._text import font, words

__all__ = ["Content", "face", "tint"]

_T = TypeVar("_T")
_Rng = np.random.Generator
_Face = ImageFont.FreeTypeFont

# Of Debian's fonts-dejavu; where they are not, the font inside Pillow does.
_FACES: Final = {
    "sans": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "serif": "DejaVuSerif.ttf",
    "mono": "DejaVuSansMono.ttf",
}
# First and last small letter.
_SCRIPTS: Final = {
    "greek": (0x3B1, 0x3C9),
    "cyrillic": (0x430, 0x44F),
}


@lru_cache(maxsize=128)
def face(size: int, style: str = "sans") -> _Face:
    """A font in pixels: "sans", "bold", "serif" or "mono"; Pillow's own where it is not there."""
    try:
        return ImageFont.truetype(_FACES[style], max(6, size))
    except OSError:
        return font(size)


def tint(layout: _Rng, low: int, high: int) -> tuple[int, int, int]:
    """A colour of a template."""
    red, green, blue = layout.integers(low, high, size=3).tolist()
    return red, green, blue


@dataclass
class Content:
    """Values drawn one after the other, the same for all pages of a template but for some.

    Attributes
    ----------
    template : sequence of int
        Seed of the values that all pages share.
    changed : mapping of int to int
        Positions of values that this page has of its own, and the number of each.
    drawn : list
        The values so far: two pages differ in what they show if these differ.
    """

    template: Sequence[int]
    changed: Mapping[int, int] = field(default_factory=dict)
    drawn: list[object] = field(default_factory=list)

    def number(self, low: int, high: int) -> int:
        """A number below `high`."""
        return self._value(lambda rng, _: int(rng.integers(low, high)))

    def digits(self, count: int) -> str:
        """A number of so many digits; another page's differs in one of them."""

        def draw(rng: _Rng, before: str | None) -> str:
            if not before:
                return "".join(map(str, rng.integers(0, 10, count).tolist()))
            place = int(rng.integers(count))
            return f"{before[:place]}{rng.integers(10)}{before[place + 1 :]}"

        return self._value(draw)

    def words(self, count: int) -> str:
        """So many words; another page's differ in one of them."""

        def draw(rng: _Rng, before: str | None) -> str:
            if before is None:
                return words(rng, count=count)
            several = before.split()
            several[int(rng.integers(count))] = words(rng, count=1)
            return " ".join(several)

        return self._value(draw)

    def script(self, name: str, count: int) -> str:
        """Letters of another script, where there is a font for it."""
        if "DejaVu" not in (face(20).getname()[0] or ""):
            return self.words(count)
        first, last = _SCRIPTS[name]

        def draw(rng: _Rng, _: str | None) -> str:
            lengths = rng.integers(3, 9, count).tolist()
            return " ".join("".join(map(chr, rng.integers(first, last + 1, n))) for n in lengths)

        return self._value(draw)

    def pick(self, options: Sequence[_T]) -> _T:
        """One of some options."""
        return self._value(lambda rng, _: options[int(rng.integers(len(options)))])

    def share(self) -> float:
        """A part of something, in steps of a twentieth."""
        return self._value(lambda rng, _: int(rng.integers(2, 20)) / 20)

    def bits(self, rows: int, columns: int) -> tuple[tuple[bool, ...], ...]:
        """Modules of a code: another page's are all others."""
        return self._value(
            lambda rng, _: tuple(map(tuple, (rng.random((rows, columns)) < 0.5).tolist()))
        )

    def _value(self, draw: Callable[[_Rng, _T | None], _T]) -> _T:
        place = len(self.drawn)
        value = draw(np.random.default_rng([*self.template, place]), None)
        if place in self.changed:
            rng = np.random.default_rng([*self.template, place, 1 + self.changed[place]])
            other = draw(rng, value)
            while other == value:
                other = draw(rng, value)
            value = other
        self.drawn.append(value)
        return value
