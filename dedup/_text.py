"""Names of files, written so that they can be shown anywhere."""

import unicodedata

__all__ = ["printable"]

# Controls, lone surrogates, and the separators of lines and paragraphs.
_ESCAPED = frozenset(("Cc", "Cs", "Zl", "Zp"))
# Turn the reading direction, so that a name can pass for another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""A text on one line, without what a terminal or a page would obey or choke on.

    Examples
    --------
    >>> print(printable("caf\udce9\n\x1b[31m.png"), printable("c:\\né.png"))
    caf\udce9\n\x1b[31m.png c:\né.png
    """
    if text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode()
        if c in _TURNING or unicodedata.category(c) in _ESCAPED
        else c
        for c in text
    )
