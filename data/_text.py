"""Random words, the font that Pillow carries, and text set into lines."""

from functools import lru_cache
from typing import Final

import numpy as np
from PIL import ImageFont

_WORDS: Final = tuple(
    """
    about above account after again album almost along amber angle answer apple april arrow autumn
    balance basket beach before better between bicycle border bottle branch bread bridge bright
    broken button camera candle carbon careful castle center chance chapter cheese circle cities
    clever cloud coffee colour common copper corner cotton country course custom damage danger
    daughter december delay deliver desert detail dinner doctor double dragon driver early eastern
    editor eight electric empty engine enough evening example family famous farmer father feather
    february field figure finger finish flower follow forest forget fortune forward freedom friday
    friend frozen future garden gentle ginger glass golden grammar green ground guitar hammer
    harbour harvest heavy hidden history holiday honest horizon hungry hundred island january jacket
    journey jungle kitchen ladder language large laughter leather lemon letter level library linen
    little lonely lunch machine magnet manager maple market marble meadow measure melody memory
    message middle minute mirror modern monday morning mother mountain museum narrow nature nearly
    needle never night noble north november number object ocean october office often orange orchard
    order other outside oxygen packet palace paper parade parcel pencil pepper perfect picture
    pillow planet plenty pocket polite powder present promise proper purple quarter quiet rabbit
    random rather reason record remember report river robin rough sailor salad saturday scarf season
    second secret shadow sharp shelter short silent silver simple sister sleepy smooth soldier
    spider spring square station stone stormy street string strong summer sunday supper system table
    teacher temple theatre thirty thunder ticket timber tomorrow travel treasure tunnel twenty under
    valley velvet village violin visitor volume walnut water weather welcome western whisper window
    winter wisdom wonder wooden yellow yesterday
    """.split()  # noqa: SIM905
)


def words(rng: np.random.Generator, *, count: int) -> str:
    """Draw `count` random words, separated by spaces."""
    return " ".join(_WORDS[i] for i in rng.integers(len(_WORDS), size=count))


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Load the font inside Pillow, so that no system font is needed; `size` in pixels."""
    found = ImageFont.load_default(max(6, size))
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType and can't draw text of a size")
    return found


def fitted(text: str, *, width: float) -> ImageFont.FreeTypeFont:
    """Load the font in the size at which `text` is about `width` pixels wide."""
    return font(int(100 * width / font(100).getlength(text)))


def wrapped(text: str, *, size: int, width: float) -> list[str]:
    """Break `text` into lines of at most `width` pixels; a longer word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
