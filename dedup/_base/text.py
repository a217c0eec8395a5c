"""Names of files, written so that they can be shown anywhere; and numbers."""

import unicodedata

__all__ = ["counted", "printable", "reason_of", "sized"]

# Controls, lone surrogates, the separators of lines and paragraphs; and what formats: marks that
# turn the reading direction, and what has no width, so that a name can pass for another.
_ESCAPED = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Letters and marks that show nothing: joiners and fillers of Hangul, Khmer and Mongolian.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
# Tags and variation selectors, assigned or not: text that is carried unseen.
_TAGS = range(0xE0000, 0xE1000)
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def printable(text: str) -> str:
    r"""A text on one line, without what a terminal or a page would obey, choke on or not show.

    Examples
    --------
    >>> print(printable("caf\udce9\n\x1b[31m.png"), printable("c:\\né.png"))
    caf\udce9\n\x1b[31m.png c:\né.png
    >>> print(printable("cat\u200b.png"))
    cat\u200b.png
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c.encode("unicode_escape").decode() if _is_hidden(c) else c for c in text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _ESCAPED or char in _BLANK or ord(char) in _TAGS


def counted(number: int, one: str, several: str = "") -> str:
    """How many there are of a thing, in words.

    Examples
    --------
    >>> counted(1, "file"), counted(0, "file"), counted(2_000, "copy", "copies")
    ('1 file', '0 files', '2,000 copies')
    """
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def sized(count: float) -> str:
    """Bytes as people say them.

    Examples
    --------
    >>> sized(999), sized(1_234_567)
    ('999 bytes', '1.2 MB')
    """
    for unit in _UNITS:
        if count < 1_000 or unit == _UNITS[-1]:
            break
        count /= 1_000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"


def reason_of(error: Exception) -> str:
    """An error as a row of a table says it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error)
